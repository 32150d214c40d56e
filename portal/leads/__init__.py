"""Leads: intake, contact (kept apart), qualification, life cycle, the lead definition, suppression.

Offers `queries.visible_to`, `queries.teasers`, `operations.load_contact` (the one way to contact
data: it asks who may and logs who looked), `operations.qualify` …; enters catalog, timeline,
accounts, web and core.
"""

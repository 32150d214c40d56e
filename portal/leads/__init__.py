"""Leads: intake, contact (kept apart), qualification, life cycle, the lead definition, suppression.

Offers `queries.visible_to`, `queries.teasers`, `contacts.load_contact` (the one way to contact
data: it asks who may, opens the `wall` and logs who looked), `visibility` (the table of who sees
what) and `sight.sight_of`, `notes`, `activities`, `dates`, `operations.qualify` …; enters catalog,
timeline, accounts, web and core.
"""

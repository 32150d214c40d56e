"""Offer rounds: who was offered which lead, until when, and who declined.

Offers `operations.offer`, `operations.decline`, `operations.reopen`, `queries.available`; enters
matching, deadlines, leads, partners, catalog, timeline, accounts, web and core.
"""

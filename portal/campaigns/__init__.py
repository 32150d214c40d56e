"""Campaigns: what brings inquiries in, when, on which channel, and what it costs.

Knows no lead: how many came of a campaign, and so what one of them cost, is asked a room above.
The words that people agree to stand here too, each version for good. Enters catalog, accounts, web
and core.
"""

"""Who knows a lead's customer already.

What partners said of their own customers, kept so that nobody reads it, and which leads meet it.
Matching reads `RelationHit`; enters leads, partners, accounts, web and core.
"""

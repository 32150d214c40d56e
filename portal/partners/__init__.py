"""Partner profiles: where they are, what they can, what they carry, when they are away; groups.

Offers `Partner`, `PartnerFigures` (written downward by pickup, offers and feedback), `queries`,
`operations`; enters catalog, timeline, accounts, web and core.
"""

"""What a lead is worth calling: points from rules, the temperature they propose, what came of it.

A rule gives points for an answer, for what a lead is or what is known of it, for what somebody did
by himself, and takes some for silence. Versions of the rules never change what they say. People
decide on the temperature; what they decided is kept beside what was proposed. Offers
`queries.read_score` (of one lead, as it is now), `operations.score_many` (kept with the leads),
`cooling.cool_many`, `records.read_records` (what became of the leads of each source). Enters
duplicates, matching, leads, catalog, timeline, accounts, web and core.
"""

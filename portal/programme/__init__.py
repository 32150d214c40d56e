"""What the programme wants and what it asks of partners.

Goals with their progress, territories, the terms that firms agree to, version by version, and who
refers leads. Matching asks the tables here by name for who may be offered leads; the room enters
people, feedback, pickup, leads, partners, catalog, accounts, web and core.
"""

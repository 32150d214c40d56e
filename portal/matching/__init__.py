"""Which partners suit a lead: distribution rules, criteria, scoring, explanation.

Offers `operations.match(lead, at)`, `rules.explain`; enters leads, partners, catalog, accounts,
web and core.
"""

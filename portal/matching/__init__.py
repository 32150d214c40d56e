"""Which partners suit a lead, and which deadline policy holds for a lead with a partner.

Distribution rules, criteria, scoring, explanation; the lines of which policy where, the policies'
pages and file, what is expected of a firm. Offers `operations.match(lead, at)`, `rules.explain`,
`policy_uses.find_ruling`; enters leads, partners, deadlines, catalog, accounts, web and core.
"""

"""Mail between who works on a lead and its customer: written in the dossier, and what comes back.

A letter goes out in the name of its writer, its answer comes to the lead's own address, which ends
with the holding; both stand in the timeline as e-mail. Offers `operations.send` and
`taking.take_in`; enters pickup, qualification (merge fields), leads, timeline, accounts and core.
"""

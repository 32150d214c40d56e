"""Leads in: from a row as people really have it to one clean, honest one.

mapping    which column means what: proposed from the headers, editable, kept as JSON
normalise  many spellings, one key: industries, sources, reasons, countries; the original stays
cleaning   one row and a mapping become a CleanRow or refusals in friendly words

All of it is pure: no session, no clock, no flask but its translated words. Writing leads is the
operation's business. Enters catalog only.
"""

"""What leads and partners share: brands, products, industries, bands, sources, reasons, levels.

Data that a channel manager edits. Entries are never deleted, only taken out of use. Offers
`queries.book()` (every entry by id and by key); enters accounts, web and core.
"""

"""What leads and partners share: brands, products, industries, bands, sources, reasons, levels.

Data that a channel manager edits. Entries are never deleted, only taken out of use. Offers
`queries.book()` (every entry by id and by key); enters accounts, web and core.

Also the programme's own fields about leads, partners and customers: `fields` says how a value is
read, kept and told. The values stand with what they are about, and who sees them is said there.
"""

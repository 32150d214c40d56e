"""The programme's own words in the mails that go to partners and customers.

Per kind of mail a subject, what stands before the matter and what closes, in each language. `rules`
says what such a text may be (a small part of Jinja, in a sandbox), `kinds` which fields it can name
and which mails keep our words. A draft becomes a version; the newest version counts, an empty one
is ours. `mails` gives them to `core.mail.rendering`. Rooms above show what they write the mails of
(`samples`). Enters accounts, web and core.
"""

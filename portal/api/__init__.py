"""The JSON face for other systems: inquiries and signals come in with a token.

The same operations as everywhere, told as JSON; refusals are `application/problem+json`. Enters
every room below the pages; nobody enters it.
"""

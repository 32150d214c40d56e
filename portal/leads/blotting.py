"""What of a text about a lead whoever gets hold of it may read: all but what tells of a person.

For pages that can be passed on with a link. Nobody looks at the contact for it. People write of
others, too: whatever looks like an address of a mailbox or a number to call is blotted out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sqlalchemy import select

from portal.leads import wall
from portal.leads.leaks import ContactFacts, find_leaks
from portal.leads.models import Lead, LeadContact
from portal.leads.operations import facts_of

BLOT = "…"
MAILBOX = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}\s?(?:@|[(\[]\s?(?:at|ät)\s?[)\]])"
    r"\s?(?=[\d.-]*[^\W\d])\w[\w-]*(?:\.\w[\w-]*)*",
    re.IGNORECASE,
)
NUMBER = re.compile(
    r"""
    # A day and an amount of money are no numbers to call; nor is what letters are joined to,
    # unless it begins as such a number does.
    (?P<harmless>
        (?<!\d)(?:(?:19|20)\d\d-[01]\d-[0-3]\d | [0-3]?\d[./]\s?[01]?\d[./]\s?(?:19|20)\d\d)(?!\d)
        | (?<![\w+-])[1-9]\d{0,2}(?:[.,' ]?\d{3})*(?:[.,]\d\d)?\s?(?:[€$£]|(?:EUR|USD|GBP|CHF)\b)
        | (?:[€$£]|\b(?:EUR|USD|GBP|CHF))\s?[1-9]\d{0,2}(?:[.,']?\d{3})*(?![\d/-])
    )
    | (?:(?<![\w-])|(?<!\d)(?=\+|0[1-9]))\+?\(?\d(?:[^\S\n]{0,3}[()/.–-]{0,3}[^\S\n]{0,3}\d){5,}
    """,
    re.VERBOSE,
)


def blot(lead: Lead, texts: Sequence[str]) -> list[str]:
    """Return texts with a blot for each word of theirs that tells of a person.

    Of a lead whose contact is gone, nothing of them is left.
    """
    with wall.open_for([lead.id]) as opened:
        contact = opened.scalar(select(LeadContact).where(LeadContact.lead_id == lead.id))
        if contact is None:
            return [BLOT] * len(texts)
        facts = facts_of(contact, lead.country, lead.city or "")
    return [_blotted(text, facts) for text in texts]


def _blotted(text: str, facts: ContactFacts) -> str:
    parts, done = [], 0
    for start, end in _telling(text, facts):
        if start >= done:
            parts += [text[done:start], BLOT]
        done = max(done, end)
    return "".join([*parts, text[done:]])


def _telling(text: str, facts: ContactFacts) -> list[tuple[int, int]]:
    """Return the places that tell of a person, in the order of the text; they may overlap."""
    found = [(leak.start, leak.end) for leak in find_leaks(text, facts)]
    return sorted([*found, *_shaped(text)])


def _shaped(text: str) -> Iterator[tuple[int, int]]:
    for mailbox in MAILBOX.finditer(text):
        yield mailbox.span()
    for number in NUMBER.finditer(text):
        if not number["harmless"]:
            yield number.span()

"""What of a text about a lead whoever gets hold of it may read: all but what tells of the contact.

For pages that can be passed on with a link. Nobody looks at the contact for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from portal.leads import wall
from portal.leads.leaks import ContactFacts, find_leaks
from portal.leads.models import Lead, LeadContact
from portal.leads.operations import facts_of

BLOT = "…"


def blot(lead: Lead, texts: Sequence[str]) -> list[str]:
    """Return texts with a blot for each word of theirs that tells of the contact of a lead."""
    with wall.open_for([lead.id]) as opened:
        contact = opened.scalar(select(LeadContact).where(LeadContact.lead_id == lead.id))
        if contact is None:
            return list(texts)
        facts = facts_of(contact, lead.country, lead.city or "")
    return [_blotted(text, facts) for text in texts]


def _blotted(text: str, facts: ContactFacts) -> str:
    for leak in reversed(find_leaks(text, facts)):
        text = text[: leak.start] + BLOT + text[leak.end :]
    return text

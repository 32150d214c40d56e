"""The one way in for an inquiry, whoever brings it: form, mail, programme, list or hand.

Every inquiry is kept as a lead. Where somebody works on a lead of surely the same contact, it
becomes part of that one at once, as a person would merge them, and he hears of it. All else is for
people to say: whoever is new is compared with all others within a minute.

Not here: what an inquiry is made of and how it is kept (`leads.operations.capture`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.duplicates import merging, rules, search
from portal.duplicates.likeness import Party, party
from portal.duplicates.models import Kind
from portal.duplicates.search import Match
from portal.leads.intake.cleaning import find_domain, find_email
from portal.leads.models import Lead
from portal.leads.operations import ContactDraft, Draft, capture, phone_of


class How(StrEnum):
    """What became of an inquiry: a lead of its own, or news of a lead that is already worked on."""

    NEW = "new"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Taken:
    """The lead that an inquiry became, or was added to. `inquiry` is the row that keeps it."""

    lead: Lead
    how: How
    inquiry: Lead


def take_in(draft: Draft, at: datetime, actor: Actor | None = None) -> Taken:
    """Take in an inquiry and say which lead it is. Raises `Invalid`.

    What a partner brings is always a lead of its own: nobody learns by asking whose customer
    somebody is, and nobody's find goes to another firm.
    """
    lead = capture(draft, at, actor)
    if actor is not None and actor.is_partner:
        return Taken(lead, How.NEW, lead)
    known = _find_in_hands(lead, party_of(draft.contact, lead.city, lead.country))
    if known is None:
        return Taken(lead, How.NEW, lead)
    kept, gone = merging.lock(known, lead.id)
    if kept.state not in rules.IN_HANDS or rules.refusal_of(
        rules.standing_of(kept), rules.standing_of(gone)
    ):
        return Taken(lead, How.NEW, lead)
    merging.join(kept, gone, at)
    return Taken(kept, How.KNOWN, gone)


def _find_in_hands(lead: Lead, who: Party) -> int | None:
    """Return the lead of surely the same person that somebody works on, the likest."""
    (found,) = search.find_many([who], lead_ids=[lead.id], kinds=[Kind.LEAD])
    sure = [one.id for one in found if one.likeness.is_sure]
    for lead_id in sure:
        other = session().get(Lead, lead_id)
        if other is not None and other.state in rules.IN_HANDS and other.kind == lead.kind:
            return lead_id
    return None


def party_of(contact: ContactDraft, city: str | None, country: str | None) -> Party:
    """Return who a contact is as somebody wrote it down."""
    return party(
        company=contact.company,
        first_name=contact.first_name,
        last_name=contact.last_name,
        emails=[find_email(contact.email) if contact.email else None],
        phones=[phone_of(contact.phone, country) if contact.phone else None],
        domains=[find_domain(contact.domain) if contact.domain else None],
        street=contact.street,
        postcode=contact.postcode,
        city=city,
        country=country,
    )


def find_known(rows: Sequence[Party]) -> list[list[Match]]:
    """Return for each row of a list the leads and customers that somebody should look at.

    For a preview: a thousand rows are asked for at once (`search.find_many`). Nobody's contact data
    comes back.
    """
    found = search.find_many(rows)
    return [[one for one in matches if one.likeness.is_listed] for matches in found]

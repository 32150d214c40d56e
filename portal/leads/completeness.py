"""How complete a lead is, in per cent, and what is missing.

Of the contact only whether something is there; nothing of it leaves the wall.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, select

from portal.core.db import AnyRow, session
from portal.leads import wall
from portal.leads.definition_words import FIELD_WORDS, called
from portal.leads.models import (
    Lead,
    LeadContact,
    LeadRequirement,
    LeadState,
)
from portal.leads.requirements import list_questions

TOLD = (
    *("title", "partner_text", "temperature", "source_id", "country", "city", "industry_id"),
    *("size_band_id", "value_band_id", "time_frame", "product_ids", "brand_id", "category_id"),
)
IN_WORK = ("target_amount", "probability", "expected_on")
"""What is known once somebody works on a lead."""

OF_CONTACT = ("last_name", "phone_e164", "email")


@dataclass(frozen=True, slots=True)
class Part:
    """Something to know of a lead; `where` names what it is filled in with."""

    words: str
    filled: bool
    where: str


@dataclass(frozen=True, slots=True)
class Completeness:
    """`percent` of what there is to know; `missing` is the rest."""

    percent: int
    missing: list[Part]


def completeness(parts: Iterable[Part]) -> Completeness:
    """Count what is filled; only what lacks nothing is a hundred per cent."""
    known = list(parts)
    filled = sum(part.filled for part in known)
    return Completeness(
        100 * filled // len(known) if known else 100,
        [part for part in known if not part.filled],
    )


def read_completeness(lead: Lead) -> Completeness:
    """Return how complete a lead is."""
    parts = [Part(words_of(name), bool(getattr(lead, name)), "qualify") for name in TOLD]
    contact = read_contact(lead)
    asked = select(LeadRequirement.id).where(
        LeadRequirement.type_id == lead.type_id, LeadRequirement.field == "contact.company"
    )
    names = (*OF_CONTACT, "company") if session().scalar(asked.limit(1)) else OF_CONTACT
    parts += [
        Part(words_of(name), contact is not None and bool(getattr(contact, name)), "qualify")
        for name in names
    ]
    parts += [
        Part(called(one.names), bool(answer.strip()), "qualify")
        for one, answer in list_questions(lead)
    ]
    if lead.state in (LeadState.HELD, LeadState.DIRECT):
        parts += [
            Part(
                words_of(name),
                getattr(lead, name) is not None
                or (name == "expected_on" and lead.estimated_on is not None),
                "dates" if name == "expected_on" else "figures",
            )
            for name in IN_WORK
        ]
    return completeness(parts)


def read_contact(lead: Lead) -> AnyRow | None:
    """Return what of a contact is there, as yes or no."""
    there = [
        and_(column.is_not(None), column != "").label(name)
        for name in (*OF_CONTACT, "company")
        for column in [getattr(LeadContact, name)]
    ]
    with wall.open_for([lead.id]) as opened:
        return opened.execute(select(*there).where(LeadContact.lead_id == lead.id)).one_or_none()


def words_of(name: str) -> str:
    """Return what a part is called."""
    more: dict[str, Any] = {
        "category_id": _("Category"),
        "target_amount": _("Target amount"),
        "probability": _("Probability to win"),
        "expected_on": _("Expected end"),
        "last_name": _("Last name"),
        "phone_e164": _("Phone"),
        "email": _("E-mail"),
        "company": _("Company"),
    }
    return str(more.get(name) or FIELD_WORDS[name])

"""What a lead says, field by field, so that two can be laid side by side, merged and taken apart.

A fact is a group of columns that belong together: the place with its coordinates, the source with
campaign and search term. Values are plain, as JSON keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from portal.core.db import session
from portal.leads import own_fields, wall
from portal.leads.models import Lead, LeadAnswer, LeadContact, LeadInterest

LEAD: dict[str, tuple[str, ...]] = {
    "title": ("title",),
    "partner_text": ("partner_text",),
    "expectation": ("expectation",),
    "temperature": ("temperature",),
    "time_frame": ("time_frame",),
    "place": ("country", "subdivision", "city", "latitude", "longitude", "time_zone"),
    "language": ("language",),
    "brand": ("brand_id",),
    "products": ("product_ids",),
    "industry": ("industry_id", "industry_original"),
    "size": ("size_band_id", "people"),
    "value": ("value_band_id", "target_amount"),
    "source": ("source_id", "source_original", "campaign_id", "search_term", "origin"),
    "basis": ("basis", "basis_words", "basis_at"),
    "category": ("category_id",),
    "priority": ("priority",),
    "importance": ("importance",),
    "suppressed": ("suppressed",),
}
CONTACT: dict[str, tuple[str, ...]] = {
    "company": ("company",),
    "first_name": ("first_name",),
    "last_name": ("last_name",),
    "role": ("role",),
    "phone": ("phone", "phone_e164"),
    "email": ("email",),
    "domain": ("domain",),
    "street": ("street",),
    "postcode": ("postcode",),
    "note": ("note",),
}
ANSWER, OWN, INTEREST = "answer-", "own-", "interest-"
TOGETHER = ("note", "products", "partner_text")
"""Of what both say may stay together; what was noted on products always does."""

OPEN = ("title", "partner_text", "expectation", "time_frame")
"""What partners read: where it changes it is looked at anew for what it gives away."""

Facts = dict[str, Any]


def read(lead: Lead) -> Facts:
    """Return what a locked lead says, contact data among it: it asks nobody who he is."""
    with wall.open_for([lead.id]) as opened:
        contact = opened.get(LeadContact, lead.id, populate_existing=True)
        said = {name: _plain(lead, names) for name, names in LEAD.items()}
        said |= {
            name: _plain(contact, names) if contact else [None] * len(names)
            for name, names in CONTACT.items()
        }
    own = session()
    answers = own.execute(
        select(LeadAnswer.question_id, LeadAnswer.answer).where(LeadAnswer.lead_id == lead.id)
    )
    said |= {f"{ANSWER}{row.question_id}": row.answer for row in answers}
    said |= {f"{OWN}{key}": value for key, value in own_fields.read(lead.id).items()}
    notes = own.execute(
        select(LeadInterest.product_id, LeadInterest.note).where(LeadInterest.lead_id == lead.id)
    )
    return said | {f"{INTEREST}{row.product_id}": row.note for row in notes}


def said_of(lead: Lead, name: str) -> list[Any]:
    """Return a fact of a lead that is none of its contact's."""
    return _plain(lead, LEAD[name])


def _plain(row: Lead | LeadContact, names: tuple[str, ...]) -> list[Any]:
    return [as_json(getattr(row, name)) for name in names]


def as_json(value: Any) -> Any:
    """Return a value of a column as JSON keeps it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


def is_empty(value: Any) -> bool:
    """Tell whether a fact says nothing."""
    if isinstance(value, list):
        return all(one in (None, "", [], {}, False) for one in value)
    return value in (None, "", [], {})


def joined(name: str, one: Any, other: Any) -> Any:
    """Return both of what two say, the first one's first."""
    if name == "products":
        return [list(dict.fromkeys([*(one[0] or ()), *(other[0] or ())]))]
    if isinstance(one, list):
        return [_both(one[0], other[0])]
    return _both(one, other)


def _both(one: str | None, other: str | None) -> str | None:
    texts = [text for text in (one, other) if text]
    if len(texts) == 2 and texts[1] in texts[0]:
        texts.pop()
    return "\n\n".join(texts) or None


def write(lead: Lead, new: Mapping[str, Any], before: Facts) -> list[str]:
    """Write these facts into a locked lead; return the names of what it has not said before.

    A fact of an answer, an own field or a note that is None is taken away.
    """
    changed = [name for name, value in new.items() if before.get(name) != value]
    with wall.open_for([lead.id], session()) as opened:
        contact = opened.get(LeadContact, lead.id)
        if contact is None and any(name in CONTACT for name in changed):
            contact = LeadContact(lead_id=lead.id)
            opened.add(contact)
        for name in changed:
            if name in LEAD:
                _write(lead, LEAD[name], new[name])
            elif name in CONTACT and contact is not None:
                _write(contact, CONTACT[name], new[name])
    own = session()
    for name in changed:
        kind, _sign, key = name.partition("-")
        if f"{kind}-" == ANSWER:
            _put(LeadAnswer, "question_id", int(key), "answer", lead.id, new[name])
        elif f"{kind}-" == INTEREST:
            _put(LeadInterest, "product_id", int(key), "note", lead.id, new[name])
    custom = {
        name.removeprefix(OWN): value
        for name, value in {**before, **new}.items()
        if name.startswith(OWN) and value is not None
    }
    if any(name.startswith(OWN) for name in changed):
        own_fields.write(lead.id, custom)
    own.flush()
    return changed


def _write(row: Lead | LeadContact, names: tuple[str, ...], values: list[Any]) -> None:
    columns = type(row).__table__.c
    for name, value in zip(names, values, strict=True):
        kind = columns[name].type.python_type
        if isinstance(value, str) and kind is datetime:
            value = datetime.fromisoformat(value)
        elif isinstance(value, str) and kind is Decimal:
            value = Decimal(value)
        setattr(row, name, value)


def _put(
    table: type[LeadAnswer | LeadInterest],
    about: str,
    key: int,
    column: str,
    lead_id: int,
    text: str | None,
) -> None:
    if text is None:
        its = (table.lead_id == lead_id, getattr(table, about) == key)
        session().execute(delete(table).where(*its).execution_options(synchronize_session=False))
        return
    written = upsert(table).values({"lead_id": lead_id, about: key, column: text})
    session().execute(
        written.on_conflict_do_update(
            index_elements=["lead_id", about], set_={column: getattr(written.excluded, column)}
        )
    )

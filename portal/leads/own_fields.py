"""What the programme keeps of a lead in fields of its own: the one way to it for whoever reads.

A person sees it as `visibility` has it; who may read no more than the teaser gets what was found to
give nobody away. How a value is read and told says `catalog.fields`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from portal.accounts.actor import Actor
from portal.catalog.fields import Typed, Values, changed, open_part, place_of, take
from portal.catalog.models import CustomField, FieldSubject
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Invalid
from portal.leads.models import Lead, LeadFields
from portal.leads.queries import visible_to
from portal.leads.sight import Sight, read_choices, sight_of, where_seen
from portal.leads.visibility import Field


def in_use() -> list[CustomField]:
    """Return the programme's own fields about leads, in their order."""
    return book().fields_of(FieldSubject.LEAD)


def ever() -> list[CustomField]:
    """Return them with those out of use, in which something may be kept."""
    return book().fields.get(FieldSubject.LEAD, [])


def load(lead: Lead, actor: Actor, known: Sight | None = None) -> Values:
    """Return what a person may see of a lead's own fields."""
    if not ever():
        return {}
    if Field.OWN in sight_of(lead, actor, known):
        return read(lead.id)
    return open_part(in_use(), lead.open_custom or {})


def load_all(leads: Collection[Lead], actor: Actor) -> dict[int, Values]:
    """Return the same of many leads, by their ids, for one of the vendor's people."""
    if not ever() or not leads:
        return {}
    seen = where_seen(Field.OWN, actor, read_choices())
    kept = (
        select(Lead.id, LeadFields.custom)
        .outerjoin(LeadFields, LeadFields.lead_id == Lead.id)
        .where(Lead.id.in_([lead.id for lead in leads]), visible_to(actor), seen)
    )
    whole = {lead_id: custom or {} for lead_id, custom in session().execute(kept)}
    return {
        lead.id: whole[lead.id] if lead.id in whole else open_part(in_use(), lead.open_custom or {})
        for lead in leads
    }


def read(lead_id: int) -> dict[str, Any]:
    """Return all that is kept, for operations: it asks nobody who he is."""
    found = session().scalar(select(LeadFields.custom).where(LeadFields.lead_id == lead_id))
    return dict(found or {})


def write(lead_id: int, values: Mapping[str, Any]) -> None:
    """Keep these values and no others."""
    written = upsert(LeadFields).values(lead_id=lead_id, custom=dict(values))
    session().execute(
        written.on_conflict_do_update(
            index_elements=["lead_id"], set_={"custom": written.excluded.custom}
        )
    )


def list_empty(
    lead_id: int, asked: Collection[str], *, required: bool = False
) -> list[CustomField]:
    """Return the fields in use that a lead has empty, of those asked for by their places.

    Those that are `required` anyway as well, where it is said.
    """
    known = [one for one in in_use() if place_of(one.key) in asked or (required and one.required)]
    kept = read(lead_id) if known else {}
    return [one for one in known if one.key not in kept]


def fill(lead_id: int, asked: Collection[str], typed: Typed) -> tuple[dict[str, Any], list[str]]:
    """Return all values with what was answered of fields that a step asks for, and their places.

    Only what is empty can be answered so, whoever may see it. Raises `Invalid` by place for what is
    missing or can't be read.
    """
    empty = list_empty(lead_id, asked)
    kept = read(lead_id) if empty else {}
    given = {one.key: typed.get(one.key, "") for one in empty}
    values, errors = take(empty, given, kept)
    for one in empty:
        if one.key not in values:
            errors.setdefault(place_of(one.key), str(_("Please fill this in.")))
    if errors:
        raise Invalid(errors)
    return values, changed(kept, values)

"""What the programme keeps of a lead in fields of its own: the one way to it for whoever reads.

A person sees it as `visibility` has it; who may read no more than the teaser gets what was found to
give nobody away. How a value is read and told says `catalog.fields`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from portal.accounts.actor import Actor
from portal.catalog.fields import Values, missing, open_part
from portal.catalog.models import CustomField, FieldSubject
from portal.catalog.queries import book
from portal.core.db import session
from portal.leads.models import Lead, LeadFields
from portal.leads.sight import Sight, sight_of
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


def missing_of(lead_id: int) -> dict[str, str]:
    """Return a sentence by place for each required field that a lead has empty."""
    known = [one for one in in_use() if one.required]
    return missing(known, read(lead_id)) if known else {}

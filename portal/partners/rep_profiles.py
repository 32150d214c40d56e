"""What a person of a partner is good at: skills, products, regions, languages.

Edited by herself and by her firm's manager. Whom of a firm a lead suits best is `offers.reps`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from portal.accounts.models import User
from portal.accounts.tree import is_region
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import record
from portal.partners.events import RepProfileChanged
from portal.partners.models import RepProfile


@dataclass(frozen=True, slots=True)
class Skills:
    """What somebody says of herself; an empty list says nothing."""

    specialisation_ids: Sequence[int] = ()
    product_ids: Sequence[int] = ()
    territories: Sequence[str] = ()
    languages: Sequence[str] = ()


def read(user_id: int) -> Skills:
    """Return what is said of somebody."""
    kept = session().get(RepProfile, user_id)
    if kept is None:
        return Skills()
    return Skills(kept.specialisation_ids, kept.product_ids, kept.territories, kept.languages)


def save(user: User, skills: Skills, at: datetime) -> None:
    """Keep what is said of somebody. Raises `Invalid` at the field that names what isn't known."""
    errors, before = {}, read(user.id)
    for field, kind, ids in (
        ("specialisation_ids", "specialisation", skills.specialisation_ids),
        ("product_ids", "product", skills.product_ids),
    ):
        known = {entry.id for entry in book().active(kind)}.union(getattr(before, field))
        if not known.issuperset(ids):
            errors[field] = _("Please choose from the list.")
    for code in skills.territories:
        if not is_region(code):
            errors["territories"] = _(
                "%(code)s is no code of a country or state. Examples: DE, DE-NI, US-CA.", code=code
            )
    if errors:
        raise Invalid(errors)
    changed = [
        name
        for name in Skills.__slots__
        if list(getattr(before, name)) != list(getattr(skills, name))
    ]
    if not changed:
        return
    kept = session().get(RepProfile, user.id) or RepProfile(user_id=user.id)
    for name in Skills.__slots__:
        setattr(kept, name, list(getattr(skills, name)))
    kept.changed_at = at
    session().add(kept)
    session().flush()
    record(
        RepProfileChanged(
            at=at, user_id=user.id, organisation_id=user.organisation_id, fields=changed
        )
    )

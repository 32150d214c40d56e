"""Which entries of the catalogue leads of a type may have."""

from __future__ import annotations

from flask_babel import get_locale

from portal.catalog.queries import book
from portal.core.db import session
from portal.leads.models import Lead, LeadType

KEPT = {"product": "product_keys", "category": "category_keys"}


def choices_for(lead: Lead, kind: str) -> list[tuple[str, str]]:
    """Return the entries in use that can be chosen for a lead: of products those of its type."""
    choices = book().choices(kind, str(get_locale()))
    if kind not in KEPT:
        return choices
    keys = getattr(session().get_one(LeadType, lead.type_id), KEPT[kind])
    if keys is None:
        return choices
    allowed = {str(one.id) for one in book().named(kind, keys)}
    return [(one, label) for one, label in choices if one in allowed]


def may_have(lead: Lead, kind: str, entry_id: int) -> bool:
    """Say whether an entry can be chosen for a lead."""
    return any(one == str(entry_id) for one, _label in choices_for(lead, kind))

"""The list of who must not be approached, for people: see it, add to it, lift an entry.

What puts entries there and marks leads by them is `operations.suppress`. Entries are contact data:
who keeps the list reads whole addresses, nobody else reads any.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, delete, or_, select, true

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import record
from portal.leads import wall
from portal.leads.events import SuppressionLifted
from portal.leads.intake.cleaning import find_email
from portal.leads.models import Lead, LeadContact, Suppression
from portal.leads.operations import (
    DO_NOT_CALL,
    is_suppressed,
    phone_of,
    suppress,
    suppression_keys,
)
from portal.web.paging import Page, cut

PAGE = 50
LONGEST_REASON = 500

REASONS: dict[str, Any] = {
    DO_NOT_CALL: _l("Asked not to be approached"),
    "unreachable": _l("Address or number does not work"),
    "competitor": _l("Is a competitor"),
    "other": _l("Another reason"),
}


WORDS: dict[str, Any] = {**REASONS, "unsubscribed": _l("Ended the mails")}
"""What stands beside an entry; some reasons nobody chooses."""


def key_of(typed: str, country: str | None = None) -> str | None:
    """Return the key of an e-mail address or a phone number as somebody typed it."""
    typed = typed.strip()[:300]
    if found := find_email(typed):
        return f"email:{found}"
    phone = phone_of(typed, country)
    return f"phone:{phone}" if phone else None


def list_suppressed(search: str, number: int) -> Page[Suppression]:
    """Return a page of the list, the newest first; `search` is the beginning of an address."""
    found = (
        session()
        .scalars(
            select(Suppression)
            .where(_begins_with(search))
            .order_by(Suppression.created_at.desc(), Suppression.key)
            .offset((number - 1) * PAGE)
            .limit(PAGE + 1)
        )
        .all()
    )
    return cut(found, number, PAGE)


def _begins_with(search: str) -> ColumnElement[bool]:
    wanted = search.strip().lower()[:200]
    if not wanted:
        return true()
    keys = [f"{kind}:{wanted}" for kind in ("email", "phone", "external")]
    if exact := key_of(wanted):
        keys.append(exact)
    return or_(*(Suppression.key.startswith(key, autoescape=True) for key in keys))


def add(typed: str, reason: str, at: datetime) -> Sequence[int]:
    """Put somebody onto the list; return the leads of his that are on offer just now.

    Raises `Invalid` at `address` and `reason`.
    """
    key, errors = key_of(typed), {}
    if key is None:
        errors["address"] = _("Please give an e-mail address, or a phone number with +49 …")
    if reason not in REASONS:
        errors["reason"] = _("Please choose a reason.")
    if errors or key is None:
        raise Invalid(errors)
    return suppress([key], reason, at)


def lift(key: str, reason: str, actor: Actor, at: datetime) -> int:
    """Take somebody off the list, and the mark off his leads; return of how many.

    A lead keeps its mark where another entry holds it. Raises `Invalid` at `reason`.
    """
    reason = reason.strip()
    if not reason:
        raise Invalid({"reason": _("Please say why: they may ask one day.")})
    if len(reason) > LONGEST_REASON:
        raise Invalid(
            {"reason": _("Please keep it under %(most)d characters.", most=LONGEST_REASON)}
        )
    gone = session().scalar(
        delete(Suppression).where(Suppression.key == key).returning(Suppression.key)
    )
    if gone is None:
        return 0
    kind, _colon, value = key.partition(":")
    theirs = {
        "email": LeadContact.email == value,
        "phone": LeadContact.phone_e164 == value,
    }.get(kind)
    if theirs is None:
        system, _colon, number = value.partition(":")
        theirs = (Lead.source_system == system) & (Lead.external_id == number)
    query = (
        select(Lead)
        .join(LeadContact, LeadContact.lead_id == Lead.id)
        .where(theirs, Lead.suppressed)
        .order_by(Lead.id)
        .with_for_update(key_share=True, of=Lead)
        .execution_options(populate_existing=True)
    )
    lifted = []
    with wall.open_to_search():
        for lead in session().scalars(query).all():
            contact = session().get_one(LeadContact, lead.id)
            keys = suppression_keys(contact, lead.source_system, lead.external_id)
            if not is_suppressed(keys):
                lifted.append(lead)
    for lead in lifted:
        lead.suppressed = False
        lead.version += 1
    session().flush()
    record(
        SuppressionLifted(at=at, user_id=actor.id, kind=kind, lead_ids=[one.id for one in lifted]),
        {"reason": reason},
    )
    return len(lifted)

"""What the programme wants of customers: made by wins, their standard, the number demanded."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from portal.accounts.actor import Actor
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import record
from portal.customers import queries
from portal.customers.events import CustomerPolicyChanged
from portal.customers.models import CustomerPolicy
from portal.customers.support import list_supporters


def choose(
    *,
    from_wins: bool,
    number_demanded: bool,
    classification_id: int | None,
    credit_rating_id: int | None,
    from_qualified: bool = False,
    support_id: int | None = None,
    actor: Actor,
    at: datetime,
) -> CustomerPolicy:
    """Choose what holds from now on. Raises `Invalid`."""
    wanted = {
        "from_wins": from_wins,
        "number_demanded": number_demanded,
        "classification_id": classification_id,
        "credit_rating_id": credit_rating_id,
        "from_qualified": from_qualified,
        "support_id": support_id,
    }
    entries = book().by_id
    errors = {
        name: str(_("Please choose from the list."))
        for name, kind in (
            ("classification_id", "customer_class"),
            ("credit_rating_id", "credit_rating"),
        )
        if (chosen := wanted[name]) and (chosen not in entries or entries[chosen].kind != kind)
    }
    policy = session().get(CustomerPolicy, 1)
    before = policy.support_id if policy is not None else None
    if support_id not in {None, before, *(one.id for one in list_supporters())}:
        errors["support_id"] = str(_("Please choose somebody who sees customers."))
    if errors:
        raise Invalid(errors)
    if policy is None:
        policy = queries.no_policy()
        session().add(policy)
    changed = sorted(name for name, value in wanted.items() if getattr(policy, name) != value)
    for name in changed:
        setattr(policy, name, wanted[name])
    session().flush()
    if changed:
        record(CustomerPolicyChanged(at=at, user_id=actor.id, fields=changed))
    return policy

"""Who of a firm hears of new leads first, as its manager says: named people in their order.

Each hears so many minutes after the one before, all others after the last. It is about mails alone:
on Available all of them see a lead at once, and the first to pick it up gets it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.accounts.queries import list_pickers
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import record
from portal.offers.events import HearingOrderChanged
from portal.offers.models import HearingOrder

USUAL_MINUTES, MOST_MINUTES = 15, 24 * 60


def waits_of(order: HearingOrder, told: Collection[int], user_id: int) -> timedelta:
    """Return how much later somebody hears than the first; those who are not `told` are no step."""
    named = [one for one in order.user_ids if one in told]
    steps = named.index(user_id) if user_id in named else len(named)
    return timedelta(minutes=order.minutes) * steps


def find_order(organisation_id: int) -> HearingOrder | None:
    """Return the order of a firm; None where its manager has named nobody."""
    return session().get(HearingOrder, organisation_id)


def read_orders(organisation_ids: Collection[int]) -> Mapping[int, HearingOrder]:
    """Return the orders of firms, by the firms' ids."""
    rows = session().scalars(
        select(HearingOrder).where(HearingOrder.organisation_id.in_(organisation_ids))
    )
    return {row.organisation_id: row for row in rows}


def save(user_ids: Sequence[int], minutes: int | None, actor: Actor, at: datetime) -> None:
    """Name who of the actor's firm hears first, in this order; nobody: all at once.

    Saying the same again changes nothing. Raises `Invalid`.
    """
    known = {user.id for user in list_pickers(actor.organisation_id)}
    if minutes is None or not 1 <= minutes <= MOST_MINUTES:
        raise Invalid({"minutes": str(_("Please give 1 to 1440 minutes."))})
    if len(set(user_ids)) != len(user_ids) or not known.issuperset(user_ids):
        raise Invalid({"places": str(_("Please choose from the list."))})
    kept = find_order(actor.organisation_id)
    before = (kept.user_ids, kept.minutes) if kept else ([], USUAL_MINUTES)
    if before == (list(user_ids), minutes):
        return
    if kept is None:
        kept = HearingOrder(organisation_id=actor.organisation_id)
        session().add(kept)
    kept.user_ids, kept.minutes = list(user_ids), minutes
    session().flush()
    record(
        HearingOrderChanged(
            at=at,
            organisation_id=actor.organisation_id,
            user_ids=list(user_ids),
            by_user_id=actor.id,
        )
    )

"""Telling people what the customer of a lead in hand says: that nobody called, or is to call.

The holder is asked how far she is, with the answers to press; those who answer for her hear of it
at the same time, whatever deadline is still ahead. Nothing is taken from anybody by that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from portal.accounts.models import User
from portal.hearing.models import Topic
from portal.notifications import letters, operations, queries
from portal.notifications.telling import tell, tell_news
from portal.pickup.models import Pickup
from portal.qualification.events import CustomerLeft
from portal.witness.events import CustomerDeclined, CustomerSaid
from portal.witness.models import Said
from portal.witness.queries import find_held, find_word


def tell_of_word(event: CustomerSaid, at: datetime) -> None:
    """Tell holder, manager and account manager that nobody called, unless that is past."""
    pickup, word = queries.find_in_hand(event.pickup_id), find_word(event.pickup_id)
    if pickup is None or word is None or word.said != Said.NO:
        return
    asked, above = queries.list_answering(pickup, at), over(pickup, at)
    operations.in_line({user.id for user in (*asked, *above)})
    tell(
        {
            user: partial(letters.feedback_wanted, Topic.CALL_MISSED, pickup, user, at)
            for user in asked
        },
        Topic.CALL_MISSED,
        f"call-missed:{pickup.id}",
        event.at,
        at,
        lead_id=pickup.lead_id,
        pickup_id=pickup.id,
        due=pickup.feedback_due_at.isoformat(),
    )
    ids = {user.id for user in above} - {user.id for user in asked}
    tell_news(sorted(ids), Topic.NOT_CALLED, event, at, pickup_id=pickup.id)


def tell_of_declining(event: CustomerDeclined, at: datetime) -> None:
    """Tell who holds the lead, and those above her, that the customer wants no call."""
    pickup = queries.find_in_hand(event.pickup_id)
    if pickup is not None:
        ids = {user.id for user in (*queries.list_answering(pickup, at), *over(pickup, at))}
        tell_news(sorted(ids), Topic.NOT_WANTED, event, at, declined_of=pickup.id)


def tell_of_leaving(event: CustomerLeft, at: datetime) -> None:
    """Tell who holds the lead, and those above her, that the customer wants no more mails."""
    pickup = find_held(event.lead_id) if event.lead_id is not None else None
    if pickup is not None:
        ids = {user.id for user in (*queries.list_answering(pickup, at), *over(pickup, at))}
        tell_news(sorted(ids), Topic.NOT_WANTED, event, at, declined_of=pickup.id, mails=1)


def over(pickup: Pickup, at: datetime) -> Sequence[User]:
    """Return who answers for the holder of a lead: her firm's managers and its account manager."""
    holder = queries.find_user(pickup.user_id)
    heads = queries.list_heads(holder, at) if holder else []
    return [*heads, *queries.list_account_managers((pickup.organisation_id,), at)]

"""Telling who is concerned that a lead was taken back or found nobody, and of more time for one."""

from __future__ import annotations

from datetime import datetime

from portal.core.db import session
from portal.hearing.models import Topic
from portal.notifications import queries
from portal.notifications.telling import tell_news
from portal.offers.events import LeadReturned
from portal.offers.models import Way
from portal.offers.redistribution import list_steps
from portal.pickup import extension
from portal.pickup.events import LeadRecalled, MoreTimeAsked, MoreTimeDecided
from portal.pickup.models import Extension, Pickup


def tell_of_recall(event: LeadRecalled, at: datetime) -> None:
    """Tell who held a lead that it was taken back, his managers, and who answers for the firm."""
    people = {user.id for user in queries.list_managers((event.organisation_id,), at)}
    people |= {user.id for user in queries.list_account_managers((event.organisation_id,), at)}
    hearers = ({event.user_id} | people) - {event.by_user_id}
    tell_news(sorted(hearers), Topic.RECALLED, event, at, pickup_id=event.pickup_id)


def tell_of_return(event: LeadReturned, at: datetime) -> None:
    """Tell the channel managers of a lead on which its policy wants them to decide.

    Where a round ended without a pickup, they hear of that.
    """
    if not event.asks or event.lead_id is None or event.why in (Way.LAPSED, Way.DECLINED):
        return
    step = list_steps(event.lead_id)[0]
    people = [user.id for user in queries.list_with_role("channel_manager")]
    tell_news(people, Topic.LEAD_WAITS, event, at, waiting_id=event.lead_id, step_id=step.id)


def tell_of_wish(event: MoreTimeAsked, at: datetime) -> None:
    """Tell who decides that more time was asked for."""
    wish = session().get(Extension, event.extension_id)
    pickup = session().get(Pickup, event.pickup_id)
    if wish is not None and pickup is not None:
        people = [user.id for user in extension.list_deciding(wish, pickup)]
        tell_news(people, Topic.MORE_TIME, event, at, extension_id=wish.id, asked=1)


def tell_of_decision(event: MoreTimeDecided, at: datetime) -> None:
    """Tell who asked for more time what was decided, unless nobody had to."""
    if event.by_user_id is not None:
        tell_news(
            {event.user_id}, Topic.MORE_TIME, event, at, extension_id=event.extension_id, asked=0
        )

"""Telling people of deadlines, rung by rung: who hears of a step, and which mail each gets.

Of several steps about one clock a person hears but the last, and who is asked herself is not told
of herself. Where nobody is there on a rung, the channel managers hear instead. How bad it is by
now, the mail says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from portal.accounts.models import User
from portal.core.db import session
from portal.deadlines.models import Clock, ClockKind, DeadlinePolicy
from portal.escalation.events import HolderReminded, StepsTaken
from portal.escalation.rules import RETURNS, TELLS, Hearer
from portal.hearing import rules
from portal.hearing.models import Topic
from portal.hearing.queries import read_extents
from portal.notifications import letters, operations, queries
from portal.notifications.telling import tell
from portal.pickup.models import Pickup

OF_HOLDER: Mapping[str, Topic] = {
    ClockKind.RESPONSE: Topic.CONTACT_WANTED,
    ClockKind.COMPLETION: Topic.COMPLETION_WANTED,
    ClockKind.OFFER: Topic.OFFER_ENDS,
    ClockKind.HELP: Topic.ANSWER_WANTED,
    ClockKind.PRICING: Topic.ANSWER_WANTED,
    ClockKind.OWNER: Topic.ANSWER_WANTED,
}


def tell_of_steps(event: StepsTaken, at: datetime) -> None:
    """Tell whom the steps about a clock were to tell, unless it was met or moved meanwhile."""
    clock = session().get(Clock, event.clock_id, populate_existing=True)
    if clock is None or clock.stopped_at is not None or clock.paused_at is not None:
        return
    if clock.due_at.isoformat() != event.due:
        return
    heard: dict[int, tuple[User, Hearer]] = {}
    rungs = dict.fromkeys(TELLS[one] for one in event.actions if one in TELLS)
    if RETURNS & set(event.refused):
        # it stays where it is, so that somebody has to look at it
        rungs[Hearer.CHANNEL_MANAGER] = None
    for hearer in rungs:
        found = hearers(hearer, clock, at)
        if not found and is_waited_for(clock, at):
            hearer = Hearer.CHANNEL_MANAGER
            found = hearers(hearer, clock, at)
        for user in found:
            heard[user.id] = (user, hearer)
    # whoever is asked anyway is asked, and not told that she is asked
    asked = {user.id for user in hearers(Hearer.HOLDER, clock, at)} if heard else set()
    told: dict[Topic, list[User]] = {}
    for user_id, (user, hearer) in heard.items():
        topic = topic_of(Hearer.HOLDER if user_id in asked else hearer, clock, at)
        told.setdefault(topic, []).append(user)
    operations.in_line(heard)
    planned = datetime.fromisoformat(event.planned)
    for topic, people in told.items():
        write(topic, people, clock, max(event.places), planned, at)


def hearers(hearer: Hearer, clock: Clock, at: datetime) -> Sequence[User]:
    """Return who is there of those who hear of a clock on one rung."""
    if hearer == Hearer.CHANNEL_MANAGER:
        return queries.list_with_role("channel_manager")
    if clock.round_id is not None:
        if hearer == Hearer.HOLDER:
            return [user for user, _offer in offered(clock, at)]
        firms = [firm_id for firm_id, _name in queries.silent_firms(clock.round_id, at)]
        if hearer == Hearer.MANAGER:
            return queries.list_managers(firms, at)
        return queries.list_account_managers(firms, at)
    pickup = session().get(Pickup, clock.pickup_id) if clock.pickup_id else None
    user_id = pickup.user_id if pickup and clock.request_id is None else clock.user_id
    if user_id is None:
        return []
    if hearer == Hearer.HOLDER:
        return queries.list_in_place_of(user_id, at)
    if hearer == Hearer.ACCOUNT_MANAGER and pickup is not None:
        return queries.list_account_managers((pickup.organisation_id,), at)
    user = queries.find_user(user_id)
    return queries.list_heads(user, at) if user else []


def is_waited_for(clock: Clock, at: datetime) -> bool:
    """Say whether somebody is still waited for: an offer may be declined by all its firms."""
    return clock.round_id is None or bool(queries.silent_firms(clock.round_id, at))


def offered(clock: Clock, at: datetime) -> Sequence[tuple[User, queries.Offered]]:
    """Return to whom a lead is on offer by the round of a clock."""
    return queries.list_offered(clock.lead_id, clock.round_id or 0, at)


def topic_of(hearer: Hearer, clock: Clock, at: datetime) -> Topic:
    """Return what a person hears of a clock on her rung."""
    if hearer == Hearer.MANAGER:
        return Topic.TEAM_LATE
    if hearer != Hearer.HOLDER:
        return Topic.PARTNER_LATE
    if clock.kind in OF_HOLDER:
        return OF_HOLDER[clock.kind]
    if clock.due_at > at:
        return Topic.FEEDBACK_SOON
    policy = session().get_one(DeadlinePolicy, clock.policy_id)
    overdue = at - clock.due_at >= timedelta(hours=policy.overdue_hours)
    return Topic.FEEDBACK_OVERDUE if overdue else Topic.FEEDBACK_DUE


def write(
    topic: Topic, people: Sequence[User], clock: Clock, place: int, planned: datetime, at: datetime
) -> None:
    """Tell people of one topic about a clock, each once for a step and its moment."""
    due = clock.due_at.isoformat()
    about = f"step:{clock.id}:{due}:{place}"
    if topic in rules.ASKING:
        pickup = queries.find_in_hand(clock.pickup_id or 0)
        if pickup is None:
            return
        tell(
            {user: partial(letters.feedback_wanted, topic, pickup, user, at) for user in people},
            topic,
            about,
            planned,
            at,
            lead_id=clock.lead_id,
            pickup_id=pickup.id,
            due=due,
        )
    elif topic == Topic.OFFER_ENDS:
        found = {user.id: offer for user, offer in offered(clock, at)}
        extents = read_extents(people, at)
        tell(
            {
                user: partial(
                    letters.lead_offered, found[user.id], user, at, extents[user.id], ends=True
                )
                for user in people
                if user.id in found
            },
            topic,
            about,
            planned,
            at,
            lead_id=clock.lead_id,
            round_id=clock.round_id,
        )
    else:
        facts = {"clock_id": clock.id, "due": due}
        tell(
            {user: partial(letters.news, topic, facts, user, at) for user in people},
            topic,
            about,
            planned,
            at,
            lead_id=clock.lead_id,
            **facts,
        )


def tell_reminded(event: HolderReminded, at: datetime) -> None:
    """Ask a holder how far she is, because somebody of the vendor wants to know."""
    pickup = queries.find_in_hand(event.pickup_id)
    if pickup is None:
        return
    people = queries.list_answering(pickup, at)
    operations.in_line(user.id for user in people)
    tell(
        {
            user: partial(letters.feedback_wanted, Topic.REMINDED, pickup, user, at)
            for user in people
        },
        Topic.REMINDED,
        f"reminded:{pickup.id}:{event.at.isoformat()}",
        event.at,
        at,
        lead_id=pickup.lead_id,
        pickup_id=pickup.id,
        due=pickup.feedback_due_at.isoformat(),
    )

"""What could be told to who writes the words of a mail to own people, had nobody been told of it.

Facts as a notice keeps them, of the newest things in a programme; whoever writes the real mails
says whether each still stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from sqlalchemy import Select, select

from portal.accounts.actor import Actor
from portal.assistance.models import AssistanceRequest, RequestState
from portal.core.db import session
from portal.deadlines.models import Clock, ClockKind
from portal.feedback.models import Feedback
from portal.hearing.models import Topic
from portal.leads.models import HandOver, Lead, LeadSignal, LeadState
from portal.leads.queries import visible_to
from portal.notifications.becoming import ANSWERED
from portal.offers.redistribution import list_steps
from portal.people import sign_up

LOOKED_AT = 20
"""So many of the newest are looked at for one that a mail could tell of."""

Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])
Facts = Mapping[str, Any]
Found = Iterator[tuple[Facts, str]]


def newest_facts(topic: str, actor: Actor) -> Found:
    """Yield the newest things that a topic could tell of, each with the number of its lead."""
    find = FINDERS.get(topic)
    return find(actor) if find else iter(())


def _clocks(*kinds: ClockKind) -> Callable[[Actor], Found]:
    def find(actor: Actor) -> Found:
        query = select(Clock, Lead.number).join(Lead, Lead.id == Clock.lead_id)
        running = (Clock.stopped_at.is_(None), Clock.paused_at.is_(None), Clock.kind.in_(kinds))
        for clock, number in session().execute(_newest(query.where(*running), Clock, actor)):
            yield {"clock_id": clock.id, "due": clock.due_at.isoformat()}, number

    return find


def _requests(actor: Actor) -> Found:
    query = select(AssistanceRequest.id, Lead.number).join(
        Lead, Lead.id == AssistanceRequest.lead_id
    )
    open_ = query.where(AssistanceRequest.state == RequestState.OPEN)
    for request_id, number in session().execute(_newest(open_, AssistanceRequest, actor)):
        yield {"request_id": request_id}, number


def _answers(actor: Actor) -> Found:
    query = select(Feedback.id, Lead.number).join(Lead, Lead.id == Feedback.lead_id)
    stand = query.where(Feedback.pickup_id.is_not(None), Feedback.taken_back_at.is_(None))
    for feedback_id, number in session().execute(_newest(stand, Feedback, actor)):
        yield {"step": ANSWERED, "of": feedback_id}, number


def _signals(actor: Actor) -> Found:
    query = select(LeadSignal.lead_id, Lead.number).join(Lead, Lead.id == LeadSignal.lead_id)
    for lead_id, number in session().execute(_newest(query, LeadSignal, actor)):
        yield {"stirring_id": lead_id}, number


def _handed_back(actor: Actor) -> Found:
    query = select(HandOver.id, Lead.number).join(Lead, Lead.id == HandOver.lead_id)
    done = query.where(HandOver.done_at.is_not(None))
    for hand_over_id, number in session().execute(_newest(done, HandOver, actor)):
        yield {"hand_over_id": hand_over_id}, number


def _returned(actor: Actor) -> Found:
    query = select(Lead.id, Lead.number).where(Lead.state == LeadState.RETURNED)
    for lead_id, number in session().execute(_newest(query, Lead, actor)):
        for step in list_steps(lead_id)[:1]:
            yield {"waiting_id": lead_id, "step_id": step.id}, number


def _sign_ups(_actor: Actor) -> Found:
    for one in sign_up.list_open():
        yield {"sign_up_id": one.id}, ""


def _newest(query: Query, of: Any, actor: Actor) -> Query:
    return query.where(visible_to(actor)).order_by(of.id.desc()).limit(LOOKED_AT)


FINDERS: Mapping[str, Callable[[Actor], Found]] = {
    Topic.ANSWER_WANTED: _clocks(ClockKind.HELP, ClockKind.PRICING, ClockKind.OWNER),
    Topic.PARTNER_LATE: _clocks(ClockKind.RESPONSE, ClockKind.FEEDBACK, ClockKind.COMPLETION),
    Topic.HELP_ASKED: _requests,
    Topic.LEAD_STEP: _answers,
    Topic.LEAD_STIRS: _signals,
    Topic.HANDED_BACK: _handed_back,
    Topic.LEAD_WAITS: _returned,
    Topic.SIGN_UP_WAITS: _sign_ups,
}

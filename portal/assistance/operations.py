"""Ask the vendor for help or a special price, answer, decide, ask back, and be done with it.

Whoever asks has a person before her, and a moment until which that person answers: a clock of the
policy that the pickup began with. It runs while it is the vendor's turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.assistance import queries, rules, wall
from portal.assistance.events import HelpAnswered, HelpAsked, HelpClosed
from portal.assistance.models import (
    WAITS,
    AssistanceRequest,
    AssistanceWords,
    RequestKind,
    RequestState,
    Turn,
)
from portal.assistance.queries import CLOCKS, Seen
from portal.assistance.rules import (
    APART,
    AskedAlready,
    AskedLately,
    Granted,
    NobodyToAsk,
    Settled,
    Wanted,
)
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import record
from portal.deadlines import clocks
from portal.leads.models import Lead
from portal.partners.calendars import calendar_of
from portal.partners.rules import day_at
from portal.pickup import operations as pickups
from portal.pickup.models import Pickup
from portal.pickup.queries import get_policy


def ask(
    kind: RequestKind,
    pickup_id: int,
    text: str,
    actor: Actor,
    at: datetime,
    wanted: Wanted | None = None,
) -> AssistanceRequest:
    """Ask the vendor for help with a lead in hand, or for a special price as it is `wanted`.

    Raises `Invalid` by field, `NotFound`, `NotYoursAnyMore`, `AskedAlready`, `NobodyToAsk`.
    """
    errors = rules.check_words(text, needed=kind == RequestKind.HELP)
    if kind == RequestKind.PRICING:
        wanted = wanted or Wanted()
        known = {entry.id: entry for entry in book().active("product")}
        errors |= rules.check_wanted(wanted, known, day_at(actor.timezone, at))
        rivals = {one for one, _label in book().choices("competitor", "en")}
        if wanted.competitor_id is not None and str(wanted.competitor_id) not in rivals:
            errors["competitor_id"] = str(_("Please choose from the list."))
    if errors:
        raise Invalid(errors)
    pickup, lead = pickups.lock_pickup(pickup_id, actor)
    if queries.find_waiting(pickup.id, kind) is not None:
        raise AskedAlready(
            _("That is asked about %(number)s already, and not settled yet.", number=lead.number)
        )
    helper = queries.find_helper(lead, actor.id, at)
    if helper is None:
        raise NobodyToAsk(_("There is nobody who could answer. Please call the vendor."))
    request = AssistanceRequest(
        kind=kind,
        lead_id=lead.id,
        pickup_id=pickup.id,
        organisation_id=pickup.organisation_id,
        asked_by_id=actor.id,
        assignee_id=helper.id,
        at=at,
        asked_at=at,
    )
    session().add(request)
    session().flush()
    write(request, Turn.ASKED, text, actor, at, wanted.as_terms() if wanted else None)
    start_clock(request, pickup, at)
    tell_asked(request, actor, at)
    return request


def start_clock(request: AssistanceRequest, pickup: Pickup, at: datetime) -> None:
    """Let the time run in which the vendor answers, as the pickup's policy has it."""
    kind, policy = RequestKind(request.kind), get_policy(pickup)
    vendor = queries.firm_of(request.assignee_id)
    clocks.start(
        CLOCKS[kind],
        request.lead_id,
        policy,
        at,
        minutes=queries.hours_of(kind, policy) * 60,
        calendar=calendar_of(vendor, request.assignee_id),
        pickup_id=request.pickup_id,
        request_id=request.id,
        user_id=request.assignee_id,
        organisation_id=vendor,
    )


def tell_asked(
    request: AssistanceRequest, actor: Actor, at: datetime, *, again: bool = False
) -> None:
    """Record that the vendor is asked."""
    record(
        HelpAsked(
            at=at,
            lead_id=request.lead_id,
            request_id=request.id,
            kind=request.kind,
            pickup_id=request.pickup_id,
            user_id=actor.id,
            organisation_id=request.organisation_id,
            assignee_id=request.assignee_id,
            again=again,
        )
    )


def write(
    request: AssistanceRequest,
    turn: Turn,
    text: str,
    actor: Actor,
    at: datetime,
    terms: Mapping[str, Any] | None = None,
) -> None:
    """Keep what somebody wrote about a request, behind the wall."""
    with wall.open_for([request.id]) as opened:
        opened.add(
            AssistanceWords(
                request_id=request.id,
                turn=turn,
                author_id=actor.id,
                at=at,
                text=text.strip(),
                terms=dict(terms) if terms else None,
            )
        )


def lock(request_id: int, actor: Actor) -> Seen:
    """Lock the lead of a request, then the request, for who may act on it. Raises `NotFound`."""
    lead_id = session().scalar(
        select(AssistanceRequest.lead_id).where(AssistanceRequest.id == request_id)
    )
    if lead_id is None:
        raise NotFound()
    for model, id_ in ((Lead, lead_id), (AssistanceRequest, request_id)):
        session().get(model, id_, with_for_update={"key_share": True}, populate_existing=True)
    seen = queries.get_seen(request_id, actor)
    if not seen.acts:
        raise NotFound()
    return seen


def lock_to_answer(request_id: int, actor: Actor) -> AssistanceRequest:
    """Lock a request that waits for the vendor, as one of his people. Raises also `Settled`."""
    seen = lock(request_id, actor)
    if seen.asks:
        raise NotFound()
    if not seen.request.waits:
        raise Settled(_("This is settled meanwhile. Please look at it again."))
    return seen.request


def answer(request_id: int, text: str, actor: Actor, at: datetime) -> AssistanceRequest:
    """Answer what was asked. Raises `Invalid`, `NotFound`, `Settled`."""
    request = lock_to_answer(request_id, actor)
    if request.kind != RequestKind.HELP:
        raise NotFound()
    check(rules.check_words(text))
    settle(request, RequestState.ANSWERED, Turn.ANSWERED, text, actor, at)
    return request


def grant(
    request_id: int, granted: Granted, text: str, actor: Actor, at: datetime
) -> AssistanceRequest:
    """Grant a special price until a day. Raises `Invalid` by field, `NotFound`, `Settled`."""
    request = lock_to_answer(request_id, actor)
    if request.kind != RequestKind.PRICING:
        raise NotFound()
    today = day_at(actor.timezone, at)
    check(rules.check_words(text, needed=False) | rules.check_granted(granted, today))
    request.valid_until = granted.until
    settle(request, RequestState.GRANTED, Turn.GRANTED, text, actor, at, granted.as_terms())
    return request


def refuse(request_id: int, text: str, actor: Actor, at: datetime) -> AssistanceRequest:
    """Refuse a special price and say why. Raises `Invalid`, `NotFound`, `Settled`."""
    request = lock_to_answer(request_id, actor)
    if request.kind != RequestKind.PRICING:
        raise NotFound()
    check(rules.check_words(text))
    settle(request, RequestState.REFUSED, Turn.REFUSED, text, actor, at)
    return request


def ask_back(request_id: int, text: str, actor: Actor, at: datetime) -> AssistanceRequest:
    """Ask the holder something before the answer. Raises `Invalid`, `NotFound`, `Settled`.

    The clock stops: who asks has answered for now, and starts anew with what the holder says.
    """
    request = lock_to_answer(request_id, actor)
    if request.state == RequestState.ASKED_BACK:
        raise Settled(_("This was asked back already. What you ask now can wait for the answer."))
    check(rules.check_words(text))
    request.state = RequestState.ASKED_BACK
    write(request, Turn.ASKED_BACK, text, actor, at)
    answered(request, Turn.ASKED_BACK, actor, at)
    return request


def settle(
    request: AssistanceRequest,
    state: RequestState,
    turn: Turn,
    text: str,
    actor: Actor,
    at: datetime,
    terms: Mapping[str, Any] | None = None,
) -> None:
    """Settle a locked request with the vendor's answer."""
    request.state, request.settled_at = state, at
    write(request, turn, text, actor, at, terms)
    answered(request, turn, actor, at)


def answered(request: AssistanceRequest, turn: Turn, actor: Actor, at: datetime) -> None:
    """Stop the clock of a locked request, and record how late the answer was."""
    stopped = clocks.stop_all(at, request_id=request.id)
    session().flush()
    record(
        HelpAnswered(
            at=at,
            lead_id=request.lead_id,
            request_id=request.id,
            kind=request.kind,
            turn=turn,
            user_id=actor.id,
            asked_by_id=request.asked_by_id,
            late_seconds=max((clock.late_seconds for clock in stopped), default=0),
        )
    )


def ask_again(request_id: int, text: str, actor: Actor, at: datetime) -> AssistanceRequest:
    """Say more about what was asked, or ask once more; it is the vendor's turn from now on.

    While he is asked already, that goes once a day, or once his time is over. Raises `Invalid`,
    `NotFound`, `Settled`, `AskedLately`.
    """
    seen = lock(request_id, actor)
    if not seen.asks:
        raise NotFound()
    request = seen.request
    if request.state in (RequestState.CLOSED, RequestState.VOID):
        raise Settled(_("This is settled meanwhile. Please look at it again."))
    check(rules.check_words(text))
    if request.state == RequestState.OPEN:
        clock = clocks.find_running(CLOCKS[RequestKind(request.kind)], request_id=request.id)
        late = clock is not None and clock.due_at <= at
        if not late and at - request.asked_at < APART:
            words = _("You have asked within the last day. Please give it a little time.")
            raise AskedLately(words)
    else:
        waits = queries.find_waiting(request.pickup_id, request.kind)
        if waits not in (None, request.id):
            raise AskedAlready(_("That is asked already, and not settled yet."))
        request.state, request.settled_at, request.valid_until = RequestState.OPEN, None, None
        helper = queries.find_helper(seen.lead, actor.id, at)
        if helper is not None:
            request.assignee_id = helper.id
        session().flush()
        start_clock(request, session().get_one(Pickup, request.pickup_id), at)
    request.asked_at = at
    write(request, Turn.ASKED_AGAIN, text, actor, at)
    tell_asked(request, actor, at, again=True)
    return request


def close(request_id: int, actor: Actor, at: datetime) -> AssistanceRequest:
    """Be done with a request as whoever asked; twice is once. Raises `NotFound`."""
    seen = lock(request_id, actor)
    if not seen.asks:
        raise NotFound()
    if seen.request.state != RequestState.CLOSED:
        end(seen.request, RequestState.CLOSED, actor.id, at)
    return seen.request


def end(request: AssistanceRequest, state: RequestState, user_id: int | None, at: datetime) -> None:
    """End a locked request without an answer of the vendor."""
    request.state, request.settled_at = state, request.settled_at or at
    clocks.stop_all(at, request_id=request.id, void=True)
    session().flush()
    record(
        HelpClosed(
            at=at,
            lead_id=request.lead_id,
            request_id=request.id,
            kind=request.kind,
            state=state,
            user_id=user_id,
        )
    )


def void_of(lead_id: int, at: datetime) -> None:
    """End what was asked about a lead by whoever has it no more. Twice is once."""
    session().get(Lead, lead_id, with_for_update={"key_share": True}, populate_existing=True)
    gone = (
        select(AssistanceRequest)
        .join(Pickup, Pickup.id == AssistanceRequest.pickup_id)
        .where(
            AssistanceRequest.lead_id == lead_id,
            AssistanceRequest.state.in_(WAITS),
            Pickup.ended_at.is_not(None),
        )
        .order_by(AssistanceRequest.id)
        .with_for_update(of=AssistanceRequest, key_share=True)
        .execution_options(populate_existing=True)
    )
    for request in session().scalars(gone).all():
        end(request, RequestState.VOID, None, at)


def check(errors: Mapping[str, str]) -> None:
    """Raise `Invalid` where something is wrong."""
    if errors:
        raise Invalid(dict(errors))

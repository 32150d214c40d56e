"""Reads of what holders ask the vendor for: who is asked, who may read it, what waits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind, User
from portal.accounts.permissions import Permission
from portal.accounts.queries import find_account_manager
from portal.accounts.reach import Reached
from portal.assistance import wall
from portal.assistance.models import (
    WAITS,
    AssistanceRequest,
    AssistanceWords,
    RequestKind,
    RequestState,
)
from portal.core.db import session
from portal.core.errors import NotFound
from portal.deadlines import clocks
from portal.deadlines.models import Clock, ClockKind, DeadlinePolicy
from portal.leads.models import Lead
from portal.leads.notes import may_write
from portal.leads.queries import find_visible, visible_to
from portal.leads.sight import Sight
from portal.partners.calendars import calendar_of
from portal.partners.models import Absence
from portal.partners.rules import day_at
from portal.pickup.models import Pickup
from portal.web.paging import Page, cut

SIZE = 50

# -- who is asked -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Helper:
    """Who of the vendor is asked, and until when she answers.

    `instead_of` is whose place she takes who is away until `away_until`; away herself with nobody
    in her place, she is asked all the same, and the answer takes as much longer.
    """

    id: int
    name: str
    organisation_id: int
    phone: str | None
    email: str
    instead_of: str | None
    away_until: date | None


def find_helper(lead: Lead, asker_id: int, at: datetime) -> Helper | None:
    """Return whom the holder of a lead asks: who answers for it, for his firm, or for all."""
    person = _owner(lead, asker_id)
    if person is None:
        return None
    today = day_at(person.organisation.timezone, at)
    delegate = aliased(User)
    away = (
        session()
        .execute(
            select(Absence.ends_on, delegate)
            .outerjoin(delegate, and_(delegate.id == Absence.delegate_id, delegate.active))
            .where(
                Absence.user_id == person.id, Absence.starts_on <= today, Absence.ends_on >= today
            )
            .order_by(delegate.id.is_(None), Absence.ends_on.desc())
            .limit(1)
        )
        .one_or_none()
    )
    stands_in = away[1] if away is not None and away[1] is not None else None
    asked = stands_in if stands_in is not None and stands_in.id != asker_id else person
    return Helper(
        id=asked.id,
        name=asked.name,
        organisation_id=asked.organisation_id,
        phone=asked.phone,
        email=asked.email,
        instead_of=person.name if asked is not person else None,
        away_until=away[0] if away is not None else None,
    )


def _owner(lead: Lead, asker_id: int) -> User | None:
    """Return who of the vendor answers for a lead, and is somebody else than who asks."""
    named = session().get(User, lead.owner_id) if lead.owner_id else None
    for found in (named, find_account_manager(lead.holder_organisation_id or 0)):
        if found is not None and found.active and found.id != asker_id:
            return found
    return session().scalar(
        select(User)
        .join(User.organisation)
        .where(
            User.active,
            User.id != asker_id,
            Organisation.active,
            Organisation.kind == OrganisationKind.VENDOR,
            User.roles.contains(["channel_manager"]),
        )
        .order_by(User.id)
        .limit(1)
    )


def firm_of(user_id: int) -> int:
    """Return the firm of a person."""
    return session().get_one(User, user_id).organisation_id


CLOCKS = {RequestKind.HELP: ClockKind.HELP, RequestKind.PRICING: ClockKind.PRICING}


def hours_of(kind: RequestKind, policy: DeadlinePolicy) -> int:
    """Return within how many hours a policy has the vendor answer."""
    return policy.help_hours if kind == RequestKind.HELP else policy.pricing_hours


def due_for(
    kind: RequestKind, policy: DeadlinePolicy, helper: Helper, at: datetime
) -> datetime | None:
    """Return until when whoever is asked now answers; None where the policy promises nothing."""
    planned = clocks.plan(
        CLOCKS[kind],
        policy,
        at,
        hours_of(kind, policy) * 60,
        calendar_of(helper.organisation_id, helper.id),
    )
    return planned.due_at if planned else None


# -- who may ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as somebody sees it: from the side that `asks`, and whether she may act."""

    request: AssistanceRequest
    lead: Lead
    asks: bool
    acts: bool


def get_seen(request_id: int, actor: Actor) -> Seen:
    """Return a request with its lead as somebody sees it. Raises `NotFound`."""
    row = (
        session()
        .execute(
            select(AssistanceRequest, Lead, Pickup)
            .join(Lead, Lead.id == AssistanceRequest.lead_id)
            .join(Pickup, Pickup.id == AssistanceRequest.pickup_id)
            .where(AssistanceRequest.id == request_id)
        )
        .one_or_none()
    )
    if row is None:
        raise NotFound()
    request, lead, pickup = row
    if is_theirs(pickup, lead, actor):
        held = pickup.ended_at is None and not actor.is_looked_as
        return Seen(request, lead, asks=True, acts=held)
    if not actor.is_partner and reads(request, lead, actor):
        return Seen(request, lead, asks=False, acts=not actor.is_looked_as)
    raise NotFound()


def is_theirs(pickup: Pickup, lead: Lead, actor: Actor) -> bool:
    """Say whether somebody stands on the side that asked, and whose firm has the lead still."""
    if (lead.holder_organisation_id, pickup.organisation_id) != (actor.organisation_id,) * 2:
        return False
    if actor.is_looked_as:
        return False
    mine = pickup.user_id in {actor.id, *actor.stands_in_for}
    return mine or (actor.is_partner and actor.may(Permission.PICKUPS_SEE_FIRM))


def reads(request: AssistanceRequest, lead: Lead, actor: Actor) -> bool:
    """Say whether one of the vendor's people reads a request: who is asked, or who may."""
    if actor.is_looked_as:
        return False
    if request.assignee_id in {actor.id, *actor.stands_in_for}:
        return True
    firms = reach.read_firms(actor)
    hers = firms is None or request.organisation_id in firms
    return hers and find_visible(lead.id, actor) is not None and may_write(lead, actor)


def _of_hers(actor: Actor, reached: Reached | None = None) -> ColumnElement[bool]:
    """Return the condition of requests of the firms for which one of the vendor's answers.

    Those of others are not hers to read, although she sees the lead meanwhile.
    """
    return or_(
        AssistanceRequest.assignee_id.in_({actor.id, *actor.stands_in_for}),
        reach.answers_for(actor, AssistanceRequest.organisation_id, reached),
    )


# -- the words ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """One turn of a request, with its words."""

    request_id: int
    kind: str
    turn: str
    at: datetime
    author: str
    firm: str
    text: str
    terms: Mapping[str, Any] | None


def load_words(request_ids: Collection[int]) -> Sequence[Said]:
    """Return all that was written about requests, the oldest first.

    Whether somebody may read them is asked before.
    """
    if not request_ids:
        return ()
    query = (
        select(
            AssistanceWords.request_id,
            AssistanceRequest.kind,
            AssistanceWords.turn,
            AssistanceWords.at,
            User.name,
            Organisation.name,
            AssistanceWords.text,
            AssistanceWords.terms,
        )
        .join(AssistanceRequest, AssistanceRequest.id == AssistanceWords.request_id)
        .join(User, User.id == AssistanceWords.author_id)
        .join(Organisation, Organisation.id == User.organisation_id)
        .where(AssistanceWords.request_id.in_(request_ids))
        .order_by(AssistanceWords.id)
    )
    with wall.open_for(request_ids) as opened:
        return [Said(*row) for row in opened.execute(query)]


# -- lists --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listed:
    """A request in a list, without words; `due_at` where its clock runs."""

    id: int
    kind: str
    state: str
    lead_id: int
    number: str
    title: str | None
    firm: str
    asker: str
    assignee: str
    asked_at: datetime
    settled_at: datetime | None
    valid_until: date | None
    due_at: datetime | None

    def is_late(self, at: datetime) -> bool:
        """True where the vendor's answer was to be there by now."""
        return self.due_at is not None and self.due_at <= at


def _listed() -> Select[*tuple[Any, ...]]:
    asker, assignee = aliased(User), aliased(User)
    return (
        select(
            AssistanceRequest.id,
            AssistanceRequest.kind,
            AssistanceRequest.state,
            AssistanceRequest.lead_id,
            Lead.number,
            Lead.title,
            Organisation.name,
            asker.name,
            assignee.name,
            AssistanceRequest.asked_at,
            AssistanceRequest.settled_at,
            AssistanceRequest.valid_until,
            Clock.due_at,
        )
        .join(Lead, Lead.id == AssistanceRequest.lead_id)
        .join(Organisation, Organisation.id == AssistanceRequest.organisation_id)
        .join(asker, asker.id == AssistanceRequest.asked_by_id)
        .join(assignee, assignee.id == AssistanceRequest.assignee_id)
        .outerjoin(
            Clock, and_(Clock.request_id == AssistanceRequest.id, Clock.stopped_at.is_(None))
        )
    )


def list_of_lead(
    lead: Lead, actor: Actor, known: Sight | None = None, reached: Reached | None = None
) -> Sequence[Listed]:
    """Return the requests about a lead that somebody reads, the newest first."""
    query = _listed().where(AssistanceRequest.lead_id == lead.id)
    if actor.organisation_id == lead.holder_organisation_id:
        if not may_write(lead, actor, known):
            return ()
        query = query.where(AssistanceRequest.organisation_id == actor.organisation_id)
    elif actor.is_partner or not may_write(lead, actor, known):
        return ()
    else:
        query = query.where(_of_hers(actor, reached))
    rows = session().execute(query.order_by(AssistanceRequest.id.desc()))
    return [Listed(*row) for row in rows]


WHOSE = ("mine", "all")
SHOWN = ("waiting", "settled")


def list_requests(
    actor: Actor, whose: str, shown: str, number: int, reached: Reached | None = None
) -> Page[Listed]:
    """Return a page of requests that somebody answers or asked; what is due first comes first."""
    settled = AssistanceRequest.settled_at
    query = _listed().where(_concerns(actor, whose, reached))
    if shown == "settled":
        query = query.where(settled.is_not(None)).order_by(settled.desc())
    else:
        waits = AssistanceRequest.state == RequestState.OPEN
        query = query.where(AssistanceRequest.state.in_(WAITS)).order_by(
            case((waits, 0), else_=1), Clock.due_at.nulls_last(), AssistanceRequest.asked_at
        )
    page = query.order_by(AssistanceRequest.id).offset((number - 1) * SIZE).limit(SIZE + 1)
    return cut([Listed(*row) for row in session().execute(page)], number, SIZE)


def _concerns(actor: Actor, whose: str, reached: Reached | None = None) -> ColumnElement[bool]:
    """Return the condition of requests that are somebody's to answer, or that she asked."""
    me = {actor.id, *actor.stands_in_for}
    held = and_(
        AssistanceRequest.organisation_id == actor.organisation_id,
        Lead.holder_organisation_id == actor.organisation_id,
    )
    if actor.is_partner:
        if whose == "all" and actor.may(Permission.PICKUPS_SEE_FIRM):
            return held
        return and_(held, Lead.holder_id.in_(me))
    mine = AssistanceRequest.assignee_id.in_(me) | and_(held, Lead.holder_id == actor.id)
    if whose == "all" and actor.may(Permission.BOARD_SEE) and "admin" not in actor.roles:
        return or_(mine, and_(visible_to(actor, reached), _of_hers(actor, reached)))
    return mine


def count_waiting(actor: Actor) -> int:
    """Return how many requests wait for somebody: to be answered by her, or to tell more."""
    me = {actor.id, *actor.stands_in_for}
    asked = and_(
        AssistanceRequest.assignee_id.in_(me), AssistanceRequest.state == RequestState.OPEN
    )
    asked_back = and_(
        AssistanceRequest.asked_by_id == actor.id,
        AssistanceRequest.state == RequestState.ASKED_BACK,
    )
    return (
        session().scalar(
            select(func.count())
            .select_from(AssistanceRequest)
            .where(AssistanceRequest.state.in_(WAITS), or_(asked, asked_back))
        )
        or 0
    )


# -- one request ----------------------------------------------------------------------------------


def find_waiting(pickup_id: int, kind: str) -> int | None:
    """Return the request of this kind about a lead in hand that is not settled yet."""
    return session().scalar(
        select(AssistanceRequest.id).where(
            AssistanceRequest.pickup_id == pickup_id,
            AssistanceRequest.kind == kind,
            AssistanceRequest.state.in_(WAITS),
        )
    )


def list_of_pickup(pickup_id: int) -> Sequence[AssistanceRequest]:
    """Return what was asked about a lead in hand, the newest first."""
    query = (
        select(AssistanceRequest)
        .where(
            AssistanceRequest.pickup_id == pickup_id,
            AssistanceRequest.state != RequestState.VOID,
        )
        .order_by(AssistanceRequest.asked_at.desc(), AssistanceRequest.id.desc())
    )
    return session().scalars(query).all()


def find_clock(request: AssistanceRequest) -> Clock | None:
    """Return the running clock of a request."""
    return clocks.find_running(CLOCKS[RequestKind(request.kind)], request_id=request.id)


@dataclass(frozen=True, slots=True)
class Names:
    """Who asks, of which firm, and who is asked."""

    asker: str
    firm: str
    assignee: str


def names_of(request: AssistanceRequest) -> Names:
    """Return the names of those whom a request concerns."""
    asker, assignee = aliased(User), aliased(User)
    row = (
        session()
        .execute(
            select(asker.name, Organisation.name, assignee.name)
            .select_from(asker)
            .join(Organisation, Organisation.id == request.organisation_id)
            .join(assignee, assignee.id == request.assignee_id)
            .where(asker.id == request.asked_by_id)
        )
        .one()
    )
    return Names(*row)


def opens_lead(seen: Seen, actor: Actor) -> bool:
    """Say whether somebody may open the lead of a request; who only stands in may not."""
    return seen.asks or find_visible(seen.lead.id, actor) is not None


def find_holder(request_id: int) -> int | None:
    """Return who holds the lead of a request now, where that is the firm that asked."""
    return session().scalar(
        select(Lead.holder_id)
        .join(AssistanceRequest, AssistanceRequest.lead_id == Lead.id)
        .where(
            AssistanceRequest.id == request_id,
            Lead.holder_organisation_id == AssistanceRequest.organisation_id,
        )
    )

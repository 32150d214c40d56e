"""Reads of pickups and of what the gate decides on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from flask_babel import gettext as _
from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal_column,
    null,
    select,
    true,
)

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind, User
from portal.accounts.permissions import PICKING_ROLES, Permission
from portal.core.db import AnyRow, ask, session
from portal.core.errors import DomainError, NotFound
from portal.deadlines.business_time import Calendar
from portal.deadlines.models import DeadlinePolicy
from portal.leads.models import Lead, Temperature
from portal.matching.fairness import (
    FIRM_CAPS,
    OWN_PICKS,
    cap_of,
    count_picks,
    picks_asked,
    picks_of,
)
from portal.matching.fairness_rules import NOTHING_YET, Had, PickCap, cools_until
from portal.offers.models import Entry, OfferRound
from portal.offers.operations import LAST_OFFER, asked_of
from portal.partners import calendars
from portal.partners.models import Absence, Partner, WorkingHours
from portal.partners.queries import away
from portal.pickup.models import Pickup, Suspension
from portal.pickup.rules import (
    Gate,
    NotYoursAnyMore,
    OpenPickup,
    Pause,
    Standing,
    gate_of,
    pause_kept,
)

OPEN_COLUMNS = (
    Pickup.id,
    Pickup.lead_id,
    Lead.number,
    Lead.title,
    Pickup.user_id,
    Pickup.picked_at,
    Pickup.feedback_due_at,
    Pickup.rhythm_days,
    Pickup.last_feedback_at,
    Pickup.last_status,
    Pickup.uncontacted,
    DeadlinePolicy.amber_hours,
    DeadlinePolicy.firm_red_days,
    Lead.product_ids,
    Pickup.blocked_at,
    Pickup.waiting_since,
    DeadlinePolicy.gate_scope,
    DeadlinePolicy.allowed_open,
    DeadlinePolicy.uncontacted_free,
    DeadlinePolicy.waiting_since.label("asks_since"),
)
"""The columns of `OpenPickup`, in its order."""

# What follows is asked under the lock of a claim, so it is built once: building costs more than
# asking.
OPEN: Select[*tuple[Any, ...]] = (
    select(*OPEN_COLUMNS)
    .join(Lead, Lead.id == Pickup.lead_id)
    .join(DeadlinePolicy, DeadlinePolicy.id == Pickup.policy_id)
    .where(Pickup.ended_at.is_(None))
)
OPEN_OF_FIRM = OPEN.where(Pickup.organisation_id == bindparam("organisation_id"))
_HELD = OPEN_OF_FIRM.subquery("held")
_HELD_COLUMNS = [column.label(f"held_{column.key}") for column in _HELD.c]
_HELD_ORDER = (_HELD.c.feedback_due_at, _HELD.c.id)

# Beside each the firm's last offer of a lead, which stays alone where nothing is held.
_OFFER = LAST_OFFER.subquery("offer")
# ... and whether who claims is still there: she may have been waiting behind her own leaving.
_STAYS = exists().where(
    User.id == bindparam("user_id"),
    User.organisation_id == bindparam("organisation_id"),
    User.active,
    Organisation.id == User.organisation_id,
    Organisation.active,
)
# ... and what the firm has picked up, which is empty where that isn't shared out
_PICKED = OWN_PICKS.subquery("picked")
# ... and what is decided later: the leads for which she, and the firm, takes part
_ENTRIES = (
    select(Entry.lead_id, Entry.user_id, (Lead.temperature == Temperature.HOT).label("hot"))
    .join(OfferRound, OfferRound.id == Entry.round_id)
    .join(Lead, Lead.id == Entry.lead_id)
    .where(
        Entry.organisation_id == bindparam("organisation_id"),
        Entry.ended_at.is_(None),
        OfferRound.ended_at.is_(None),
    )
    .subquery("running")
)
_HERS = _ENTRIES.c.user_id == bindparam("user_id")


def _entered(this: ColumnElement[bool]) -> tuple[ColumnElement[Any], ...]:
    """Return how many leads she, and her firm, takes part for, and whether for `this`."""
    others = func.count(_ENTRIES.c.lead_id.distinct())
    return (
        others.filter(_HERS, ~this).label("entered"),
        others.filter(~this).label("firm_entered"),
        others.filter(_ENTRIES.c.hot, ~this).label("hot_entered"),
        func.coalesce(func.bool_or(and_(_HERS, this)), literal_column("false")).label("takes_part"),
    )


_NOTHING = select(
    _STAYS.label("stays"),
    *_entered(_ENTRIES.c.lead_id == bindparam("lead_id")),
).subquery("nothing")
OPEN_AND_OFFER = (
    select(*_HELD_COLUMNS, *_OFFER.c, *_NOTHING.c, *_PICKED.c)
    .select_from(_NOTHING.join(_PICKED, true()).outerjoin(_OFFER, true()).outerjoin(_HELD, true()))
    .order_by(*_HELD_ORDER)
)

_TODAY = func.date(func.timezone(Organisation.timezone, bindparam("at")))
_AWAY = exists().where(
    Absence.organisation_id == Organisation.id,
    Absence.starts_on <= _TODAY,
    Absence.ends_on >= _TODAY,
)
BOUNDS = (
    select(
        Partner.capacity,
        Partner.rep_capacity,
        Partner.pauses,
        FIRM_CAPS.label("caps"),
        Organisation.account_manager_id,
        _AWAY.where(Absence.user_id.is_(None)).label("firm_absent"),
        _AWAY.where(Absence.user_id == bindparam("user_id")).label("person_absent"),
    )
    .select_from(Partner)
    .join(Organisation, Organisation.id == Partner.organisation_id)
    .where(Partner.organisation_id == bindparam("organisation_id"))
)
_PAUSES = (
    select(
        func.coalesce(
            func.jsonb_agg(
                func.jsonb_build_object(
                    *("until", Suspension.until, "user_id", Suspension.user_id),
                    *("misses", Suspension.misses, "within_days", Suspension.within_days),
                    *("note", Suspension.note),
                )
            ),
            literal_column("'[]'::jsonb"),
        )
    )
    .where(Suspension.organisation_id == Organisation.id, Suspension.ended_at.is_(None))
    .scalar_subquery()
)
# The vendor's own people have no partner profile: each may hold so many, and answers for herself.
STAFF_MAY_HOLD = 10
STAFF_BOUNDS: Select[*tuple[Any, ...]] = (
    select(
        literal_column(str(STAFF_MAY_HOLD)).label("capacity"),
        literal_column(str(STAFF_MAY_HOLD)).label("rep_capacity"),
        _PAUSES.label("pauses"),
        null().label("caps"),
        null().label("account_manager_id"),
        literal_column("false").label("firm_absent"),
        _AWAY.where(Absence.user_id == bindparam("user_id")).label("person_absent"),
    )
    .select_from(Organisation)
    .where(
        Organisation.id == bindparam("organisation_id"),
        Organisation.kind == OrganisationKind.VENDOR,
    )
)
# Who claims needs to know, too, when it is that he works.
BOUNDS_LOCKED = (
    BOUNDS.add_columns(*calendars.COLUMNS)
    .outerjoin(WorkingHours, calendars.ITS_HOURS)
    .with_for_update(key_share=True, of=Organisation)
)
STAFF_BOUNDS_LOCKED = (
    STAFF_BOUNDS.add_columns(*calendars.COLUMNS)
    .outerjoin(Partner, Partner.organisation_id == Organisation.id)
    .outerjoin(WorkingHours, calendars.ITS_HOURS)
    .with_for_update(key_share=True, of=Organisation)
)

# Who only looks reads both at once: what is in hand, and beside each the bounds.
_BOUNDS = BOUNDS.subquery("bounds")
_RUNNING = select(
    *_entered(false()),
    func.array_agg(_ENTRIES.c.lead_id.distinct()).filter(_ENTRIES.c.hot).label("hot_leads"),
).subquery("entered")
BOUNDS_AND_OPEN = (
    select(*_HELD_COLUMNS, *_BOUNDS.c, *_RUNNING.c)
    .select_from(_BOUNDS.join(_RUNNING, true()).outerjoin(_HELD, true()))
    .order_by(*_HELD_ORDER)
)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a rep stands: gate, bounds, leads in hand of the whole firm.

    `account_manager_id` is who of the vendor answers for the firm, and so for what it picks up.
    `takes_part` says that the rep takes part for the lead that he claims, `hot_leads` for which hot
    leads the firm does, where he only looks.
    """

    gate: Gate
    standing: Standing
    pickups: Sequence[OpenPickup]
    account_manager_id: int | None
    takes_part: bool = False
    hot_leads: Collection[int] = ()

    @property
    def firm_in_hand(self) -> int:
        """Return how many leads the firm holds."""
        return len(self.pickups)


class Entered(Protocol):
    """A row with the columns of `_entered`."""

    @property
    def entered(self) -> int: ...
    @property
    def firm_entered(self) -> int: ...
    @property
    def hot_entered(self) -> int: ...
    @property
    def takes_part(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class NoEntry:
    """Nothing is offered to the vendor's own people by photo-finish."""

    entered: int = 0
    firm_entered: int = 0
    hot_entered: int = 0
    takes_part: bool = False


NO_ENTRY = NoEntry()


def position_of(actor: Actor, at: datetime) -> Position:
    """Return where a rep stands now. Raises NotFound where the firm has no partner profile."""
    if not actor.is_partner:
        return _position_of_staff(actor, at)
    rows = ask(BOUNDS_AND_OPEN, _asked(actor, at)).all()
    if not rows:
        raise NotFound()
    cap = cap_of(rows[0].caps, at)
    had = count_picks(actor.organisation_id, cap) if cap is not None else NOTHING_YET
    position = _position(rows[0], rows[0], _held(rows), actor, at, cap, had)
    return replace(position, hot_leads=rows[0].hot_leads or ())


def read_claim(
    lead_id: int, actor: Actor, at: datetime
) -> tuple[Position, Calendar, AnyRow | None]:
    """Return where a rep stands who claims a lead, and when it is that he works.

    Also what `LAST_OFFER` says of the lead to the firm.

    The firm's own people are put in one line first: what is in hand is read after whoever came
    before has committed. Raises as `position_of`.
    """
    locked = BOUNDS_LOCKED if actor.is_partner else STAFF_BOUNDS_LOCKED
    bounds = ask(locked, _asked(actor, at)).one_or_none()
    if bounds is None:
        raise NotFound()
    cap = cap_of(bounds.caps, at)
    asked = {**asked_of(lead_id, actor), "user_id": actor.id, **picks_asked(cap)}
    rows = ask(OPEN_AND_OFFER, asked).all()
    if not rows[0].stays:
        raise NotFound()
    offer = rows[0] if rows[0].id is not None else None
    had = picks_of(rows[0])
    position = _position(bounds, rows[0], _held(rows), actor, at, cap, had)
    return position, calendars.from_row(bounds), offer


def _position_of_staff(actor: Actor, at: datetime) -> Position:
    bounds = ask(STAFF_BOUNDS, _asked(actor, at)).one_or_none()
    if bounds is None:
        raise NotFound()
    held = ask(OPEN_OF_FIRM, {"organisation_id": actor.organisation_id}).all()
    return _position(bounds, NO_ENTRY, [OpenPickup(*row) for row in held], actor, at)


def _asked(actor: Actor, at: datetime) -> dict[str, Any]:
    return {"organisation_id": actor.organisation_id, "user_id": actor.id, "at": at}


def _held(rows: Sequence[AnyRow]) -> list[OpenPickup]:
    return [OpenPickup(*row[: len(OPEN_COLUMNS)]) for row in rows if row.held_id is not None]


def _position(
    bounds: Any,
    entered: Entered,
    held: Sequence[OpenPickup],
    actor: Actor,
    at: datetime,
    cap: PickCap | None = None,
    had: Had = NOTHING_YET,
) -> Position:
    if not actor.is_partner:
        held = [one for one in held if one.user_id == actor.id]
    return Position(
        gate=gate_of(actor.id, held, at),
        standing=Standing(
            capacity=bounds.capacity,
            rep_capacity=bounds.rep_capacity,
            pause=_pause(bounds, actor, at),
            firm_absent=bounds.firm_absent,
            person_absent=bounds.person_absent,
            cap=cap,
            picks=had.picks,
            hot_picks=had.hot_picks,
            last_hot=had.last_hot,
            cools_until=cools_until(had.last_hot, cap.cooling_days if cap else 0, at),
            entered=entered.entered,
            firm_entered=entered.firm_entered if actor.is_partner else entered.entered,
            hot_entered=entered.hot_entered,
        ),
        pickups=held,
        account_manager_id=bounds.account_manager_id,
        takes_part=entered.takes_part,
    )


def _pause(bounds: Any, actor: Actor, at: datetime) -> Pause | None:
    """Return what pauses the person or her whole firm the longest."""
    pauses = [pause_kept(one) for one in bounds.pauses if one["user_id"] in (None, actor.id)]
    return max((one for one in pauses if one.until > at), key=lambda one: one.until, default=None)


def _theirs(actor: Actor) -> ColumnElement[bool]:
    """Return the condition of a pickup that is the person's, or her firm's for its manager.

    Of somebody for whom she stands in, too.
    """
    of_firm = Pickup.organisation_id == actor.organisation_id
    if actor.may(Permission.PICKUPS_SEE_FIRM):
        return of_firm
    return and_(of_firm, Pickup.user_id.in_([actor.id, *actor.stands_in_for]))


def is_in_charge(pickup: Pickup, actor: Actor) -> bool:
    """Say whether a pickup is the person's own, or her firm's and she its manager.

    Who stands in reports on a lead, and leaves its fate to these.
    """
    return pickup.user_id == actor.id or actor.may(Permission.PICKUPS_SEE_FIRM)


def get_visible(pickup_id: int, actor: Actor) -> Pickup:
    """Return a pickup of the person, or of the firm for its manager.

    Of somebody for whom she stands in, too. Raises `NotFound`, and `NotYoursAnyMore` for one that
    the person held until it was handed on.
    """
    pickup = session().scalar(select(Pickup).where(Pickup.id == pickup_id, _theirs(actor)))
    if pickup is None:
        raise missing(pickup_id, Pickup.handed_from_id == actor.id, actor)
    return pickup


def get_told(pickup_id: int, actor: Actor) -> Pickup:
    """Return a pickup that a mail told the person of, as `get_visible` does.

    Raises `NotYoursAnyMore` for whatever a colleague has by now: the mail proves that she knew it.
    """
    pickup = session().scalar(select(Pickup).where(Pickup.id == pickup_id, _theirs(actor)))
    if pickup is None:
        raise missing(pickup_id, true(), actor)
    return pickup


def missing(pickup_id: int, known: ColumnElement[bool], actor: Actor) -> DomainError:
    """Return how to answer for a pickup that is not the person's."""
    number = session().scalar(
        select(Lead.number)
        .join(Pickup, Pickup.lead_id == Lead.id)
        .where(Pickup.id == pickup_id, Pickup.organisation_id == actor.organisation_id, known)
    )
    if number is None:
        return NotFound()
    return NotYoursAnyMore(
        _("%(number)s is in a colleague’s hands now.", number=number), handed_on=True
    )


def get_in_charge(pickup_id: int, actor: Actor) -> Pickup:
    """Return a pickup that the person may hand on: of the own firm for its manager.

    Of any firm for who looks after people. Raises `NotFound`.
    """
    pickup = session().get(Pickup, pickup_id)
    theirs = pickup is not None and (
        actor.may(Permission.PEOPLE_EDIT)
        or actor.may(Permission.PARTNERS_EDIT)
        or (
            actor.may(Permission.PICKUPS_SEE_FIRM)
            and pickup.organisation_id == actor.organisation_id
        )
    )
    if pickup is None or not theirs:
        raise NotFound()
    return pickup


@dataclass(frozen=True, slots=True)
class Taker:
    """A colleague who may be handed a lead, with what may speak against it."""

    id: int
    name: str
    held: int
    capacity: int
    away: bool

    @property
    def free(self) -> bool:
        """True for who is there and has a hand free."""
        return not self.away and self.held < self.capacity


def list_takers(organisation_id: int, at: datetime) -> Sequence[Taker]:
    """Return the people of a firm who pick leads up, those with fewest in hand first."""
    held = (
        select(func.count())
        .where(Pickup.user_id == User.id, Pickup.ended_at.is_(None))
        .scalar_subquery()
    )
    rows = session().execute(
        select(User.id, User.name, held, Partner.rep_capacity, away(at))
        .select_from(User)
        .join(Organisation, Organisation.id == User.organisation_id)
        .join(Partner, Partner.organisation_id == User.organisation_id)
        .where(
            User.organisation_id == organisation_id,
            User.active,
            # who never came can't work on it
            User.password_hash.is_not(None),
            User.roles.overlap(list(PICKING_ROLES)),
        )
        .order_by(held, User.name, User.id)
    )
    return [Taker(*row) for row in rows]


def list_next_takers(pickup: Pickup, at: datetime) -> Sequence[Taker]:
    """Return the colleagues to whom a lead in hand could be handed on, those away or full too."""
    takers = list_takers(pickup.organisation_id, at)
    return [taker for taker in takers if taker.id != pickup.user_id]


def can_hand_on(pickup: Pickup, actor: Actor, at: datetime) -> bool:
    """Say whether a firm's manager may hand a lead in hand on, and somebody takes it now."""
    theirs = (
        actor.may(Permission.PICKUPS_SEE_FIRM) and pickup.organisation_id == actor.organisation_id
    )
    if not theirs or pickup.ended_at is not None:
        return False
    return any(taker.free for taker in list_next_takers(pickup, at))


def find(pickup_id: int) -> Pickup | None:
    """Return a pickup, whoever had it."""
    return session().get(Pickup, pickup_id)


def find_held(lead_id: int) -> Pickup | None:
    """Return the open pickup of a lead, whoever holds it."""
    return session().scalar(
        select(Pickup).where(Pickup.lead_id == lead_id, Pickup.ended_at.is_(None))
    )


def get_policy(pickup: Pickup) -> DeadlinePolicy:
    """Return the version of the deadline policy that a pickup began with."""
    return session().get_one(DeadlinePolicy, pickup.policy_id)


def policy_of(pickup_id: int) -> DeadlinePolicy:
    """Return the version of the deadline policy that a pickup began with, by its id."""
    return (
        session()
        .scalars(
            select(DeadlinePolicy)
            .join(Pickup, Pickup.policy_id == DeadlinePolicy.id)
            .where(Pickup.id == pickup_id)
        )
        .one()
    )


def find_last(lead_id: int, actor: Actor) -> Pickup | None:
    """Return the last pickup of a lead that this person (or her firm, for its manager) had."""
    return session().scalar(
        select(Pickup)
        .where(Pickup.lead_id == lead_id, _theirs(actor))
        .order_by(Pickup.id.desc())
        .limit(1)
    )


def list_mine(actor: Actor) -> Sequence[tuple[Pickup, Lead]]:
    """Return the open pickups of the person with their leads, the next due first."""
    rows = session().execute(
        select(Pickup, Lead)
        .join(Lead, Lead.id == Pickup.lead_id)
        .where(Pickup.user_id == actor.id, Pickup.ended_at.is_(None))
        .order_by(Pickup.feedback_due_at, Pickup.id)
    )
    return [(row.Pickup, row.Lead) for row in rows]


def list_told(actor: Actor, number: str = "") -> Sequence[tuple[Pickup, Lead]]:
    """Return the open pickups on which the person may report, with their leads, her own first.

    Those of whom she stands in for, too, and the firm's for its manager; of one `number` alone.
    """
    query = (
        select(Pickup, Lead)
        .join(Lead, Lead.id == Pickup.lead_id)
        .where(_theirs(actor), Pickup.ended_at.is_(None))
        .order_by((Pickup.user_id == actor.id).desc(), Pickup.feedback_due_at, Pickup.id)
    )
    rows = session().execute(query.where(Lead.number == number) if number else query)
    return [(row.Pickup, row.Lead) for row in rows]


def list_stood_in(actor: Actor) -> Sequence[AnyRow]:
    """Return the open pickups of those for whom the person stands in, the next due first."""
    if not actor.stands_in_for:
        return []
    return (
        session()
        .execute(
            OPEN.add_columns(User.name.label("holder"))
            .join(User, User.id == Pickup.user_id)
            .where(
                Pickup.user_id.in_(actor.stands_in_for),
                Pickup.organisation_id == actor.organisation_id,
            )
            .order_by(Pickup.feedback_due_at, Pickup.id)
        )
        .all()
    )


def list_closed(actor: Actor, limit: int = 30) -> Sequence[tuple[Pickup, Lead]]:
    """Return the person's pickups that have ended, the newest first."""
    rows = session().execute(
        select(Pickup, Lead)
        .join(Lead, Lead.id == Pickup.lead_id)
        .where(Pickup.user_id == actor.id, Pickup.ended_at.is_not(None))
        .order_by(Pickup.ended_at.desc(), Pickup.id.desc())
        .limit(limit)
    )
    return [(row.Pickup, row.Lead) for row in rows]


def find_open(pickup_id: int) -> OpenPickup | None:
    """Return an open pickup as the gate sees it; None once it has ended."""
    row = session().execute(OPEN.where(Pickup.id == pickup_id)).one_or_none()
    return OpenPickup(*row) if row is not None else None

"""More time for a lead in hand: asked for with a reason, granted as its policy says.

Where nobody has to agree, the wish is granted at once. What is granted moves the answer that is
owed and the end of the work by as many days, counted from now where the moment has passed.
Lock order as everywhere: partner → lead → pickup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import Permission
from portal.accounts.reach import Reached
from portal.core.db import AnyRow, session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import record
from portal.core.mail.rendering import moment
from portal.deadlines.models import Approval, ClockKind
from portal.leads import notes
from portal.leads.models import Lead
from portal.offers import operations as offers
from portal.pickup import clocks, operations, queries, suspension
from portal.pickup.events import MoreTimeAsked, MoreTimeDecided
from portal.pickup.models import Debt, Extension, Pickup

ONE_PRESS = timedelta(minutes=2)
"""Who asks for the same again within this has pressed twice."""

MOVES = (ClockKind.FEEDBACK, ClockKind.COMPLETION)


class NoMoreTime(Refused):
    """More time was given as often as the policy lets it. Facts: `most`."""

    code = "no_more_time"


class DecidedAlready(Refused):
    """Somebody else has decided otherwise on a wish for more time."""

    code = "decided_already"


@dataclass(frozen=True, slots=True)
class Room:
    """How much more time may be asked for a lead in hand, and by whose leave.

    `waits` is the wish on which nobody has decided yet; `last` the last one that was decided.
    """

    most_days: int
    left: int
    approval: str
    waits: Extension | None
    last: Extension | None

    @property
    def open(self) -> bool:
        """True where more time can be asked for now."""
        return self.left > 0 and self.most_days > 0 and self.waits is None


def room_of(pickup: Pickup) -> Room:
    """Return how much more time may be asked for a lead in hand."""
    policy = queries.get_policy(pickup)
    asked = list_of(pickup.id)
    granted = sum(1 for one in asked if one.granted)
    return Room(
        most_days=policy.extension_days,
        left=max(0, policy.most_extensions - granted),
        approval=policy.extension_approval,
        waits=next((one for one in asked if one.decided_at is None), None),
        last=next((one for one in asked if one.decided_at is not None), None),
    )


def list_of(pickup_id: int) -> Sequence[Extension]:
    """Return the wishes about a pickup, the last first."""
    return (
        session()
        .scalars(
            select(Extension).where(Extension.pickup_id == pickup_id).order_by(Extension.id.desc())
        )
        .all()
    )


def is_repeated(last: Extension, days: int | None, actor: Actor, at: datetime) -> bool:
    """Say whether a wish is the last one, pressed twice."""
    same = (last.asked_by_id, last.days) == (actor.id, days)
    return same and at - last.asked_at < ONE_PRESS


def ask(
    pickup_id: int,
    days: int | None,
    reason_key: str | None,
    actor: Actor,
    at: datetime,
    note: str = "",
) -> Extension:
    """Ask for more time for a lead in hand; asked twice it is one wish.

    Raises `Invalid` at `days`, `reason` or `text`, `NoMoreTime`, `NotFound`, `NotYoursAnyMore`.
    """
    pickup, lead = operations.lock_pickup(pickup_id, actor)
    if not queries.is_in_charge(pickup, actor):
        raise NotFound()
    room = room_of(pickup)
    if room.waits is not None:
        return room.waits
    if room.last is not None and is_repeated(room.last, days, actor, at):
        return room.last
    if not room.open:
        raise NoMoreTime(
            ngettext(
                "More time was given %(num)d time already, as often as is agreed.",
                "More time was given %(num)d times already, as often as is agreed.",
                queries.get_policy(pickup).most_extensions,
            )
            if room.most_days and queries.get_policy(pickup).most_extensions
            else _("More time is not part of what was agreed."),
            most=queries.get_policy(pickup).most_extensions,
        )
    reason = offers.read_reason("extension", reason_key)
    if days is None or not 1 <= days <= room.most_days:
        raise Invalid({"days": _("Please give 1 to %(most)d days.", most=room.most_days)})
    written = notes.write_note(lead, note, True, actor, at) if note.strip() else None
    wish = Extension(
        pickup_id=pickup.id,
        asked_at=at,
        asked_by_id=actor.id,
        days=days,
        reason_id=reason.id,
        note_id=written.id if written else None,
        was_due=pickup.feedback_due_at,
        approval=room.approval,
    )
    session().add(wish)
    session().flush()
    if room.approval == Approval.NONE:
        grant(wish, pickup, None, at)
    else:
        record(
            MoreTimeAsked(
                at=at,
                lead_id=lead.id,
                extension_id=wish.id,
                pickup_id=pickup.id,
                user_id=actor.id,
                organisation_id=pickup.organisation_id,
            )
        )
    return wish


def decide(extension_id: int, granted: bool, actor: Actor, at: datetime) -> Extension:
    """Give or refuse more time that was asked for; deciding the same twice is fine.

    Raises `NotFound`, `DecidedAlready`, `NotYoursAnyMore`.
    """
    row = session().get(Extension, extension_id)
    if row is None or not may_decide(row, pickup_of(row), actor):
        raise NotFound()
    seen = pickup_of(row)
    offers.lock_partner(seen.organisation_id)
    pickup, lead = operations.lock_lead_and_pickup(seen)
    wish = session().get_one(Extension, extension_id, populate_existing=True)
    if wish.decided_at is not None:
        if wish.granted is granted:
            return wish
        raise DecidedAlready(
            _("Somebody else has decided otherwise on %(number)s a moment ago.", number=lead.number)
        )
    if granted:
        grant(wish, pickup, actor.id, at)
    else:
        wish.decided_at, wish.decided_by_id, wish.granted = at, actor.id, False
        session().flush()
        tell(wish, pickup, at)
    return wish


def pickup_of(wish: Extension) -> Pickup:
    """Return the pickup that a wish is about."""
    return session().get_one(Pickup, wish.pickup_id)


def grant(wish: Extension, pickup: Pickup, by: int | None, at: datetime) -> None:
    """Move what a locked pickup owes by the days that were asked for."""
    longer = timedelta(days=wish.days)
    for clock in clocks.list_of(pickup.id):
        if clock.kind in MOVES:
            due = max(clock.due_at, at) + longer
            clocks.move(pickup, clock, due, "extended", by or wish.asked_by_id, at)
    pickup.debt, pickup.blocked_at = Debt.NONE, None
    wish.decided_at, wish.decided_by_id, wish.granted = at, by, True
    wish.due = pickup.feedback_due_at
    session().flush()
    suspension.end_answered(pickup, at)
    tell(wish, pickup, at)


def tell(wish: Extension, pickup: Pickup, at: datetime) -> None:
    """Record what was decided on a wish."""
    record(
        MoreTimeDecided(
            at=at,
            lead_id=pickup.lead_id,
            extension_id=wish.id,
            pickup_id=pickup.id,
            user_id=wish.asked_by_id,
            organisation_id=pickup.organisation_id,
            by_user_id=wish.decided_by_id,
            granted=bool(wish.granted),
        )
    )


def read_days(typed: Mapping[str, str]) -> int | None:
    """Read how many days were asked for; anything odd is none."""
    raw = typed.get("days", "")
    return int(raw) if raw.isdecimal() and len(raw) < 5 else None


def approval_words(approval: str) -> str:
    """Say who has to agree to more time."""
    words = {
        Approval.NONE: _("More time is given at once."),
        Approval.ACCOUNT_MANAGER: _("Your account manager decides on it."),
        Approval.CHANNEL_MANAGER: _("The channel manager decides on it."),
    }
    return str(words[Approval(approval)])


def said_of(wish: Extension) -> str:
    """Return what became of a wish, as the next page says it."""
    if wish.due is not None:
        return str(_("You have more time: your answer is due %(when)s now.", when=moment(wish.due)))
    if wish.decided_at is not None:
        return str(_("It stays with the date as it was."))
    return str(_("Asked for. You hear of the decision; until then the date stays as it was."))


# -- who decides ------------------------------------------------------------------------------


def may_decide(wish: Extension, pickup: Pickup, actor: Actor) -> bool:
    """Say whether somebody decides on a wish: as the policy says, who answers for the firm.

    A channel manager decides on each.
    """
    if not actor.may(Permission.EXTENSIONS_DECIDE) or actor.is_looked_as:
        return False
    firms = reach.read_firms(actor)
    if firms is None:
        return True
    return wish.approval == Approval.ACCOUNT_MANAGER and pickup.organisation_id in firms


def list_waiting(actor: Actor, reached: Reached | None = None) -> Sequence[AnyRow]:
    """Return the wishes on which somebody has to decide, who waits longest first.

    `reached` is what `reach.read` has found for her on the same page.
    """
    if not actor.may(Permission.EXTENSIONS_DECIDE):
        return []
    query = (
        select(
            Extension,
            Pickup.lead_id,
            Pickup.feedback_due_at,
            Lead.number,
            Lead.title,
            User.name.label("holder"),
            Organisation.name.label("firm"),
        )
        .join(Pickup, Pickup.id == Extension.pickup_id)
        .join(Lead, Lead.id == Pickup.lead_id)
        .join(User, User.id == Pickup.user_id)
        .join(Organisation, Organisation.id == Pickup.organisation_id)
        .where(Extension.decided_at.is_(None), Pickup.ended_at.is_(None))
        .order_by(Extension.asked_at, Extension.id)
    )
    firms = reach.read_firms(actor, reached)
    if firms is not None:
        query = query.where(
            Extension.approval == Approval.ACCOUNT_MANAGER, Pickup.organisation_id.in_(firms)
        )
    return session().execute(query).all()


def count_waiting(actor: Actor, reached: Reached | None = None) -> int:
    """Return on how many wishes somebody has to decide; `reached` as in `list_waiting`."""
    return len(list_waiting(actor, reached))


def list_deciding(wish: Extension, pickup: Pickup) -> Sequence[User]:
    """Return who is told of a wish: the firm's account manager, else the channel managers."""
    firm = session().get_one(Organisation, pickup.organisation_id)
    if wish.approval == Approval.ACCOUNT_MANAGER and firm.account_manager_id is not None:
        manager = session().get_one(User, firm.account_manager_id)
        if manager.active:
            return [manager]
    return (
        session()
        .scalars(
            select(User)
            .where(User.active, User.roles.contains(["channel_manager"]))
            .order_by(User.id)
        )
        .all()
    )

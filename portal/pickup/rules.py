"""The gate: may this rep pick up a lead now? Pure: facts and the moment go in, an answer comes out.

Green is free. Amber may pick and has an answer due soon (the last quarter of the rhythm, capped by
the policy). Red owes: no answer since a pickup, or one past its due date. A firm turns red when one
of its debts is later than the policy's days. Each lead in hand has its own policy: the version that
it began with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.core.errors import Refused
from portal.deadlines.rules import amber_from
from portal.pickup.models import Debt

SHOWN_QUESTIONS = 3
UNDO_WITHIN = timedelta(hours=72)


class Colour(StrEnum):
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class FeedbackOwed(Refused):
    """Somebody owes feedback. Facts: `gate`."""

    code = "feedback_owed"


class CapacityReached(Refused):
    """The rep or the firm holds as many leads as agreed."""

    code = "capacity_reached"


class Absent(Refused):
    """The rep or the firm is away."""

    code = "absent"


class Suspended(Refused):
    """The firm may not pick for a while."""

    code = "suspended"


class NotYoursAnyMore(Refused):
    """The pickup has ended."""

    code = "not_yours_any_more"


class HeldByAnother(Refused):
    """Somebody else has handed the lead on meanwhile."""

    code = "held_by_another"


class TooLateToUndoPick(Refused):
    """A pick can't be undone any more; giving back still can be done on the portal."""

    code = "too_late_to_undo"


@dataclass(frozen=True, slots=True)
class OpenPickup:
    """What the gate needs to know of a lead in hand."""

    id: int
    lead_id: int
    lead_number: str
    title: str
    user_id: int
    picked_at: datetime
    feedback_due_at: datetime
    rhythm_days: int
    last_feedback_at: datetime | None
    last_status: str | None
    uncontacted: int
    amber_hours: int
    firm_red_days: int
    product_ids: Sequence[int] = ()

    def owed_since(self, at: datetime) -> datetime | None:
        """Return since when an answer is owed; None where none is."""
        if self.last_feedback_at is None:
            return self.picked_at
        return self.feedback_due_at if self.feedback_due_at <= at else None

    def late_by(self, at: datetime) -> timedelta:
        """Return how far past its due date the answer is; zero or less is not late."""
        return at - self.feedback_due_at

    def is_soon(self, at: datetime) -> bool:
        """Say whether the answer is due soon, or past due."""
        return amber_from(self.feedback_due_at, self.rhythm_days, self.amber_hours) <= at

    def stops_firm(self, at: datetime) -> bool:
        """Say whether an answer is owed for so long that nobody of the firm may pick up."""
        limit = timedelta(days=self.firm_red_days)
        return self.owed_since(at) is not None and self.late_by(at) > limit


@dataclass(frozen=True, slots=True)
class Standing:
    """What bounds a rep's picks besides feedback."""

    capacity: int
    rep_capacity: int
    suspended_until: datetime | None
    firm_absent: bool
    person_absent: bool


@dataclass(frozen=True, slots=True)
class Gate:
    """The colour and what stands behind it."""

    colour: Colour
    owed: Sequence[OpenPickup] = field(default_factory=tuple)
    soon: Sequence[OpenPickup] = field(default_factory=tuple)
    firm_debts: Sequence[OpenPickup] = field(default_factory=tuple)
    in_hand: int = 0
    next_due: datetime | None = None

    @property
    def questions(self) -> Sequence[OpenPickup]:
        """The owed answers that are asked at once, the oldest first."""
        return self.owed[:SHOWN_QUESTIONS]


def gate_of(user_id: int, pickups: Sequence[OpenPickup], at: datetime) -> Gate:
    """Decide the colour for a rep from all open pickups of the firm."""
    own = sorted((p for p in pickups if p.user_id == user_id), key=lambda p: p.feedback_due_at)
    owed = [p for p in own if p.owed_since(at) is not None]
    soon = [p for p in own if p.owed_since(at) is None and p.is_soon(at)]
    firm_debts = [p for p in pickups if p.user_id != user_id and p.stops_firm(at)]
    colour = Colour.RED if owed or firm_debts else Colour.AMBER if soon else Colour.GREEN
    return Gate(
        colour=colour,
        owed=owed,
        soon=soon,
        firm_debts=firm_debts,
        in_hand=len(own),
        next_due=min((p.feedback_due_at for p in own), default=None),
    )


def debt_of(
    due: datetime, rhythm_days: int, amber_hours: int, overdue_hours: int, at: datetime
) -> Debt:
    """Return what a pickup with this due date owes: none, soon, due, overdue."""
    if due <= at:
        late = at - due >= timedelta(hours=overdue_hours)
        return Debt.OVERDUE if late else Debt.DUE
    return Debt.SOON if amber_from(due, rhythm_days, amber_hours) <= at else Debt.NONE


def may_pick(
    standing: Standing, gate: Gate, firm_in_hand: int, at: datetime, *, answered_first: bool = False
) -> Refused | None:
    """Return why a pick is refused, or None.

    `answered_first` leaves out the gate: used to tell what else stands in the way.
    """
    if standing.suspended_until is not None and standing.suspended_until > at:
        return Suspended(
            _("Your firm pauses until %(day)s.", day=standing.suspended_until.date().isoformat())
        )
    if standing.firm_absent:
        return Absent(_("Your firm is marked as away. End the absence to pick up leads."))
    if standing.person_absent:
        return Absent(_("You are marked as away. End the absence to pick up leads."))
    if not answered_first and gate.colour == Colour.RED:
        return FeedbackOwed(_("One answer first, then you can pick."), gate=gate)
    if gate.in_hand >= standing.rep_capacity:
        return CapacityReached(
            _(
                "You hold %(count)d leads, as many as agreed. Report on one that is done first.",
                count=gate.in_hand,
            )
        )
    if firm_in_hand >= standing.capacity:
        return CapacityReached(
            _(
                "Your firm holds %(count)d leads, as many as agreed. Report on one that is done "
                "first.",
                count=firm_in_hand,
            )
        )
    return None


def may_take_over(standing: Standing, gate: Gate, name: str) -> Refused | None:
    """Return why a colleague can't be handed a lead, or None.

    What she owes does not matter: she asks for nothing. What the firm may hold stays the same.
    """
    if standing.person_absent:
        return Absent(_("%(name)s is marked as away. Please choose somebody else.", name=name))
    if gate.in_hand >= standing.rep_capacity:
        return CapacityReached(
            ngettext(
                "%(name)s holds %(num)d lead, as many as agreed. Please choose somebody else.",
                "%(name)s holds %(num)d leads, as many as agreed. Please choose somebody else.",
                gate.in_hand,
                name=name,
            )
        )
    return None


def may_take_back_pick(
    picked_at: datetime, last_feedback_at: datetime | None, at: datetime
) -> TooLateToUndoPick | None:
    """Return why a pick can't be undone, or None."""
    if last_feedback_at is not None:
        return TooLateToUndoPick(
            _("You have reported on this lead meanwhile. You can still give it back.")
        )
    if at - picked_at > UNDO_WITHIN:
        return TooLateToUndoPick(_("That was a while ago. You can still give the lead back."))
    return None

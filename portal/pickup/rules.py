"""The gate: may this rep pick up a lead now? Pure: facts and the moment go in, an answer comes out.

Green is free. Amber may pick and has an answer due soon (the last quarter of the rhythm, capped by
the policy), or is without one as the policy allows. Red owes more than that: no answer since a
pickup, or one past its due date. Where the policy counts by firm, what colleagues owe counts as
well; elsewhere a firm turns red when one of its debts is later than the policy's days. An answer
that was missing for so long that its lead is blocked comes before any pick.

Each lead in hand has its own policy: the version that it began with. Where several of them ask
different things of what is owed, the strictest counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.core.errors import DomainError, Refused
from portal.deadlines.models import GateScope
from portal.deadlines.rules import amber_from
from portal.matching.fairness_rules import PickCap
from portal.pickup.models import Debt
from portal.pickup.words import GateReason, Obstacle, whole_of

SHOWN_QUESTIONS = 3
UNDO_WITHIN = timedelta(hours=72)


class Colour(StrEnum):
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class GateShut(Refused):
    """Why nobody picks up now. Facts: `obstacle` and `gate`."""


class FeedbackOwed(GateShut):
    """Somebody owes feedback."""

    code = "feedback_owed"


class CapacityReached(GateShut):
    """The rep or the firm holds as many leads as agreed."""

    code = "capacity_reached"


class CapReached(GateShut):
    """The firm has picked up as much as the programme's terms of fairness allow for now."""

    code = "cap_reached"


class Absent(GateShut):
    """The rep or the firm is away."""

    code = "absent"


class Suspended(GateShut):
    """The firm, or the rep, may not pick for a while."""

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
    """What the gate needs to know of a lead in hand, the terms of its policy among it."""

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
    blocked_at: datetime | None = None
    waiting_since: date | None = None
    gate_scope: str = GateScope.REP
    allowed_open: int = 0
    uncontacted_free: int = 1
    asks_since: bool = False

    @property
    def for_firm(self) -> bool:
        """Say whether what it owes counts for the whole firm."""
        return self.gate_scope == GateScope.FIRM

    @property
    def needs_next_step(self) -> bool:
        """Say whether "not made contact yet" is an answer only with a dated next step."""
        return self.uncontacted >= self.uncontacted_free

    @property
    def needs_since(self) -> bool:
        """Say whether "waiting" is an answer only with since when, which nobody has said yet."""
        return self.asks_since and self.waiting_since is None

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
class Pause:
    """A suspension that holds: of the whole firm or of one person, for misses or by hand."""

    until: datetime
    of_firm: bool
    misses: int | None
    within_days: int | None
    note: str | None

    @property
    def reason(self) -> GateReason:
        """Return how the gate calls it."""
        if self.misses is None:
            return GateReason.PAUSED_BY_HAND
        return GateReason.FIRM_SUSPENDED if self.of_firm else GateReason.SUSPENDED


def pause_kept(kept: Mapping[str, Any]) -> Pause:
    """Return a pause as it is kept beside the bounds of its firm."""
    return Pause(
        until=datetime.fromisoformat(kept["until"]),
        of_firm=kept["user_id"] is None,
        misses=kept["misses"],
        within_days=kept["within_days"],
        note=kept["note"],
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """What bounds a rep's picks besides feedback.

    `entered` are the leads that he takes part for in a photo-finish, `firm_entered` those of the
    firm, `hot_entered` the hot ones among these: they count as if they were in hand. `cools_until`
    is when the firm may have a hot one again after the `last_hot` that it picked up.
    """

    capacity: int
    rep_capacity: int
    pause: Pause | None
    firm_absent: bool
    person_absent: bool
    cap: PickCap | None = None
    picks: int = 0
    hot_picks: int = 0
    last_hot: datetime | None = None
    cools_until: datetime | None = None
    entered: int = 0
    firm_entered: int = 0
    hot_entered: int = 0


@dataclass(frozen=True, slots=True)
class Gate:
    """The colour and what stands behind it.

    `owed` are the rep's own answers that are owed, what has to come first leading; `needed` of
    them are what it takes to pick again. `colleagues` are debts of others that count for the whole
    firm, `firm_debts` those of them that nobody picks up before. `allowed` is how many leads may
    be without an answer, by the strictest terms of what is owed; `mixed` where these differ.
    """

    colour: Colour
    owed: Sequence[OpenPickup] = field(default_factory=tuple)
    soon: Sequence[OpenPickup] = field(default_factory=tuple)
    firm_debts: Sequence[OpenPickup] = field(default_factory=tuple)
    colleagues: Sequence[OpenPickup] = field(default_factory=tuple)
    in_hand: int = 0
    next_due: datetime | None = None
    needed: int = 0
    allowed: int = 0
    mixed: bool = False

    @property
    def questions(self) -> Sequence[OpenPickup]:
        """The owed answers that are asked at once, the most pressing first; none while free."""
        return self.owed[:SHOWN_QUESTIONS] if self.colour == Colour.RED else ()


def gate_of(user_id: int, pickups: Sequence[OpenPickup], at: datetime) -> Gate:
    """Decide the colour for a rep from all open pickups of the firm."""
    own = sorted((p for p in pickups if p.user_id == user_id), key=lambda p: p.feedback_due_at)
    owed = [p for p in own if p.owed_since(at) is not None]
    owed.sort(key=lambda p: (p.blocked_at is None, p.allowed_open))
    soon = [p for p in own if p.owed_since(at) is None and p.is_soon(at)]
    others = [p for p in pickups if p.user_id != user_id and p.owed_since(at) is not None]
    colleagues = [p for p in others if p.for_firm]
    firm_debts = [p for p in others if p.stops_firm(at) or (p.for_firm and p.blocked_at)]
    needed = answers_needed(owed, colleagues)
    counted = [*owed, *colleagues]
    shut = needed > 0 or bool(firm_debts) or is_shut(counted)
    terms = {p.allowed_open for p in counted}
    return Gate(
        colour=Colour.RED if shut else Colour.AMBER if soon or counted else Colour.GREEN,
        owed=owed,
        soon=soon,
        firm_debts=firm_debts,
        colleagues=colleagues,
        in_hand=len(own),
        next_due=min((p.feedback_due_at for p in own), default=None),
        needed=needed,
        allowed=min(terms, default=0),
        mixed=len(terms) > 1,
    )


def is_shut(debts: Sequence[OpenPickup]) -> bool:
    """Say whether these debts close the gate: one blocks, or they are more than allowed."""
    if any(one.blocked_at for one in debts):
        return True
    return len(debts) > min((one.allowed_open for one in debts), default=0)


def answers_needed(owed: Sequence[OpenPickup], colleagues: Sequence[OpenPickup]) -> int:
    """Return how many answers, given in this order, open the gate as far as the rep can."""
    for number in range(len(owed)):
        if not is_shut([*owed[number:], *colleagues]):
            return number
    return len(owed)


def debt_of(
    due: datetime, rhythm_days: int, amber_hours: int, overdue_hours: int, at: datetime
) -> Debt:
    """Return what a pickup with this due date owes: none, soon, due, overdue."""
    if due <= at:
        late = at - due >= timedelta(hours=overdue_hours)
        return Debt.OVERDUE if late else Debt.DUE
    return Debt.SOON if amber_from(due, rhythm_days, amber_hours) <= at else Debt.NONE


def obstacles(
    standing: Standing, gate: Gate, firm_in_hand: int, at: datetime, *, hot: bool = False
) -> Sequence[Obstacle]:
    """Return all that keeps a rep from picking up, in the order in which it has to be cleared.

    `hot` where it is a hot lead that is wanted.
    """
    found: list[Obstacle] = []
    if standing.pause is not None and standing.pause.until > at:
        found.append(pause_words(standing.pause, gate))
    if standing.firm_absent:
        found.append(Obstacle(GateReason.FIRM_AWAY))
    if standing.person_absent:
        found.append(Obstacle(GateReason.AWAY))
    if gate.needed:
        found.append(debt_words(gate.owed[0], at, answers=gate.needed, mixed=gate.mixed))
    elif gate.colour == Colour.RED:
        found.append(colleague_words(gate))
    own = gate.in_hand + standing.entered
    if own >= standing.rep_capacity:
        found.append(Obstacle(GateReason.HANDS_FULL, held=own, entered=standing.entered))
    whole = firm_in_hand + standing.firm_entered
    if whole >= standing.capacity:
        found.append(Obstacle(GateReason.FIRM_FULL, held=whole, entered=standing.firm_entered))
    if (capped := cap_words(standing, hot)) is not None:
        found.append(capped)
    return found


def cap_words(standing: Standing, hot: bool) -> Obstacle | None:
    """Return that a firm has had its share, as its words need it; None where it has not."""
    cap = standing.cap
    if cap is None:
        return None
    picks, running = standing.picks + standing.firm_entered, standing.firm_entered
    if cap.most is not None and picks >= cap.most:
        return Obstacle(GateReason.CAP_REACHED, held=picks, days=cap.days, entered=running)
    picks, running = standing.hot_picks + standing.hot_entered, standing.hot_entered
    if hot and cap.most_hot is not None and picks >= cap.most_hot:
        return Obstacle(GateReason.HOT_CAP_REACHED, held=picks, days=cap.days, entered=running)
    if hot and standing.cools_until is not None:
        return Obstacle(GateReason.COOLING, since=standing.last_hot, until=standing.cools_until)
    return None


def pause_words(pause: Pause, gate: Gate) -> Obstacle:
    """Return what pauses somebody, as its words need it."""
    return Obstacle(
        pause.reason,
        until=pause.until,
        misses=pause.misses or 0,
        days=pause.within_days or 0,
        note=pause.note or "",
        answers=len(gate.owed),
    )


def debt_words(
    pickup: OpenPickup, at: datetime, *, answers: int = 1, mixed: bool = False
) -> Obstacle:
    """Return what is owed about one lead, as its words need it."""
    reason, since = GateReason.PAST_DUE, pickup.feedback_due_at
    if pickup.blocked_at is not None:
        reason = GateReason.BLOCKED
    elif pickup.last_feedback_at is None:
        reason, since = GateReason.UNANSWERED, pickup.picked_at
    return Obstacle(reason, number=pickup.lead_number, since=since, answers=answers, mixed=mixed)


def colleague_words(gate: Gate) -> Obstacle:
    """Return what a colleague owes and the whole firm waits for, as its words need it."""
    if gate.firm_debts:
        debt = gate.firm_debts[0]
        reason = GateReason.COLLEAGUE_LATE
        return Obstacle(reason, number=debt.lead_number, since=debt.feedback_due_at)
    debt = gate.colleagues[0]
    return Obstacle(GateReason.COLLEAGUE_OWES, number=debt.lead_number, since=debt.feedback_due_at)


REFUSALS: dict[GateReason, type[GateShut]] = {
    GateReason.FIRM_SUSPENDED: Suspended,
    GateReason.SUSPENDED: Suspended,
    GateReason.PAUSED_BY_HAND: Suspended,
    GateReason.FIRM_AWAY: Absent,
    GateReason.AWAY: Absent,
    GateReason.BLOCKED: FeedbackOwed,
    GateReason.UNANSWERED: FeedbackOwed,
    GateReason.PAST_DUE: FeedbackOwed,
    GateReason.COLLEAGUE_OWES: FeedbackOwed,
    GateReason.COLLEAGUE_LATE: FeedbackOwed,
    GateReason.HANDS_FULL: CapacityReached,
    GateReason.FIRM_FULL: CapacityReached,
    GateReason.CAP_REACHED: CapReached,
    GateReason.HOT_CAP_REACHED: CapReached,
    GateReason.COOLING: CapReached,
}


def may_pick(
    standing: Standing, gate: Gate, firm_in_hand: int, at: datetime, *, hot: bool = False
) -> GateShut | None:
    """Return why a pick is refused, or None."""
    for one in obstacles(standing, gate, firm_in_hand, at, hot=hot):
        return REFUSALS[one.reason](whole_of(one), obstacle=one, gate=gate)
    return None


def asks_first(refusal: DomainError | None) -> bool:
    """Say whether a refused pick comes with questions: its answers are the way to the lead."""
    if isinstance(refusal, FeedbackOwed):
        return True
    return isinstance(refusal, Suspended) and _ends_by_answers(refusal)


def _ends_by_answers(refusal: Suspended) -> bool:
    return refusal.facts["obstacle"].reason != GateReason.PAUSED_BY_HAND and bool(
        refusal.facts["gate"].questions
    )


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

"""What the holder reports."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackGiven(Event):
    """`late_seconds` is how long after its due date the answer came, 0 in time."""

    feedback_id: int
    pickup_id: int
    user_id: int
    organisation_id: int
    status: str
    late_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackTakenBack(Event):
    """An answer was undone; a won or lost lead is in the holder's hands again."""

    feedback_id: int
    pickup_id: int
    user_id: int
    organisation_id: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadWon(Event):
    """`pickup_id` is empty where nobody held it; `user_id` is who said so, where that was noted."""

    pickup_id: int | None
    organisation_id: int
    value: str
    user_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadLost(Event):
    pickup_id: int | None
    organisation_id: int
    reason_id: int | None
    user_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadCancelled(Event):
    """The vendor ended a lead that should not be there."""

    pickup_id: int | None
    organisation_id: int
    reason_id: int | None
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLeadClosed(Event):
    """The vendor closed a lead that `user_id` held; `by_user_id` did."""

    pickup_id: int
    user_id: int
    organisation_id: int
    by_user_id: int
    outcome: str
    feedback_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingTakenBack(Event):
    """The vendor took back how it ended a lead: `by_user_id` did.

    `pickup_id`, `user_id` and `organisation_id` say in whose hands it is again; empty: in nobody's.
    """

    feedback_id: int
    pickup_id: int | None
    user_id: int | None
    organisation_id: int | None
    by_user_id: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectBegun(Event):
    """The vendor works on a lead itself from now on; `owner_id` answers for it."""

    user_id: int
    owner_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectEnded(Event):
    """A lead that the vendor worked on itself stands ready for partners again."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadDeleted(Event):
    """A lead that nobody but the vendor ever saw is gone, with all that was noted on it."""

    user_id: int
    lead_number: str

"""What happens to pickups."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadPickedUp(Event):
    pickup_id: int
    user_id: int
    organisation_id: int
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryMade(Event):
    """Somebody takes part in a photo-finish."""

    round_id: int
    entry_id: int
    user_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryEnded(Event):
    """It was decided, or ended, for somebody who took part; `outcome` and `refusal` are codes."""

    round_id: int
    entry_id: int
    user_id: int
    organisation_id: int
    outcome: str
    refusal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PickRefused(Event):
    """Somebody wanted a lead and did not get it; `code` is the refusal's."""

    user_id: int
    organisation_id: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadGivenBack(Event):
    pickup_id: int
    user_id: int
    organisation_id: int
    reason_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadRecalled(Event):
    """The vendor took a lead back that `user_id` held; `by_user_id` None: its policy did.

    `forced` where there was work on it of late, or its deadlines were kept.
    """

    pickup_id: int
    user_id: int
    organisation_id: int
    by_user_id: int | None
    reason_id: int
    forced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreTimeAsked(Event):
    """Who holds a lead asked for more time, and somebody decides."""

    extension_id: int
    pickup_id: int
    user_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreTimeDecided(Event):
    """More time was given or refused; `by_user_id` None: the policy lets every wish pass."""

    extension_id: int
    pickup_id: int
    user_id: int
    organisation_id: int
    by_user_id: int | None
    granted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadReassigned(Event):
    """A lead in hand went to a colleague, `user_id`; whoever acted did it for the firm."""

    pickup_id: int
    user_id: int
    was_user_id: int
    by_user_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DealHidden(Event):
    """A lead in hand was hidden from the firm's distributor, or is shown again."""

    pickup_id: int
    user_id: int
    organisation_id: int
    hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackDueSoon(Event):
    pickup_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackDue(Event):
    """The moment has come at which an answer is due."""

    pickup_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackOverdue(Event):
    """An answer is late by the policy's hours."""

    pickup_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadBlocked(Event):
    """An answer was missing for so long that it is needed before the next pick."""

    pickup_id: int
    user_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PicksSuspended(Event):
    """A firm, or one of its people (`user_id`), picks up nothing for a while.

    `by_user_id` is who decided so; None where too many deadlines were missed.
    """

    suspension_id: int
    organisation_id: int
    user_id: int | None
    by_user_id: int | None
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspensionEnded(Event):
    """A suspension ended before its time: all was answered, or somebody decided so."""

    suspension_id: int
    organisation_id: int
    user_id: int | None
    by_user_id: int | None
    ending: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadRested(Event):
    """The customer asked its holder to wait: the clocks of a lead stand still until a moment."""

    pickup_id: int
    user_id: int
    organisation_id: int
    reason_id: int
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadWentOn(Event):
    """A lead that rested goes on; `user_id` is None where its day had come."""

    pickup_id: int
    user_id: int | None
    organisation_id: int

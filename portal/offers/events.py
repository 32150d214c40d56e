"""What happens to offers."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadOffered(Event):
    """A lead is on offer; `organisation_ids` are the firms that see it at once."""

    round_id: int
    number: int
    organisation_ids: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferVisible(Event):
    """Firms see a lead now that others saw before them."""

    round_id: int
    number: int
    organisation_ids: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnOver(Event):
    """A firm had a lead on offer alone, said nothing, and its time is over."""

    round_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoodBy(Event):
    """Somebody waits for a lead that another firm holds."""

    user_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandByLeft(Event):
    """Somebody does not wait any more."""

    user_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandByHeard(Event):
    """A lead has come back, and who stood by sees it first."""

    round_id: int
    user_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandBysEnded(Event):
    """A lead has ended, so nobody waits for it any more."""

    user_ids: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDismissed(Event):
    """A rep said "Not for me"."""

    offer_id: int
    user_id: int
    organisation_id: int
    reason_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDeclined(Event):
    """A firm is out: its manager declined, or all its reps have."""

    offer_id: int
    organisation_id: int
    reason_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineTakenBack(Event):
    """A person wants to see a lead again that she had said no to."""

    offer_id: int
    user_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWithdrawn(Event):
    """An offer was taken back from one firm; others still have theirs."""

    round_id: int
    offer_id: int
    organisation_id: int
    user_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundExtended(Event):
    """A round lasts longer than it was said."""

    round_id: int
    hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedOn(Event):
    """A distributor offered a lead on to resellers of its own, `organisation_ids`."""

    round_id: int
    organisation_id: int
    user_id: int
    organisation_ids: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationChanged(Event):
    """Somebody said who may offer leads by hand, by roles, and who hears of them first."""

    roles: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingOrderChanged(Event):
    """A firm's manager named who of the firm hears of new leads first."""

    organisation_id: int
    user_ids: list[int]
    by_user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundEnded(Event):
    round_id: int
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadReturned(Event):
    """A lead is offered to nobody any more; it stands on the Board. `why` is a code.

    `asks` where the policy wants a channel manager to decide.
    """

    why: str
    asks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRehearsed(Event):
    """On a dry run it was noted that a lead would have been offered to so many `firms`."""

    firms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunBegun(Event):
    """From now on nothing is offered, only noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunEnded(Event):
    """From now on leads are offered."""

"""What happens around deadlines."""

from __future__ import annotations

from dataclasses import dataclass, field

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsTaken(Event):
    """Steps of a policy were taken about a clock that is due at `due`; `actions` say which, in
    the order in which they came. `planned` is when the last one was to be taken; `refused` are
    those that could not be done, because there is work on the lead."""

    clock_id: int
    kind: str
    due: str
    planned: str
    places: list[int]
    actions: list[str]
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceNoted(Event):
    """Nothing was heard by `due`: that enters the record of the lead. `since` is the last answer,
    or the pickup where there was none yet; `answered` says which of the two."""

    clock_id: int
    kind: str
    due: str
    since: str
    answered: bool
    organisation_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderReminded(Event):
    """Somebody of the vendor asked a holder how far she is."""

    pickup_id: int
    user_id: int
    by_user_id: int | None

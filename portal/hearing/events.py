"""Events about what people wish to hear."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingChanged(Event):
    """Somebody chose what to hear by mail, and when: at_once, hourly, daily, weekly or never."""

    user_id: int
    hears: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MondaysChosen(Event):
    """Somebody chose whether the list of the overdue comes on Mondays."""

    user_id: int
    wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessMailChosen(Event):
    """Somebody chose whether a mail says once a month how leads were shared out."""

    user_id: int
    wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMailChosen(Event):
    """Somebody chose whether the report of the week comes by mail."""

    user_id: int
    wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetWished(Event):
    """Somebody chose on which day her feedback sheet comes by mail, 1 is Monday; None: never."""

    user_id: int
    weekday: int | None
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDefaultSet(Event):
    """The programme set how a role hears by mail whose people have chosen nothing."""

    user_id: int
    role: str
    hears: str
    sheet_weekday: int | None
    extent: str = "full"
    digest_hour: int = 8
    digest_weekday: int = 1
    quiet_from: int | None = None
    quiet_until: int | None = None

"""What an activity is, when somebody is reminded of it, and what must be said of it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.core.errors import Refused

LONGEST = 4000


class Kind(StrEnum):
    """What people plan and do."""

    CALL = "call"
    EMAIL = "email"
    APPOINTMENT = "appointment"
    TASK = "task"


INQUIRY = "inquiry"
"""What nobody plans: whom a lead is about has asked once more."""


class Why(StrEnum):
    """Why the portal cancelled what somebody had planned."""

    CLOSED = "closed"
    GIVEN_BACK = "given_back"
    RECALLED = "recalled"
    QUALIFIED = "qualified"


AHEAD = {Kind.APPOINTMENT: timedelta(hours=1)}
"""So long before it is due somebody is reminded; of all else when it is due."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An activity as it was typed: `due` is when it lies ahead, or when it was."""

    kind: str
    text: str = ""
    due: datetime | None = None
    assignee_id: int | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """What is known of an open activity without its words."""

    id: int
    kind: str
    due: datetime | None


class ActivitiesOpen(Refused):
    """A lead can't be closed while its holder's firm has something planned.

    Facts: `planned`, a sequence of `Planned`.
    """

    code = "activities_open"


class SettledAlready(Refused):
    """An activity is done or cancelled: it can't be changed any more."""

    code = "activity_settled"


class NothingAhead(Refused):
    """On a lead that its holder has closed the holder's firm plans nothing more."""

    code = "nothing_ahead"


def words_of(kind: str | None) -> str:
    """Return the word for a kind of activity; empty for anything else."""
    words: dict[str, str] = {
        Kind.CALL: _("Phone call"),
        Kind.EMAIL: _("E-mail"),
        Kind.APPOINTMENT: _("Appointment"),
        Kind.TASK: _("Task"),
        INQUIRY: _("Asked again"),
    }
    return words.get(kind or "", "")


def why_words(why: str | None) -> str:
    """Say why the portal cancelled an activity; empty where a person did."""
    words: dict[str, str] = {
        Why.CLOSED: _("settled as the lead was closed"),
        Why.GIVEN_BACK: _("settled as the lead was given back"),
        Why.RECALLED: _("settled as the vendor took the lead back"),
        Why.QUALIFIED: _("settled as qualifying came to its end"),
    }
    return words.get(why or "", "")


def remind_at(kind: str, due: datetime) -> datetime:
    """Return when to remind of what is due then."""
    return due - AHEAD.get(Kind(kind), timedelta())


def check_entry(
    entry: Entry, *, done: bool, at: datetime, kinds: Collection[str] = tuple(Kind)
) -> dict[str, str]:
    """Return a sentence per field that is missing or can't be right."""
    errors: dict[str, str] = {}
    if entry.kind not in kinds:
        errors["kind"] = str(_("Please choose what it is."))
    words = entry.text
    if not words:
        errors["text"] = str(_("Please say in a few words what it is about."))
    elif len(words) > LONGEST:
        errors["text"] = str(_("Please keep it under %(most)d characters.", most=LONGEST))
    if done and entry.due is not None and entry.due > at:
        errors["due_on"] = str(_("That lies ahead. Plan it, and note it as done once it is."))
    if not done and entry.due is None:
        errors["due_on"] = str(_("Please say for when you plan it."))
    if not done and entry.due is not None and entry.due <= at:
        errors["due_on"] = str(_("That is over. Please choose a moment ahead, or note it as done."))
    return errors


def still_open(planned: Sequence[Planned]) -> ActivitiesOpen | None:
    """Return why a lead can't be closed while this is planned, or None."""
    if not planned:
        return None
    words = ngettext(
        "%(num)d activity is still open. Settle it, and the lead can be closed.",
        "%(num)d activities are still open. Settle them, and the lead can be closed.",
        len(planned),
    )
    return ActivitiesOpen(words, planned=tuple(planned))

"""What an attempt to reach somebody comes to, when enough were made, whose turn it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.core.errors import Conflict, Refused
from portal.leads.definition import Step
from portal.leads.definition_words import QUALIFYING_STEPS

LOCKED_FOR = timedelta(minutes=15)
"""So long after the last sign of life is an inquiry still somebody's own."""

UNREACHABLE = ("abandoned",)
"""Reasons to put an inquiry aside that ask for the prescribed attempts."""

LATEST = timedelta(days=366)


class Outcome(StrEnum):
    """What came of an attempt to reach somebody."""

    REACHED = "reached"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    CALL_BACK = "call_back"


OUTCOMES: Mapping[Outcome, Any] = {
    Outcome.REACHED: _l("Reached"),
    Outcome.VOICEMAIL: _l("Voicemail"),
    Outcome.NO_ANSWER: _l("No answer"),
    Outcome.WRONG_NUMBER: _l("Wrong number"),
    Outcome.CALL_BACK: _l("Call back at …"),
}

ESTABLISHED = (Outcome.REACHED, Outcome.CALL_BACK)
"""With these somebody was on the line."""


class Locked(Conflict):
    """Somebody else works on the inquiry at this moment. Facts: `who`, `until`."""

    code = "locked"


class NotYourStep(Refused):
    """Another step of the qualification comes before."""

    code = "not_your_step"


def outcome_words(key: str | None) -> str:
    """Return the word for an outcome; empty for anything else."""
    return str(OUTCOMES[Outcome(key)]) if key in set(Outcome) else ""


def step_words(key: str | None) -> str:
    """Return the word for a step; empty for anything else."""
    return str(QUALIFYING_STEPS[Step(key)]) if key in set(Step) else ""


def check_call_back(outcome: str, call_back_at: datetime | None, at: datetime) -> dict[str, str]:
    """Return a sentence per field of an attempt that can't be right."""
    errors: dict[str, str] = {}
    if outcome not in set(Outcome):
        errors["outcome"] = str(_("Please say what came of it."))
    if outcome == Outcome.CALL_BACK:
        if call_back_at is None:
            errors["call_back_on"] = str(_("Please say when to call back."))
        elif call_back_at <= at:
            errors["call_back_on"] = str(_("That is over. Please choose a moment ahead."))
        elif call_back_at > at + LATEST:
            errors["call_back_on"] = str(_("Please choose a day within a year."))
    return errors


def too_early(reason: str, tried: int, prescribed: int, *, reached: bool) -> str | None:
    """Return why an inquiry can't be put aside yet since nobody could be reached, or None."""
    if reason not in UNREACHABLE or reached or tried >= prescribed:
        return None
    words = ngettext(
        "Tried %(num)d time so far; %(prescribed)d attempts are prescribed before that.",
        "Tried %(num)d times so far; %(prescribed)d attempts are prescribed before that.",
        tried,
        prescribed=prescribed,
    )
    return str(words)


def asked_in(
    steps: Sequence[str], now: str | None, step: str | None, *, answered: bool, required: bool
) -> tuple[bool, bool]:
    """Return whether a question of `step` is asked in the step `now`, and whether it is there to
    read: what an earlier step answered is, what it left open is asked where an offer needs it."""
    if step is None or now is None or step == now or not {step, now}.issubset(steps):
        return True, False
    if list(steps).index(step) > list(steps).index(now):
        return False, answered
    return required and not answered, answered


def step_after(steps: Sequence[str], step: str | None) -> str | None:
    """Return the step that follows, None after the last; what is no step any more is the first."""
    place = list(steps).index(step) + 1 if step in steps and step is not None else 1
    return steps[place] if place < len(steps) else None

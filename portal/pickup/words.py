"""What the gate says: why nobody picks up now, and what clears it. One sentence each.

Page, mail, refusal and API all take their words from here; a mail, which is read on another day,
says moments in full. What decides is in `rules`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.web.filters import day, when


class GateReason(StrEnum):
    """Why somebody can't pick up now."""

    FIRM_SUSPENDED = "firm_suspended"
    SUSPENDED = "suspended"
    PAUSED_BY_HAND = "paused_by_hand"
    FIRM_AWAY = "firm_away"
    AWAY = "away"
    BLOCKED = "blocked"
    UNANSWERED = "unanswered"
    PAST_DUE = "past_due"
    COLLEAGUE_OWES = "colleague_owes"
    COLLEAGUE_LATE = "colleague_late"
    HANDS_FULL = "hands_full"
    FIRM_FULL = "firm_full"
    CAP_REACHED = "cap_reached"
    HOT_CAP_REACHED = "hot_cap_reached"
    COOLING = "cooling"


FOR_HOT_LEADS = (GateReason.HOT_CAP_REACHED, GateReason.COOLING)
"""The reasons that keep from hot leads only."""

OWN_ANSWERS = (GateReason.BLOCKED, GateReason.UNANSWERED, GateReason.PAST_DUE)
"""The reasons that somebody clears by answers of his own."""


class Telling(NamedTuple):
    """How moments and days are said."""

    moment: Callable[[datetime | None], str]
    day: Callable[[datetime | None], str]


ON_PAGE = Telling(when, day)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A reason with what its words need.

    `number` is the lead that it is about and `since` when it was picked up or its answer due,
    `until` the end of a pause after `misses` within `days`, `note` what was said of it; or since
    when a firm has its hot lead, and when it may have the next. `answers` clear it, `held` are in
    hand, `entered` of them not decided yet. `mixed` says that terms differ and the strictest count.
    """

    reason: GateReason
    number: str = ""
    since: datetime | None = None
    until: datetime | None = None
    misses: int = 0
    days: int = 0
    note: str = ""
    answers: int = 0
    held: int = 0
    entered: int = 0
    mixed: bool = False


def sentence_of(obstacle: Obstacle, telling: Telling = ON_PAGE) -> str:
    """Say in one sentence why nobody picks up."""
    number = obstacle.number
    since, until = telling.moment(obstacle.since), telling.day(obstacle.until)
    match obstacle.reason:
        case GateReason.FIRM_SUSPENDED:
            return str(
                _(
                    "Your firm pauses until %(day)s: %(misses)d deadlines missed within %(days)d "
                    "days.",
                    day=until,
                    misses=obstacle.misses,
                    days=obstacle.days,
                )
            )
        case GateReason.SUSPENDED:
            return str(
                _(
                    "Picking up pauses until %(day)s: %(misses)d deadlines missed within %(days)d "
                    "days.",
                    day=until,
                    misses=obstacle.misses,
                    days=obstacle.days,
                )
            )
        case GateReason.PAUSED_BY_HAND:
            said = _("Your firm pauses until %(day)s.", day=until)
            return f"{said} {obstacle.note}".rstrip()
        case GateReason.FIRM_AWAY:
            return str(_("Your firm is marked as away."))
        case GateReason.AWAY:
            return str(_("You are marked as away."))
        case GateReason.BLOCKED:
            return str(
                _(
                    "%(number)s has waited too long for an answer that was due %(when)s: it comes "
                    "before any other pick.",
                    number=number,
                    when=since,
                )
            )
        case GateReason.UNANSWERED:
            return str(
                _(
                    "Nothing heard about %(number)s since it was picked up, %(when)s.",
                    number=number,
                    when=since,
                )
            )
        case GateReason.PAST_DUE:
            return str(
                _("The answer about %(number)s was due %(when)s.", number=number, when=since)
            )
        case GateReason.COLLEAGUE_OWES:
            return str(
                _(
                    "A colleague’s answer about %(number)s is missing, and your firm answers "
                    "for its leads together.",
                    number=number,
                )
            )
        case GateReason.COLLEAGUE_LATE:
            return str(
                _(
                    "A colleague’s answer about %(number)s was due %(when)s: so late that the "
                    "whole firm waits.",
                    number=number,
                    when=since,
                )
            )
        case GateReason.HANDS_FULL:
            said = ngettext(
                "%(num)d lead in your hands, as many as agreed.",
                "%(num)d leads in your hands, as many as agreed.",
                obstacle.held,
            )
            return f"{said} {_entered_words(obstacle)}".rstrip()
        case GateReason.FIRM_FULL:
            said = ngettext(
                "Your firm holds %(num)d lead, as many as agreed.",
                "Your firm holds %(num)d leads, as many as agreed.",
                obstacle.held,
            )
            return f"{said} {_entered_words(obstacle)}".rstrip()
        case GateReason.CAP_REACHED:
            said = ngettext(
                "Your firm has picked up %(num)d lead within %(days)d days, as many as the "
                "programme shares out to each.",
                "Your firm has picked up %(num)d leads within %(days)d days, as many as the "
                "programme shares out to each.",
                obstacle.held,
                days=obstacle.days,
            )
            return f"{said} {_entered_words(obstacle)}".rstrip()
        case GateReason.HOT_CAP_REACHED:
            said = ngettext(
                "Your firm has picked up %(num)d hot lead within %(days)d days, as many as the "
                "programme shares out to each.",
                "Your firm has picked up %(num)d hot leads within %(days)d days, as many as "
                "the programme shares out to each.",
                obstacle.held,
                days=obstacle.days,
            )
            return f"{said} {_entered_words(obstacle)}".rstrip()
        case GateReason.COOLING:
            return str(
                _(
                    "Your firm picked up a hot lead %(when)s. It can pick up the next hot one "
                    "from %(then)s on.",
                    when=since,
                    then=telling.moment(obstacle.until),
                )
            )


def _entered_words(obstacle: Obstacle) -> str:
    if not obstacle.entered:
        return ""
    return str(
        ngettext(
            "%(num)d of them is being decided.",
            "%(num)d of them are being decided.",
            obstacle.entered,
        )
    )


def way_out_of(obstacle: Obstacle, *, waiting: bool = False) -> str:
    """Say in one sentence what clears it; `waiting` where a certain lead is wanted."""
    match obstacle.reason:
        case GateReason.FIRM_SUSPENDED:
            return str(_("The pause is over as soon as your firm has answered all it owes."))
        case GateReason.SUSPENDED:
            if not obstacle.answers:
                return str(_("Nothing is owed any more: the pause ends by itself."))
            return str(
                ngettext(
                    "One answer and the pause is over.",
                    "%(num)d answers and the pause is over.",
                    obstacle.answers,
                )
            )
        case GateReason.PAUSED_BY_HAND:
            return str(_("Your channel manager can end the pause sooner."))
        case GateReason.FIRM_AWAY | GateReason.AWAY:
            return str(_("End the absence to pick up leads."))
        case GateReason.BLOCKED | GateReason.UNANSWERED | GateReason.PAST_DUE:
            return _answers_words(obstacle, waiting)
        case GateReason.COLLEAGUE_OWES | GateReason.COLLEAGUE_LATE:
            return str(_("Your firm can pick again as soon as that answer is given."))
        case GateReason.HANDS_FULL | GateReason.FIRM_FULL:
            return str(_("Report on one that is done, or give one back."))
        case GateReason.CAP_REACHED | GateReason.HOT_CAP_REACHED:
            return str(_("The others have their turn now; days on which you are away don’t count."))
        case GateReason.COOLING:
            return str(_("Until then warm and cold leads are yours to pick."))


def _answers_words(obstacle: Obstacle, waiting: bool) -> str:
    number = obstacle.answers
    if waiting:
        said = ngettext(
            "One answer and this lead is yours.", "%(num)d answers and this lead is yours.", number
        )
    else:
        said = ngettext(
            "One answer and you can pick again.", "%(num)d answers and you can pick again.", number
        )
    if obstacle.mixed:
        strictest = _("Different terms hold for your leads: the strictest count.")
        return f"{said} {strictest}"
    return str(said)


def whole_of(obstacle: Obstacle) -> str:
    """Say why nobody picks up and what clears it, as a refusal does."""
    return f"{sentence_of(obstacle)} {way_out_of(obstacle)}"


def next_step_wanted(times: int) -> str:
    """Say what "not made contact yet" needs to be an answer, said `times` before in a row."""
    if times:
        return str(_("You said so last time, too. When do you try next?"))
    return str(_("When do you try next?"))


def since_wanted() -> str:
    """Say what "waiting" needs to be an answer."""
    return str(_("Since when are you waiting for their answer?"))

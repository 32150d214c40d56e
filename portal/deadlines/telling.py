"""What a policy expects, told in plain words: before a pickup in short, after it as a whole.

The sentences speak to who picks up; the vendor's people read the same ones. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.deadlines.models import Action, Approval, ClockKind, GateScope, Rung
from portal.deadlines.rules import Terms, minutes_of_days
from portal.deadlines.steps import Step, never_before
from portal.deadlines.words import (
    CLOCKS,
    MILESTONES,
    RUNGS,
    days_in_words,
    in_words,
    moment_in_words,
    times_in_words,
)

THEIRS = (ClockKind.RESPONSE, ClockKind.FEEDBACK, ClockKind.COMPLETION)
"""The clocks of who picked up a lead."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of what is expected: its heading, and a sentence for each thing."""

    heading: str
    said: tuple[str, ...]


def in_short(response_hours: int, rhythm_days: int, working: Collection[str]) -> str:
    """Return what is expected in one sentence, as it stands on an offer.

    `rhythm_days` are those of the lead that it is told for.
    """
    span = _days_of(ClockKind.FEEDBACK, rhythm_days, working)
    if not response_hours:
        return str(_("Tell us how far you are within %(span)s.", span=span))
    return str(
        _(
            "First contact within %(first)s; tell us how far you are within %(span)s.",
            first=_hours_of(ClockKind.RESPONSE, response_hours, working),
            span=span,
        )
    )


def expectations(terms: Terms, of_lead: int | None = None) -> list[Chapter]:
    """Return all that a policy expects of who picks up a lead, and what he can expect.

    `of_lead` is the rhythm in days of the one lead that it is told for.
    """
    chapters = (
        (_("First contact and answers"), _answers(terms, of_lead)),
        (_("While an answer is owed"), _gate(terms)),
        (_("When you need more time"), _more_time(terms)),
        (_("What happens when"), _steps(terms, of_lead)),
        (_("What you can expect of us"), _ours(terms)),
    )
    return [
        Chapter(str(heading), tuple(str(one) for one in said)) for heading, said in chapters if said
    ]


def besides(terms: Terms, units: Mapping[int, str]) -> list[str]:
    """Return what else holds for the leads of a policy; `units` has the names of units by id."""
    first = terms.stand_by_hours
    said = [
        _(
            "An offer lasts %(span)s where the rule doesn’t say otherwise.",
            span=_hours_of(ClockKind.OFFER, terms.offer_hours, terms.working),
        ),
        _(
            "Who stood by sees a lead that comes back %(span)s before the others.",
            span=in_words(first),
        )
        if first
        else _("Who stood by sees a lead that comes back together with the others."),
        _("A lead that came back, or that nobody picks up, goes %(chain)s.", chain=_chain(terms)),
    ]
    if terms.overflow_unit_id is not None:
        said.append(
            _("The overflow unit is %(unit)s.", unit=units.get(terms.overflow_unit_id, "–"))
        )
    if terms.cooling_hours:
        said.append(
            _(
                "A lead that was taken back rests for %(span)s before the next firm sees it.",
                span=in_words(terms.cooling_hours),
            )
        )
    if terms.owner_hours:
        said.append(
            _(
                "Where its type says so, our account manager speaks to the customer within "
                "%(span)s.",
                span=_hours_of(ClockKind.OWNER, terms.owner_hours, terms.working),
            )
        )
    said.append(
        _(
            "An inquiry that nobody touches for %(span)s is brought to mind.",
            span=days_in_words(terms.draft_days),
        )
    )
    return [str(one) for one in said]


def _answers(terms: Terms, of_lead: int | None) -> list[str]:
    rhythm = of_lead or terms.feedback_days
    recruit = of_lead or terms.recruit_feedback_days
    said = []
    if terms.response_hours:
        said.append(
            _(
                "Please contact the customer within %(span)s of picking a lead up.",
                span=_hours_of(ClockKind.RESPONSE, terms.response_hours, terms.working),
            )
        )
    if terms.customer_told:
        said.append(
            _("We write to the customer who calls and by when: your name, your firm, your number.")
        )
    if terms.customer_asked:
        said.append(
            _(
                "Then we ask the customer once whether anybody called. A no is told at once, to "
                "you and to those who answer for you; a yes confirms your contact."
            )
        )
    said.append(
        _(
            "Your answer is due %(span)s after you pick a lead up, and %(span)s after each answer.",
            span=_days_of(ClockKind.FEEDBACK, rhythm, terms.working),
        )
    )
    if recruit != rhythm:
        said.append(
            _(
                "For future partners: %(span)s.",
                span=_days_of(ClockKind.FEEDBACK, recruit, terms.working),
            )
        )
    if terms.milestones:
        said.append(
            _(
                "After %(what)s we ask for your answer within %(span)s.",
                what=_one_of([str(MILESTONES[one]) for one in terms.milestones]),
                span=in_words(terms.milestone_hours),
            )
        )
    if terms.completion_days:
        said.append(
            _(
                "A lead comes to its end, won or lost, within %(span)s.",
                span=_days_of(ClockKind.COMPLETION, terms.completion_days, terms.working),
            )
        )
    said.append(_uncontacted(terms.uncontacted_free))
    if terms.waiting_since:
        said.append(_("“Waiting for their answer” needs the day since when you wait."))
    return said


def _uncontacted(free: int) -> str:
    if not free:
        return str(_("“Not made contact yet” needs a next step with its date."))
    return str(
        ngettext(
            "“Not made contact yet” will do once; the next time in a row it needs a next step with "
            "its date.",
            "“Not made contact yet” will do %(num)d times in a row; after that it needs a next "
            "step with its date.",
            free,
        )
    )


def _gate(terms: Terms) -> list[str]:
    said = [_stops(terms)]
    before = min(terms.feedback_days * 6, terms.amber_hours)
    if before:
        said.append(
            _("An answer counts as due soon at most %(span)s before.", span=in_words(before))
        )
    late = terms.overdue_hours
    said.append(
        _("An answer that is %(span)s late counts as overdue.", span=in_words(late))
        if late
        else _("An answer that is late counts as overdue at once.")
    )
    if terms.gate_scope != GateScope.FIRM:
        stops = terms.firm_red_days
        said.append(
            _(
                "When one is more than %(span)s late, nobody of your firm can pick up leads.",
                span=days_in_words(stops),
            )
            if stops
            else _("As long as one is late, nobody of your firm can pick up leads.")
        )
    return said


def _stops(terms: Terms) -> str:
    """Say what owed answers stop, and whom."""
    most = terms.allowed_open
    if terms.gate_scope == GateScope.FIRM:
        return str(
            ngettext(
                "Your firm can pick up leads as long as at most one of them waits for an answer.",
                "Your firm can pick up leads as long as at most %(num)d wait for an answer.",
                most,
            )
            if most
            else _("While your firm owes an answer, nobody of it can pick up another lead.")
        )
    return str(
        ngettext(
            "You can pick up leads as long as at most one of yours waits for an answer.",
            "You can pick up leads as long as at most %(num)d of yours wait for an answer.",
            most,
        )
        if most
        else _("While you owe an answer you can’t pick up another lead.")
    )


def _more_time(terms: Terms) -> list[str]:
    said = []
    if terms.most_pauses:
        said.append(
            _(
                "Where the customer asks you to wait, you can stop the time %(times)s, for "
                "%(span)s at most.",
                times=times_in_words(terms.most_pauses),
                span=days_in_words(terms.pause_days),
            )
        )
    if terms.most_extensions:
        said.append(
            _(
                "You can ask for more time %(times)s, for %(span)s at most, and say why.",
                times=times_in_words(terms.most_extensions),
                span=days_in_words(terms.extension_days),
            )
        )
        said.append(_agreed(terms.extension_approval))
    return said


def _agreed(by: str) -> str:
    if by == Approval.ACCOUNT_MANAGER:
        return str(_("Your account manager decides on that."))
    if by == Approval.CHANNEL_MANAGER:
        return str(_("The channel manager decides on that."))
    return str(_("You have it at once."))


def _steps(terms: Terms, of_lead: int | None = None) -> list[str]:
    """Return what happens about each clock, moment by moment, as who is waited for reads it."""
    said = []
    theirs = [one for one in terms.steps if one.clock in THEIRS]
    for clock in THEIRS:
        longest = length_of(clock, terms, of_lead)
        in_line = sorted(
            ((never_before(one.minutes, longest), one) for one in theirs if one.clock == clock),
            key=lambda one: one[0],
        )
        for minutes, together in groupby(in_line, key=lambda one: one[0]):
            said.append(
                _(
                    "%(clock)s, %(moment)s: %(what)s.",
                    clock=CLOCKS[clock],
                    moment=moment_in_words(minutes),
                    what=", ".join(_done(one, terms) for _minutes, one in together),
                )
            )
    if any(one.action == Action.RECALL for one in theirs) and terms.protected_days:
        said.append(
            _(
                "A lead that you worked on within the last %(span)s, or with an appointment ahead, "
                "is not taken back.",
                span=days_in_words(terms.protected_days),
            )
        )
    return said


def length_of(clock: str, terms: Terms, of_lead: int | None) -> int | None:
    """Return the minutes of a holder's clock; None where the type of the lead says them."""
    working = clock in terms.working
    lengths = {
        ClockKind.RESPONSE: terms.response_hours * 60,
        ClockKind.FEEDBACK: minutes_of_days(of_lead or terms.feedback_days, working=working),
        ClockKind.COMPLETION: minutes_of_days(terms.completion_days, working=working),
    }
    return lengths.get(ClockKind(clock)) or None


def _done(step: Step, terms: Terms) -> str:
    """Return what a step does to who holds the lead."""
    suspended = _(
        "who was late %(times)s within %(within)s pauses for %(span)s, or until all is answered",
        times=times_in_words(terms.suspend_after),
        within=days_in_words(terms.suspend_within_days),
        span=days_in_words(terms.suspend_days),
    )
    done: dict[str, str] = {
        Action.REMIND_HOLDER: _("we remind you"),
        Action.REMIND_MANAGER: _("your manager hears of it"),
        Action.TELL_ACCOUNT_MANAGER: _("your account manager hears of it"),
        Action.TELL_CHANNEL_MANAGER: _("the channel manager hears of it"),
        Action.NOTE: _("it is noted on the lead"),
        Action.OFFER_EXTENSION: _("we offer you more time"),
        Action.BLOCK: _("you can’t pick up leads until it is answered"),
        Action.SUSPEND: suspended,
        Action.RECALL: _("the lead is taken back"),
        Action.OVERFLOW: _("somebody else takes the lead over"),
    }
    return str(done[Action(step.action)])


def _ours(terms: Terms) -> list[str]:
    said = []
    if terms.help_hours:
        said.append(
            _(
                "A call for help is answered within %(span)s.",
                span=_hours_of(ClockKind.HELP, terms.help_hours, terms.working),
            )
        )
    if terms.pricing_hours:
        said.append(
            _(
                "A request for a special price is answered within %(span)s.",
                span=_hours_of(ClockKind.PRICING, terms.pricing_hours, terms.working),
            )
        )
    return said


def _hours_of(clock: str, hours: int, working: Collection[str]) -> str:
    """Return the length of a clock, and whether it counts working time only."""
    if clock in working:
        return str(ngettext("%(num)d hour of working time", "%(num)d hours of working time", hours))
    return in_words(hours)


def _days_of(clock: str, days: int, working: Collection[str]) -> str:
    """Return the length of a clock that is told in days."""
    if clock in working:
        return str(ngettext("%(num)d working day", "%(num)d working days", days))
    return days_in_words(days)


def _chain(terms: Terms) -> str:
    """Return the way of a lead that came back."""
    return str(_(", then ")).join(str(RUNGS[one]) for one in terms.chain) or str(
        RUNGS[Rung.CHANNEL_MANAGER]
    )


def _one_of(words: Sequence[str]) -> str:
    """Return words as a choice: "a, b or c"."""
    *some, last = words
    return str(_("%(some)s or %(last)s", some=", ".join(some), last=last)) if some else last

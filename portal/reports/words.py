"""What figures are called, what they mean and how they are reckoned, in the reader's words.

Every figure is defined here and nowhere else: pages, files and mails show these lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_babel import format_date, format_decimal, ngettext
from flask_babel import gettext as _

from portal.reports.queries import Figures
from portal.reports.rules import Period, Span
from portal.reports.slices import Slice, Whose
from portal.web.filters import money, number, percent

NOTHING = "–"


class Figure(StrEnum):
    """Every figure of a report, in the order in which it is read."""

    PROCESSED = "processed"
    GENERATED = "generated"
    FOLLOWED_UP = "followed_up"
    WON = "won"
    LOST = "lost"
    PENDING = "pending"
    LONG_TERM = "long_term"
    CONVERSION = "conversion"
    DEAL_TIME = "deal_time"
    DEAL_SIZE = "deal_size"
    VALUE = "value"
    OWED = "owed"


COUNTS = (
    *(Figure.GENERATED, Figure.FOLLOWED_UP, Figure.WON, Figure.LOST),
    *(Figure.PENDING, Figure.LONG_TERM),
)
RATES = (Figure.CONVERSION, Figure.DEAL_TIME, Figure.DEAL_SIZE, Figure.VALUE)
VALUES = (Figure.DEAL_SIZE, Figure.VALUE)
"""What firms keep to themselves that share their figures and no more."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure as it is shown: its name, how much, of what, and how much it was before."""

    figure: Figure
    name: str
    value: str
    note: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure is called, what it means, and how it is reckoned."""

    name: str
    meaning: str
    formula: str


def names() -> dict[Figure, str]:
    """Return what each figure is called."""
    return {
        Figure.PROCESSED: _("Really processed"),
        Figure.GENERATED: _("Generated"),
        Figure.FOLLOWED_UP: _("Followed up"),
        Figure.WON: _("Won"),
        Figure.LOST: _("Lost"),
        Figure.PENDING: _("Pending"),
        Figure.LONG_TERM: _("Long-term"),
        Figure.CONVERSION: _("Conversion rate"),
        Figure.DEAL_TIME: _("Average deal time"),
        Figure.DEAL_SIZE: _("Average deal size"),
        Figure.VALUE: _("Won in all"),
        Figure.OWED: _("Feedback owed"),
    }


def slice_called(whose: Whose) -> str:
    """Return what a slice is called."""
    words = {
        Whose.PROGRAMME: _("The whole programme"),
        Whose.PARTNERS: _("Your partners"),
        Whose.FIRM: _("Your firm"),
        Whose.RESELLERS: _("Your resellers"),
        Whose.OWN: _("Your own leads"),
    }
    return str(words[whose])


def span_called(span: Span) -> str:
    """Return what a period is called that is asked for by name."""
    words = {
        Span.THIS_WEEK: _("This week"),
        Span.LAST_WEEK: _("Last week"),
        Span.THIS_MONTH: _("This month"),
        Span.LAST_MONTH: _("Last month"),
        Span.THIS_QUARTER: _("This quarter"),
        Span.LAST_QUARTER: _("Last quarter"),
        Span.OWN: _("From a day to a day"),
    }
    return str(words[span])


def period_said(period: Period) -> str:
    """Say from which day to which."""
    return str(
        _(
            "%(first)s to %(last)s",
            first=format_date(period.first, "medium"),
            last=format_date(period.last, "medium"),
        )
    )


def days_said(days: float | None) -> str:
    """Say an average of days, with one decimal."""
    if days is None:
        return NOTHING
    return str(_("%(days)s days", days=format_decimal(round(days, 1), "#,##0.0")))


def _value(of: Callable[[Figures], Any], say: Callable[[Any], str]) -> Callable[[Figures], str]:
    return lambda found: NOTHING if of(found) is None else say(of(found))


VALUE_SAID: dict[Figure, Callable[[Figures], str]] = {
    Figure.PROCESSED: _value(lambda f: f.processed_share, percent),
    Figure.GENERATED: _value(lambda f: f.generated, number),
    Figure.FOLLOWED_UP: _value(lambda f: f.followed_up, number),
    Figure.WON: _value(lambda f: f.won, number),
    Figure.LOST: _value(lambda f: f.lost, number),
    Figure.PENDING: _value(lambda f: f.pending, number),
    Figure.LONG_TERM: _value(lambda f: f.long_term, number),
    Figure.CONVERSION: _value(lambda f: f.conversion, percent),
    Figure.DEAL_TIME: _value(lambda f: f.deal_days, days_said),
    Figure.DEAL_SIZE: _value(lambda f: f.deal_size, money),
    Figure.VALUE: _value(lambda f: f.value, money),
    Figure.OWED: _value(lambda f: f.owed, number),
}


def note_of(figure: Figure, found: Figures) -> str:
    """Say of how many a rate or an average is; nothing for a count."""
    if figure is Figure.PROCESSED:
        return str(
            _(
                "%(part)s of %(all)s",
                part=number(found.processed),
                all=ngettext("%(num)d lead", "%(num)d leads", found.offered),
            )
        )
    if figure is Figure.CONVERSION:
        return str(
            _(
                "%(part)s of %(all)s",
                part=number(found.won),
                all=ngettext("%(num)d closed lead", "%(num)d closed leads", found.closed),
            )
        )
    if figure in (Figure.DEAL_TIME, *VALUES):
        return str(ngettext("of %(num)d won lead", "of %(num)d won leads", found.won))
    return ""


def shown(figures: Sequence[Figure], whole: Slice) -> list[Figure]:
    """Return those of some figures that a slice tells."""
    return [one for one in figures if whole.tells_values or one not in VALUES]


def lines(
    figures: Sequence[Figure], whole: Slice, found: Figures, before: Figures | None = None
) -> list[Line]:
    """Return figures of a slice as they are shown, beside those of the period before."""
    named = names()
    return [
        Line(
            one,
            named[one],
            VALUE_SAID[one](found),
            note_of(one, found),
            # what is owed is of this moment
            VALUE_SAID[one](before) if before is not None and one is not Figure.OWED else "",
        )
        for one in shown(figures, whole)
    ]


def definitions(whole: Slice) -> list[Definition]:
    """Return what each figure of a slice means."""
    named = names()
    said = {
        Figure.PROCESSED: (
            _("How much of what was handed out was really worked on: the figure to watch."),
            _("leads picked up and answered on at least once ÷ leads picked up")
            if whole.by_pick
            else _("leads offered, picked up and answered on at least once ÷ leads offered"),
        ),
        Figure.GENERATED: came_said(whole),
        Figure.FOLLOWED_UP: (
            _("Leads whose customer was spoken with for the first time in the period."),
            _("number of leads with a first contact"),
        ),
        Figure.WON: (
            _("Leads in the hands of partners that were won in the period."),
            _("number of leads won"),
        ),
        Figure.LOST: (
            _("Leads that were lost in the period. What was given back or recalled is not lost."),
            _("number of leads lost"),
        ),
        Figure.PENDING: (
            _("Leads that were in somebody’s hands when the period ended, but for long-term ones."),
            _("number of leads picked up and not ended"),
        ),
        Figure.LONG_TERM: (
            _("Leads in somebody’s hands that are marked today as chances that take years."),
            _("number of leads picked up, not ended and long-term"),
        ),
        Figure.CONVERSION: (
            _(
                "How many of the leads that came to an end were won, whatever the reason why the "
                "others were lost."
            ),
            _("won ÷ (won + lost)"),
        ),
        Figure.DEAL_TIME: (
            _("How long it took from the pickup until a lead was won (ADT)."),
            _("sum of days from pickup to won ÷ won"),
        ),
        Figure.DEAL_SIZE: (
            _("What a won lead brought on average (ADS): the order value that its holder named."),
            _("sum of order values ÷ won"),
        ),
        Figure.VALUE: (
            _("What all won leads of the period brought together."),
            _("sum of order values"),
        ),
        Figure.OWED: (
            _("Leads for which an answer is owed at this moment, whatever the period."),
            _("leads in hand without any answer + leads whose answer is past due"),
        ),
    }
    return [
        Definition(named[one], str(said[one][0]), str(said[one][1]))
        for one in shown(list(Figure), whole)
    ]


def came_said(whole: Slice) -> tuple[str, str]:
    """Return what it means of a slice that leads were generated, and how they are counted."""
    if whole.whose is Whose.PROGRAMME:
        return (
            _(
                "Inquiries that came in, whatever became of them; merged ones count once. Of one "
                "firm: leads that were offered to it."
            ),
            _("number of inquiries that came in"),
        )
    if whole.by_pick:
        return (
            _("Leads that came into these hands: those that were picked up in the period."),
            _("number of leads picked up"),
        )
    if whole.whose is Whose.FIRM:
        return (
            _("Leads that were offered to the firm in the period; of one person: those picked up."),
            _("number of leads offered"),
        )
    return (
        _("Leads that came to these firms: those that were offered to them in the period."),
        _("number of leads offered"),
    )

"""What is shown in pictures: each of them is defined here, once for the page and for the mail.

A chart says what it shows in words and figures, too: for whom no picture is drawn nothing is
missing. How it is drawn stands in `drawing`. Firms and people are named, leads never.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_skeleton
from flask_babel import format_date, get_locale
from flask_babel import gettext as _

from portal.reports.developments import Developments, Month, Part, Week
from portal.reports.slices import Slice, Whose
from portal.web.filters import number, percent


@dataclass(frozen=True, slots=True)
class Column:
    """A week or a month: what stands on one another from below, and what hangs `under` the line.

    `rate` is a share in whole per cent, None where it is of nothing.
    """

    label: str
    parts: Sequence[int]
    under: int = 0
    rate: int | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns in the order of time; what their parts and their rates are called."""

    columns: Sequence[Column]
    parts: Sequence[str]
    under: str
    rate: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A share of a firm or a person, and how it is said."""

    name: str
    share: float
    said: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Shares side by side, and beside what average."""

    bars: Sequence[Bar]
    average: float
    said: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture and what it says: in a line (`alt`), and as a table."""

    key: str
    title: str
    note: str
    alt: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    shape: Columns | Bars


def charts_of(found: Developments, whole: Slice) -> Sequence[Chart]:
    """Return what there is to be seen of a slice: one week, month or firm is no picture."""
    return [
        *([by_week(found.weeks, whole)] if len(found.weeks) > 1 else []),
        *([by_month(found.months)] if len(found.months) > 1 else []),
        *([by_part(found.parts, found.average, whole)] if found.parts else []),
    ]


def by_week(weeks: Sequence[Week], whole: Slice) -> Chart:
    """Show how far the leads of each week are."""
    processed, silent, left = _("really processed"), _("without an answer"), _("not picked up")
    shares = "; ".join(
        _(
            "%(when)s: %(part)s of %(all)s",
            when=day_said(week.first),
            part=number(week.processed),
            all=number(week.came),
        )
        for week in weeks
    )
    return Chart(
        "weeks",
        _("Leads by week: how far they are"),
        _("By the week in which they were picked up.")
        if whole.by_pick
        else _("By the week in which they were offered."),
        f"{processed} – {shares}",
        (_("Week from"), _("Came in"), processed, silent, left, _("Share processed")),
        [
            (
                day_said(week.first),
                *map(number, (week.came, *parts_of(week))),
                percent(week.processed / week.came) if week.came else "–",
            )
            for week in weeks
        ],
        Columns(
            [
                Column(
                    day_said(week.first),
                    parts_of(week),
                    rate=per_cent(week.processed, week.came),
                )
                for week in weeks
            ],
            (processed, silent, left),
            "",
            f"% {processed}",
        ),
    )


def parts_of(week: Week) -> tuple[int, int, int]:
    """Return the leads of a week that were processed, only picked up, and not even that."""
    return week.processed, week.picked - week.processed, week.came - week.picked


def by_month(months: Sequence[Month]) -> Chart:
    """Show what was won and lost in each month."""
    won, lost = _("won"), _("lost")
    return Chart(
        "months",
        _("Won and lost by month"),
        _("By the month in which they ended."),
        "; ".join(
            _(
                "%(when)s: %(won)s won, %(lost)s lost",
                when=month_said(month.first),
                won=number(month.won),
                lost=number(month.lost),
            )
            for month in months
        ),
        (_("Month"), _("Won"), _("Lost"), _("Conversion rate")),
        [
            (
                month_said(month.first),
                number(month.won),
                number(month.lost),
                percent(month.conversion) or "–",
            )
            for month in months
        ],
        Columns(
            [
                Column(
                    format_date(month.first, "LLL"),
                    (month.won,),
                    month.lost,
                    per_cent(month.won, month.won + month.lost),
                )
                for month in months
            ],
            (won,),
            lost,
            f"% {won}",
        ),
    )


def by_part(parts: Sequence[Part], average: float, whole: Slice) -> Chart:
    """Show which firms or people process how much of what they get."""
    by_person = whole.whose is Whose.FIRM
    return Chart(
        "parts",
        _("Really processed, by person") if by_person else _("Really processed, by firm"),
        _("Of the leads of the last twelve weeks; where most were left comes first."),
        "; ".join(
            _(
                "%(name)s: %(part)s of %(all)s",
                name=part.name,
                part=number(part.processed),
                all=number(part.came),
            )
            for part in parts
        ),
        (
            _("Person") if by_person else _("Firm"),
            *(_("Came in"), _("Processed"), _("Share processed")),
        ),
        [
            (part.name, number(part.came), number(part.processed), percent(part.share))
            for part in parts
        ],
        Bars(
            [
                Bar(
                    part.name,
                    part.share,
                    _(
                        "%(share)s · %(part)s of %(all)s",
                        share=percent(part.share),
                        part=number(part.processed),
                        all=number(part.came),
                    ),
                )
                for part in parts
            ],
            average,
            _("all people: %(share)s", share=percent(average))
            if by_person
            else _("all firms: %(share)s", share=percent(average)),
        ),
    )


def per_cent(part: int, of: int) -> int | None:
    """Return a share in whole per cent; None of nothing."""
    return round(100 * part / of) if of else None


def day_said(day: date) -> str:
    """Say a day without its year."""
    return str(format_skeleton("MMMd", day, locale=get_locale()))


def month_said(month: date) -> str:
    """Say a month with its year."""
    return str(format_skeleton("yMMM", month, locale=get_locale()))

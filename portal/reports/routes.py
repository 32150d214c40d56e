"""The report as page and file: figures of a slice and a period, what is owed, who is how far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import gettext as _

from portal.accounts import reach
from portal.accounts.actor import Actor, current_actor
from portal.accounts.permissions import READ_REPORTS
from portal.core import clock
from portal.core.errors import NotFound
from portal.reports import words
from portal.reports.charts import charts_of
from portal.reports.developments import read_developments
from portal.reports.drawing import draw
from portal.reports.queries import (
    PAGE,
    Figures,
    each_of,
    list_each,
    list_owed,
    read,
    read_each,
    read_periods,
)
from portal.reports.rules import Period, Span, own_period, period_of
from portal.reports.slices import Slice, Whose, slice_of, slices_of
from portal.web import sheets
from portal.web.access import requires
from portal.web.htmx import wants_fragment
from portal.web.paging import cut, page_number

blueprint = Blueprint("reports", __name__, url_prefix="/reports")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which report is asked for: by whom, when, of which slice and period."""

    actor: Actor
    at: datetime
    whole: Slice
    span: Span
    period: Period

    @property
    def address(self) -> dict[str, Any]:
        """Return what the address of this report says."""
        return {"whose": self.whole.whose, **self.when}

    @property
    def when(self) -> dict[str, Any]:
        """Return what the address says of the period."""
        if self.span is not Span.OWN:
            return {"span": self.span}
        return {
            "span": self.span,
            "from": self.period.first.isoformat(),
            "to": self.period.last.isoformat(),
        }


def asked_now() -> Asked:
    """Return which report the address asks for; where it says nothing, that of last week.

    Raises `NotFound` for a slice that the reader doesn't have.
    """
    actor, at = current_actor(), clock.now()
    its = slices_of(actor)
    whose = request.args.get("whose") or its[0]
    if whose not in its:
        raise NotFound()
    zone = ZoneInfo(str(get_timezone()))
    span, period = read_period(request.args, at.astimezone(zone).date(), zone)
    return Asked(actor, at, slice_of(Whose(whose), actor, reach.read(actor)), span, period)


def read_period(asked: Mapping[str, str], today: date, zone: ZoneInfo) -> tuple[Span, Period]:
    """Return the period that is asked for; what can't be read is last week."""
    named = asked.get("span", "")
    span = Span(named) if named in set(Span) else Span.LAST_WEEK
    if span is Span.OWN:
        try:
            first, last = (date.fromisoformat(asked.get(name, "")) for name in ("from", "to"))
        except ValueError:
            span = Span.LAST_WEEK
        else:
            return span, own_period(first, last, zone)
    return span, period_of(span, today, zone)


@blueprint.get("")
@requires(*READ_REPORTS)
def page() -> ResponseReturnValue:
    asked = asked_now()
    whole, period, at = asked.whole, asked.period, asked.at
    periods = [period, period.before] if period.is_over(at) else [period]
    found, *earlier = read_periods(whole, periods, at)
    before = earlier[0] if earlier else None
    each = read_table(asked, page_number(request.args.get("page")))
    return render_template(
        "reports/page.html",
        asked=asked,
        words=words,
        nothing=found.is_empty,
        headline=words.lines([words.Figure.PROCESSED], whole, found, before)[0],
        counts=words.lines(words.COUNTS, whole, found, before),
        rates=words.lines(words.RATES, whole, found, before),
        owed=list_owed(whole, at) if tells_leads(whole) else (),
        owed_count=found.owed,
        owed_url=owed_url(whole),
        each=each,
        columns=words.shown(TABLE, whole),
        pictures=url_for("reports.pictures", **asked.address),
        csv=url_for("reports.export", **asked.address),
        workbook=url_for("reports.export", **asked.address | {"as": "xlsx"}),
        definitions=words.definitions(whole),
        slices=[
            {
                "label": words.slice_called(whose),
                "url": url_for("reports.page", whose=whose, **asked.when),
                "active": whose == whole.whose,
                "count": None,
            }
            for whose in slices_of(asked.actor)
        ],
        spans=[
            {
                "label": words.span_called(span),
                "url": url_for("reports.page", whose=whole.whose, span=span),
                "active": span is asked.span,
                "count": None,
            }
            for span in Span
            if span is not Span.OWN
        ],
    )


@blueprint.get("/pictures")
@requires(*READ_REPORTS)
def pictures() -> ResponseReturnValue:
    """Show how the figures of the slice came about; the report asks for it by itself."""
    asked = asked_now()
    charts = charts_of(read_developments(asked.whole, asked.period, asked.at), asked.whole)
    return render_template(
        "reports/_pictures.html" if wants_fragment() else "reports/pictures.html",
        asked=asked,
        words=words,
        pictures=[(one, draw(one)) for one in charts],
        report=url_for("reports.page", **asked.address),
    )


TABLE = (
    *(words.Figure.PROCESSED, words.Figure.GENERATED, words.Figure.FOLLOWED_UP),
    *(words.Figure.WON, words.Figure.LOST, words.Figure.PENDING),
    *(words.Figure.CONVERSION, words.Figure.OWED),
)
"""What the page says of each firm or person; the file has all."""


@dataclass(frozen=True, slots=True)
class Table:
    """A page of the firms or people of a slice: name and figures; where the other pages are."""

    by_person: bool
    rows: Sequence[tuple[str, Mapping[str, words.Line]]]
    first: int
    newer: str | None
    older: str | None


def read_table(asked: Asked, number: int) -> Table:
    """Return a page of the firms or people of a slice with their figures."""
    found = cut(list_each(asked.whole, asked.actor, asked.at, number), number, PAGE)
    figures = figures_of(asked, [one for one, _name in found.items])
    return Table(
        asked.whole.whose is Whose.FIRM,
        [
            (
                name,
                {line.figure: line for line in words.lines(TABLE, asked.whole, figures[one])},
            )
            for one, name in found.items
        ],
        (found.number - 1) * PAGE + 1,
        *(
            url_for("reports.page", **asked.address, page=there) if there else None
            for there in (found.before, found.after)
        ),
    )


def figures_of(asked: Asked, ids: Sequence[int]) -> Mapping[int, Figures]:
    """Return the figures of some firms or people of a slice."""
    if not ids:
        return {}
    return read_each(asked.whole, asked.period, asked.at, each_of(asked.whole, ids))


def tells_leads(whole: Slice) -> bool:
    """Tell whether the leads of a slice are named: resellers share figures alone."""
    return whole.whose is not Whose.RESELLERS


def owed_url(whole: Slice) -> str | None:
    """Return where what is owed can be answered or looked after; None for who only reads."""
    if not whole.opens:
        return None
    match whole.whose:
        case Whose.OWN:
            return url_for("desk.mine")
        case Whose.FIRM:
            return url_for("team.team")
        case Whose.RESELLERS:
            return url_for("team.resellers")
        case _:
            return url_for("desk.column", key="overdue")


@blueprint.get("/export")
@requires(*READ_REPORTS)
def export() -> ResponseReturnValue:
    """Give the figures of the slice, and of each of its firms or people, as a file."""
    asked = asked_now()
    kind = sheets.kind_of(request.args.get("as"))
    name = f"report-{asked.period.first.isoformat()}-{asked.period.last.isoformat()}"
    return sheets.download(kind, name, _("Report"), headings(asked.whole), every_line(asked))


def headings(whole: Slice) -> list[str]:
    """Return the first line of a file: with each share what it is of."""
    named = words.names()
    return [
        *(_("Name"), _("From"), _("To"), _("Came in"), _("Processed"), _("Share processed")),
        *(named[one] for one in words.COUNTS),
        *(_("Conversion rate"), _("Average deal time in days")),
        *(named[one] for one in words.shown(words.VALUES, whole)),
        named[words.Figure.OWED],
    ]


def every_line(asked: Asked) -> Iterator[list[list[Any]]]:
    """Yield the whole slice, then each of its firms or people, some hundred at a time."""
    whole = asked.whole
    yield [line_of(words.slice_called(whole.whose), asked, read(whole, asked.period, asked.at))]
    number, more = 1, True
    while more:
        found = list_each(whole, asked.actor, asked.at, number, sheets.AT_ONCE)
        more = len(found) > sheets.AT_ONCE
        named = found[: sheets.AT_ONCE]
        figures = figures_of(asked, [one for one, _name in named])
        yield [line_of(name, asked, figures[one]) for one, name in named]
        number += 1


def line_of(name: str, asked: Asked, found: Figures) -> list[Any]:
    """Return the line of a firm, a person or all of them: numbers as such, shares from 0 to 1."""
    values = {words.Figure.DEAL_SIZE: found.deal_size, words.Figure.VALUE: found.value}
    cells = [
        *(name, asked.period.first, asked.period.last, found.offered, found.processed),
        *(found.processed_share, *(getattr(found, one) for one in words.COUNTS)),
        *(found.conversion, found.deal_days),
        *(values[one] for one in words.shown(words.VALUES, asked.whole)),
        found.owed,
    ]
    return ["" if cell is None else plain(cell) for cell in cells]


def plain(cell: Any) -> Any:
    """Return a cell with no more decimals than anybody reads."""
    return round(cell, 4) if isinstance(cell, float) else cell

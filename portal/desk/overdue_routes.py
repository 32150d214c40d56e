"""The list of the overdue by expected date: page, file, and who gets it by mail on Mondays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core.db import AnyRow
from portal.core.events import record_apart
from portal.desk.events import LeadsExported
from portal.desk.lead_filters import Asking, a_day
from portal.desk.lead_list_routes import asking_now, staff_for
from portal.desk.lead_telling import Telling
from portal.desk.neglected_routes import deeds_here, reasons_here
from portal.desk.overdue import PAGE, count_overdue, every_overdue, list_overdue
from portal.pickup.recall import may_force
from portal.web import sheets
from portal.web.access import requires
from portal.web.paging import page_number

blueprint = Blueprint("overdue", __name__, url_prefix="/neglected/overdue")

LAST_DAY = date(2100, 1, 1)


def until_of(asking: Asking) -> date:
    """Return the day up to which the list goes: what the address says, else yesterday."""
    asked = a_day(request.args.get("until", ""))
    return min(asked, LAST_DAY) if asked else asking.today - timedelta(days=1)


def spans(until: date, today: date) -> list[dict[str, Any]]:
    """Return the days that are asked for most, as links."""
    sunday = today + timedelta(days=7 - today.isoweekday())
    named = [
        (_("Overdue by now"), today - timedelta(days=1)),
        (_("To the end of this week"), sunday),
        (_("To the end of next week"), sunday + timedelta(days=7)),
    ]
    return [
        {
            "label": label,
            "url": url_for("overdue.page", until=last.isoformat()),
            "active": last == until,
            "count": None,
        }
        for label, last in named
    ]


@blueprint.get("")
@requires(Permission.BOARD_SEE)
def page() -> ResponseReturnValue:
    actor = current_actor()
    asking = asking_now(actor)
    until = until_of(asking)
    found = list_overdue(until, asking, page_number(request.args.get("page")))
    address: dict[str, Any] = {"until": until.isoformat()}
    return render_template(
        "desk/overdue.html",
        until=until,
        page=found,
        statuses=Telling().statuses,
        count=count_overdue(until, asking),
        spans=spans(until, asking.today),
        deeds=deeds_here(actor),
        reasons=reasons_here(actor),
        forces=may_force(actor),
        staff=staff_for(actor),
        first=(found.number - 1) * PAGE + 1,
        older=url_for("overdue.page", **address, page=found.after) if found.after else None,
        newer=url_for("overdue.page", **address, page=found.before) if found.before else None,
        csv=url_for("overdue.export", **address),
        workbook=url_for("overdue.export", **address | {"as": "xlsx"}),
    )


COLUMNS = (
    *("number", "title", "status", "firm", "holder", "owner", "began_on", "estimated_on"),
    *("expected_on", "days_left", "days_over", "amount", "probability", "answered"),
)


def headings() -> list[str]:
    """Return the first line of a file."""
    return [
        *(_("Number"), _("Title"), _("Status"), _("Held by the firm"), _("Held by"), _("Owner")),
        *(_("Start"), _("Estimated completion"), _("Expected completion")),
        *(_("Days left"), _("Days over"), _("Target amount"), _("Probability to win")),
        _("Answered"),
    ]


def lines(
    batches: Iterator[Sequence[AnyRow]], statuses: Mapping[int, str], zone: ZoneInfo
) -> Iterator[list[list[Any]]]:
    """Yield the other lines, some hundred at a time: dates and numbers as such."""
    for rows in batches:
        yield [
            [
                *(row.number, row.title, statuses.get(row.status_id, "")),
                *(row.firm or "", row.holder or "", row.owner or ""),
                *(row.began_on or "", row.estimated_on or "", row.expected_on),
                *(max(row.left, 0), max(-row.left, 0)),
                "" if row.target_amount is None else row.target_amount,
                "" if row.probability is None else row.probability,
                _plain(row.last_feedback_at, zone),
            ]
            for row in rows
        ]


def _plain(moment: datetime | None, zone: ZoneInfo) -> Any:
    # a spreadsheet knows no zones: the reader's clock
    return moment.astimezone(zone).replace(tzinfo=None, microsecond=0) if moment else ""


@blueprint.get("/export")
@requires(Permission.BOARD_SEE)
def export() -> ResponseReturnValue:
    """Give the whole list as CSV or as a workbook."""
    asking = asking_now(current_actor())
    until = until_of(asking)
    kind = sheets.kind_of(request.args.get("as"))
    record_apart(
        LeadsExported(at=asking.at, kind=kind, filters=["expected_to"], columns=list(COLUMNS))
    )
    told = lines(every_overdue(until, asking), Telling().statuses, ZoneInfo(str(get_timezone())))
    return sheets.download(kind, f"overdue-{until:%Y-%m-%d}", _("Overdue"), headings(), told)

"""The page on which administrators look up what happened: who, what, when, through which channel.

It shows what the events hold: ids, codes and numbers, with the names of people and firms beside
them. Personal words that belong to an event are not shown here. A copy that somebody takes is an
event itself.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, get_timezone
from sqlalchemy import ColumnElement, String, cast, func, or_, select

from portal.accounts.models import Organisation, User
from portal.accounts.permissions import Permission
from portal.catalog.queries import book
from portal.core import clock
from portal.core.chain import EventLink
from portal.core.db import AnyRow, session
from portal.core.events import EVENT_COLUMNS, EventRow, record_apart
from portal.customers.models import Customer
from portal.desk.audit_words import CHANNELS, EVENTS, PARTS
from portal.desk.events import AuditExported
from portal.leads.models import Lead
from portal.web.access import requires
from portal.web.sheets import guard_cell

blueprint = Blueprint("audit", __name__, url_prefix="/audit")

SHOWN = 30
EXPORTED = 100_000
EXPORTED_AT_ONCE = 1000
# parts of an event that name somebody
PEOPLE = (
    *("user_id", "by_user_id", "user_ids", "was_user_id", "delegate_id", "instead_of"),
    *("manager_id", "was_manager_id", "owner_id"),
)
FIRMS = ("organisation_id", "organisation_ids", "parent_id", "was_parent_id")
FIRMS_TOO = ("added", "removed")
CUSTOMERS = ("customer_id", "customer_ids", "gone_id")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader looks for; empty is everything."""

    person: str = ""
    what: str = ""
    lead: str = ""
    channel: str = ""
    since: str = ""
    until: str = ""
    request: str = ""

    @property
    def given(self) -> dict[str, str]:
        """Return those that were given, by name."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class Line:
    """One event as the page lists it."""

    id: int
    at: datetime
    what: str
    who: str
    firm: str
    as_whom: str
    channel: str
    leads: Sequence[tuple[int, str]]
    about: Sequence[str]
    details: Sequence[tuple[str, str]]
    request_id: str
    place: int | None


@blueprint.get("", endpoint="audit")
@requires(Permission.AUDIT_SEE)
def audit_page() -> ResponseReturnValue:
    filters, before = read_filters(), request.args.get("before", "")
    rows = list_events(filters, SHOWN + 1, int(before) if _is_id(before) else None)
    lines = tell(rows[:SHOWN])
    more = len(rows) > SHOWN
    return render_template(
        "desk/audit.html",
        lines=lines,
        filters=filters,
        kinds=sorted(((key, str(words)) for key, words in EVENTS.items()), key=lambda one: one[1]),
        channels=[(key, str(words)) for key, words in CHANNELS.items()],
        newest=address("audit.audit", filters) if before else None,
        older=address("audit.audit", filters, before=lines[-1].id) if more else None,
        export=address("audit.export", filters),
    )


@blueprint.get("/events.csv")
@requires(Permission.AUDIT_SEE)
def export() -> ResponseReturnValue:
    """Give the events that the filters leave, the newest first, at most `EXPORTED`."""
    filters, at = read_filters(), clock.now()
    record_apart(AuditExported(at=at, filters=filters.given))
    return Response(
        stream_with_context(write_csv(filters)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename=events-{at:%Y-%m-%d}.csv"},
    )


def address(endpoint: str, filters: Filters, **more: Any) -> str:
    """Return the address of a page with these filters."""
    values: dict[str, Any] = {**filters.given, **more}
    return url_for(endpoint, **values)


def read_filters() -> Filters:
    """Read the filters from the address; what is odd is left out."""
    given = {
        field.name: request.args.get(field.name, "").replace("\x00", "").strip()[:100]
        for field in fields(Filters)
    }
    given["what"] = given["what"] if given["what"] in EVENTS else ""
    given["channel"] = given["channel"] if given["channel"] in CHANNELS else ""
    for name in ("since", "until"):
        given[name] = given[name] if _day(given[name]) else ""
    return Filters(**given)


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None


def _is_id(said: str) -> bool:
    return said.isdecimal() and said.isascii() and len(said) < 19


def list_events(filters: Filters, limit: int, before: int | None = None) -> Sequence[AnyRow]:
    """Return events with who did them and their place in the chain, the newest first."""
    statement = (
        select(
            *EVENT_COLUMNS,
            User.name.label("actor"),
            Organisation.name.label("firm"),
            Lead.number,
            EventLink.place,
            EventLink.hash,
        )
        .outerjoin(User, User.id == EventRow.actor_id)
        .outerjoin(Organisation, Organisation.id == User.organisation_id)
        .outerjoin(Lead, Lead.id == EventRow.lead_id)
        .outerjoin(EventLink, EventLink.event_id == EventRow.id)
        .where(*_conditions(filters))
        .order_by(EventRow.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(EventRow.id < before)
    return session().execute(statement).all()


def _conditions(filters: Filters) -> Iterator[ColumnElement[bool]]:
    if filters.person:
        called = or_(
            User.name.icontains(filters.person, autoescape=True),
            cast(User.email, String).icontains(filters.person, autoescape=True),
        )
        yield EventRow.actor_id.in_(select(User.id).where(called))
    if filters.what:
        yield EventRow.name == filters.what
    if filters.lead:
        called = func.lower(Lead.number) == filters.lead.lower()
        lead_id = session().scalar(select(Lead.id).where(called)) or 0
        yield or_(EventRow.lead_id == lead_id, EventRow.data["lead_ids"].contains([lead_id]))
    if filters.channel:
        yield EventRow.channel == filters.channel
    if filters.request:
        yield EventRow.request_id == filters.request
    since, until = _day(filters.since), _day(filters.until)
    if since:
        yield EventRow.at >= _midnight(since)
    if until and until < date.max:
        yield EventRow.at < _midnight(until + timedelta(days=1))


def _midnight(day: date) -> datetime:
    """Return the moment at which a day begins where the reader is."""
    return datetime.combine(day, time.min, ZoneInfo(str(get_timezone())))


def tell(rows: Sequence[AnyRow]) -> list[Line]:
    """Return events in words, with the names of the people and firms that they speak of."""
    people = _names(User, _ids(rows, (*PEOPLE, "as_user_id")))
    firms = _names(Organisation, _ids(rows, (*FIRMS, *FIRMS_TOO)))
    leads = _numbers(Lead, _ids(rows, ("lead_ids",)))
    customers = _numbers(Customer, _ids(rows, CUSTOMERS))
    return [
        Line(
            id=row.id,
            at=row.at,
            what=str(EVENTS.get(row.name, row.name)),
            who=row.actor or "",
            firm=row.firm or "",
            as_whom=people.get(row.data.get("as_user_id"), ""),
            channel=str(CHANNELS.get(row.channel, row.channel)),
            leads=_leads(row, leads),
            about=_about(row, people, firms),
            details=_details(row.data, firms, customers),
            request_id=row.request_id or "",
            place=row.place,
        )
        for row in rows
    ]


def _leads(row: AnyRow, numbers: dict[int, str]) -> list[tuple[int, str]]:
    """Name the leads that an event speaks of."""
    found = {row.lead_id: row.number} if row.lead_id and row.number else {}
    several = _listed(row.data.get("lead_ids"))
    return list((found | {one: numbers[one] for one in several if one in numbers}).items())


def _about(row: AnyRow, people: dict[int, str], firms: dict[int, str]) -> list[str]:
    """Name whom an event speaks of, who did it left out."""
    found = [
        people[one]
        for part in PEOPLE
        for one in _listed(row.data.get(part))
        if one in people and one != row.actor_id
    ]
    found += [firms[one] for part in FIRMS for one in _listed(row.data.get(part)) if one in firms]
    return [name for name in dict.fromkeys(found) if name != row.firm]


def _details(
    data: dict[str, Any], firms: dict[int, str], customers: dict[int, str]
) -> list[tuple[str, str]]:
    """Return what else an event holds and a reader can make something of, in words.

    What is empty, no or nought is left out, and so are ids of other things; the export has all.
    """
    found = []
    for part, value in sorted(data.items()):
        if part not in PARTS or not value:
            continue
        if part == "reason_id":
            said = book().label(value, str(get_locale())) or str(value)
        elif part in FIRMS_TOO:
            said = ", ".join(firms.get(one, str(one)) for one in _listed(value))
        elif part in CUSTOMERS:
            said = ", ".join(customers.get(one, "–") for one in _listed(value))
        else:
            said = _said(value)
        found.append((str(PARTS[part]), said))
    return found


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_said(each) for each in value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_said(each)}" for name, each in sorted(value.items()))
    return str(value)


def _listed(value: Any) -> list[int]:
    several = value if isinstance(value, list) else [value]
    return [one for one in several if isinstance(one, int)]


def _ids(rows: Iterable[AnyRow], parts: Iterable[str]) -> set[int]:
    return {one for row in rows for part in parts for one in _listed(row.data.get(part))}


def _numbers(model: type[Lead | Customer], ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = session().execute(select(model.id, model.number).where(model.id.in_(ids)))
    return {row[0]: row[1] for row in rows}


def _names(model: type[User | Organisation], ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = session().execute(select(model.id, model.name).where(model.id.in_(ids)))
    return {row[0]: row[1] for row in rows}


HEADINGS = (
    *("time", "event", "words", "actor_id", "actor", "firm", "channel", "lead", "data"),
    *("request_id", "place", "hash"),
)


def write_csv(filters: Filters) -> Iterator[str]:
    """Write events as CSV, piece by piece; a cell never begins a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(HEADINGS)
    written, before = 0, None
    while written < EXPORTED:
        rows = list_events(filters, EXPORTED_AT_ONCE, before)
        for row in rows:
            cells = (
                row.at.isoformat(),
                row.name,
                str(EVENTS.get(row.name, row.name)),
                row.actor_id or "",
                row.actor or "",
                row.firm or "",
                row.channel,
                row.number or "",
                json.dumps(row.data, sort_keys=True),
                row.request_id or "",
                row.place or "",
                row.hash.hex() if row.hash else "",
            )
            writer.writerow([guard_cell(str(cell)) for cell in cells])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        if len(rows) < EXPORTED_AT_ONCE:
            return
        written, before = written + len(rows), rows[-1].id

"""What somebody still has to do, about leads, partners and customers, the next due first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from portal.accounts import reach
from portal.accounts.actor import Actor, current_actor
from portal.accounts.models import Organisation
from portal.accounts.permissions import Permission
from portal.accounts.reach import Reached
from portal.core import clock
from portal.core.db import session
from portal.customers.activities import may_plan
from portal.customers.models import Customer
from portal.leads.models import Lead
from portal.leads.queries import visible_to
from portal.timeline import wall
from portal.timeline.activities import BY_DUE, Listed, listed
from portal.timeline.models import Activity
from portal.timeline.queries import OPEN
from portal.web.access import signed_in
from portal.web.paging import Page, cut, page_number

blueprint = Blueprint("planned", __name__)

PAGE = 40
HOMES = {"partner": "/partners", "customer": "/customers"}
Firm = aliased(Organisation, name="about_firm")
ABOUT = (
    Activity.subject,
    Activity.subject_id,
    Lead.number,
    Lead.title,
    func.coalesce(Firm.name, Customer.number),
)


@dataclass(frozen=True, slots=True)
class Next:
    """An open activity without its words, with what it is about."""

    id: int
    kind: str
    planned_for: datetime
    home: str
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Mine:
    """An open activity with its words, with what it is about."""

    activity: Listed
    home: str
    name: str
    title: str


def about(
    subject: str, subject_id: int, number: str | None, title: str | None, named: str | None
) -> tuple[str, str, str]:
    """Return path, name and title of what an activity is about; a customer goes by its number."""
    if subject in HOMES:
        return f"{HOMES[subject]}/{subject_id}", named or "", ""
    return f"/leads/{subject_id}", number or "", title or ""


def mine_of(
    query: Select[*tuple[Any, ...]], actor: Actor, reached: Reached | None = None
) -> Select[*tuple[Any, ...]]:
    """Narrow a query of activities to what somebody still has to do about what she sees."""
    of_leads = and_(Activity.subject == "lead", Activity.subject_id == Lead.id)
    of_firms = and_(Activity.subject == "partner", Activity.subject_id == Firm.id)
    of_customers = and_(Activity.subject == "customer", Activity.subject_id == Customer.id)
    seen: list[ColumnElement[bool]] = [and_(Lead.id.is_not(None), visible_to(actor, reached))]
    if actor.may(Permission.PARTNERS_SEE):
        theirs = reach.answers_for(actor, Firm.id, reached)
        seen.append(and_(Firm.id.is_not(None), theirs))
    if may_plan(actor):
        seen.append(Customer.id.is_not(None))
    return (
        query.add_columns(*ABOUT)
        .outerjoin(Lead, of_leads)
        .outerjoin(Firm, of_firms)
        .outerjoin(Customer, of_customers)
        .where(
            Activity.assignee_id == actor.id,
            Activity.organisation_id == actor.organisation_id,
            OPEN,
            or_(*seen),
        )
        .order_by(*BY_DUE)
    )


def list_next(actor: Actor, reached: Reached | None = None, limit: int = 5) -> Sequence[Next]:
    """Return what somebody has to do next, without its words.

    `reached` is what `reach.read` has found for her on the same page.
    """
    query = select(Activity.id, Activity.kind, Activity.planned_for).select_from(Activity)
    rows = session().execute(mine_of(query, actor, reached).limit(limit))
    return [Next(row[0], row[1], row[2], *about(*row[3:])) for row in rows]


def list_mine(actor: Actor, number: int) -> Page[Mine]:
    """Return a page of what somebody still has to do. Nothing for who only looks as her."""
    if actor.is_looked_as:
        return Page([], number, more=False)
    query = mine_of(listed(), actor).limit(PAGE + 1).offset((number - 1) * PAGE)
    with wall.open_notes(actor.organisation_id) as opened:
        rows = opened.execute(query).all()
    names = len(ABOUT)
    told = [Mine(Listed(*row[:-names]), *about(*row[-names:])) for row in rows]
    return cut(told, number, PAGE)


@blueprint.get("/activities")
@signed_in
def mine() -> ResponseReturnValue:
    at = clock.now()
    page = list_mine(current_actor(), page_number(request.args.get("page")))
    return render_template(
        "timeline/mine.html",
        page=page,
        first=(page.number - 1) * PAGE + 1,
        late={row.activity.id for row in page.items if row.activity.is_late(at)},
        older=url_for("planned.mine", page=page.after) if page.after else None,
        newer=url_for("planned.mine", page=page.before) if page.before else None,
    )

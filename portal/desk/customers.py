"""The page of a customer: who it is, how it stands, its leads and pickups the reader may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from portal.accounts import reach
from portal.accounts.actor import Actor, current_actor
from portal.accounts.permissions import Permission
from portal.accounts.queries import find_person
from portal.catalog import fields
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book
from portal.core import clock
from portal.core.db import AnyRow
from portal.customers import activities, queries, who
from portal.customers.activity_routes import place_of
from portal.customers.models import Customer
from portal.customers.sight import list_leads, sees_addresses, sees_business
from portal.desk.queries import list_pickups_of
from portal.leads.models import Lead
from portal.leads.queries import list_statuses
from portal.partners.forms import countries
from portal.timeline import pages, stream
from portal.timeline.stream import What
from portal.web.access import signed_in

blueprint = Blueprint("customer", __name__)


@dataclass(frozen=True, slots=True)
class Dealing:
    """A lead of the customer, and who had it in hand as far as the reader may know."""

    lead: Lead
    status: str
    pickups: Sequence[AnyRow]


@blueprint.get("/customers/<int:customer_id>")
@signed_in
def page(customer_id: int) -> ResponseReturnValue:
    actor, at, locale = current_actor(), clock.now(), str(get_locale())
    customer = queries.get_visible(customer_id, actor)
    if customer.merged_into is not None:
        return redirect(url_for("customer.page", customer_id=customer.merged_into), 303)
    return render_template(
        "desk/customer.html",
        customer=customer,
        who=who.find(customer_id, actor, at),
        business=sees_business(actor),
        own=fields.tell(book().fields.get(FieldSubject.CUSTOMER, ()), customer.custom, locale)
        if sees_addresses(actor)
        else [],
        classification=book().label(customer.classification_id, locale),
        credit_rating=book().label(customer.credit_rating_id, locale),
        country=dict(countries()).get(customer.country or "", customer.country),
        maker=find_person(customer.made_by) if sees_business(actor) else None,
        dealings=dealings(customer_id, actor, locale),
        timeline=timeline_of(customer, actor, at),
        contact=None,
        may_edit=actor.may(Permission.CUSTOMERS_EDIT),
        may_open=actor.may(Permission.LEADS_QUALIFY) and sees_addresses(actor),
        lists=actor.may(Permission.CUSTOMERS_SEE),
    )


def timeline_of(customer: Customer, actor: Actor, at: datetime) -> dict[str, Any] | None:
    """Return what was said and done about a customer as `timeline/_stream.html` shows it."""
    if not activities.may_plan(actor):
        return None
    show = pages.asked_for()
    found = stream.merge(
        at,
        activities.load_activities(customer, actor, show) if stream.of_activities(show) else (),
        activities.load_files(customer, actor) if stream.reads(What.FILE, show) else (),
        stream.noted(activities.load_notes(customer, actor))
        if stream.reads(What.NOTE, show)
        else (),
    )
    return pages.streamed(found, place_of(customer), show, (What.NOTE, What.FILE))


def dealings(customer_id: int, actor: Actor, locale: str) -> list[Dealing]:
    """Return the leads of a customer that the reader sees, the newest first.

    Of the firms that had one in hand those that he answers for, and whoever holds it or won it.
    """
    found = list_leads(customer_id, actor)
    held = list_pickups_of([lead.id for lead in found])
    firms = reach.read_firms(actor)
    labels = list_statuses()
    return [
        Dealing(
            lead,
            labels[lead.status_id].names.get(locale[:2]) or labels[lead.status_id].names["en"],
            [
                row
                for row in held.get(lead.id, ())
                if firms is None
                or row.organisation_id in firms
                or row.organisation_id == lead.holder_organisation_id
            ],
        )
        for lead in found
    ]

"""Whose a lead is: found among the customers, made of the lead's contact, or nobody's."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import NotFound
from portal.customers import queries, winning
from portal.customers.known import Known, known_of
from portal.customers.routes import asked_for, lines_of
from portal.leads.models import Lead, LeadKind
from portal.leads.queries import get_visible
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("lead_customer", __name__)


@blueprint.app_template_global("known_customer")
def known_customer(lead: Lead) -> Known | None:
    """Return whose an inquiry is, for the page that qualifies it: leads know no customers."""
    return known_of(lead, current_actor(), clock.now())


@blueprint.get("/leads/<int:lead_id>/customer")
@requires(Permission.CUSTOMERS_EDIT)
def page(lead_id: int) -> ResponseReturnValue:
    actor = current_actor()
    lead = get_visible(lead_id, actor)
    if lead.kind == LeadKind.PARTNER_RECRUIT:
        raise NotFound()
    text, contact = asked_for(), winning.read_contact(lead)
    if text:
        found = queries.list_customers(actor, queries.Filters(text=text), 1)
        alike: dict[int, tuple[str, ...]] = {one.id: () for one in found.items}
    else:
        alike = contact.alike() if contact else {}
    return render_template(
        "customers/of_lead.html",
        lead=lead,
        customer=queries.find_of_lead(lead.id),
        others=lines_of(alike),
        text=text,
        may_make=contact is not None,
    )


@blueprint.post("/leads/<int:lead_id>/customer/<int:customer_id>")
@requires(Permission.CUSTOMERS_EDIT)
def assign(lead_id: int, customer_id: int) -> ResponseReturnValue:
    customer = winning.assign(lead_id, customer_id, current_actor(), clock.now())
    flash(_("It is a lead of %(customer)s now.", customer=customer.number), "success")
    return go(url_for("desk.lead", lead_id=lead_id))


@blueprint.post("/leads/<int:lead_id>/customer/new")
@requires(Permission.CUSTOMERS_EDIT)
def make(lead_id: int) -> ResponseReturnValue:
    customer = winning.make_of(lead_id, current_actor(), clock.now())
    flash(_("%(customer)s is made.", customer=customer.number), "success")
    return go(url_for("customer.page", customer_id=customer.id))


@blueprint.post("/leads/<int:lead_id>/customer/removal")
@requires(Permission.CUSTOMERS_EDIT)
def unassign(lead_id: int) -> ResponseReturnValue:
    winning.unassign(lead_id, current_actor(), clock.now())
    flash(_("The lead is no customer’s now."), "success")
    return go(url_for("desk.lead", lead_id=lead_id))

"""A lead goes to operations and back with its customer's number in the ERP system.

The way itself is `leads.hand_over`. Here the number is demanded where the programme wants it, and
kept on the customer, who is found or made for it: that is where the next one looks for it.
"""

from __future__ import annotations

from datetime import date, datetime

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.errors import Invalid
from portal.customers import queries
from portal.customers.models import Customer
from portal.customers.operations import set_number
from portal.customers.winning import find_or_make, link
from portal.leads import hand_over as handing
from portal.leads.models import HandOver, Lead, LeadKind
from portal.leads.team import get_to_change


def demands_number(lead: Lead) -> bool:
    """Tell whether this lead needs a number before operations get it: never a future partner."""
    return lead.kind != LeadKind.PARTNER_RECRUIT and queries.read_policy().number_demanded


def hand_over(
    lead_id: int,
    due_on: date | None,
    note: str | None,
    erp_number: str | None,
    actor: Actor,
    at: datetime,
) -> HandOver:
    """Give a lead to operations, with its customer's number where one is typed or demanded.

    Raises `Invalid`, `NotFound`, `Refused`; then nothing of it counts.
    """
    lead = get_to_change(lead_id, actor)
    number, errors = (erp_number or "").strip(), {}
    customer = queries.find_of_lead(lead.id)
    if not number and demands_number(lead) and not (customer and customer.erp_number):
        errors["erp_number"] = _("Operations need the customer’s number in the ERP system.")
    try:
        with session().begin_nested():
            given = handing.hand_over(lead_id, due_on, note, actor, at)
            if number and lead.kind != LeadKind.PARTNER_RECRUIT and not errors:
                keep_number(lead, number, actor, at)
            if errors:
                raise Invalid(errors)
    except Invalid as error:
        raise Invalid({**errors, **error.errors}) from error
    return given


def hand_back(
    hand_over_id: int, erp_number: str | None, outcome: str | None, actor: Actor, at: datetime
) -> HandOver:
    """Give a lead back to its owner; the number it has now is its customer's, too.

    Raises `Invalid`, `NotFound`, `Refused`.
    """
    given = handing.hand_back(hand_over_id, erp_number, outcome, actor, at)
    lead = session().get_one(Lead, given.lead_id)
    known = queries.find_of_lead(lead.id) is not None
    if given.erp_number and (known or demands_number(lead)):
        keep_number(lead, given.erp_number, actor, at)
    return given


def keep_number(lead: Lead, erp_number: str, actor: Actor, at: datetime) -> Customer | None:
    """Write the number on the lead's customer. Raises `Invalid`.

    A lead that is nobody's yet is that customer's who has the number; else one is found or made.
    None where the lead has nobody to be a customer.
    """
    known = session().scalar(select(Customer).where(Customer.erp_number == erp_number))
    if known is not None and queries.find_of_lead(lead.id) is None:
        link(lead, known, actor, at)
        return known
    customer = find_or_make(lead, actor, at)
    if customer is not None:
        set_number(queries.lock(customer.id), erp_number, actor, at)
    return customer

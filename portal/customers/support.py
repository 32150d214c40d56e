"""A new customer goes to support as a task: whoever the programme named gets them started."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask_babel import force_locale
from flask_babel import gettext as _

from portal.accounts.models import User
from portal.accounts.permissions import Permission, of_roles
from portal.accounts.queries import list_staff
from portal.core.db import session
from portal.customers import queries, rules
from portal.customers.activities import about
from portal.customers.models import Customer
from portal.leads.models import Lead
from portal.timeline import activities as timeline
from portal.timeline.models import Activity
from portal.timeline.rules import Entry, Kind


def list_supporters() -> Sequence[User]:
    """Return who may be named for new customers: people of the vendor who see customers."""
    return [user for user in list_staff() if sees_customers(user)]


def sees_customers(user: User) -> bool:
    """Say whether somebody is in and sees customers."""
    return user.active and Permission.CUSTOMERS_SEE in of_roles(user.roles)


def find_supporter() -> int | None:
    """Return the id of who helps new customers start, as long as she sees customers."""
    named = queries.read_policy().support_id
    user = session().get(User, named) if named is not None else None
    return user.id if user is not None and sees_customers(user) else None


def hand_on(customer_id: int, lead_id: int, at: datetime) -> Activity | None:
    """Plan that support gets a customer started who was made of a lead.

    None where nobody is named for it, or the customer is gone again. Where who was named sees
    customers no more, the task waits for somebody to take it on.
    """
    named = queries.read_policy().support_id
    user = session().get(User, named) if named is not None else None
    customer = session().get(Customer, customer_id)
    if user is None or customer is None or customer.merged_into is not None:
        return None
    lead = session().get_one(Lead, lead_id)
    with force_locale(user.locale):
        words = _(
            "New customer %(customer)s, of lead %(lead)s. Please get in touch and help them start.",
            customer=customer.number,
            lead=lead.number,
        )
    return timeline.plan(
        about(customer.id),
        Entry(
            Kind.TASK,
            words,
            due=rules.next_working_day(at, user.timezone),
            assignee_id=user.id if sees_customers(user) else None,
        ),
        user.organisation_id,
        at,
    )

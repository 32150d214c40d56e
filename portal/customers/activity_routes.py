"""Addresses of activities and notes about a customer, and of files attached to it.

The pages are those of `timeline.pages`, `note_pages` and `attachment_pages`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from flask import Blueprint
from flask.typing import ResponseReturnValue

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core.errors import NotFound
from portal.customers import activities
from portal.customers.models import Customer
from portal.customers.queries import get_unmerged
from portal.timeline import activities as timeline
from portal.timeline import attachment_pages, note_pages, pages
from portal.timeline.attachments import Attached
from portal.timeline.pages import Place
from portal.web.access import requires

blueprint = Blueprint("customer_activities", __name__)

MINE = "/activities"


def place_of(customer: Customer) -> Place:
    """Return a customer as pages of activities show it: by its number, which gives nothing away."""
    people = activities.list_assignees(current_actor())
    subject = activities.about(customer.id)
    return Place(
        subject=subject,
        home=f"/customers/{customer.id}",
        name=customer.number,
        title="",
        people=people,
        enter=partial(timeline.enter, subject, people={row.id for row in people}),
    )


def get_place(customer_id: int) -> Place:
    """Return a customer about which the reader plans something. Raises `NotFound`."""
    customer = get_unmerged(customer_id, current_actor())
    if not activities.may_plan(current_actor()):
        raise NotFound()
    return place_of(customer)


@blueprint.get("/customers/<int:customer_id>/activity")
@requires(Permission.CUSTOMERS_SEE)
def new_activity(customer_id: int) -> ResponseReturnValue:
    return pages.blank(get_place(customer_id))


@blueprint.post("/customers/<int:customer_id>/activities")
@requires(Permission.CUSTOMERS_SEE)
def enter(customer_id: int) -> ResponseReturnValue:
    return pages.enter(get_place(customer_id))


@blueprint.get("/customers/<int:customer_id>/activities/<int:activity_id>")
@requires(Permission.CUSTOMERS_SEE)
def activity(customer_id: int, activity_id: int) -> ResponseReturnValue:
    return pages.one(get_place(customer_id), activity_id)


@blueprint.post("/customers/<int:customer_id>/activities/<int:activity_id>")
@requires(Permission.CUSTOMERS_SEE)
def change(customer_id: int, activity_id: int) -> ResponseReturnValue:
    return pages.change(get_place(customer_id), activity_id)


@blueprint.post("/customers/<int:customer_id>/activities/<int:activity_id>/completion")
@requires(Permission.CUSTOMERS_SEE)
def complete(customer_id: int, activity_id: int) -> ResponseReturnValue:
    return pages.settle(get_place(customer_id), activity_id, done=True, mine=MINE)


@blueprint.post("/customers/<int:customer_id>/activities/<int:activity_id>/cancellation")
@requires(Permission.CUSTOMERS_SEE)
def cancel(customer_id: int, activity_id: int) -> ResponseReturnValue:
    return pages.settle(get_place(customer_id), activity_id, done=False, mine=MINE)


def readable_files(customer_id: int) -> Sequence[Attached]:
    """Return the files attached to a customer that the reader may read. Raises `NotFound`."""
    actor = current_actor()
    return activities.load_files(get_unmerged(customer_id, actor), actor)


WHERE, MARK = "/customers/<int:customer_id>", requires(Permission.CUSTOMERS_SEE)
note_pages.add_pages(blueprint, WHERE, MARK, get_place)
attachment_pages.add_pages(blueprint, WHERE, MARK, get_place, readable_files)

"""Addresses of activities and notes about a partner, and of files attached to it.

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
from portal.partners import activities
from portal.partners.models import Partner
from portal.partners.queries import get_partner
from portal.timeline import activities as timeline
from portal.timeline import attachment_pages, note_pages, pages
from portal.timeline.attachments import Attached
from portal.timeline.pages import Place
from portal.web.access import requires

blueprint = Blueprint("partner_activities", __name__)

MINE = "/activities"


def place_of(partner: Partner) -> Place:
    """Return a partner as pages of activities show it."""
    people = activities.list_assignees(partner, current_actor())
    subject = activities.about(partner.organisation_id)
    return Place(
        subject=subject,
        home=f"/partners/{partner.organisation_id}",
        name=partner.organisation.name,
        title="",
        people=people,
        enter=partial(timeline.enter, subject, people={row.id for row in people}),
    )


def get_place(organisation_id: int) -> Place:
    """Return a partner about which the reader plans something. Raises `NotFound`."""
    partner = get_partner(organisation_id, current_actor())
    if not activities.may_plan(current_actor()):
        raise NotFound()
    return place_of(partner)


@blueprint.get("/partners/<int:organisation_id>/activity")
@requires(Permission.PARTNERS_SEE)
def new_activity(organisation_id: int) -> ResponseReturnValue:
    return pages.blank(get_place(organisation_id))


@blueprint.post("/partners/<int:organisation_id>/activities")
@requires(Permission.PARTNERS_SEE)
def enter(organisation_id: int) -> ResponseReturnValue:
    return pages.enter(get_place(organisation_id))


@blueprint.get("/partners/<int:organisation_id>/activities/<int:activity_id>")
@requires(Permission.PARTNERS_SEE)
def activity(organisation_id: int, activity_id: int) -> ResponseReturnValue:
    return pages.one(get_place(organisation_id), activity_id)


@blueprint.post("/partners/<int:organisation_id>/activities/<int:activity_id>")
@requires(Permission.PARTNERS_SEE)
def change(organisation_id: int, activity_id: int) -> ResponseReturnValue:
    return pages.change(get_place(organisation_id), activity_id)


@blueprint.post("/partners/<int:organisation_id>/activities/<int:activity_id>/completion")
@requires(Permission.PARTNERS_SEE)
def complete(organisation_id: int, activity_id: int) -> ResponseReturnValue:
    return pages.settle(get_place(organisation_id), activity_id, done=True, mine=MINE)


@blueprint.post("/partners/<int:organisation_id>/activities/<int:activity_id>/cancellation")
@requires(Permission.PARTNERS_SEE)
def cancel(organisation_id: int, activity_id: int) -> ResponseReturnValue:
    return pages.settle(get_place(organisation_id), activity_id, done=False, mine=MINE)


def readable_files(organisation_id: int) -> Sequence[Attached]:
    """Return the files attached to a partner that the reader may read. Raises `NotFound`."""
    actor = current_actor()
    return activities.load_files(get_partner(organisation_id, actor), actor)


WHERE, MARK = "/partners/<int:organisation_id>", requires(Permission.PARTNERS_SEE)
note_pages.add_pages(blueprint, WHERE, MARK, get_place)
attachment_pages.add_pages(blueprint, WHERE, MARK, get_place, readable_files)

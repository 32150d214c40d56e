"""Addresses of activities about a lead, and of files attached to it.

The pages are those of `timeline.pages` and `timeline.attachment_pages`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from flask import Blueprint
from flask.typing import ResponseReturnValue

from portal.accounts import reach
from portal.accounts.actor import current_actor
from portal.leads import activities
from portal.leads.attachments import load_attachments
from portal.leads.models import Lead, LeadState
from portal.leads.notes import about, other_side
from portal.leads.queries import get_visible
from portal.leads.team import sees_whole
from portal.timeline import pages
from portal.timeline.attachment_pages import add_pages
from portal.timeline.attachments import Attached
from portal.timeline.pages import Place
from portal.web.access import signed_in

blueprint = Blueprint("activities", __name__)
pages.speak(blueprint)

MINE = "/activities"


def place_of(lead: Lead) -> Place:
    """Return a lead as pages of activities show it."""
    actor = current_actor()
    own = lead.holder_organisation_id == actor.organisation_id
    return Place(
        subject=about(lead.id),
        home=f"/leads/{lead.id}",
        name=lead.number,
        title=lead.title,
        people=activities.list_assignees(lead, actor),
        enter=partial(activities.enter, lead),
        other_side=other_side(lead, actor),
        is_closed=own and lead.state == LeadState.CLOSED,
        kinds=activities.list_kinds(lead),
    )


def get_place(lead_id: int) -> Place:
    """Return a lead about which the reader's firm may have activities now. Raises `NotFound`."""
    lead = get_visible(lead_id, current_actor())
    activities.check_works(lead, current_actor())
    return place_of(lead)


@blueprint.get("/leads/<int:lead_id>/activity")
@signed_in
def new_activity(lead_id: int) -> ResponseReturnValue:
    return pages.blank(get_place(lead_id))


@blueprint.post("/leads/<int:lead_id>/activities")
@signed_in
def enter(lead_id: int) -> ResponseReturnValue:
    return pages.enter(get_place(lead_id))


@blueprint.get("/leads/<int:lead_id>/activities/<int:activity_id>")
@signed_in
def activity(lead_id: int, activity_id: int) -> ResponseReturnValue:
    return pages.one(get_place(lead_id), activity_id)


@blueprint.post("/leads/<int:lead_id>/activities/<int:activity_id>")
@signed_in
def change(lead_id: int, activity_id: int) -> ResponseReturnValue:
    return pages.change(get_place(lead_id), activity_id)


@blueprint.post("/leads/<int:lead_id>/activities/<int:activity_id>/completion")
@signed_in
def complete(lead_id: int, activity_id: int) -> ResponseReturnValue:
    return pages.settle(get_place(lead_id), activity_id, done=True, mine=MINE)


@blueprint.post("/leads/<int:lead_id>/activities/<int:activity_id>/cancellation")
@signed_in
def cancel(lead_id: int, activity_id: int) -> ResponseReturnValue:
    return pages.settle(get_place(lead_id), activity_id, done=False, mine=MINE)


@blueprint.post("/leads/<int:lead_id>/activities/<int:activity_id>/sharing")
@signed_in
def share(lead_id: int, activity_id: int) -> ResponseReturnValue:
    return pages.share(get_place(lead_id), activity_id)


def readable_files(lead_id: int) -> Sequence[Attached]:
    """Return the files about a lead that the reader may read. Raises `NotFound`."""
    actor = current_actor()
    lead = get_visible(lead_id, actor)
    whole = actor.is_partner or sees_whole(lead, actor)
    return load_attachments(lead, actor, firms=None if whole else reach.read_firms(actor))


add_pages(blueprint, "/leads/<int:lead_id>", signed_in, get_place, readable_files)

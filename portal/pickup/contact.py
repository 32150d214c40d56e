"""What a holder has done about a lead counts: contact stops the response clock, a milestone brings
the next answer nearer.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from portal.core.db import session
from portal.offers import operations as offers
from portal.pickup import clocks
from portal.pickup.models import Pickup
from portal.timeline.models import Activity
from portal.timeline.rules import Kind

WITH_CUSTOMER = (Kind.CALL, Kind.EMAIL, Kind.APPOINTMENT)


def find_noted_contact(pickup: Pickup) -> datetime | None:
    """Return when the firm that holds a lead first noted that it had contact with the customer."""
    return session().scalar(
        select(func.min(Activity.done_at)).where(
            Activity.subject == "lead",
            Activity.subject_id == pickup.lead_id,
            Activity.organisation_id == pickup.organisation_id,
            Activity.kind.in_(WITH_CUSTOMER),
            Activity.author_id.is_not(None),
            Activity.done_at >= pickup.picked_at,
        )
    )


def heed(activity_id: int, at: datetime) -> None:
    """Note what a done activity says of the lead that the firm holds which did it.

    Nothing happens where it is not done, or its firm does not hold the lead (any more).
    """
    activity = session().get(Activity, activity_id)
    if activity is None or activity.subject != "lead" or activity.kind not in WITH_CUSTOMER:
        return
    if activity.done_at is None or activity.organisation_id is None:
        return
    # what the customer wrote by himself is no contact of theirs
    if activity.settled_by_id is None:
        return
    held = select(Pickup).where(
        Pickup.lead_id == activity.subject_id,
        Pickup.organisation_id == activity.organisation_id,
        Pickup.ended_at.is_(None),
    )
    if session().scalar(held) is None:
        return
    offers.lock_partner(activity.organisation_id)
    offers.lock_lead(activity.subject_id)
    pickup = session().scalar(
        held.with_for_update(key_share=True).execution_options(populate_existing=True)
    )
    # what was done for an earlier holder says nothing of this one
    if pickup is None or activity.done_at < pickup.picked_at:
        return
    clocks.contacted(pickup, activity.done_at)
    clocks.reached(pickup, activity.kind, activity.done_at, at)
    session().flush()

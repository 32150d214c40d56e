"""Jobs of requests and of the owner's duty: what begins, is met or ends with an event."""

from __future__ import annotations

from datetime import datetime

from portal.accounts.events import AccountManagerSet
from portal.assistance import duty, operations
from portal.core.events import Event
from portal.core.reactions import reaction
from portal.leads.definition import Moment
from portal.leads.events import LeadOwnerSet, LeadQualified
from portal.timeline.events import ActivityEntered, ActivitySettled


@reaction("assistance.void")
def void(event: Event, at: datetime) -> None:
    """React to a lead that has ended, or leaves the hands of its holder."""
    if event.lead_id is not None:
        operations.void_of(event.lead_id, at)
        duty.void_of(event.lead_id, at)


@reaction("assistance.begin_picked")
def begin_picked(event: Event, at: datetime) -> None:
    """React to a pickup, and to a lead that is in hand again after all (told by rooms above)."""
    if event.lead_id is not None:
        duty.begin(event.lead_id, Moment.PICKED_UP, at)


@reaction("assistance.begin_qualified")
def begin_qualified(event: LeadQualified, at: datetime) -> None:
    if event.lead_id is not None:
        duty.begin(event.lead_id, Moment.QUALIFIED, at)


@reaction("assistance.meet")
def meet(event: ActivityEntered | ActivitySettled, _at: datetime) -> None:
    """React to what somebody has done."""
    if event.lead_id is not None:
        duty.meet_by(event.activity_id, event.at)


@reaction("assistance.follow_owner")
def follow_owner(event: LeadOwnerSet, _at: datetime) -> None:
    if event.lead_id is not None:
        duty.follow_owner(event.lead_id)


@reaction("assistance.follow_manager")
def follow_manager(event: AccountManagerSet, _at: datetime) -> None:
    duty.follow_manager(event.organisation_id, event.was_user_id, event.user_id)

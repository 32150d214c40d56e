"""Jobs of leads: what begins with an event, and who hears of drafts that lie about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portal.accounts.events import AccountManagerSet
from portal.core.jobs import sweep
from portal.core.reactions import reaction
from portal.leads import beginning, drafts, team
from portal.leads.events import LeadQualified


@reaction("leads.follow_account_manager")
def follow_account_manager(event: AccountManagerSet, _at: datetime) -> None:
    team.follow_account_manager(event.organisation_id, event.was_user_id, event.user_id)


@reaction("leads.begin")
def begin(event: Any, at: datetime) -> None:
    """React to a pickup, or to the vendor's own beginning (which are rooms above)."""
    beginning.begin(event.lead_id, event.at, at)


@reaction("leads.plan_qualified")
def plan_qualified(event: LeadQualified, at: datetime) -> None:
    if event.lead_id is not None:
        beginning.qualified(event.lead_id, event.at, at)


@sweep("leads.tell_of_drafts", drafts.forgetful_qualifiers, queue="bulk")
def tell_of_drafts(user_id: int, at: datetime) -> None:
    drafts.tell_of_drafts(user_id, at)

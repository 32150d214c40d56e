"""Change the status of a lead within its state, by hand: another label for where it stands.

To another state a lead comes by what is done with it only: picked up, answered, given back. While
it is in progress the answer that a status stands for is the partner's to give, so by hand it goes
to statuses of the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission
from portal.accounts.reach import units_of
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import record
from portal.leads.events import LeadStatusChanged
from portal.leads.lifecycle import list_followers
from portal.leads.models import Lead, LeadStatus
from portal.leads.queries import visible_to
from portal.leads.requirements import check_stage
from portal.leads.team import may_change_team


def may_label(lead: Lead, actor: Actor) -> bool:
    """Say whether somebody says how a lead stands: its holder, his manager, who answers for it."""
    if lead.holder_id == actor.id and lead.holder_organisation_id == actor.organisation_id:
        return True
    if actor.may(Permission.PICKUPS_SEE_FIRM):
        return lead.holder_organisation_id == actor.organisation_id
    return may_change_team(lead, actor)


def list_labels(lead: Lead, actor: Actor) -> Sequence[LeadStatus]:
    """Return the statuses to which somebody may change a lead by hand; none where he may not."""
    if not may_label(lead, actor):
        return []
    return list_followers(lead, actor.roles, units_of(actor))


def change_label(lead_id: int, key: str, actor: Actor, at: datetime) -> Lead:
    """Put a lead into another status of its state. The same one again changes nothing.

    Raises `NotFound`, `Invalid` at field `status`.
    """
    lead = session().scalar(
        select(Lead)
        .where(Lead.id == lead_id, visible_to(actor, lead_id=lead_id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if lead is None or not may_label(lead, actor):
        raise NotFound()
    before = session().get_one(LeadStatus, lead.status_id)
    if before.key == key:
        return lead
    after = next((one for one in list_labels(lead, actor) if one.key == key), None)
    if after is None:
        raise Invalid({"status": _("Please choose one of the list.")})
    check_stage(lead, after)
    lead.status_id = after.id
    session().flush()
    record(
        LeadStatusChanged(
            at=at, lead_id=lead.id, user_id=actor.id, before=before.key, after=after.key
        )
    )
    return lead

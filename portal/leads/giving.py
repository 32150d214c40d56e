"""Give an inquiry to somebody who is to qualify it. Who takes the next one is in `operations`."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.accounts.permissions import Permission, of_roles
from portal.core.db import session
from portal.core.errors import Invalid, Refused
from portal.core.events import record
from portal.leads import beginning
from portal.leads.events import InquiryGiven
from portal.leads.models import Lead, LeadState
from portal.leads.operations import lock_to_edit, may_qualify


def give_to_qualify(lead_id: int, user_id: int, actor: Actor, at: datetime) -> Lead:
    """Have somebody of one's own firm qualify an inquiry, whoever had begun before.

    Raises `NotFound`, `Refused` for what waits for nobody to qualify it, and `Invalid` for who
    qualifies nothing.
    """
    lead = lock_to_edit(lead_id, actor)
    if not may_qualify(lead) or lead.suppressed:
        raise Refused(_("%(number)s does not wait to be qualified.", number=lead.number))
    user = session().get(User, user_id)
    qualifies = (
        user is not None
        and user.active
        and user.organisation_id == actor.organisation_id
        and Permission.LEADS_QUALIFY in of_roles(user.roles)
    )
    if not qualifies:
        raise Invalid({"user_id": _("This person qualifies no inquiries.")})
    if lead.state == LeadState.QUALIFYING and lead.qualifier_id == user_id:
        return lead
    lead.state, lead.state_since, lead.qualifier_id = LeadState.QUALIFYING, at, user_id
    lead.version += 1
    session().flush()
    record(InquiryGiven(at=at, lead_id=lead.id, user_id=user_id, by_user_id=actor.id))
    beginning.taken(lead, user_id, at)
    return lead

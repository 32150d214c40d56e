"""What the mail with the feedback sheet is shown of to who writes its words."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.accounts.queries import find_actor_of
from portal.core.db import session
from portal.leads.models import Lead
from portal.leads.queries import visible_to
from portal.pickup.models import Pickup
from portal.sheets.mails import context_of_weekly
from portal.wording.samples import Sample, shows


@shows("weekly_sheet")
def of_holder(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the mail to who holds the newest lead in hand; its file is not made."""
    newest = (
        select(User)
        .join(Pickup, Pickup.user_id == User.id)
        .join(Lead, Lead.id == Pickup.lead_id)
        .where(visible_to(actor), Pickup.ended_at.is_(None), User.active)
    )
    user = session().scalar(newest.order_by(Pickup.id.desc()).limit(1))
    holder = find_actor_of(user.id, at) if user else None
    context = context_of_weekly(user, holder, at) if user and holder else None
    return Sample(context, user.name, user.timezone) if user and context else None

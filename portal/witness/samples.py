"""What the mails to customers are shown of to who writes their words.

The newest lead in hand, as if the reader had asked: who really did stands behind the wall.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.mail import trials
from portal.leads.models import Lead
from portal.leads.queries import visible_to
from portal.pickup.models import Pickup
from portal.witness import mails
from portal.witness.models import LetterKind
from portal.wording.samples import Sample, shows


@shows(*mails.KINDS.values())
def to_customer(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the mail about the newest lead in hand."""
    newest = (
        select(Pickup, Lead)
        .join(Lead, Lead.id == Pickup.lead_id)
        .where(visible_to(actor), Pickup.ended_at.is_(None))
        .order_by(Pickup.id.desc())
        .limit(1)
    )
    found = session().execute(newest).first()
    if found is None:
        return None
    pickup, lead = found
    asks = kind == mails.KINDS[LetterKind.ASKED]
    context = mails.context_of(
        pickup.user_id, lead, trials.language() or actor.locale, pickup.feedback_due_at
    )
    more = {"name": actor.name, "instead": False, "path": "/", "reply_to": "…" if asks else ""}
    return Sample({**context, **more}, lead.number, actor.timezone)

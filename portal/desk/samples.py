"""What the mail about fairness is shown of to who writes its words: the newest month to himself."""

from __future__ import annotations

from datetime import datetime

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.core.db import session
from portal.desk.fairness import list_months
from portal.desk.fairness_mail import shared_out
from portal.notifications.samples import first, for_whom
from portal.wording.samples import Sample, shows


@shows("shared_out")
def newest_month(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the newest month of which there is something to tell."""
    user = session().get_one(User, actor.id)
    return first((shared_out(user, one.month, at), user, for_whom(user)) for one in list_months())

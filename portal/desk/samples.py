"""What the mails of this room are shown of to who writes their words: what would come to him."""

from __future__ import annotations

from datetime import datetime

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.core.db import session
from portal.desk.fairness import list_months
from portal.desk.fairness_mail import shared_out
from portal.desk.mondays import overdue_list
from portal.notifications.samples import first, for_whom
from portal.wording.samples import Sample, shows


@shows("shared_out")
def newest_month(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the newest month of which there is something to tell."""
    user = session().get_one(User, actor.id)
    return first((shared_out(user, one.month, at), user, for_whom(user)) for one in list_months())


@shows("overdue_list")
def over(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show what was to be closed by last Sunday."""
    user = session().get_one(User, actor.id)
    return first([(overdue_list(user, actor, at), user, for_whom(user))])

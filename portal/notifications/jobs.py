"""Reactions that write mails."""

from __future__ import annotations

from datetime import datetime

from portal.accounts import operations as accounts
from portal.accounts.events import PasswordResetRequested
from portal.core.jobs import reaction
from portal.core.mail import outbox
from portal.core.mail.rendering import speaking
from portal.notifications import models as _models  # noqa: F401
from portal.notifications import queries
from portal.offers.events import LeadOffered


@reaction("notifications.lead_offered", queue="mail")
def tell_of_offer(event: LeadOffered, at: datetime) -> None:
    """Write to everybody in the offered firms who may pick the lead up, if it still stands."""
    if event.lead_id is None:
        return
    teaser = queries.find_offered_teaser(event.lead_id, event.number)
    if teaser is None:
        return
    for user, offer in queries.list_offered_people(event.round_id, at):
        with speaking(user.locale, user.timezone):
            lead = queries.told_of(teaser, offer, len(event.organisation_ids))
        outbox.post(
            "lead_offered",
            queries.recipient(user),
            {"name": user.name, "lead": lead},
            at,
            dedupe_key=f"offer:{event.round_id}:{user.id}",
            lead_id=event.lead_id,
        )


@reaction("notifications.password_reset", queue="mail")
def send_reset_link(event: PasswordResetRequested, at: datetime) -> None:
    """Write the link for a new password; its secret is made here and stands in the mail alone."""
    to = queries.find_recipient(event.user_id)
    if to is None:
        return
    secret = accounts.issue_password_reset(event.user_id, at)
    outbox.post(
        "password_reset",
        to,
        {"name": to.name, "path": f"/reset/{secret}", "until": at + accounts.RESET_LASTS},
        at,
        dedupe_key=f"reset:{event.user_id}:{event.at.timestamp():.6f}",
    )

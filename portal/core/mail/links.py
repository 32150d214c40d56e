"""Links in mails that lead to a page with buttons: `/m/<secret>`.

The secret stands in the mail and nowhere else; the row holds its hash. What a link may still do is
not decided here: the room that answers it asks what became of the lead, pickup or answer.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast

from sqlalchemy import Table, delete, insert, select, update

from portal.core import jobs
from portal.core.db import put, session
from portal.core.mail import trials
from portal.core.mail.models import LinkView, MailLink

LASTS = timedelta(days=30)
KEPT = timedelta(days=60)
"""So long after its end a link is kept for whoever asks what it was."""
LOOKS_KEPT = timedelta(days=30)
LENGTH = 43
"""Characters of a secret: 256 random bits, URL-safe."""


class Purpose(StrEnum):
    """What the page behind a link is for."""

    OFFER = "offer"
    FEEDBACK = "feedback"
    UNDO = "undo"
    STAND_BY = "stand_by"
    STOP = "stop"
    MORE_TIME = "more_time"
    CONFIRM = "confirm"
    TERMS = "terms"
    OWN_LEAD = "own_lead"


# on the table and built once: each mail has some
WRITE = insert(cast(Table, MailLink.__table__))


def issue(
    purpose: Purpose,
    user_id: int,
    at: datetime,
    *,
    lead_id: int | None = None,
    round_: int | None = None,
    pickup_id: int | None = None,
    feedback_id: int | None = None,
    organisation_id: int | None = None,
    topic: str | None = None,
    message_id: int | None = None,
    lasts: timedelta = LASTS,
) -> str:
    """Write a link for a person and return its path, `/m/` and 43 characters.

    A newer link does not end an older one of the same purpose. In a mail that is only tried out
    (`trials`) it leads nowhere.
    """
    secret = secrets.token_urlsafe(32)
    if trials.language():
        return f"/m/{secret}"
    put(
        WRITE,
        {
            "secret_hash": hash_secret(secret),
            "purpose": purpose,
            "user_id": user_id,
            "lead_id": lead_id,
            "round": round_,
            "pickup_id": pickup_id,
            "feedback_id": feedback_id,
            "organisation_id": organisation_id,
            "topic": topic,
            "message_id": message_id,
            "created_at": at,
            "expires_at": at + lasts,
        },
    )
    return f"/m/{secret}"


def hash_secret(secret: str) -> bytes:
    """Return the SHA-256 of a secret, as it is stored."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def find(secret: str, at: datetime) -> MailLink | None:
    """Return the link of a secret; None where it is unknown, too old or revoked."""
    if len(secret) != LENGTH:
        return None
    return session().scalar(
        select(MailLink).where(
            MailLink.secret_hash == hash_secret(secret),
            MailLink.expires_at > at,
            MailLink.revoked_at.is_(None),
        )
    )


def revoke_all(user_id: int, at: datetime) -> None:
    """End every link of a person, when she leaves."""
    session().execute(
        update(MailLink)
        .where(MailLink.user_id == user_id, MailLink.revoked_at.is_(None))
        .values(revoked_at=at)
        .execution_options(synchronize_session=False)
    )


@jobs.job("mail.forget_links", queue="bulk")
def forget_links(_payload: jobs.Payload, at: datetime) -> None:
    """Delete the links that ended long ago, and old notes of who looked."""
    session().execute(delete(LinkView).where(LinkView.at < at - LOOKS_KEPT))
    session().execute(delete(MailLink).where(MailLink.expires_at < at - KEPT))

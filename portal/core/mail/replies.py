"""Addresses at which a person answers one of our mails: `fb+<token>@` the domain mail comes in at.

The token stands in the mail and nowhere else; the row holds its hash, whose answer comes there, and
in which state she read the thing. It gives nobody a right: what an answer may do is asked anew.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, delete, insert, select, update

from portal.core import jobs
from portal.core.db import put, session
from portal.core.mail.models import OutgoingEmail, ReplyToken

LASTS = timedelta(days=30)
KEPT = timedelta(days=400)
"""So long after its end a token is kept for whoever answers an old mail."""
LOCAL = "fb"
"""What the local part of these addresses begins with."""
CUSTOMER = "c"
"""What that of addresses begins with at which a customer answers."""
SECRET = "[a-z2-7]{26}"  # noqa: S105
IN_ADDRESS = re.compile(rf"(?i)\b{LOCAL}\+({SECRET})@")
# within one line and without a second try, however long what somebody sends
IN_TEXT = re.compile(rf"(?im)^[ \t>|*]*+Ref:[ \t]*+{LOCAL}-({SECRET})[ \t*]*+$")


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered at an address: about which lead, pickup or round, seen in which state.

    `topic` is the kind of the mail; `mark` is empty where the state doesn't matter.
    """

    token: str
    topic: str
    lead_id: int | None = None
    pickup_id: int | None = None
    round: int | None = None
    mark: str = ""

    @property
    def ref(self) -> str:
        """Return what stands at the foot of the mail, for programs that lose the address."""
        return f"{LOCAL}-{self.token}"

    def address(self, domain: str) -> str:
        """Return the address at which the answer arrives."""
        return f"{LOCAL}+{self.token}@{domain}"


# on the table and built once: each mail has one
WRITE = insert(cast(Table, ReplyToken.__table__))


def new_token() -> str:
    """Return 128 random bits as an address carries them, whatever is done to its case."""
    return base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()


def write(reply: Reply, user_id: int, mail_key: str, message_id: str, at: datetime) -> None:
    """Write down whose answer comes to an address, and in which mail it stands."""
    put(
        WRITE,
        {
            "secret_hash": hash_token(reply.token),
            "message_hash": hash_message_id(message_id),
            "mail_key": mail_key,
            "user_id": user_id,
            "topic": reply.topic,
            "lead_id": reply.lead_id,
            "pickup_id": reply.pickup_id,
            "round": reply.round,
            "mark": reply.mark,
            "created_at": at,
            "expires_at": at + LASTS,
            "uses": 0,
        },
    )


def hash_token(token: str) -> bytes:
    """Return the SHA-256 of a token, as it is stored; its case doesn't matter."""
    return hashlib.sha256(token.lower().encode("utf-8", "surrogatepass")).digest()


def hash_message_id(message_id: str) -> bytes:
    """Return the SHA-256 of the Message-ID of one of our mails."""
    return hashlib.sha256(message_id.strip("<> ").lower().encode("utf-8", "replace")).digest()


def find(token: str) -> ReplyToken | None:
    """Return the row of a token, be it over or not; None where there never was one."""
    query = select(ReplyToken).where(ReplyToken.secret_hash == hash_token(token))
    return session().scalar(query)


def find_by_mails(message_ids: Sequence[str]) -> ReplyToken | None:
    """Return the row of the newest of our mails that an answer says it is about."""
    if not message_ids:
        return None
    return session().scalar(
        select(ReplyToken)
        .where(ReplyToken.message_hash.in_([hash_message_id(one) for one in message_ids]))
        .order_by(ReplyToken.id.desc())
        .limit(1)
    )


def is_good(token: ReplyToken, at: datetime) -> bool:
    """Say whether a token has served its time neither by age nor because its person left."""
    return token.revoked_at is None and token.expires_at > at


def use(token: ReplyToken, at: datetime) -> None:
    """Note that something came to an address."""
    token.uses += 1
    token.last_used_at = at
    session().flush()


def find_sent(token: ReplyToken) -> tuple[str, str]:
    """Return text and HTML of the mail in which an address stands; empty once it is forgotten."""
    query = select(OutgoingEmail.text, OutgoingEmail.html)
    found = session().execute(query.where(OutgoingEmail.dedupe_key == token.mail_key)).first()
    return (found.text, found.html) if found else ("", "")


def revoke_all(user_id: int, at: datetime) -> None:
    """End every address of a person, when she leaves."""
    session().execute(
        update(ReplyToken)
        .where(ReplyToken.user_id == user_id, ReplyToken.revoked_at.is_(None))
        .values(revoked_at=at)
        .execution_options(synchronize_session=False)
    )


@jobs.job("mail.forget_replies", queue="bulk")
def forget_replies(_payload: jobs.Payload, at: datetime) -> None:
    """Delete the addresses that ended long ago."""
    session().execute(delete(ReplyToken).where(ReplyToken.expires_at < at - KEPT))

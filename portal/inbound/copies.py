"""The same mail by two ways: what servers on the way wrote differs, and it has one effect.

The bytes tell a mail that came twice on the same way (`pipeline.store`). Here it is told by what
its writer wrote: sender, Message-ID, date, text and files. By the Message-ID alone it is not, or
who uses that of another mail would keep that one from being read.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Select, func, or_, select, text

from portal.core.db import session
from portal.inbound.models import InboundMessage, MailState
from portal.inbound.parsing import Mail

IN_LINE = text("SELECT pg_advisory_xact_lock(hashtext('same mail'), :part)")
READ_BEFORE = "read_before"
EFFECTS = (MailState.TAKEN, MailState.APPLIED, MailState.REFUSED, MailState.ASKED_BACK)
WITHOUT_EFFECT = InboundMessage.state.in_((MailState.NOT_UNDERSTOOD, MailState.PUT_ASIDE))


def hash_of(mail: Mail) -> bytes | None:
    """Return what tells a mail from all others; None where it has neither Message-ID nor date."""
    named, dated = mail.headers.get("message-id", ""), mail.headers.get("date", "")
    if not named and not dated:
        return None
    # a server that writes a mail in another encoding may break its lines anew
    words = " ".join(mail.text.split())
    inner = " ".join((mail.forwarded or {}).get("text", "").split())
    parts = [part.encode("utf-8", "replace") for part in (mail.sender, named, dated, words, inner)]
    files = [hashlib.sha256(one.data).digest() for one in mail.files]
    sizes = b"".join(len(part).to_bytes(8) for part in parts)
    return hashlib.sha256(sizes + b"".join([*parts, *files])).digest()


def is_copy(message: InboundMessage, mail: Mail, token_id: int | None) -> bool:
    """Say whether this mail had its effect before, at its place or about the same mail of ours.

    Who reads another copy of it at this moment, or takes one in by hand, is waited for, until that
    is done or undone. One that nobody vouched for keeps none from being read that comes behind it.
    """
    found = hash_of(mail)
    if found is None:
        return False
    session().execute(IN_LINE, {"part": int.from_bytes(found[:4], signed=True)})
    message.message_hash = None
    others = of_same(message, found, token_id)
    session().scalars(others.where(WITHOUT_EFFECT).with_for_update()).all()
    if session().scalar(others.where(~WITHOUT_EFFECT).limit(1)):
        return True
    message.message_hash = found
    return False


def of_same(message: InboundMessage, found: bytes, token_id: int | None) -> Select[InboundMessage]:
    """Return the query for the other copies of a mail, as far as they are of the same place."""
    same_place = InboundMessage.recipient == message.recipient
    if token_id is not None:
        same_place = or_(same_place, InboundMessage.token_id == token_id)
    return select(InboundMessage).where(
        InboundMessage.message_hash == found, InboundMessage.id != message.id, same_place
    )


def waits_already(message: InboundMessage) -> bool:
    """Say whether another copy of a mail waits for people."""
    if message.message_hash is None:
        return False
    others = of_same(message, message.message_hash, message.token_id)
    waits = InboundMessage.state == MailState.NOT_UNDERSTOOD
    return session().scalar(others.where(waits).limit(1)) is not None


def settle_others(message: InboundMessage) -> None:
    """Let the copies of a mail wait for nobody any more, once it had its effect."""
    if message.message_hash is None or message.state not in EFFECTS:
        return
    others = of_same(message, message.message_hash, message.token_id)
    waits = InboundMessage.state == MailState.NOT_UNDERSTOOD
    for one in session().scalars(others.where(waits)).all():
        settle_as_copy(one)
    session().flush()


def settle_as_copy(message: InboundMessage) -> None:
    """Say that a mail is a copy of another one."""
    message.state, message.reason, message.message_hash = MailState.DUPLICATE, READ_BEFORE, None


def answered_before(message: InboundMessage, local: str) -> bool:
    """Say whether this very mail came before at another of our addresses that begin with `local`.

    Whoever has got hold of an old answer may send it once more, to an address that he knows.
    """
    if message.message_hash is None:
        return False
    there = select(func.count()).where(
        InboundMessage.message_hash == message.message_hash,
        InboundMessage.id != message.id,
        InboundMessage.recipient.startswith(local, autoescape=True),
    )
    return bool(session().scalar(there))

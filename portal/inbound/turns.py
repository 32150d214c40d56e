"""Whose turn it is among the mails that wait: each firm's in turn, whoever sends how many.

Known when a mail is kept, before anybody has read it. The firm is that of the person whose address
for answers it came to; nobody else knows that address. What comes without one stands in the line of
its place, be it from strangers or from who says that he is of a firm: nobody shall stand in a
firm's line by saying so. Within a line senders take turns; whose mails could not be taken apart of
late comes after everybody else.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, tuple_

from portal.accounts.models import User
from portal.core.db import session
from portal.core.mail.models import ReplyToken
from portal.inbound.models import FAILED, InboundMessage, MailState

BUCKETS = 1024
"""Senders are told apart by a number up to this one, which tells nobody who they are."""
AT_ONCE = 25
OF_LATE = timedelta(hours=1)


def line_of(recipient: str, token_id: int | None) -> str:
    """Return in which line a mail stands: that of a firm, or that of the place it came to."""
    query = select(User.organisation_id).join(ReplyToken, ReplyToken.user_id == User.id)
    firm_id = session().scalar(query.where(ReplyToken.id == token_id)) if token_id else None
    if firm_id is not None:
        return f"firm {firm_id}"
    return recipient.partition("@")[0].partition("+")[0]


def bucket_of(envelope_from: str) -> int:
    """Return the number of a sender among those of a line."""
    return zlib.crc32(envelope_from.strip().lower().encode("utf-8", "replace")) % BUCKETS


def list_next(at: datetime, but_not: Collection[int] = (), at_once: int = AT_ONCE) -> Sequence[int]:
    """Return the mails whose turn it is: one of each line, then the second of each, and so on."""
    costly = select(InboundMessage.line, InboundMessage.bucket).where(
        InboundMessage.state == MailState.NOT_UNDERSTOOD,
        InboundMessage.reason.in_(FAILED),
        InboundMessage.processed_at > at - OF_LATE,
    )
    waits = (
        select(
            InboundMessage.id,
            InboundMessage.line,
            func.row_number()
            .over(
                partition_by=(InboundMessage.line, InboundMessage.bucket),
                order_by=InboundMessage.id,
            )
            .label("of_sender"),
            tuple_(InboundMessage.line, InboundMessage.bucket).in_(costly).label("last"),
        )
        .where(
            InboundMessage.processed_at.is_(None),
            or_(InboundMessage.due_at.is_(None), InboundMessage.due_at <= at),
            InboundMessage.id.not_in(but_not),
        )
        .subquery()
    )
    in_line = func.row_number().over(
        partition_by=waits.c.line, order_by=(waits.c.last, waits.c.of_sender, waits.c.id)
    )
    query = select(waits.c.id).order_by(waits.c.last, in_line, waits.c.id)
    return session().scalars(query.limit(at_once)).all()

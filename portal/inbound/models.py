"""Tables of mail that comes in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class MailState(StrEnum):
    """What became of a mail."""

    RECEIVED = "received"
    TAKEN = "taken"
    IGNORED = "ignored"
    NOT_UNDERSTOOD = "not_understood"
    PUT_ASIDE = "put_aside"


class InboundMessage(Base):
    """A mail that came in, once per content and address it was sent to; nothing personal.

    `reason` is a code that says why nothing was taken; `user_id` who forwarded it. What was written
    stands in `InboundRaw`; it goes with the lead.
    """

    __tablename__ = "inbound_messages"

    id: Mapped[Id]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    recipient: Mapped[str]
    received_at: Mapped[datetime]
    size: Mapped[int]
    adapter: Mapped[str]
    state: Mapped[str] = mapped_column(default=MailState.RECEIVED)
    reason: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    processed_at: Mapped[datetime | None]
    lead_id: Mapped[int | None] = mapped_column(
        ForeignKey("leads.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (
        UniqueConstraint("digest", "recipient"),
        Index(
            "ix_inbound_messages_waiting",
            "received_at",
            postgresql_where=sql("processed_at IS NULL"),
        ),
        Index("ix_inbound_messages_state", "state", "id"),
        CheckConstraint(
            "state IN ('received','taken','ignored','not_understood','put_aside')", name="state"
        ),
    )


class InboundRaw(Base):
    """A mail as it came, kept for a set time. Row policies hide it until the wall is opened.

    `sender` and `sender_name` are whom a mail is from, once that was read.
    """

    __tablename__ = "inbound_raws"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("inbound_messages.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    envelope_from: Mapped[str]
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    sender: Mapped[str | None]
    sender_name: Mapped[str | None]

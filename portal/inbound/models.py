"""Tables of mail that comes in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class MailState(StrEnum):
    """What became of a mail."""

    RECEIVED = "received"
    TAKEN = "taken"
    IGNORED = "ignored"
    NOT_UNDERSTOOD = "not_understood"
    PUT_ASIDE = "put_aside"
    # an answer to one of our mails: done, refused for a reason that was told, or asked back
    APPLIED = "applied"
    REFUSED = "refused"
    ASKED_BACK = "asked_back"
    # it was read before, and came on another way once more
    DUPLICATE = "duplicate"


FAILED = ("gave_up", "unreadable")
"""Why a mail waits for people that nobody has read."""


class InboundMessage(Base):
    """A mail that came in, once per content and address it was sent to; nothing personal.

    `reason` is a code that says why nothing was taken; `user_id` who forwarded it, or whose answer
    it is that came to `token_id`. `answered` is what we wrote back, as a code. What was written
    stands in `InboundRaw`; it goes with the lead. `line` and `bucket` say whose turn it waits for
    (`turns`), `due_at` when it is tried again where reading it failed, `forgotten_at` since when
    nothing of what was written is kept.
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
    due_at: Mapped[datetime | None]
    processed_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]
    lead_id: Mapped[int | None] = mapped_column(
        ForeignKey("leads.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    token_id: Mapped[int | None] = mapped_column(ForeignKey("reply_tokens.id", ondelete="SET NULL"))
    answered: Mapped[str | None]
    # which mail it is, whatever servers wrote on its way; of a copy of another one nothing
    message_hash: Mapped[bytes | None] = mapped_column(LargeBinary, index=True)
    line: Mapped[str] = mapped_column(server_default="")
    bucket: Mapped[int] = mapped_column(SmallInteger, server_default="0")

    __table_args__ = (
        UniqueConstraint("digest", "recipient"),
        Index(
            "uq_inbound_messages_message_hash_recipient",
            *("message_hash", "recipient"),
            unique=True,
            postgresql_where=sql("state NOT IN ('not_understood', 'put_aside')"),
        ),
        Index(
            "ix_inbound_messages_answered",
            "user_id",
            "processed_at",
            postgresql_where=sql("answered IS NOT NULL"),
        ),
        Index(
            "ix_inbound_messages_waiting",
            *("line", "bucket", "id"),
            postgresql_where=sql("processed_at IS NULL"),
        ),
        Index("ix_inbound_messages_state", "state", "id"),
        Index(
            "ix_inbound_messages_kept",
            "received_at",
            postgresql_where=sql("forgotten_at IS NULL"),
        ),
        CheckConstraint(
            "state IN ('received','taken','ignored','not_understood','put_aside','applied',"
            "'refused','asked_back','duplicate')",
            name="state",
        ),
    )

    @property
    def may_be_read_again(self) -> bool:
        """Say whether another try may read a mail that waits for people."""
        return (
            self.state == MailState.NOT_UNDERSTOOD
            and self.reason in FAILED
            and self.forgotten_at is None
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


class InboundReading(Base):
    """What was read in an answer, kept as long as the mail; behind the same wall.

    `said` has the `action`, what was `typed` into its fields, the person's own `words`, the
    `doubts` as codes, and what was `told` in her language where it was refused.
    """

    __tablename__ = "inbound_readings"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("inbound_messages.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    said: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Mailbox(Base):
    """A mailbox that mail is fetched from, up to where it was read, and what is in the way."""

    __tablename__ = "mailboxes"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    # the numbers of its mails mean something only together with this one
    uid_validity: Mapped[int] = mapped_column(BigInteger)
    last_uid: Mapped[int] = mapped_column(BigInteger)
    looked_at: Mapped[datetime | None]
    trouble: Mapped[str | None]
    trouble_since: Mapped[datetime | None]


class LeftMail(Base):
    """A mail in a mailbox that could not be taken: tried again at `due_at`, given up without."""

    __tablename__ = "mailbox_left"

    mailbox_id: Mapped[int] = mapped_column(
        ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    uid: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    tries: Mapped[int]
    code: Mapped[str]
    left_at: Mapped[datetime]
    due_at: Mapped[datetime | None]

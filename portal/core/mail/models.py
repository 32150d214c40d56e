"""The tables of outgoing mail and of the links in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import CITEXT, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class OutgoingEmail(Base):
    """One mail to one person. `dedupe_key` makes sure that it is written once.

    queued → sending → sent; back to queued with a delay after an error, failed after the last one.
    held while its address takes no mails of ours (`standing`).
    `encloses` names who makes the files that go along, and of which ids (`enclosures`). `lasting`
    is the copy that takes the place of text and HTML once what passes is to be forgotten.
    """

    __tablename__ = "outgoing_emails"

    id: Mapped[Id]
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    lead_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    to_address: Mapped[str] = mapped_column(CITEXT)
    to_name: Mapped[str]
    # of the address, in lower case; empty: nobody said, and no pace is kept
    domain: Mapped[str] = mapped_column(default="", server_default=sql("''"))
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    headers: Mapped[dict[str, str]] = mapped_column(JSONB)
    encloses: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    lasting: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    message_id: Mapped[str]
    status: Mapped[str] = mapped_column(default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None]
    # when it was last taken up for its domain, or went out
    tried_at: Mapped[datetime | None]
    # since when the server is told of it; empty while it only waits in a worker's batch
    handed_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_outgoing_emails_pace", "tried_at", "domain"),
        Index(
            "ix_outgoing_emails_queued",
            "next_attempt_at",
            "id",
            postgresql_where=sql("status IN ('queued','sending')"),
        ),
        Index(
            "ix_outgoing_emails_failed",
            "id",
            postgresql_where=sql("status = 'failed'"),
        ),
        Index(
            "ix_outgoing_emails_held",
            "to_address",
            postgresql_where=sql("status = 'held'"),
        ),
        CheckConstraint("status IN ('queued','sending','sent','failed','held')", name="status"),
    )


class MailAddress(Base):
    """What is known of how an address takes our mails; the address itself stands nowhere here.

    `code` says why it was marked, as the queue notes errors; what came back before `counts_from`
    counts no more. `last_mail_id` is the mail that was told of last.
    """

    __tablename__ = "mail_addresses"

    id: Mapped[Id]
    address_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    domain: Mapped[str]
    marked_at: Mapped[datetime | None]
    code: Mapped[str | None]
    complained_at: Mapped[datetime | None]
    counts_from: Mapped[datetime]
    last_mail_id: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        Index(
            "ix_mail_addresses_barred",
            "id",
            postgresql_where=sql("marked_at IS NOT NULL OR complained_at IS NOT NULL"),
        ),
    )


class MailReturn(Base):
    """A mail came back, for good or for now, or its reader complained; once for each mail."""

    __tablename__ = "mail_returns"

    id: Mapped[Id]
    address_id: Mapped[int] = mapped_column(ForeignKey("mail_addresses.id", ondelete="CASCADE"))
    mail_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    code: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("mail_id", "kind"),
        Index(None, "address_id", "at"),
        CheckConstraint("kind IN ('hard','soft','complaint')", name="kind"),
    )


class MailLink(Base):
    """A link of a mail to a page with buttons, for one person and one purpose.

    Which of `lead_id`, `round`, `pickup_id` and `feedback_id` are set, the purpose says; `topic`
    names what a link of purpose `stop` stops, and the kind of those of purpose `terms`, to which
    the firm `organisation_id` agrees.
    """

    __tablename__ = "mail_links"

    id: Mapped[Id]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    purpose: Mapped[str]
    user_id: Mapped[int] = mapped_column(BigInteger, index=True)
    lead_id: Mapped[int | None] = mapped_column(BigInteger)
    round: Mapped[int | None]
    pickup_id: Mapped[int | None] = mapped_column(BigInteger)
    feedback_id: Mapped[int | None] = mapped_column(BigInteger)
    organisation_id: Mapped[int | None] = mapped_column(BigInteger)
    topic: Mapped[str | None]
    # the mail of the person that a link of purpose `confirm` is about
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "purpose IN ('offer','feedback','undo','stand_by','stop','more_time','confirm',"
            "'terms','own_lead')",
            name="purpose",
        ),
    )


class ReplyToken(Base):
    """An address at which one person answers one of our mails; `mail_key` says which.

    `topic` is the kind of that mail, `mark` the state in which she saw the thing. Which of
    `lead_id`, `pickup_id` and `round` are set, the topic says; a mail about many things has none.
    """

    __tablename__ = "reply_tokens"

    id: Mapped[Id]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    message_hash: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    mail_key: Mapped[str]
    user_id: Mapped[int] = mapped_column(BigInteger, index=True)
    topic: Mapped[str]
    lead_id: Mapped[int | None] = mapped_column(BigInteger)
    pickup_id: Mapped[int | None] = mapped_column(BigInteger)
    round: Mapped[int | None]
    mark: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    uses: Mapped[int] = mapped_column(default=0)
    last_used_at: Mapped[datetime | None]


class LinkView(Base):
    """The page of a link was opened; kept at most once in a few seconds for each link."""

    __tablename__ = "link_views"

    id: Mapped[Id]
    link_id: Mapped[int] = mapped_column(ForeignKey("mail_links.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]

    __table_args__ = (Index(None, "user_id", "at"), Index(None, "link_id", "at"))

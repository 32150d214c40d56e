"""The tables of what customers are told and asked, and of what they say. Nothing personal."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class LetterKind(StrEnum):
    """What a mail to a customer is for."""

    TOLD = "told"
    ASKED = "asked"


class Outcome(StrEnum):
    """What became of a mail to a customer."""

    SENT = "sent"
    # the lead left those hands, the customer was called before, or it could not go for too long
    PAST = "past"
    # the customer was told the same a short while before
    KNOWN = "known"
    # no legal basis, no address that takes mails, asked not to be approached, or one of our own
    NOBODY = "nobody"


class Said(StrEnum):
    """What a customer says of whether anybody called."""

    YES = "yes"
    NO = "no"


class Way(StrEnum):
    """How a customer said so."""

    PAGE = "page"
    MAIL = "mail"


class CustomerLetter(Base):
    """A mail to the customer of a lead in hand, due at `due_at`: who calls, or whether they did.

    `user_id` is who is to call, `call_by` until when that was said. `secret_hash` is of what its
    link and its address for answers carry; empty until it is sent.
    """

    __tablename__ = "customer_letters"

    id: Mapped[Id]
    kind: Mapped[str]
    pickup_id: Mapped[int] = mapped_column(ForeignKey("pickups.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    due_at: Mapped[datetime]
    call_by: Mapped[datetime | None]
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    settled_at: Mapped[datetime | None]
    outcome: Mapped[str | None]

    __table_args__ = (
        Index(
            "uq_customer_letters_told",
            "pickup_id",
            "user_id",
            unique=True,
            postgresql_where=text("kind = 'told'"),
        ),
        Index(
            "uq_customer_letters_asked",
            "pickup_id",
            unique=True,
            postgresql_where=text("kind = 'asked'"),
        ),
        Index(
            "ix_customer_letters_due",
            "due_at",
            "id",
            postgresql_where=text("settled_at IS NULL"),
        ),
        CheckConstraint("kind IN ('told','asked')", name="kind"),
        CheckConstraint("outcome IN ('sent','past','known','nobody')", name="outcome"),
        CheckConstraint("(settled_at IS NULL) = (outcome IS NULL)", name="settled"),
        CheckConstraint(
            "(secret_hash IS NOT NULL) = (outcome IS NOT DISTINCT FROM 'sent')", name="secret"
        ),
    )


class CustomerWord(Base):
    """What the customer of a lead in hand said last, since `said_at`, first at `first_at`.

    `contact_at` is what the pickup's first contact was set to by a yes, where the holder had said
    nothing of it.
    """

    __tablename__ = "customer_words"

    pickup_id: Mapped[int] = mapped_column(
        ForeignKey("pickups.id"), primary_key=True, autoincrement=False
    )
    said: Mapped[str]
    way: Mapped[str]
    first_at: Mapped[datetime]
    said_at: Mapped[datetime]
    contact_at: Mapped[datetime | None]

    __table_args__ = (
        # what is looked through for leads that sit
        Index("ix_customer_words_no", "pickup_id", postgresql_where=text("said = 'no'")),
        CheckConstraint("said IN ('yes','no')", name="said"),
        CheckConstraint("way IN ('page','mail')", name="way"),
    )

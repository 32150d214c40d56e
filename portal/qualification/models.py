"""Tables of qualification: rules that route inquiries, steps, who works on what, who was tried."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    true,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class InquiryRoute(Base):
    """A rule that gives inquiries to a unit or a person; the first that fits decides.

    `places` are ISO codes of countries (DE) and of their states (DE-NI). None in a list means any.
    """

    __tablename__ = "inquiry_routes"

    id: Mapped[Id]
    position: Mapped[int]
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    kind: Mapped[str | None]
    places: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    size_band_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    product_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        CheckConstraint("(unit_id IS NULL) <> (user_id IS NULL)", name="to_one"),
        CheckConstraint("kind IS NULL OR kind IN ('end_customer','partner_recruit')", name="kind"),
    )


class QualificationStep(Base):
    """A step of qualifying leads of a kind, by the people of a unit; steps follow by `position`.

    With `briefing` the appointment in which one unit briefs the next belongs to handing on.
    """

    __tablename__ = "qualification_steps"

    id: Mapped[Id]
    kind: Mapped[str]
    key: Mapped[str]
    position: Mapped[int]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    briefing: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        UniqueConstraint("kind", "key"),
        CheckConstraint("key IN ('profiling','bant','recruit')", name="key"),
        CheckConstraint("kind IN ('end_customer','partner_recruit')", name="kind"),
    )


class DeskWork(Base):
    """How the work on qualifying a lead stands; no row where nobody has begun.

    Whoever works on it has it for herself until `locked_until`. `reached_at` is when contact was
    made first. `step` is the key of the step in which it is.
    """

    __tablename__ = "desk_work"

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    locked_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    locked_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_outcome: Mapped[str | None]
    last_attempt_at: Mapped[datetime | None]
    reached_at: Mapped[datetime | None]
    call_back_at: Mapped[datetime | None]
    step: Mapped[str | None]

    __table_args__ = (
        Index(
            "ix_desk_work_call_back_at",
            "call_back_at",
            postgresql_where=sql("call_back_at IS NOT NULL"),
        ),
    )


class ContactAttempt(Base):
    """Somebody tried to reach the contact of a lead. What was said stands in the activity."""

    __tablename__ = "contact_attempts"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    outcome: Mapped[str]
    call_back_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "outcome IN ('reached','voicemail','no_answer','wrong_number','call_back')",
            name="outcome",
        ),
    )


class NurtureMail(Base):
    """A mail to contacts in nurture, `days` after nurture began; texts by language."""

    __tablename__ = "nurture_mails"

    id: Mapped[Id]
    days: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)
    subjects: Mapped[dict[str, str]]
    texts: Mapped[dict[str, str]]
    version: Mapped[int] = mapped_column(default=1)


class NurtureRule(Base):
    """Leads lost for this reason are kept warm for so many months, with mails or without."""

    __tablename__ = "nurture_rules"

    reason_id: Mapped[int] = mapped_column(
        ForeignKey("catalog_entries.id"), primary_key=True, autoincrement=False
    )
    months: Mapped[int]
    mails: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (CheckConstraint("months BETWEEN 1 AND 36", name="months"),)


class Nurture(Base):
    """A lead that is kept warm from `since` until `until`, whether in nurture or in the archive.

    `next_at` is when the next mail is due, None where none is; `sent_days` the day of the last
    one. A lead that was nurtured once and is again has the same row. Nobody is `by_id` where its
    policy put it there, or the rule of the reason for which it was lost: `reason_id`. It stays lost
    meanwhile. No mails go where `mails` says so.
    """

    __tablename__ = "nurtures"

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    since: Mapped[datetime]
    until: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    sent: Mapped[int] = mapped_column(default=0)
    sent_days: Mapped[int] = mapped_column(default=-1)
    mails: Mapped[bool] = mapped_column(default=True, server_default=true())
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    next_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_nurtures_next_at",
            "next_at",
            postgresql_where=sql("ended_at IS NULL AND next_at IS NOT NULL"),
        ),
        Index("ix_nurtures_until", "until", postgresql_where=sql("ended_at IS NULL")),
    )


class Confirmation(Base):
    """Who worked on a lead asked its contact again and found the interest to be there (SQL)."""

    __tablename__ = "lead_confirmations"

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))

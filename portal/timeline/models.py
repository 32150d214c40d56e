"""Tables of the timeline."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import User
from portal.core.db import Base, Id

ACTIVITY_KINDS = (
    "note",
    "call",
    "email",
    "appointment",
    "task",
    "feedback",
    "milestone",
)


class Activity(Base):
    """One entry: a note, call, e-mail, appointment or task, or a feedback.

    `planned_for` is set for what lies ahead, `done_at` once it is done. `organisation_id` is the
    firm whose entry it is; a partner's entries are read inside that firm only.
    """

    __tablename__ = "activities"

    id: Mapped[Id]
    subject: Mapped[str]
    subject_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    at: Mapped[datetime]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    text: Mapped[str]
    code: Mapped[str | None]
    planned_for: Mapped[datetime | None]
    done_at: Mapped[datetime | None]

    author: Mapped[User | None] = relationship()

    __table_args__ = (Index(None, "subject", "subject_id", "at"),)


class FirmNote(Base):
    """What somebody wrote about a lead for her own firm; `shared_at` is when the other side could
    read it, too: the vendor what the holder's firm wrote, the holder what the vendor wrote.

    Row policies hide every row from whoever has not opened the wall (`leads.wall`).
    """

    __tablename__ = "firm_notes"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(BigInteger, index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    text: Mapped[str]
    shared_at: Mapped[datetime | None]

    author: Mapped[User] = relationship()


class ContactLook(Base):
    """Somebody was shown the contact data of a lead."""

    __tablename__ = "contact_looks"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(BigInteger, index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    channel: Mapped[str]

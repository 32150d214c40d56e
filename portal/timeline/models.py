"""Tables of the timeline."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import User
from portal.core.db import Base, Id

OPEN = "done_at IS NULL AND cancelled_at IS NULL"
"""Which activities lie ahead, as the indexes have it."""


class Activity(Base):
    """One entry: a call, e-mail, appointment or task of somebody, or an answer that was given.

    `planned_for` is set for what lies ahead, `done_at` once it is done, `cancelled_at` once nobody
    needs it any more; `code` says why where the portal decided that. `remind_at` is when whoever
    has it is told, `reminded_at` when that was. `organisation_id` is the firm whose entry it is.
    What people wrote about it stands in `ActivityWords`.
    """

    __tablename__ = "activities"

    id: Mapped[Id]
    subject: Mapped[str]
    subject_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    at: Mapped[datetime]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    text: Mapped[str] = mapped_column(default="")
    code: Mapped[str | None]
    planned_for: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    cancelled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    remind_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]

    author: Mapped[User | None] = relationship(foreign_keys=[author_id])

    __table_args__ = (
        Index(None, "subject", "subject_id", "at"),
        Index("ix_activities_open", "subject", "subject_id", postgresql_where=sql(OPEN)),
        Index("ix_activities_open_of_assignee", "assignee_id", postgresql_where=sql(OPEN)),
        Index(
            "ix_activities_reminders",
            "remind_at",
            postgresql_where=sql(f"{OPEN} AND reminded_at IS NULL"),
        ),
        CheckConstraint("done_at IS NULL OR cancelled_at IS NULL", name="settled_once"),
    )

    @property
    def is_open(self) -> bool:
        """True for what lies ahead."""
        return self.done_at is None and self.cancelled_at is None

    @property
    def settled_at(self) -> datetime | None:
        """Return when it was done, or not needed any more."""
        return self.done_at or self.cancelled_at


class ActivityWords(Base):
    """What people wrote about an activity, and what came of it; `shared_at` as of notes.

    Row policies hide every row from whoever has not opened the wall (`timeline.wall`).
    """

    __tablename__ = "activity_words"

    activity_id: Mapped[int] = mapped_column(
        ForeignKey("activities.id"), primary_key=True, autoincrement=False
    )
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    subject: Mapped[str]
    subject_id: Mapped[int] = mapped_column(BigInteger)
    text: Mapped[str]
    outcome: Mapped[str | None]
    shared_at: Mapped[datetime | None]


class Attachment(Base):
    """A file that somebody attached to something; `key` is the name under which it lies.

    Nobody is its author where it came by mail.

    `kind` is the media type that its own bytes say, `size` its bytes. What it is called stands in
    `AttachmentName`.
    """

    __tablename__ = "attachments"

    id: Mapped[Id]
    subject: Mapped[str]
    subject_id: Mapped[int] = mapped_column(BigInteger)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index("ix_attachments_about", "subject", "subject_id"),)


class AttachmentName(Base):
    """What an attached file is called; `shared_at` as of notes.

    Row policies hide every row from whoever has not opened the wall (`timeline.wall`).
    """

    __tablename__ = "attachment_names"

    attachment_id: Mapped[int] = mapped_column(
        ForeignKey("attachments.id"), primary_key=True, autoincrement=False
    )
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    subject: Mapped[str]
    subject_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str]
    shared_at: Mapped[datetime | None]


class FirmNote(Base):
    """What somebody wrote for her own firm; `shared_at` is when the other side of a lead could read
    it, too: the vendor what the holder's firm wrote, the holder what the vendor wrote.

    Row policies hide every row from whoever has not opened the wall (`timeline.wall`).
    """

    __tablename__ = "firm_notes"

    id: Mapped[Id]
    subject: Mapped[str] = mapped_column(server_default="lead")
    subject_id: Mapped[int] = mapped_column(BigInteger, index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    text: Mapped[str]
    shared_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]

    author: Mapped[User] = relationship()


class NoteVersion(Base):
    """What a note said until it was changed at `at`. Behind the wall, for the own firm alone."""

    __tablename__ = "note_versions"

    id: Mapped[Id]
    note_id: Mapped[int] = mapped_column(
        ForeignKey("firm_notes.id", ondelete="CASCADE"), index=True
    )
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    at: Mapped[datetime]
    text: Mapped[str]


class ContactLook(Base):
    """Somebody was shown the contact data of a lead."""

    __tablename__ = "contact_looks"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(BigInteger, index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    channel: Mapped[str]

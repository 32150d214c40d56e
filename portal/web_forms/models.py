"""Tables of web forms and of what was sent by them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class FormKind(StrEnum):
    CONTACT = "contact"
    TRIAL = "trial"
    EVENT = "event"


class EntryState(StrEnum):
    """Waits for the press of its mail, is in, or was never confirmed."""

    WAITING = "waiting"
    TAKEN = "taken"
    LAPSED = "lapsed"


class WebForm(Base):
    """A form that anybody may fill in. `key` is its address and never changes.

    `words` are its texts by language, then by name (`rules.WORDS`); `fields` what it asks, in their
    order (`rules.Asked`). `consent_key` names the words that people agree to; without them their
    asking is the legal basis. `sites` are the origins that may hold it in a frame or post to it.
    From `calm` a minute on everybody is asked once more whether he is one.
    """

    __tablename__ = "web_forms"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    words: Mapped[dict[str, Any]]
    fields: Mapped[list[dict[str, Any]]]
    type_key: Mapped[str]
    source_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id"))
    consent_key: Mapped[str | None]
    confirms: Mapped[bool] = mapped_column(default=False)
    thanks: Mapped[bool] = mapped_column(default=True)
    sites: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    event_at: Mapped[datetime | None]
    event_place: Mapped[str | None]
    calm: Mapped[int] = mapped_column(default=60)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        CheckConstraint("kind IN ('contact','trial','event')", name="kind"),
        CheckConstraint("calm > 0", name="calm"),
    )


class FormEntry(Base):
    """What somebody sent by a form, without a word of it: those stand in `FormEntryWords`.

    `digest` makes one press one entry. `consent` names the words that were agreed to. While it
    waits `secret_hash` opens its confirmation, until `expires_at`.
    """

    __tablename__ = "web_form_entries"

    id: Mapped[Id]
    form_id: Mapped[int] = mapped_column(ForeignKey("web_forms.id"))
    at: Mapped[datetime]
    state: Mapped[str]
    locale: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    consent: Mapped[str | None]
    lead_id: Mapped[int | None] = mapped_column(
        ForeignKey("leads.id", ondelete="SET NULL"), index=True
    )
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    confirmed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_web_form_entries_form_id", "form_id", "at"),
        Index("ix_web_form_entries_old", "at", postgresql_where=text("state = 'waiting'")),
        CheckConstraint("state IN ('waiting','taken','lapsed')", name="state"),
    )


class FormEntryWords(Base):
    """What somebody typed, as long as it is needed: until he is thanked, or has confirmed it.

    Behind the `wall`: row policies hide it from whoever has not opened it.
    """

    __tablename__ = "web_form_words"

    entry_id: Mapped[int] = mapped_column(
        ForeignKey("web_form_entries.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    typed: Mapped[dict[str, Any]] = mapped_column(JSONB)

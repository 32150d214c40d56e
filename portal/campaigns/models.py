"""Tables of campaigns, what they cost, who takes part, and the words that people agree to."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class Channel(StrEnum):
    """The way on which a campaign reaches people."""

    SEARCH = "search"
    DISPLAY = "display"
    SOCIAL = "social"
    EMAIL = "email"
    DIRECT_MAIL = "direct_mail"
    PHONE = "phone"
    EVENT = "event"
    CONTENT = "content"
    BOUGHT_LIST = "bought_list"
    PARTNER = "partner"
    OTHER = "other"


class Campaign(Base):
    """What brings inquiries in. `key` is how addresses and files name it, and never changes.

    Amounts are in the programme's currency. `per_lead` is paid for each lead of it, besides what
    was spent in whole (`CampaignCost`). `source_id` is where its leads come from, unless they say.
    """

    __tablename__ = "campaigns"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    channel: Mapped[str]
    source_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    budget: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    per_lead: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    note: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    archived_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        CheckConstraint(
            "channel IN ('search','display','social','email','direct_mail','phone','event',"
            "'content','bought_list','partner','other')",
            name="channel",
        ),
        CheckConstraint("ends_on >= starts_on", name="ends_after_it_starts"),
        CheckConstraint("budget >= 0", name="budget"),
        CheckConstraint("per_lead >= 0", name="per_lead"),
    )


class CampaignCost(Base):
    """What was spent on a campaign on a day; an amount below nought is money that came back."""

    __tablename__ = "campaign_costs"

    id: Mapped[Id]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    day: Mapped[date]
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    what: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class CampaignPartner(Base):
    """A firm that takes part in a campaign: it carries it to its own customers, or pays for it."""

    __tablename__ = "campaign_partners"

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id"), primary_key=True, autoincrement=False
    )
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id"), primary_key=True, autoincrement=False, index=True
    )
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class ConsentText(Base):
    """A version of words that people agree to, by language. Never changed, only followed.

    Leads name it as `key/version`.
    """

    __tablename__ = "consent_texts"

    id: Mapped[Id]
    key: Mapped[str]
    version: Mapped[int]
    words: Mapped[dict[str, str]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (UniqueConstraint("key", "version"),)

    @property
    def name(self) -> str:
        """Return how a lead names these words."""
        return f"{self.key}/{self.version}"

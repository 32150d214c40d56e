"""The entries of the catalogue, each kind a class of its own, and the programme's own fields."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class Blame(StrEnum):
    """Whom a reason counts against."""

    VENDOR = "vendor"
    PARTNER = "partner"
    MARKET = "market"
    NONE = "none"


class Entry(Base):
    """An entry of the catalogue. `key` is stable, `names` are its labels per language."""

    __tablename__ = "catalog_entries"

    id: Mapped[Id]
    kind: Mapped[str]
    key: Mapped[str]
    names: Mapped[dict[str, str]] = mapped_column(JSONB)
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)

    __mapper_args__ = {"polymorphic_on": "kind", "with_polymorphic": "*"}
    __table_args__ = (UniqueConstraint("kind", "key"),)

    def label(self, locale: str) -> str:
        """Return the name in `locale`, else in English."""
        return self.names.get(locale[:2]) or self.names.get("en") or self.key


class Brand(Entry):
    __mapper_args__ = {"polymorphic_identity": "brand"}


class Product(Entry):
    """A product of a brand, or where `service` is said a service; `price_book` is the address where
    its prices stand.
    """

    service: Mapped[bool | None]
    brand_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    price_book: Mapped[str | None]
    __mapper_args__ = {"polymorphic_identity": "product"}


EVERY = {"all-products": False, "all-services": True}
"""What stands for each product, or each service, there is, now and later; it is no key."""


class _WithSynonyms(Entry):
    """Entries that imported spellings are matched to."""

    synonyms: Mapped[list[str] | None] = mapped_column(ARRAY(Text), use_existing_column=True)
    __mapper_args__ = {"polymorphic_abstract": True}


class Industry(_WithSynonyms):
    __mapper_args__ = {"polymorphic_identity": "industry"}


class Source(_WithSynonyms):
    """Where inquiries come from; `expectation` says with what expectation to approach them.

    `basis` is the legal basis of those who come so, where it is the same for all of them.
    """

    expectation: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    basis: Mapped[str | None]
    __mapper_args__ = {"polymorphic_identity": "source"}


class _Band(Entry):
    """A range; `high` is exclusive, None is open-ended."""

    low: Mapped[Decimal | None] = mapped_column(Numeric(14, 2), use_existing_column=True)
    high: Mapped[Decimal | None] = mapped_column(Numeric(14, 2), use_existing_column=True)
    __mapper_args__ = {"polymorphic_abstract": True}


class SizeBand(_Band):
    """Number of people of a company."""

    __mapper_args__ = {"polymorphic_identity": "size_band"}


class ValueBand(_Band):
    """Expected value of a lead, in the programme's currency."""

    __mapper_args__ = {"polymorphic_identity": "value_band"}


class Reason(Entry):
    """Why an offer is declined, a lead given back, lost, disqualified, cancelled or taken back, or
    rests, or more time asked for; `blame` says whom it counts against.
    """

    purpose: Mapped[str | None]
    blame: Mapped[str | None]
    __mapper_args__ = {"polymorphic_identity": "reason"}


class PartnerLevel(Entry):
    """Partner level; a higher `rank` is a higher level."""

    rank: Mapped[int | None]
    __mapper_args__ = {"polymorphic_identity": "partner_level"}


class Specialisation(Entry):
    __mapper_args__ = {"polymorphic_identity": "specialisation"}


class Certification(Entry):
    __mapper_args__ = {"polymorphic_identity": "certification"}


class CustomerClass(Entry):
    """How a customer is classified."""

    __mapper_args__ = {"polymorphic_identity": "customer_class"}


class CreditRating(Entry):
    """How far a customer is good for what it orders."""

    __mapper_args__ = {"polymorphic_identity": "credit_rating"}


class Category(Entry):
    """The business that a lead is: with companies, with private people, with partners."""

    __mapper_args__ = {"polymorphic_identity": "category"}


class Competitor(Entry):
    """Somebody else whom a customer asks, or buys from."""

    __mapper_args__ = {"polymorphic_identity": "competitor"}


KINDS: dict[str, type[Entry]] = {
    "brand": Brand,
    "product": Product,
    "industry": Industry,
    "source": Source,
    "size_band": SizeBand,
    "value_band": ValueBand,
    "reason": Reason,
    "partner_level": PartnerLevel,
    "specialisation": Specialisation,
    "certification": Certification,
    "customer_class": CustomerClass,
    "credit_rating": CreditRating,
    "category": Category,
    "competitor": Competitor,
}

REASON_PURPOSES = (
    "decline",
    "give_back",
    "lost",
    "disqualify",
    "cancel",
    "recall",
    "extension",
    "pause",
)


class FieldSubject(StrEnum):
    """What a programme may keep fields of its own about."""

    LEAD = "lead"
    PARTNER = "partner"
    CUSTOMER = "customer"


class FieldKind(StrEnum):
    """What stands in a field; it never changes, so that what is kept stays readable."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    WHOLE = "whole"
    DECIMAL = "decimal"
    YES_NO = "yes_no"
    DAY = "day"
    ONE = "one"
    SEVERAL = "several"
    WEB = "web"


class CustomField(Base):
    """A field that the programme keeps about each lead, partner or customer.

    Values stand as JSON by `key`, in a column of what they are about; `fields` says in which form.
    `choices` are `{"key", "names", "active"}` in their order. `teaser`: partners read it of a lead
    before pickup, too. Fields and choices are never deleted, only taken out of use.
    """

    __tablename__ = "custom_fields"

    id: Mapped[Id]
    subject: Mapped[str]
    key: Mapped[str]
    kind: Mapped[str]
    names: Mapped[dict[str, str]]
    hints: Mapped[dict[str, str]]
    choices: Mapped[list[dict[str, Any]]]
    required: Mapped[bool] = mapped_column(default=False)
    teaser: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        UniqueConstraint("subject", "key"),
        CheckConstraint("subject IN ('lead','partner','customer')", name="subject"),
        CheckConstraint(
            "kind IN ('text','long_text','whole','decimal','yes_no','day','one','several','web')",
            name="kind",
        ),
        CheckConstraint("NOT teaser OR subject = 'lead'", name="teaser_of_leads"),
    )

    def label(self, locale: str) -> str:
        """Return the name in `locale`, else in English."""
        return self.names.get(locale[:2]) or self.names.get("en") or self.key

    def hint(self, locale: str) -> str:
        """Return what is said below it in `locale`, else in English."""
        return self.hints.get(locale[:2]) or self.hints.get("en") or ""

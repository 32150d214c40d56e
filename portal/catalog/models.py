"""One table of catalogue entries; each kind is a class of its own."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, Numeric, Text, UniqueConstraint
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
    """A product or service of a brand."""

    brand_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    __mapper_args__ = {"polymorphic_identity": "product"}


class _WithSynonyms(Entry):
    """Entries that imported spellings are matched to."""

    synonyms: Mapped[list[str] | None] = mapped_column(ARRAY(Text), use_existing_column=True)
    __mapper_args__ = {"polymorphic_abstract": True}


class Industry(_WithSynonyms):
    __mapper_args__ = {"polymorphic_identity": "industry"}


class Source(_WithSynonyms):
    """Where inquiries come from; `expectation` says with what expectation to approach them."""

    expectation: Mapped[dict[str, str] | None] = mapped_column(JSONB)
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
    """Why an offer is declined, a lead given back, lost or disqualified, and who is to blame."""

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
}

REASON_PURPOSES = ("decline", "give_back", "lost", "disqualify")

"""Tables of goals, territories, terms with who agreed to them, and referral partners."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint, false
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from portal.core.db import Base, Id


class TermsKind(StrEnum):
    """What terms are about: taking part in the programme, or referring leads to the vendor."""

    PROGRAMME = "programme"
    REFERRAL = "referral"


class Terms(Base):
    """One version of the terms of a kind, in each language; never changed.

    From `binding_from` on, a day of the vendor's calendar, a firm is offered leads only if it has
    agreed to this version or a later one; None: agreeing is asked for, but nothing hangs on it.
    """

    __tablename__ = "programme_terms"

    id: Mapped[Id]
    kind: Mapped[str]
    number: Mapped[int]
    texts: Mapped[dict[str, str]]
    binding_from: Mapped[date | None]
    made_at: Mapped[datetime]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (
        UniqueConstraint("kind", "number"),
        CheckConstraint("kind IN ('programme','referral')", name="kind"),
    )


class Acceptance(Base):
    """A firm agreed to a version of the terms."""

    __tablename__ = "terms_acceptances"

    terms_id: Mapped[int] = mapped_column(ForeignKey("programme_terms.id"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id"), primary_key=True, index=True
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]


class GoalKind(StrEnum):
    """What a goal counts, see `queries.reached`."""

    WON_VALUE = "won_value"
    PIPELINE = "pipeline"
    WON_LEADS = "won_leads"
    LOYALTY = "loyalty"
    PARTNERS = "partners"
    TERRITORIES = "territories"


class Goal(Base):
    """What the programme wants to reach from `starts_on` to `ends_on`, both days included.

    `target` is an amount in the programme's currency, or a number. `product_id` narrows won leads
    to a product, `codes` (ISO codes of countries and states) to where they are, or name the
    territories that partners are wanted in.
    """

    __tablename__ = "programme_goals"

    id: Mapped[Id]
    kind: Mapped[str]
    name: Mapped[str]
    target: Mapped[int] = mapped_column(BigInteger)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    product_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    codes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")

    __table_args__ = (
        CheckConstraint(
            "kind IN ('won_value','pipeline','won_leads','loyalty','partners','territories')",
            name="kind",
        ),
        CheckConstraint("target > 0", name="target"),
        CheckConstraint("ends_on >= starts_on", name="order"),
    )


class Territory(Base):
    """A country or state where the programme runs, and how many partners it wants there."""

    __tablename__ = "programme_territories"

    code: Mapped[str] = mapped_column(primary_key=True)
    partners_wanted: Mapped[int] = mapped_column(default=0, server_default="0")
    since: Mapped[datetime]

    __table_args__ = (CheckConstraint("partners_wanted >= 0", name="wanted"),)


class ReferralPartner(Base):
    """A firm takes part in the referral programme until `left_at`.

    One that `only_refers` is offered no leads of others.
    """

    __tablename__ = "referral_partners"

    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id"), primary_key=True, autoincrement=False
    )
    joined_at: Mapped[datetime]
    joined_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    only_refers: Mapped[bool] = mapped_column(default=False, server_default=false())
    left_at: Mapped[datetime | None]

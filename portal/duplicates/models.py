"""Tables of keys under which parties meet, of pairs that may be the same, and of merges."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class LeadKey(Base):
    """A key under which a lead's contact meets others (`likeness.Party.keys`).

    A number that says nothing of who it was, and behind the wall of the contact all the same. They
    go with the contact, by a trigger.
    """

    __tablename__ = "lead_keys"

    key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    lead_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, index=True
    )


class CustomerKey(Base):
    """A key under which a customer meets others, behind the wall of who customers are."""

    __tablename__ = "customer_keys"

    key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    customer_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, index=True
    )


class Kind(StrEnum):
    """What a party is."""

    LEAD = "lead"
    CUSTOMER = "customer"


class UncheckedParty(Base):
    """Somebody who is new or was changed, to be compared with all others.

    Written by triggers wherever contact data changes, so that no way in can be forgotten.
    """

    __tablename__ = "unchecked_parties"

    kind: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class Answer(StrEnum):
    """What somebody said of a pair."""

    DIFFERENT = "different"
    MERGED = "merged"


class DuplicatePair(Base):
    """Two that may be the same: two leads, a lead and a customer, or two customers.

    Of two of a kind the first one has the lower id. `score` is 0 to 100, `reasons` are trait and
    grade of each finding (`likeness`), never what was compared. An `answer` stays whatever is found
    later.
    """

    __tablename__ = "duplicate_pairs"

    id: Mapped[Id]
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    other_lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    other_customer_id: Mapped[int | None] = mapped_column(
        ForeignKey("customers.id", ondelete="CASCADE")
    )
    score: Mapped[int] = mapped_column(SmallInteger)
    reasons: Mapped[list[Any]]
    found_at: Mapped[datetime]
    answer: Mapped[str | None]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    answered_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_duplicate_pairs_leads",
            "lead_id",
            "other_lead_id",
            unique=True,
            postgresql_where=text("other_lead_id IS NOT NULL"),
        ),
        Index(
            "uq_duplicate_pairs_lead_customer",
            "lead_id",
            "customer_id",
            unique=True,
            postgresql_where=text("lead_id IS NOT NULL AND customer_id IS NOT NULL"),
        ),
        Index(
            "uq_duplicate_pairs_customers",
            "customer_id",
            "other_customer_id",
            unique=True,
            postgresql_where=text("other_customer_id IS NOT NULL"),
        ),
        Index(
            "ix_duplicate_pairs_open",
            "score",
            "id",
            postgresql_where=text("answer IS NULL"),
        ),
        Index(None, "other_lead_id", postgresql_where=text("other_lead_id IS NOT NULL")),
        Index(None, "other_customer_id", postgresql_where=text("other_customer_id IS NOT NULL")),
        CheckConstraint(
            "(other_lead_id IS NOT NULL AND lead_id < other_lead_id AND customer_id IS NULL"
            " AND other_customer_id IS NULL)"
            " OR (other_lead_id IS NULL AND lead_id IS NOT NULL AND customer_id IS NOT NULL"
            " AND other_customer_id IS NULL)"
            " OR (lead_id IS NULL AND other_lead_id IS NULL AND customer_id < other_customer_id)",
            name="two",
        ),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        CheckConstraint("answer IN ('different','merged')", name="answer"),
    )


class LeadMerge(Base):
    """One lead became part of another, and what is needed to take that back.

    `gone` is how the lead stood that is part of the other now, `moved` are the ids of what went
    over, by table, `fields` the names of what the other one took on. `version` is the version of
    the lead that stayed, right behind. What stood in its fields before is `LeadMergeWords`.
    """

    __tablename__ = "lead_merges"

    id: Mapped[Id]
    kept_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"), index=True)
    gone_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    gone: Mapped[dict[str, Any]]
    moved: Mapped[dict[str, Any]]
    fields: Mapped[list[Any]]
    version: Mapped[int]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (
        Index(
            "uq_lead_merges_standing",
            "gone_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
        CheckConstraint("kept_id <> gone_id", name="two"),
    )


class LeadMergeWords(Base):
    """What stood in the fields of the lead that stayed, before a merge and behind it.

    Contact data is among it: row policies hide every row from whoever has not opened the wall to
    the contact of that lead.
    """

    __tablename__ = "lead_merge_words"

    merge_id: Mapped[int] = mapped_column(
        ForeignKey("lead_merges.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    lead_id: Mapped[int] = mapped_column(BigInteger, index=True)
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    behind: Mapped[dict[str, Any]] = mapped_column(JSONB)

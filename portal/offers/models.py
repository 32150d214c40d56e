"""Tables of offer rounds, offers, dismissals, exclusions and stand-by places."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, INT8MULTIRANGE, JSONB, Range
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id
from portal.leads.contest import Mode


class RoundOutcome(StrEnum):
    PICKED = "picked"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"


class OfferRound(Base):
    """One publication of one lead to the partners that matched.

    `excluded` says how many partners each criterion took out. Open while `ended_at` is empty.

    It was matched by the version `rule_version` of its rule, with what was known of the lead
    (`lead_facts`) and of partners (`facts_upto`, the last entry of `partner_facts_kept`, but for
    those of `facts_unseen`); equal scores are ordered by `seed`, `relaxed` says what the rule let
    go and what it asked instead, `fairness` by which terms it was shared out. `offered_by_id`
    offered it by hand. In a photo-finish who picks within `deciding_seconds` after the first takes
    part, until `closes_at`. `parts` are those of explanations that many of its offers share.

    Its firms see the lead in `rings`, one after the other; a race has one. `ring` have been told,
    whose firms `offered` counts: the `next_ring_firms` see it at `next_ring_at`, by their offers'
    own dates. `ring_minutes` later come the next. Until `head_start_until` it was only for firms
    that stood by.
    """

    __tablename__ = "offer_rounds"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"))
    number: Mapped[int]
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("distribution_rules.id"))
    mode: Mapped[str] = mapped_column(default=Mode.RACE)
    ring_minutes: Mapped[int | None]
    rings: Mapped[int] = mapped_column(default=1, server_default="1")
    ring: Mapped[int] = mapped_column(default=1, server_default="1")
    next_ring_at: Mapped[datetime | None]
    next_ring_firms: Mapped[int] = mapped_column(default=0, server_default="0")
    opened_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    offered: Mapped[int] = mapped_column(default=0)
    declined: Mapped[int] = mapped_column(default=0)
    excluded: Mapped[dict[str, int]]
    head_start_until: Mapped[datetime | None]
    rule_version: Mapped[int | None]
    seed: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    lead_facts: Mapped[dict[str, Any] | None]
    facts_upto: Mapped[int | None] = mapped_column(BigInteger)
    facts_unseen: Mapped[Sequence[Range[int]]] = mapped_column(
        INT8MULTIRANGE, default=list, server_default="{}"
    )
    relaxed: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, default=list, server_default=text("'[]'")
    )
    fairness: Mapped[dict[str, Any] | None]
    parts: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, default=list, server_default=text("'[]'")
    )
    offered_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    deciding_seconds: Mapped[int | None]
    closes_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "opened_at"),
        UniqueConstraint("lead_id", "number"),
        # what offers refer to
        UniqueConstraint("id", "lead_id"),
        Index(
            "ix_offer_rounds_next_ring",
            "next_ring_at",
            postgresql_where=text("next_ring_at IS NOT NULL AND ended_at IS NULL"),
        ),
        # what became of the leads that rules decided about lately
        Index(
            "ix_offer_rounds_by_rule",
            "opened_at",
            postgresql_where=text("rule_id IS NOT NULL"),
        ),
        Index(
            "ix_offer_rounds_closing",
            "closes_at",
            postgresql_where=text("closes_at IS NOT NULL AND decided_at IS NULL"),
        ),
        Index(
            "ix_offer_rounds_open",
            "ends_at",
            "id",
            postgresql_where=text("ended_at IS NULL"),
        ),
        CheckConstraint(
            "outcome IS NULL OR outcome IN ('picked','expired','withdrawn','declined')",
            name="outcome",
        ),
    )

    @property
    def noted_only(self) -> bool:
        """True for one that a dry run was asked for: it is kept nowhere, only noted."""
        return self.id is None


class Offer(Base):
    """The line "this lead, this partner, this round".

    Whether it still stands is decided by the lead (`offered`, same round); `open` only keeps the
    index of what a firm may see small. Its firm sees it from `visible_from` until `ends_at`, and
    knows nothing of it before. `explanation` is data: parts that sum to `score`, those that its
    round has for many offers by their number there (`matching.shared_parts.in_full`). An offer
    to a unit of a firm has its `unit_id`: it is for the people of that unit and of the units below
    it; one with a `user_id` is for this person alone. It is `direct` where the unit is the vendor's
    own: then it is no partner's. A distributor, `via_organisation_id`, offered it on to its own
    reseller. What was taken from one firm has `withdrawn_at`, and ended then. Of the people for
    whom it is, `suits_user_id` suits best and hears first.
    """

    __tablename__ = "offers"

    id: Mapped[Id]
    round_id: Mapped[int] = mapped_column(BigInteger)
    lead_id: Mapped[int] = mapped_column(BigInteger)
    round: Mapped[int]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    direct: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    via_organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    ring: Mapped[int] = mapped_column(default=1, server_default="1")
    score: Mapped[float] = mapped_column(Float(53))
    explanation: Mapped[list[Any]]
    visible_from: Mapped[datetime]
    ends_at: Mapped[datetime]
    open: Mapped[bool] = mapped_column(default=True)
    declined_at: Mapped[datetime | None]
    declined_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    withdrawn_at: Mapped[datetime | None]
    suits_user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (
        # one look for both: each costs as much for every offer as writing it
        ForeignKeyConstraint(["round_id", "lead_id"], ["offer_rounds.id", "offer_rounds.lead_id"]),
        UniqueConstraint("round_id", "organisation_id"),
        Index(
            "ix_offers_available",
            "organisation_id",
            "ends_at",
            "id",
            postgresql_where=text("open"),
        ),
        Index(None, "lead_id", "organisation_id"),
        # what a firm has been offered lately
        Index(None, "organisation_id", "visible_from"),
        Index(
            "ix_offers_offered_on",
            "via_organisation_id",
            "id",
            postgresql_where=text("via_organisation_id IS NOT NULL"),
        ),
        CheckConstraint("unit_id IS NOT NULL OR NOT direct", name="direct"),
    )

    @property
    def to_all(self) -> bool:
        """True where it is for all of a firm, and not for a unit or a person of a partner."""
        return self.user_id is None and (self.unit_id is None or self.direct)


class AllocationTerms(Base):
    """The one row about who offers leads by hand besides the channel managers, and to whom.

    `roles` may, each to the firms that he answers for. Distributors offer on to their own resellers
    where they `pass_on`. Colleagues of who suits best hear `first_minutes` later; 0: all at once.
    """

    __tablename__ = "allocation_terms"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    pass_on: Mapped[bool] = mapped_column(default=True)
    first_minutes: Mapped[int] = mapped_column(default=15)

    __table_args__ = (
        CheckConstraint("id = 1", name="single"),
        CheckConstraint("first_minutes BETWEEN 0 AND 1440", name="first_minutes"),
    )


class HearingOrder(Base):
    """Who of a firm hears of new leads first, one after the other, so many minutes apart."""

    __tablename__ = "hearing_orders"

    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id"), primary_key=True, autoincrement=False
    )
    user_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    minutes: Mapped[int]

    __table_args__ = (CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes"),)


class Way(StrEnum):
    """Why a lead goes on."""

    LAPSED = "lapsed"
    DECLINED = "declined"
    GIVEN_BACK = "given_back"
    RECALLED = "recalled"


class Redistribution(Base):
    """A lead came back, or nobody picked it up: why, by which policy, and where it went.

    `rung` is how far that is on the way of the policy's chain, and `round_id` what it opened; None:
    the chain was at its end, or a dry run only noted it. One that was taken back may have rested
    before, until `rested_until`.
    """

    __tablename__ = "redistributions"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"))
    at: Mapped[datetime]
    why: Mapped[str]
    policy_id: Mapped[int] = mapped_column(ForeignKey("deadline_policies.id"))
    rested_until: Mapped[datetime | None]
    gone_on_at: Mapped[datetime | None]
    rung: Mapped[str | None]
    round_id: Mapped[int | None] = mapped_column(ForeignKey("offer_rounds.id"), index=True)

    __table_args__ = (
        Index(None, "lead_id", "id"),
        # what came back on a dry run, to go on after it
        Index(
            "ix_redistributions_noted",
            "lead_id",
            postgresql_where=text("round_id IS NULL AND rung IN ('again','group','overflow')"),
        ),
        CheckConstraint("why IN ('lapsed','declined','given_back','recalled')", name="why"),
        CheckConstraint(
            "rung IN ('again','group','overflow','channel_manager','nurture')", name="rung"
        ),
    )


class Dismissal(Base):
    """A rep said "Not for me": the offer is hidden from him, not from his colleagues."""

    __tablename__ = "offer_dismissals"

    offer_id: Mapped[int] = mapped_column(
        ForeignKey("offers.id"), primary_key=True, autoincrement=False
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    note: Mapped[str | None]


class EntryOutcome(StrEnum):
    """How an entry ended: WITHDRAWN said "Not for me", or her firm did, REFUSED was stopped by the
    gate, OVER the round ended without a decision."""

    WON = "won"
    OUTSCORED = "outscored"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    OVER = "over"


class Entry(Base):
    """A person takes part in a photo-finish: she picked while others still could.

    Open while `ended_at` is empty; until then it counts toward capacity. `score` is that of her
    firm's offer. `refusal` says why the gate stopped it when it was decided, or that her firm said
    no.
    """

    __tablename__ = "entries"

    id: Mapped[Id]
    round_id: Mapped[int] = mapped_column(ForeignKey("offer_rounds.id"))
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offers.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    score: Mapped[float] = mapped_column(Float(53))
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    refusal: Mapped[str | None]

    __table_args__ = (
        Index(
            "uq_entries_open",
            "round_id",
            "user_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_entries_open_of_firm",
            "organisation_id",
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "round_id", "user_id", "id"),
        CheckConstraint(
            "outcome IN ('won','outscored','refused','withdrawn','over')", name="outcome"
        ),
        CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended_with_outcome"),
    )


class OfferExclusion(Base):
    """A firm is not offered this lead again: it declined, gave back or was recalled."""

    __tablename__ = "offer_exclusions"

    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id"), primary_key=True, autoincrement=False
    )
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id"), primary_key=True, autoincrement=False
    )
    reason: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("reason IN ('declined','given_back','recalled')", name="reason"),
    )


class StandByOutcome(StrEnum):
    """How a stand-by place ended."""

    HEARD = "heard"
    LEFT = "left"
    DECLINED = "declined"
    OVER = "over"


class StandBy(Base):
    """A person waits for a lead that another firm holds. Open while `ended_at` is empty.

    `heard_at` is when the lead came back and the firm saw it before the others; the place ends with
    that head start. `over` are places that ended with the lead: they come back if it does.
    """

    __tablename__ = "stand_bys"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    created_at: Mapped[datetime]
    heard_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]

    __table_args__ = (
        Index(
            "uq_stand_bys_open",
            "lead_id",
            "user_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_stand_bys_open_of_user", "user_id", postgresql_where=text("ended_at IS NULL")),
        CheckConstraint(
            "outcome IS NULL OR outcome IN ('heard','left','declined','over')", name="outcome"
        ),
        CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended_with_outcome"),
    )


class Rehearsal(Base):
    """To whom a lead would have been offered while the programme was on a dry run.

    `offers` has an {"organisation_id", "ring", "score", "explanation"} for each firm, the best
    first.
    """

    __tablename__ = "rehearsals"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    rule_id: Mapped[int | None] = mapped_column(
        ForeignKey("distribution_rules.id", ondelete="SET NULL")
    )
    rule_version: Mapped[int | None]
    mode: Mapped[str]
    ends_at: Mapped[datetime]
    offers: Mapped[list[dict[str, Any]]]
    excluded: Mapped[dict[str, int]]


class DryRun(Base):
    """A time in which nothing was offered, only noted; open while `ended_at` is empty."""

    __tablename__ = "dry_runs"

    id: Mapped[Id]
    began_at: Mapped[datetime]
    began_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (
        Index(
            "uq_dry_runs_open",
            text("(ended_at IS NULL)"),
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

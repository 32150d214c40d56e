"""The tables of distribution rules and of their versions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class Known(StrEnum):
    """What a partner gains by knowing a lead's customer already."""

    NOTHING = "nothing"
    PRIORITY = "priority"
    PROTECTION = "protection"


class DistributionRule(Base):
    """ "Leads like this go to partners like that." Rules are tried in order, first match wins.

    `conditions` on the lead: a list of {"field", "values"}; all must hold.
    `criteria` on partners: a list of {"kind", "mode": "required" | "weighted", "weight", …}.
    `contest` is how these come by a lead, with `ring_size` and `ring_minutes` (`leads.contest`);
    None: as the type of the lead says. `hours` is how long an offer round lasts (None: as the
    lead's deadline policy says), `most` the largest number of partners (None: all that match),
    `group_id` narrows to a group. `relaxing` says what is let go, in this order, where nobody
    matches; `known` is what a partner gains who knows the customer. What stands here is the active
    version, which `version` numbers.
    """

    __tablename__ = "distribution_rules"

    id: Mapped[Id]
    position: Mapped[int]
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    conditions: Mapped[list[dict[str, Any]]]
    criteria: Mapped[list[dict[str, Any]]]
    contest: Mapped[str | None]
    ring_size: Mapped[int | None]
    ring_minutes: Mapped[int | None]
    deciding_seconds: Mapped[int | None]
    relaxing: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, default=list, server_default=text("'[]'")
    )
    known: Mapped[str] = mapped_column(default=Known.NOTHING, server_default="nothing")
    hours: Mapped[int | None]
    most: Mapped[int | None]
    group_id: Mapped[int | None] = mapped_column(ForeignKey("partner_groups.id"))
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("contest IN ('race','staggered','photo_finish','serial')", name="contest"),
        CheckConstraint("hours BETWEEN 1 AND 2160", name="hours"),
        CheckConstraint("most IS NULL OR most > 0", name="most"),
        CheckConstraint("known IN ('nothing','priority','protection')", name="known"),
    )


class RuleVersion(Base):
    """What a distribution rule said, says, or is to say; kept for good.

    `content` has the columns of `DistributionRule` that say something. The newest one without
    `activated_at` is the rule's draft; the one that the rule's `version` numbers holds.
    """

    __tablename__ = "rule_versions"

    id: Mapped[Id]
    rule_id: Mapped[int] = mapped_column(ForeignKey("distribution_rules.id", ondelete="CASCADE"))
    number: Mapped[int]
    content: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]
    saved_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    activated_at: Mapped[datetime | None]
    activated_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (UniqueConstraint("rule_id", "number"),)


class FairnessTerms(Base):
    """How leads are shared out, over all rules; each saving makes the next `number`, kept for good.

    A firm is offered, and picks up, at most so many leads within `period_days`, hot ones counted
    apart as well; None: as many as suit it. For `cooling_days` after a hot one it picked up, it is
    offered no other hot one and picks up none. Of the places that a round has first, `explored`
    percent are drawn among firms that joined within `new_days` or have at most `small_people`.
    """

    __tablename__ = "fairness_terms"

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(unique=True)
    period_days: Mapped[int]
    most_offers: Mapped[int | None]
    most_hot_offers: Mapped[int | None]
    most_picks: Mapped[int | None]
    most_hot_picks: Mapped[int | None]
    cooling_days: Mapped[int]
    explored: Mapped[int]
    new_days: Mapped[int]
    small_people: Mapped[int]
    saved_at: Mapped[datetime]
    saved_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (
        CheckConstraint("period_days BETWEEN 1 AND 366", name="period_days"),
        CheckConstraint("cooling_days BETWEEN 0 AND 366", name="cooling_days"),
        CheckConstraint("explored BETWEEN 0 AND 100", name="explored"),
    )


class Replay(Base):
    """What a version of a rule would have done with the leads of the last `days`.

    It is under way until `made_at`: `done` of `total` leads are gone through, the last ones at
    `moved_at`. `result` is what `replaying.Tally` made of it: ids and counts.
    """

    __tablename__ = "replays"

    id: Mapped[Id]
    rule_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
    days: Mapped[int]
    asked_at: Mapped[datetime]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    moved_at: Mapped[datetime]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    made_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["rule_id", "version"],
            ["rule_versions.rule_id", "rule_versions.number"],
            ondelete="CASCADE",
        ),
        Index(None, "rule_id", "version", "id"),
        CheckConstraint("days BETWEEN 1 AND 366", name="days"),
        CheckConstraint("(result IS NULL) = (made_at IS NULL)", name="made"),
    )


class WeightSuggestion(Base):
    """What the outcomes of the last year say about the weights of one version of a rule.

    `advice` is a list of what `learning.Advice` has; empty where `needed` more outcomes are needed.
    """

    __tablename__ = "weight_suggestions"

    rule_id: Mapped[int] = mapped_column(
        ForeignKey("distribution_rules.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    version: Mapped[int]
    at: Mapped[datetime]
    won: Mapped[int]
    lost: Mapped[int]
    needed: Mapped[int]
    advice: Mapped[list[dict[str, Any]]]

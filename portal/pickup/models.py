"""The tables of pickups, and of who picks up nothing for a while."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    and_,
    false,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class Debt(StrEnum):
    """What the sweep last noted about the feedback that a pickup owes."""

    NONE = "none"
    SOON = "soon"
    DUE = "due"
    OVERDUE = "overdue"


class Pickup(Base):
    """A partner rep holds the lead, from pickup until `ended_at`. At most one open per lead.

    `feedback_due_at` is the moment the next answer is due. `uncontacted` counts how many times in a
    row the answer was "not made contact yet". `debt` is written by the sweep for lists and reports;
    the gate never trusts it but asks the dates. Since `blocked_at` its answer is needed before the
    next pick, whatever the policy allows. `waiting_since` is since when the customer is waited for,
    where that was the last answer. `handed_from_id` is the colleague who held it before,
    where the firm's manager handed it on; `hidden_from_distributor` keeps it out of all that the
    firm's distributor is shown. `policy_id` is the version of the deadline policy that it began
    with and keeps.
    """

    __tablename__ = "pickups"

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"))
    round: Mapped[int]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    picked_at: Mapped[datetime]
    feedback_due_at: Mapped[datetime]
    rhythm_days: Mapped[int]
    last_feedback_at: Mapped[datetime | None]
    last_status: Mapped[str | None]
    first_contact_at: Mapped[datetime | None]
    uncontacted: Mapped[int] = mapped_column(default=0)
    debt: Mapped[str] = mapped_column(default=Debt.NONE)
    blocked_at: Mapped[datetime | None]
    waiting_since: Mapped[date | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    handed_from_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    hidden_from_distributor: Mapped[bool] = mapped_column(default=False, server_default=false())
    policy_id: Mapped[int] = mapped_column(ForeignKey("deadline_policies.id"))

    __table_args__ = (
        Index(
            "uq_pickups_open_lead",
            "lead_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_pickups_open_of_user",
            "user_id",
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_pickups_open_of_firm",
            "organisation_id",
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_pickups_due",
            "feedback_due_at",
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "lead_id", "id"),
        # what reports count; a claim adds nothing to either
        Index("ix_pickups_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
        Index(
            "ix_pickups_first_contact",
            "first_contact_at",
            postgresql_where=text("first_contact_at IS NOT NULL"),
        ),
        # what a firm has picked up lately
        Index(None, "organisation_id", "picked_at"),
        CheckConstraint(
            "outcome IS NULL OR outcome IN ('won','lost','given_back','recalled')",
            name="outcome",
        ),
        CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended_with_outcome"),
        CheckConstraint("debt IN ('none','soon','due','overdue')", name="debt"),
    )

    @classmethod
    def owes(cls, at: datetime) -> ColumnElement[bool]:
        """Return the condition that an answer is owed: none was given yet, or it is past due."""
        return and_(
            cls.ended_at.is_(None), or_(cls.last_feedback_at.is_(None), cls.feedback_due_at <= at)
        )


class Extension(Base):
    """Who holds a lead asked for `days` more; `was_due` is when his answer was due then.

    Granted, it is due at `due`. `reason_id` says why; what was written about it is a note that the
    firm shares. Open while `decided_at` is empty; nobody is `decided_by_id` where the policy lets
    every such wish pass, or where the lead left his hands meanwhile.
    """

    __tablename__ = "extensions"

    id: Mapped[Id]
    pickup_id: Mapped[int] = mapped_column(ForeignKey("pickups.id"))
    asked_at: Mapped[datetime]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    days: Mapped[int]
    reason_id: Mapped[int] = mapped_column(ForeignKey("catalog_entries.id"))
    note_id: Mapped[int | None] = mapped_column(ForeignKey("firm_notes.id", ondelete="SET NULL"))
    was_due: Mapped[datetime]
    approval: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    granted: Mapped[bool | None]
    due: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "pickup_id", "id"),
        Index(
            "uq_extensions_open",
            "pickup_id",
            unique=True,
            postgresql_where=text("decided_at IS NULL"),
        ),
        CheckConstraint("days > 0", name="days"),
        CheckConstraint("(decided_at IS NULL) = (granted IS NULL)", name="decided"),
        CheckConstraint("(due IS NOT NULL) = (granted IS TRUE)", name="due"),
        CheckConstraint(
            "approval IN ('none','account_manager','channel_manager')", name="approval"
        ),
    )


class Ending(StrEnum):
    """What ended a suspension before its time."""

    ANSWERED = "answered"
    BY_HAND = "by_hand"


class Suspension(Base):
    """A firm, or one of its people, picks up nothing `until` a moment.

    `user_id` is empty where it is the whole firm. It began because of `misses` deadlines missed
    within `within_days`, the last of them that of `pickup_id`; or `by_user_id` decided so and said
    why in `note`, which the firm reads. It is over when `until` has come or something ended it
    before, at `ended_at`. `Partner.pauses` repeats what holds, for the claim and the rooms below.
    """

    __tablename__ = "suspensions"

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    until: Mapped[datetime]
    misses: Mapped[int | None]
    within_days: Mapped[int | None]
    pickup_id: Mapped[int | None] = mapped_column(ForeignKey("pickups.id"))
    by_user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    ending: Mapped[str | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (
        Index(None, "organisation_id", "at"),
        Index(
            "ix_suspensions_in_force",
            "organisation_id",
            postgresql_where=text("ended_at IS NULL"),
        ),
        CheckConstraint("until > at", name="order"),
        CheckConstraint("ending IN ('answered','by_hand')", name="ending"),
        CheckConstraint("(ended_at IS NULL) = (ending IS NULL)", name="ended"),
    )

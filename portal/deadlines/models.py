"""Tables of deadline policies, of the clocks that run by them, and of the steps that were taken."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class ClockKind(StrEnum):
    """What is waited for."""

    OFFER = "offer"
    RESPONSE = "response"
    FEEDBACK = "feedback"
    COMPLETION = "completion"
    HELP = "help"
    PRICING = "pricing"
    OWNER = "owner"


class Stop(StrEnum):
    """How a clock came to its end: in time, too late, or what was waited for is void."""

    MET = "met"
    MISSED = "missed"
    VOID = "void"


class Action(StrEnum):
    """What a step does."""

    REMIND_HOLDER = "remind_holder"
    REMIND_MANAGER = "remind_manager"
    TELL_ACCOUNT_MANAGER = "tell_account_manager"
    TELL_CHANNEL_MANAGER = "tell_channel_manager"
    NOTE = "note"
    OFFER_EXTENSION = "offer_extension"
    BLOCK = "block"
    SUSPEND = "suspend"
    RECALL = "recall"
    OVERFLOW = "overflow"


class GateScope(StrEnum):
    """Whose debts count at the gate: the rep's own, or those of the whole firm."""

    REP = "rep"
    FIRM = "firm"


class Approval(StrEnum):
    """Who has to agree to more time."""

    NONE = "none"
    ACCOUNT_MANAGER = "account_manager"
    CHANNEL_MANAGER = "channel_manager"


class Rung(StrEnum):
    """Where a lead goes next that came back, or that nobody picks up."""

    AGAIN = "again"
    GROUP = "group"
    OVERFLOW = "overflow"
    CHANNEL_MANAGER = "channel_manager"
    NURTURE = "nurture"


class DeadlinePolicy(Base):
    """A version of what is expected, and when. What it says never changes once it is written.

    Rhythms are days until the next feedback; `amber_hours` caps the amber span before it is due;
    a debt later than `firm_red_days` stops the whole firm; `offer_hours` is an offer's usual
    length. What is `overdue_hours` late is overdue. Who stood by sees a lead `stand_by_hours`
    before the others; an inquiry that nobody has touched for `draft_days` is a stale draft.

    Of the other clocks: `response_hours` from pickup to first contact, `completion_days` to the
    end (0: as its type says), `help_hours` and `pricing_hours` to the vendor's answer,
    `owner_hours` for the vendor's own contact with the customer; 0 hours: no such clock.
    `working` names the kinds of clocks that count working time only. After each of `milestones`
    (kinds of activities) an answer is due within `milestone_hours`.

    Of the gate: `gate_scope` says whose debts count, `allowed_open` how many leads may be without
    an answer; who was late `suspend_after` times within `suspend_within_days` pauses for
    `suspend_days` (0 times: never). `uncontacted_free` is how often in a row "not made contact yet"
    is an answer without a next step; "waiting" needs since when where `waiting_since` says so.

    Of the customer: where `customer_told`, we write to him who calls and by when; where
    `customer_asked`, we ask him after that moment whether anybody did.

    Of time and return: at most `most_pauses` of at most `pause_days`, at most `most_extensions` of
    at most `extension_days` that `extension_approval` agrees to. Work of the last `protected_days`
    keeps a lead from being recalled. It rests for `cooling_hours` before the next firm sees it, and
    goes the way that `chain` says; `overflow_unit_id` is the unit that takes what nobody else does.

    `steps` are what happens around deadlines, as `steps.Step` has them; their order is theirs for
    good, so that a step is known by its place.

    Versions of one policy share their `key`. One is the newest until it is `replaced_at`; it may
    be retired. Exactly one is the `standard`, for all leads whose type names none.
    """

    __tablename__ = "deadline_policies"

    id: Mapped[Id]
    key: Mapped[str]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    name: Mapped[str]
    standard: Mapped[bool] = mapped_column(default=False)
    feedback_days: Mapped[int] = mapped_column(default=7)
    recruit_feedback_days: Mapped[int] = mapped_column(default=2)
    amber_hours: Mapped[int] = mapped_column(default=48)
    firm_red_days: Mapped[int] = mapped_column(default=7)
    offer_hours: Mapped[int] = mapped_column(default=72)
    overdue_hours: Mapped[int] = mapped_column(default=24, server_default="24")
    stand_by_hours: Mapped[int] = mapped_column(default=4, server_default="4")
    draft_days: Mapped[int] = mapped_column(default=3, server_default="3")
    response_hours: Mapped[int] = mapped_column(default=0, server_default="0")
    completion_days: Mapped[int] = mapped_column(default=0, server_default="0")
    help_hours: Mapped[int] = mapped_column(default=8, server_default="8")
    pricing_hours: Mapped[int] = mapped_column(default=8, server_default="8")
    owner_hours: Mapped[int] = mapped_column(default=0, server_default="0")
    working: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    milestones: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    milestone_hours: Mapped[int] = mapped_column(default=24, server_default="24")
    gate_scope: Mapped[str] = mapped_column(default=GateScope.REP, server_default="rep")
    allowed_open: Mapped[int] = mapped_column(default=0, server_default="0")
    suspend_after: Mapped[int] = mapped_column(default=0, server_default="0")
    suspend_within_days: Mapped[int] = mapped_column(default=90, server_default="90")
    suspend_days: Mapped[int] = mapped_column(default=7, server_default="7")
    uncontacted_free: Mapped[int] = mapped_column(default=1, server_default="1")
    waiting_since: Mapped[bool] = mapped_column(default=False, server_default="false")
    customer_told: Mapped[bool] = mapped_column(default=False, server_default="false")
    customer_asked: Mapped[bool] = mapped_column(default=False, server_default="false")
    most_pauses: Mapped[int] = mapped_column(default=2, server_default="2")
    pause_days: Mapped[int] = mapped_column(default=30, server_default="30")
    most_extensions: Mapped[int] = mapped_column(default=1, server_default="1")
    extension_days: Mapped[int] = mapped_column(default=7, server_default="7")
    extension_approval: Mapped[str] = mapped_column(default=Approval.NONE, server_default="none")
    protected_days: Mapped[int] = mapped_column(default=14, server_default="14")
    cooling_hours: Mapped[int] = mapped_column(default=24, server_default="24")
    chain: Mapped[list[str]] = mapped_column(
        ARRAY(Text), default=lambda: [Rung.AGAIN], server_default="{again}"
    )
    overflow_unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    steps: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, default=list, server_default=text("'[]'")
    )
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    replaced_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("key", "version"),
        Index(
            "uq_deadline_policies_newest",
            "key",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index(
            "uq_deadline_policies_standard",
            "standard",
            unique=True,
            postgresql_where=text("standard"),
        ),
        CheckConstraint(
            "NOT standard OR (replaced_at IS NULL AND retired_at IS NULL)", name="standard_in_use"
        ),
        CheckConstraint("gate_scope IN ('rep','firm')", name="gate_scope"),
        CheckConstraint(
            "extension_approval IN ('none','account_manager','channel_manager')",
            name="extension_approval",
        ),
    )

    @property
    def in_use(self) -> bool:
        """Say whether it can be named: the newest version of a policy that is not retired."""
        return self.replaced_at is None and self.retired_at is None


class PolicyUse(Base):
    """ "Leads like this, with firms like that, go by this policy."

    They are tried in order, and the first that fits wins; what is empty fits all. Where none fits,
    the policy holds that the type of the lead names, else the standard. What is on offer has no
    firm yet: uses with a group or a level say nothing of it. Clocks that run keep their policy.
    """

    __tablename__ = "policy_uses"

    id: Mapped[Id]
    position: Mapped[int]
    type_key: Mapped[str | None]
    temperature: Mapped[str | None]
    group_id: Mapped[int | None] = mapped_column(ForeignKey("partner_groups.id"), index=True)
    level_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_entries.id"))
    policy_key: Mapped[str]
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    __table_args__ = (CheckConstraint("temperature IN ('hot','warm','cold')", name="temperature"),)


class Clock(Base):
    """What is waited for about a lead, since when and until when. It keeps its policy's version.

    `user_id` and `organisation_id` are whoever is waited for. `length_minutes` is how long it was
    to take, of working time where `working` says so. `due_at` is the moment; `first_due_at` what it
    was before pauses and extensions. It stands still since `paused_at`, until `resumes_at`. Of the
    policy's steps `next_step` is the place of the one that comes next, at `next_step_at`. Stopped,
    it says how late that really was: `late_seconds`, 0 where it was in time.
    """

    __tablename__ = "clocks"

    id: Mapped[Id]
    kind: Mapped[str]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"), index=True)
    pickup_id: Mapped[int | None] = mapped_column(ForeignKey("pickups.id"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("offer_rounds.id"))
    request_id: Mapped[int | None] = mapped_column(BigInteger)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    policy_id: Mapped[int] = mapped_column(ForeignKey("deadline_policies.id"))
    started_at: Mapped[datetime]
    length_minutes: Mapped[int]
    working: Mapped[bool] = mapped_column(default=False, server_default="false")
    due_at: Mapped[datetime]
    first_due_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    resumes_at: Mapped[datetime | None]
    pauses: Mapped[int] = mapped_column(default=0, server_default="0")
    extensions: Mapped[int] = mapped_column(default=0, server_default="0")
    next_step: Mapped[int | None]
    next_step_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    late_seconds: Mapped[int] = mapped_column(default=0, server_default="0")

    __table_args__ = (
        Index(
            "ix_clocks_next_step",
            "next_step_at",
            "id",
            postgresql_where=text("stopped_at IS NULL AND next_step_at IS NOT NULL"),
        ),
        Index(
            "ix_clocks_resume",
            "resumes_at",
            postgresql_where=text("stopped_at IS NULL AND resumes_at IS NOT NULL"),
        ),
        Index(
            "uq_clocks_of_pickup",
            "pickup_id",
            "kind",
            unique=True,
            postgresql_where=text(
                "stopped_at IS NULL AND pickup_id IS NOT NULL AND request_id IS NULL"
            ),
        ),
        Index(
            "uq_clocks_of_round",
            "round_id",
            "kind",
            unique=True,
            postgresql_where=text("stopped_at IS NULL AND round_id IS NOT NULL"),
        ),
        Index(
            "uq_clocks_of_request",
            "request_id",
            "kind",
            unique=True,
            postgresql_where=text("stopped_at IS NULL AND request_id IS NOT NULL"),
        ),
        # what is missed and stands in no other table: asked by who looks after what sits
        Index(
            "ix_clocks_waited_for",
            "due_at",
            "id",
            postgresql_where=text(
                "stopped_at IS NULL AND kind IN ('response','help','pricing','owner')"
            ),
        ),
        Index("ix_clocks_of_firm", "organisation_id", "kind", "stopped_at"),
        CheckConstraint(
            "kind IN ('offer','response','feedback','completion','help','pricing','owner')",
            name="kind",
        ),
        CheckConstraint("outcome IN ('met','missed','void')", name="outcome"),
        CheckConstraint("(stopped_at IS NULL) = (outcome IS NULL)", name="stopped"),
        CheckConstraint("(next_step IS NULL) = (next_step_at IS NULL)", name="next_step"),
    )


class ClockStep(Base):
    """A step of a policy that was taken, once for each moment at which its clock was due.

    `outcome` says whether it was done, or why it did not have to be any more. One that was refused
    is taken once more at `again_at`.
    """

    __tablename__ = "clock_steps"

    id: Mapped[Id]
    clock_id: Mapped[int] = mapped_column(ForeignKey("clocks.id", ondelete="CASCADE"))
    place: Mapped[int]
    action: Mapped[str]
    due_at: Mapped[datetime]
    planned_at: Mapped[datetime]
    taken_at: Mapped[datetime]
    outcome: Mapped[str]
    again_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("clock_id", "place", "due_at"),)


class ClockChange(Base):
    """How the moment of a clock was moved: paused, resumed, extended, or asked for; by whom.

    What people wrote about it stands in the timeline.
    """

    __tablename__ = "clock_changes"

    id: Mapped[Id]
    clock_id: Mapped[int] = mapped_column(ForeignKey("clocks.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    was_due: Mapped[datetime]
    due: Mapped[datetime]
    reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint(
            "kind IN ('paused','resumed','extended','asked','refused','moved')", name="kind"
        ),
    )

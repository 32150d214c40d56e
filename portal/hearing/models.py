"""The tables of what people wish to hear, of notices that wait, and of their sender."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class Topic(StrEnum):
    """What a person can be told of at once or once a day, the most pressing first."""

    FEEDBACK_OVERDUE = "feedback_overdue"
    FEEDBACK_DUE = "feedback_due"
    COMPLETION_WANTED = "completion_wanted"
    CONTACT_WANTED = "contact_wanted"
    CALL_MISSED = "call_missed"
    REMINDED = "reminded"
    FEEDBACK_SOON = "feedback_soon"
    ANSWER_WANTED = "answer_wanted"
    PAUSED = "paused"
    NOT_CALLED = "not_called"
    NOT_WANTED = "not_wanted"
    PARTNER_LATE = "partner_late"
    TEAM_LATE = "team_late"
    OFFER_ENDS = "offer_ends"
    HELP_ASKED = "help_asked"
    HELP_ANSWERED = "help_answered"
    CUSTOMER_WROTE = "customer_wrote"
    LETTER_BACK = "letter_back"
    COMMENTED = "commented"
    KNOWLEDGE = "knowledge"
    MORE_TIME = "more_time"
    RECALLED = "recalled"
    ASKED_AGAIN = "asked_again"
    ACTIVITY_DUE = "activity_due"
    LEAD_STIRS = "lead_stirs"
    LEAD_OFFERED = "lead_offered"
    OFFER_CHANGED = "offer_changed"
    LEAD_WAITS = "lead_waits"
    ROUND_UNPICKED = "round_unpicked"
    SIGN_UP_WAITS = "sign_up_waits"
    TERMS_NEW = "terms_new"
    STANDS_IN = "stands_in"
    CLOSED_FOR_YOU = "closed_for_you"
    HANDED_BACK = "handed_back"
    LEADS_COOLED = "leads_cooled"
    DRAFTS_STALE = "drafts_stale"
    LEAD_STEP = "lead_step"


class Subject(StrEnum):
    """What topics are about, in the words in which a person chooses."""

    NEW_LEADS = "new_leads"
    ANSWERS = "answers"
    MY_LEADS = "my_leads"
    LATE = "late"
    DECIDE = "decide"
    ANSWERED_FOR = "answered_for"
    PROGRAMME = "programme"


class Hears(StrEnum):
    """When a person wants to hear by mail of what waits for her, the most pressing first."""

    AT_ONCE = "at_once"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    NEVER = "never"


class Extent(StrEnum):
    """How much of a lead on offer stands in a mail; contact data never does."""

    SUBJECT = "subject"
    TEASER = "teaser"
    FULL = "full"


class Outcome(StrEnum):
    """What became of a notice: a mail of its own, a part of one, or none.

    It was past before it was told, or is not what the person wants to hear.
    """

    ALONE = "alone"
    COLLECTED = "collected"
    PAST = "past"
    UNWANTED = "unwanted"


class HearingWishes(Base):
    """What a person wishes to hear by mail, and when; who has no row hears as her roles do.

    `by_subject` holds those of her subjects that follow a rhythm of their own. The digest comes at
    `digest_hour`, a weekly one on `digest_weekday` (1 is Monday); hours are those of her zone, and
    she has no quiet hours where `quiet_from` and `quiet_until` are empty. Which leads she wants to
    hear of: an empty list, or an empty value, stands for all. Who wants `mondays` gets the list of
    the overdue, who wants `fairness` hears once a month how leads were shared out, who wants
    `report` gets her figures of the week. On `sheet_weekday` (1 is Monday) she gets her feedback
    sheet as a file of `sheet_kind`; None: not by mail.
    """

    __tablename__ = "hearing_wishes"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id"), primary_key=True, autoincrement=False
    )
    hears: Mapped[str] = mapped_column(default=Hears.AT_ONCE)
    by_subject: Mapped[dict[str, str]] = mapped_column(default=dict)
    digest_hour: Mapped[int] = mapped_column(SmallInteger, default=8)
    digest_weekday: Mapped[int] = mapped_column(SmallInteger, default=1)
    quiet_from: Mapped[int | None] = mapped_column(SmallInteger)
    quiet_until: Mapped[int | None] = mapped_column(SmallInteger)
    extent: Mapped[str] = mapped_column(default=Extent.FULL)
    temperatures: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    type_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    product_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    regions: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    value_from: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    value_to: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    mondays: Mapped[bool] = mapped_column(default=False, server_default=false())
    fairness: Mapped[bool] = mapped_column(default=True, server_default=true())
    report: Mapped[bool] = mapped_column(default=True, server_default=true())
    sheet_weekday: Mapped[int | None] = mapped_column(SmallInteger)
    sheet_kind: Mapped[str] = mapped_column(default="xlsx", server_default="xlsx")

    __table_args__ = (
        CheckConstraint("hears IN ('at_once','hourly','daily','weekly','never')", name="hears"),
        CheckConstraint("digest_hour BETWEEN 0 AND 23", name="digest_hour"),
        CheckConstraint("digest_weekday BETWEEN 1 AND 7", name="digest_weekday"),
        CheckConstraint("quiet_from BETWEEN 0 AND 23", name="quiet_from"),
        CheckConstraint("quiet_until BETWEEN 0 AND 23", name="quiet_until"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet"),
        CheckConstraint("extent IN ('subject','teaser','full')", name="extent"),
        CheckConstraint("value_from <= value_to", name="value"),
        CheckConstraint("sheet_weekday BETWEEN 1 AND 7", name="sheet_weekday"),
        CheckConstraint("sheet_kind IN ('xlsx','csv')", name="sheet_kind"),
    )


class RoleDefault(Base):
    """How a role hears by mail as long as a person has chosen nothing; else by `rules.AS_MADE`.

    All of it as in `HearingWishes`; sheets go out from the day on that is `since`.
    """

    __tablename__ = "hearing_defaults"

    role: Mapped[str] = mapped_column(primary_key=True)
    hears: Mapped[str]
    digest_hour: Mapped[int] = mapped_column(SmallInteger, default=8, server_default="8")
    digest_weekday: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")
    quiet_from: Mapped[int | None] = mapped_column(SmallInteger)
    quiet_until: Mapped[int | None] = mapped_column(SmallInteger)
    extent: Mapped[str] = mapped_column(default=Extent.FULL, server_default=Extent.FULL)
    sheet_weekday: Mapped[int | None] = mapped_column(SmallInteger)
    since: Mapped[date]

    __table_args__ = (
        CheckConstraint("hears IN ('at_once','hourly','daily','weekly','never')", name="hears"),
        CheckConstraint("digest_hour BETWEEN 0 AND 23", name="digest_hour"),
        CheckConstraint("digest_weekday BETWEEN 1 AND 7", name="digest_weekday"),
        CheckConstraint("quiet_from BETWEEN 0 AND 23", name="quiet_from"),
        CheckConstraint("quiet_until BETWEEN 0 AND 23", name="quiet_until"),
        CheckConstraint(
            "(quiet_from IS NULL) = (quiet_until IS NULL) AND quiet_from <> quiet_until",
            name="quiet",
        ),
        CheckConstraint("extent IN ('subject','teaser','full')", name="extent"),
        CheckConstraint("sheet_weekday BETWEEN 1 AND 7", name="sheet_weekday"),
    )


class Notice(Base):
    """One thing that one person is to hear, once; `about` names the thing. `facts` hold ids.

    Not before `not_before`, where somebody else hears first.
    """

    __tablename__ = "notices"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    topic: Mapped[str]
    about: Mapped[str]
    lead_id: Mapped[int | None] = mapped_column(BigInteger)
    facts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    not_before: Mapped[datetime | None]
    due_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    outcome: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("user_id", "about"),
        Index(
            "ix_notices_waiting",
            "user_id",
            "due_at",
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index(
            "ix_notices_settled",
            "user_id",
            "settled_at",
            postgresql_where=text("settled_at IS NOT NULL"),
        ),
        Index("ix_notices_of", "user_id", "created_at"),
        CheckConstraint("outcome IN ('alone','collected','past','unwanted')", name="outcome"),
        CheckConstraint("(settled_at IS NULL) = (outcome IS NULL)", name="settled"),
    )


class NoticeRound(Base):
    """The one row about the sender of notices: when it looked last, and whether it catches up.

    A long gap means that the house stood still. What has heaped up meanwhile is then collected.
    """

    __tablename__ = "notice_rounds"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ran_at: Mapped[datetime]
    catching_up_until: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("id = 1", name="single"),)

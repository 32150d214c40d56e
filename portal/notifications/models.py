"""The tables of notices that wait for their moment, and of the rounds of their sender."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class Topic(StrEnum):
    """What a person can be told of at once or once a day, the most pressing first."""

    FEEDBACK_OVERDUE = "feedback_overdue"
    FEEDBACK_DUE = "feedback_due"
    COMPLETION_WANTED = "completion_wanted"
    CONTACT_WANTED = "contact_wanted"
    REMINDED = "reminded"
    FEEDBACK_SOON = "feedback_soon"
    ANSWER_WANTED = "answer_wanted"
    PAUSED = "paused"
    PARTNER_LATE = "partner_late"
    TEAM_LATE = "team_late"
    OFFER_ENDS = "offer_ends"
    HELP_ASKED = "help_asked"
    HELP_ANSWERED = "help_answered"
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


class Outcome(StrEnum):
    """What became of a notice: a mail of its own, a part of one, or past before it was told."""

    ALONE = "alone"
    COLLECTED = "collected"
    PAST = "past"


class Notice(Base):
    """One thing that one person is to hear, once; `about` names the thing. `facts` hold ids."""

    __tablename__ = "notices"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    topic: Mapped[str]
    about: Mapped[str]
    lead_id: Mapped[int | None] = mapped_column(BigInteger)
    facts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
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
        CheckConstraint("outcome IN ('alone','collected','past')", name="outcome"),
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

"""Tables of what holders ask the vendor for."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class RequestKind(StrEnum):
    """What is asked for."""

    HELP = "help"
    PRICING = "pricing"


class RequestState(StrEnum):
    """Whose turn it is, or how it ended."""

    OPEN = "open"
    ASKED_BACK = "asked_back"
    ANSWERED = "answered"
    GRANTED = "granted"
    REFUSED = "refused"
    CLOSED = "closed"
    VOID = "void"


WAITS = (RequestState.OPEN, RequestState.ASKED_BACK)
"""States of what is not settled: the vendor's turn, the holder's turn."""


class Turn(StrEnum):
    """What somebody did about a request, with words."""

    ASKED = "asked"
    ASKED_AGAIN = "asked_again"
    ASKED_BACK = "asked_back"
    ANSWERED = "answered"
    GRANTED = "granted"
    REFUSED = "refused"


class AssistanceRequest(Base):
    """What somebody who holds a lead asks the vendor for; `assignee_id` is whom she asks.

    `state` says whose turn it is. `asked_at` is when it became the vendor's turn last; until when
    the answer is due stands in its clock. A price that was granted holds to the end of
    `valid_until`. What was written stands in `AssistanceWords`.
    """

    __tablename__ = "assistance_requests"

    id: Mapped[Id]
    kind: Mapped[str]
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"), index=True)
    pickup_id: Mapped[int] = mapped_column(ForeignKey("pickups.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    assignee_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str] = mapped_column(default=RequestState.OPEN)
    at: Mapped[datetime]
    asked_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    valid_until: Mapped[date | None]

    __table_args__ = (
        Index(
            "uq_assistance_requests_waiting",
            "pickup_id",
            "kind",
            unique=True,
            postgresql_where=sql("state IN ('open','asked_back')"),
        ),
        Index(
            "ix_assistance_requests_open",
            "assignee_id",
            "asked_at",
            postgresql_where=sql("state IN ('open','asked_back')"),
        ),
        CheckConstraint("kind IN ('help','pricing')", name="kind"),
        CheckConstraint(
            "state IN ('open','asked_back','answered','granted','refused','closed','void')",
            name="state",
        ),
        CheckConstraint("(state IN ('open','asked_back')) = (settled_at IS NULL)", name="settled"),
    )

    @property
    def waits(self) -> bool:
        """True for what is not settled."""
        return self.state in WAITS


class AssistanceWords(Base):
    """What was written about a request, one row a turn; `terms` are figures of a price.

    Row policies hide every row from whoever has not opened the wall (`assistance.wall`).
    """

    __tablename__ = "assistance_words"

    id: Mapped[Id]
    request_id: Mapped[int] = mapped_column(
        ForeignKey("assistance_requests.id", ondelete="CASCADE"), index=True
    )
    turn: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    text: Mapped[str]
    terms: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))

    __table_args__ = (
        CheckConstraint(
            "turn IN ('asked','asked_again','asked_back','answered','granted','refused')",
            name="turn",
        ),
    )

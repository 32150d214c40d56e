"""The table of distribution rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Id


class DistributionRule(Base):
    """ "Leads like this go to partners like that." Rules are tried in order, first match wins.

    `conditions` on the lead: a list of {"field", "values"}; all must hold.
    `criteria` on partners: a list of {"kind", "mode": "required" | "weighted", "weight", …}.
    `contest` is how these come by a lead, with `ring_size` and `ring_minutes` (`leads.contest`);
    None: as the type of the lead says. `hours` is how long an offer round lasts (None: as the
    lead's deadline policy says), `most` the largest number of partners (None: all that match),
    `group_id` narrows to a group put together by hand.
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
    hours: Mapped[int | None]
    most: Mapped[int | None]
    group_id: Mapped[int | None] = mapped_column(ForeignKey("partner_groups.id"))
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("contest IN ('race','staggered','serial')", name="contest"),
        CheckConstraint("hours BETWEEN 1 AND 2160", name="hours"),
        CheckConstraint("most IS NULL OR most > 0", name="most"),
    )

"""Tables of deliveries from other systems."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base


class DeliveredRow(Base):
    """An inquiry that another system has delivered, by its number there.

    `digest` is what it said, so that the same one again is known; nothing of it can be read there.
    """

    __tablename__ = "delivered_rows"

    system: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str]
    at: Mapped[datetime]

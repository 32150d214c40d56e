"""figures of a partner begin at nought

The claim writes the two that it changes; the database knows where the others begin.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

FIGURES = (
    *("open_pickups", "offers_seen", "declined", "picked", "given_back", "won", "lost"),
    *("answers_in_time", "answers_late"),
)


def upgrade() -> None:
    for name in FIGURES:
        op.alter_column("partner_figures", name, server_default=sa.text("0"))


def downgrade() -> None:
    for name in FIGURES:
        op.alter_column("partner_figures", name, server_default=None)

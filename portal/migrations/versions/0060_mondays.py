"""who wants the list of the overdue on Mondays; clocks that somebody waits for are found by due date"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"

WAITED_FOR = "stopped_at IS NULL AND kind IN ('response','help','pricing','owner')"


def upgrade() -> None:
    op.add_column(
        "users", sa.Column("hears_mondays", sa.Boolean(), nullable=False, server_default="false")
    )
    op.add_column("users", sa.Column("monday_told_on", sa.Date()))
    op.create_index(
        "ix_clocks_waited_for", "clocks", ["due_at", "id"], postgresql_where=sa.text(WAITED_FOR)
    )


def downgrade() -> None:
    op.drop_index("ix_clocks_waited_for", "clocks")
    op.drop_column("users", "monday_told_on")
    op.drop_column("users", "hears_mondays")

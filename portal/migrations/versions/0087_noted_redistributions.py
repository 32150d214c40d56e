"""leads that came back on a dry run are found when it is over"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0087"
down_revision = "0086"


def upgrade() -> None:
    op.create_index(
        "ix_redistributions_noted",
        "redistributions",
        ["lead_id"],
        postgresql_where=sa.text("round_id IS NULL AND rung IN ('again','group','overflow')"),
    )


def downgrade() -> None:
    op.drop_index("ix_redistributions_noted", table_name="redistributions")

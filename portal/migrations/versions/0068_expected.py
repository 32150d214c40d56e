"""leads in work are found by the day on which they are to be closed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"

EXPECTED = "coalesce(expected_on, estimated_on)"


def upgrade() -> None:
    op.create_index(
        "ix_leads_expected",
        "leads",
        [sa.text(f"({EXPECTED})"), "id"],
        postgresql_where=sa.text(f"state IN ('held','direct') AND {EXPECTED} IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_leads_expected", "leads")

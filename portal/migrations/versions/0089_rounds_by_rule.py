"""rounds by the day on which rules decided"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0089"
down_revision = "0088"


def upgrade() -> None:
    op.create_index(
        "ix_offer_rounds_by_rule",
        "offer_rounds",
        ["opened_at"],
        postgresql_where=sa.text("rule_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_offer_rounds_by_rule", "offer_rounds")

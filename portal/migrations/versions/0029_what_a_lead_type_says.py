"""what a lead type says"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"

ALLOWED = ("category_keys", "product_keys", "activity_kinds")


def upgrade() -> None:
    words, data = postgresql.ARRAY(sa.Text()), postgresql.JSONB()
    for name in ALLOWED:
        op.add_column("lead_types", sa.Column(name, words, nullable=True))
    op.add_column("lead_types", sa.Column("days", sa.Integer(), nullable=True))
    op.add_column(
        "lead_types", sa.Column("direct", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column(
        "lead_types",
        sa.Column("cadence", data, server_default=sa.text("'[]'"), nullable=False),
    )
    op.add_column(
        "lead_definitions",
        sa.Column("settings", data, server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column(
        "lead_transitions",
        sa.Column("unit_ids", postgresql.ARRAY(sa.BigInteger()), nullable=True),
    )


def downgrade() -> None:
    op.drop_column("lead_transitions", "unit_ids")
    op.drop_column("lead_definitions", "settings")
    for name in ("cadence", "direct", "days", *ALLOWED):
        op.drop_column("lead_types", name)

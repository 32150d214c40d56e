"""questions of the script are answered in several sorts, some only after another answer"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.add_column(
        "lead_types", sa.Column("attempts", sa.Integer(), server_default="0", nullable=False)
    )
    for column in (
        sa.Column("sort", sa.Text(), server_default="text", nullable=False),
        sa.Column("options", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("required_later", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("shown_by", sa.Text(), nullable=True),
        sa.Column("shown_for", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    ):
        op.add_column("qualification_questions", column)


def downgrade() -> None:
    for name in ("shown_for", "shown_by", "required_later", "options", "sort"):
        op.drop_column("qualification_questions", name)
    op.drop_column("lead_types", "attempts")

"""which deadline policy is used where"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"


def upgrade() -> None:
    op.create_table(
        "policy_uses",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("type_key", sa.Text()),
        sa.Column("temperature", sa.Text()),
        sa.Column("group_id", sa.BigInteger(), sa.ForeignKey("partner_groups.id"), index=True),
        sa.Column("level_id", sa.BigInteger(), sa.ForeignKey("catalog_entries.id")),
        sa.Column("policy_key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("temperature IN ('hot','warm','cold')", name="temperature"),
    )


def downgrade() -> None:
    op.drop_table("policy_uses")

"""which lost leads go into nurture by the reason for which they were lost"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0099"
down_revision = "0066"


def upgrade() -> None:
    op.create_table(
        "nurture_rules",
        sa.Column(
            "reason_id",
            sa.BigInteger(),
            sa.ForeignKey("catalog_entries.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("mails", sa.Boolean(), nullable=False),
        sa.CheckConstraint("months BETWEEN 1 AND 36", name="months"),
    )
    op.add_column(
        "nurtures", sa.Column("mails", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.add_column(
        "nurtures",
        sa.Column("reason_id", sa.BigInteger(), sa.ForeignKey("catalog_entries.id")),
    )


def downgrade() -> None:
    op.drop_column("nurtures", "reason_id")
    op.drop_column("nurtures", "mails")
    op.drop_table("nurture_rules")

"""lost leads that are kept warm by their reason, and owners who speak with customers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0067"
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

    op.add_column("lead_types", sa.Column("owner_speaks", sa.Text()))


def downgrade() -> None:
    op.drop_column("lead_types", "owner_speaks")
    op.drop_column("nurtures", "reason_id")
    op.drop_column("nurtures", "mails")
    op.drop_table("nurture_rules")

"""how leads were shared out, month by month, and who is told so by mail"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0079"
down_revision = "0078"


def upgrade() -> None:
    op.create_table(
        "fair_months",
        sa.Column("month", sa.Date(), primary_key=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leads", sa.Integer(), nullable=False),
        sa.Column("half_minutes", sa.Float(53)),
        sa.Column("most_minutes", sa.Float(53)),
        sa.Column("gini_offers", sa.Float(53)),
        sa.Column("gini_picks", sa.Float(53)),
        sa.Column("gini_hot", sa.Float(53)),
    )
    op.create_table(
        "fair_shares",
        sa.Column(
            "month",
            sa.Date(),
            sa.ForeignKey("fair_months.month", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "organisation_id",
            sa.BigInteger(),
            sa.ForeignKey("organisations.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("level_id", sa.BigInteger(), sa.ForeignKey("catalog_entries.id")),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("subdivision", sa.Text()),
        sa.Column("people", sa.Integer()),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("hot_offers", sa.Integer(), nullable=False),
        sa.Column("picks", sa.Integer(), nullable=False),
        sa.Column("hot_picks", sa.Integer(), nullable=False),
    )
    op.add_column(
        "users", sa.Column("hears_fairness", sa.Boolean(), nullable=False, server_default="true")
    )
    op.add_column("users", sa.Column("fairness_told_on", sa.Date()))


def downgrade() -> None:
    op.drop_column("users", "fairness_told_on")
    op.drop_column("users", "hears_fairness")
    op.drop_table("fair_shares")
    op.drop_table("fair_months")

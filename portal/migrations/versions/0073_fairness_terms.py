"""terms of fairness, and what a firm has had lately is found by an index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"


def upgrade() -> None:
    op.create_table(
        "fairness_terms",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False, unique=True),
        sa.Column("period_days", sa.Integer(), nullable=False),
        sa.Column("most_offers", sa.Integer()),
        sa.Column("most_hot_offers", sa.Integer()),
        sa.Column("most_picks", sa.Integer()),
        sa.Column("most_hot_picks", sa.Integer()),
        sa.Column("cooling_days", sa.Integer(), nullable=False),
        sa.Column("explored", sa.Integer(), nullable=False),
        sa.Column("new_days", sa.Integer(), nullable=False),
        sa.Column("small_people", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by_id", sa.BigInteger(), sa.ForeignKey("users.id")),
        sa.CheckConstraint("period_days BETWEEN 1 AND 366", name="period_days"),
        sa.CheckConstraint("cooling_days BETWEEN 0 AND 366", name="cooling_days"),
        sa.CheckConstraint("explored BETWEEN 0 AND 100", name="explored"),
    )
    op.create_index(
        "ix_offers_organisation_id_offers_visible_from",
        "offers",
        ["organisation_id", "visible_from"],
    )
    op.create_index(
        "ix_pickups_organisation_id_pickups_picked_at", "pickups", ["organisation_id", "picked_at"]
    )


def downgrade() -> None:
    op.drop_index("ix_pickups_organisation_id_pickups_picked_at", "pickups")
    op.drop_index("ix_offers_organisation_id_offers_visible_from", "offers")
    op.drop_table("fairness_terms")

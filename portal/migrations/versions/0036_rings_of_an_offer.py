"""offers in rings and in turn: chosen by lead type or rule; a head start is a first ring, too"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"

MODES = "('race','staggered','serial')"


def upgrade() -> None:
    op.add_column(
        "lead_types", sa.Column("contest", sa.Text(), server_default="race", nullable=False)
    )
    op.add_column("distribution_rules", sa.Column("contest", sa.Text(), nullable=True))
    for table in ("lead_types", "distribution_rules"):
        op.add_column(table, sa.Column("ring_size", sa.Integer(), nullable=True))
        op.add_column(table, sa.Column("ring_minutes", sa.Integer(), nullable=True))
    op.create_check_constraint(
        op.f("ck_distribution_rules_contest"), "distribution_rules", f"contest IN {MODES}"
    )
    op.drop_constraint(op.f("ck_distribution_rules_mode"), "distribution_rules", type_="check")
    op.drop_column("distribution_rules", "mode")
    for name, usual in (("rings", "1"), ("ring", "1"), ("next_ring_firms", "0")):
        op.add_column(
            "offer_rounds", sa.Column(name, sa.Integer(), server_default=usual, nullable=False)
        )
    op.add_column("offer_rounds", sa.Column("ring_minutes", sa.Integer(), nullable=True))
    op.add_column(
        "offer_rounds", sa.Column("next_ring_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("offers", sa.Column("ring", sa.Integer(), server_default="1", nullable=False))
    # who stood by was the first ring, the others the second
    op.execute(
        "UPDATE offers SET ring = 2 FROM offer_rounds WHERE offer_rounds.id = offers.round_id "
        "AND head_start_until IS NOT NULL AND visible_from > opened_at"
    )
    op.execute(
        "UPDATE offer_rounds SET rings = 2, ring = 2 "
        "WHERE head_start_until IS NOT NULL AND opened_to_all_at IS NOT NULL"
    )
    op.execute(
        "UPDATE offer_rounds SET rings = 2, next_ring_at = head_start_until, "
        "next_ring_firms = later.firms, offered = offered - later.firms "
        "FROM (SELECT round_id, count(*) AS firms FROM offers WHERE ring = 2 GROUP BY round_id) "
        "AS later "
        "WHERE later.round_id = offer_rounds.id AND opened_to_all_at IS NULL"
    )
    op.drop_index("ix_offer_rounds_head_start", "offer_rounds")
    op.drop_column("offer_rounds", "opened_to_all_at")
    op.create_index(
        "ix_offer_rounds_next_ring",
        "offer_rounds",
        ["next_ring_at"],
        postgresql_where=sa.text("next_ring_at IS NOT NULL AND ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_offer_rounds_next_ring", "offer_rounds")
    op.add_column(
        "offer_rounds", sa.Column("opened_to_all_at", sa.DateTime(timezone=True), nullable=True)
    )
    # rings are no more: whoever was to see a lead later sees it now, but for a head start
    op.execute(
        "UPDATE offer_rounds SET offered = later.firms "
        "FROM (SELECT round_id, count(*) AS firms FROM offers GROUP BY round_id) AS later "
        "WHERE later.round_id = offer_rounds.id AND rings > 1"
    )
    op.execute(
        "UPDATE offer_rounds SET opened_to_all_at = head_start_until "
        "WHERE head_start_until IS NOT NULL AND ring > 1"
    )
    op.execute(
        "UPDATE offers SET visible_from = least(visible_from, "
        "greatest(offer_rounds.opened_at, offer_rounds.head_start_until)), "
        "ends_at = offer_rounds.ends_at "
        "FROM offer_rounds WHERE offer_rounds.id = offers.round_id AND rings > 1"
    )
    op.create_index(
        "ix_offer_rounds_head_start",
        "offer_rounds",
        ["head_start_until"],
        postgresql_where=sa.text(
            "head_start_until IS NOT NULL AND opened_to_all_at IS NULL AND ended_at IS NULL"
        ),
    )
    op.drop_column("offers", "ring")
    for name in ("next_ring_at", "ring_minutes", "next_ring_firms", "ring", "rings"):
        op.drop_column("offer_rounds", name)
    op.add_column(
        "distribution_rules", sa.Column("mode", sa.Text(), server_default="race", nullable=False)
    )
    op.alter_column("distribution_rules", "mode", server_default=None)
    op.drop_constraint(op.f("ck_distribution_rules_contest"), "distribution_rules", type_="check")
    op.create_check_constraint(
        op.f("ck_distribution_rules_mode"), "distribution_rules", "mode IN ('race')"
    )
    op.drop_column("distribution_rules", "contest")
    for table in ("distribution_rules", "lead_types"):
        op.drop_column(table, "ring_minutes")
        op.drop_column(table, "ring_size")
    op.drop_column("lead_types", "contest")

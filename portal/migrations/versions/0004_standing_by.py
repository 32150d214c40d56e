"""standing by, and clocks of the programme"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

CLOCKS = (("overdue_hours", "24"), ("stand_by_hours", "4"), ("draft_days", "3"))


def upgrade() -> None:
    op.create_table(
        "stand_bys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('heard','left','declined','over')",
            name=op.f("ck_stand_bys_outcome"),
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (outcome IS NULL)", name=op.f("ck_stand_bys_ended_with_outcome")
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_stand_bys_lead_id_leads")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_stand_bys_user_id_users")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_stand_bys_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stand_bys")),
    )
    op.create_index(
        "uq_stand_bys_open",
        "stand_bys",
        ["lead_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_stand_bys_open_of_user",
        "stand_bys",
        ["user_id"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    for name in ("head_start_until", "opened_to_all_at"):
        op.add_column("offer_rounds", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_offer_rounds_head_start",
        "offer_rounds",
        ["head_start_until"],
        postgresql_where=sa.text(
            "head_start_until IS NOT NULL AND opened_to_all_at IS NULL AND ended_at IS NULL"
        ),
    )
    # the defaults stay: the programme of before goes on while this one starts
    for name, usual in CLOCKS:
        op.add_column(
            "deadline_policies",
            sa.Column(name, sa.Integer(), server_default=usual, nullable=False),
        )
    op.add_column("leads", sa.Column("draft_told_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f("ck_pickups_debt"), "pickups", type_="check")
    # not valid first: the check of what stands there needs no lock that stops the pages
    op.execute(
        "ALTER TABLE pickups ADD CONSTRAINT ck_pickups_debt "
        "CHECK (debt IN ('none','soon','due','overdue')) NOT VALID"
    )
    op.execute("ALTER TABLE pickups VALIDATE CONSTRAINT ck_pickups_debt")


def downgrade() -> None:
    op.execute("UPDATE pickups SET debt = 'overdue' WHERE debt = 'due'")
    op.drop_constraint(op.f("ck_pickups_debt"), "pickups", type_="check")
    op.create_check_constraint(
        op.f("ck_pickups_debt"), "pickups", "debt IN ('none','soon','overdue')"
    )
    op.drop_column("leads", "draft_told_at")
    for name, _usual in CLOCKS:
        op.drop_column("deadline_policies", name)
    op.drop_index("ix_offer_rounds_head_start", "offer_rounds")
    for name in ("opened_to_all_at", "head_start_until"):
        op.drop_column("offer_rounds", name)
    op.drop_table("stand_bys")

"""team of a lead and hand-overs to operations"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "lead_team",
        sa.Column("lead_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_lead_team_lead_id_leads")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_lead_team_user_id_users")),
        sa.ForeignKeyConstraint(
            ["added_by"], ["users.id"], name=op.f("fk_lead_team_added_by_users")
        ),
        sa.PrimaryKeyConstraint("lead_id", "user_id", name=op.f("pk_lead_team")),
    )
    op.create_index(op.f("ix_lead_team_user_id"), "lead_team", ["user_id"])
    op.create_table(
        "hand_overs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("taken_by", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erp_number", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(taken_by IS NULL) = (taken_at IS NULL)", name=op.f("ck_hand_overs_taken")
        ),
        sa.CheckConstraint(
            "done_at IS NULL OR taken_by IS NOT NULL",
            name=op.f("ck_hand_overs_done_by_who_took_it"),
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_hand_overs_lead_id_leads")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["users.id"], name=op.f("fk_hand_overs_asked_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["taken_by"], ["users.id"], name=op.f("fk_hand_overs_taken_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_overs")),
    )
    for column in ("lead_id", "asked_by", "taken_by"):
        op.create_index(op.f(f"ix_hand_overs_{column}"), "hand_overs", [column])
    op.create_index(
        "uq_hand_overs_open",
        "hand_overs",
        ["lead_id"],
        unique=True,
        postgresql_where=sa.text("done_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("hand_overs")
    op.drop_table("lead_team")

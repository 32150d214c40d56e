"""how and when people hear"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

HOURS = ("digest_hour", "quiet_from", "quiet_until")


def upgrade() -> None:
    # the defaults stay: the programme of before goes on writing people while this one starts
    op.add_column("users", sa.Column("hears", sa.Text(), server_default="at_once", nullable=False))
    op.add_column(
        "users", sa.Column("digest_hour", sa.SmallInteger(), server_default="8", nullable=False)
    )
    op.add_column("users", sa.Column("quiet_from", sa.SmallInteger(), nullable=True))
    op.add_column("users", sa.Column("quiet_until", sa.SmallInteger(), nullable=True))
    op.create_check_constraint(
        op.f("ck_users_hears"), "users", "hears IN ('at_once','daily','never')"
    )
    for hour in HOURS:
        op.create_check_constraint(op.f(f"ck_users_{hour}"), "users", f"{hour} BETWEEN 0 AND 23")
    op.create_check_constraint(
        op.f("ck_users_quiet"), "users", "(quiet_from IS NULL) = (quiet_until IS NULL)"
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('alone','collected','past')", name=op.f("ck_notices_outcome")
        ),
        sa.CheckConstraint(
            "(settled_at IS NULL) = (outcome IS NULL)", name=op.f("ck_notices_settled")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notices_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("user_id", "about", name=op.f("uq_notices_user_id_about")),
    )
    op.create_index(
        "ix_notices_waiting",
        "notices",
        ["user_id", "due_at"],
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_index(
        "ix_notices_settled",
        "notices",
        ["user_id", "settled_at"],
        postgresql_where=sa.text("settled_at IS NOT NULL"),
    )
    op.create_table(
        "notice_rounds",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("catching_up_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_notice_rounds_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_rounds")),
    )


def downgrade() -> None:
    op.drop_table("notice_rounds")
    op.drop_table("notices")
    for name in ("quiet", *HOURS, "hears"):
        op.drop_constraint(f"ck_users_{name}", "users", type_="check")
    for name in ("hears", *HOURS):
        op.drop_column("users", name)

"""replays of versions of rules"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0082"
down_revision = "0081"


def upgrade() -> None:
    op.create_table(
        "replays",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", JSONB(none_as_null=True), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replays")),
        sa.ForeignKeyConstraint(
            ["rule_id", "version"],
            ["rule_versions.rule_id", "rule_versions.number"],
            name=op.f("fk_replays_rule_id_rule_versions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["users.id"], name=op.f("fk_replays_asked_by_id_users")
        ),
        sa.CheckConstraint("days BETWEEN 1 AND 366", name=op.f("ck_replays_days")),
        sa.CheckConstraint("(result IS NULL) = (made_at IS NULL)", name=op.f("ck_replays_made")),
    )
    op.create_index(
        op.f("ix_replays_rule_id_replays_version_replays_id"),
        "replays",
        ["rule_id", "version", "id"],
    )


def downgrade() -> None:
    op.drop_table("replays")

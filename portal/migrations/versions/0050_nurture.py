"""leads that are kept warm until a day, and the mails that their contacts get"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0050"
down_revision = "0049"

WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "nurture_mails",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("subjects", postgresql.JSONB(), nullable=False),
        sa.Column("texts", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nurture_mails")),
    )
    op.create_table(
        "nurtures",
        sa.Column("lead_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since", WHEN, nullable=False),
        sa.Column("until", WHEN, nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("sent_days", sa.Integer(), nullable=False),
        sa.Column("next_at", WHEN, nullable=True),
        sa.Column("ended_at", WHEN, nullable=True),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_nurtures_lead_id_leads"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_nurtures_by_id_users")),
        sa.PrimaryKeyConstraint("lead_id", name=op.f("pk_nurtures")),
    )
    op.create_index(
        "ix_nurtures_next_at",
        "nurtures",
        ["next_at"],
        postgresql_where=sa.text("ended_at IS NULL AND next_at IS NOT NULL"),
    )
    op.create_index(
        "ix_nurtures_until", "nurtures", ["until"], postgresql_where=sa.text("ended_at IS NULL")
    )


def downgrade() -> None:
    op.drop_table("nurtures")
    op.drop_table("nurture_mails")

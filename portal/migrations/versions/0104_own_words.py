"""own words of the programme in mails: one draft a kind, and every version"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0104"
down_revision = "0103"


def upgrade() -> None:
    op.create_table(
        "wording_drafts",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("texts", postgresql.JSONB(), nullable=False),
        sa.Column("by_user_id", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_wording_drafts"),
        sa.ForeignKeyConstraint(
            ["by_user_id"], ["users.id"], name="fk_wording_drafts_by_user_id_users"
        ),
    )
    op.create_table(
        "wording_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("texts", postgresql.JSONB(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("restores", sa.Integer()),
        sa.Column("by_user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.Column("failure", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_wording_versions"),
        sa.ForeignKeyConstraint(
            ["by_user_id"], ["users.id"], name="fk_wording_versions_by_user_id_users"
        ),
        sa.UniqueConstraint("kind", "number", name="uq_wording_versions_kind_number"),
        sa.CheckConstraint(
            "origin IN ('written','restored','reset')", name=op.f("ck_wording_versions_origin")
        ),
    )


def downgrade() -> None:
    op.drop_table("wording_versions")
    op.drop_table("wording_drafts")

"""files attached to leads, partners and customers; what they are called stands behind the wall"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

OWN = "organisation_id = nullif(current_setting('app.notes_of', true), '')::bigint"
SHARED = (
    "shared_at IS NOT NULL AND subject = 'lead' AND "
    "subject_id = ANY (nullif(current_setting('app.shared_notes_of', true), '')::bigint[])"
)


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_attachments_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_attachments_author_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("key", name=op.f("uq_attachments_key")),
    )
    op.create_index("ix_attachments_about", "attachments", ["subject", "subject_id"])
    op.create_table(
        "attachment_names",
        sa.Column("attachment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("shared_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["attachments.id"],
            name=op.f("fk_attachment_names_attachment_id_attachments"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_attachment_names_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("attachment_id", name=op.f("pk_attachment_names")),
    )
    op.execute("ALTER TABLE attachment_names ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE attachment_names FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON attachment_names USING ({OWN})")
    op.execute(f"CREATE POLICY shared ON attachment_names FOR SELECT USING ({SHARED})")


def downgrade() -> None:
    op.drop_table("attachment_names")
    op.drop_table("attachments")

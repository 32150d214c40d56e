"""who sees what: the programme's choices, and firms' notes behind the wall"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

OWN = "organisation_id = nullif(current_setting('app.notes_of', true), '')::bigint"
SHARED = (
    "shared_at IS NOT NULL AND "
    "lead_id = ANY (nullif(current_setting('app.shared_notes_of', true), '')::bigint[])"
)


def upgrade() -> None:
    op.create_table(
        "visibility_choices",
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("seen", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("field", "tier", "phase", name=op.f("pk_visibility_choices")),
    )
    op.create_table(
        "firm_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("shared_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_firm_notes_author_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_firm_notes_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firm_notes")),
    )
    op.create_index(op.f("ix_firm_notes_lead_id"), "firm_notes", ["lead_id"])
    op.execute("ALTER TABLE firm_notes ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE firm_notes FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON firm_notes USING ({OWN})")
    op.execute(f"CREATE POLICY shared ON firm_notes FOR SELECT USING ({SHARED})")


def downgrade() -> None:
    op.drop_table("firm_notes")
    op.drop_table("visibility_choices")

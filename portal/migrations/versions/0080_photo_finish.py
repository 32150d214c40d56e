"""who takes part in a photo-finish"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0079"

OPEN = sa.text("ended_at IS NULL")
REFERRED = (
    ("round_id", "offer_rounds"),
    ("lead_id", "leads"),
    ("offer_id", "offers"),
    ("organisation_id", "organisations"),
    ("user_id", "users"),
)


def upgrade() -> None:
    op.create_table(
        "entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name, _table in REFERRED),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_entries"),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=f"fk_entries_{name}_{table}")
            for name, table in REFERRED
        ),
        sa.CheckConstraint(
            "outcome IN ('won','outscored','refused','withdrawn','over')",
            name=op.f("ck_entries_outcome"),
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (outcome IS NULL)", name=op.f("ck_entries_ended_with_outcome")
        ),
    )
    op.create_index(
        "uq_entries_open", "entries", ["round_id", "user_id"], unique=True, postgresql_where=OPEN
    )
    op.create_index(
        "ix_entries_open_of_firm", "entries", ["organisation_id"], postgresql_where=OPEN
    )
    op.create_index(
        "ix_entries_round_id_entries_user_id_entries_id", "entries", ["round_id", "user_id", "id"]
    )


def downgrade() -> None:
    op.drop_table("entries")

"""offers by hand: who may decide, what was taken from one firm, and whom of it a lead suits best"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0076"
down_revision = "0075"


def upgrade() -> None:
    op.create_table(
        "allocation_terms",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("roles", ARRAY(sa.Text()), nullable=False),
        sa.Column("pass_on", sa.Boolean(), nullable=False),
        sa.Column("first_minutes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_allocation_terms"),
        sa.CheckConstraint("id = 1", name=op.f("ck_allocation_terms_single")),
        sa.CheckConstraint(
            "first_minutes BETWEEN 0 AND 1440", name=op.f("ck_allocation_terms_first_minutes")
        ),
    )
    op.add_column("offers", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("offers", sa.Column("suits_user_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        "fk_offers_suits_user_id_users", "offers", "users", ["suits_user_id"], ["id"]
    )


def downgrade() -> None:
    op.drop_column("offers", "suits_user_id")
    op.drop_column("offers", "withdrawn_at")
    op.drop_table("allocation_terms")

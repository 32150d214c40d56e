"""what a person of a partner is good at"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0083"
down_revision = "0082"


def upgrade() -> None:
    op.create_table(
        "rep_profiles",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("specialisation_ids", ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("product_ids", ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("territories", ARRAY(sa.Text()), nullable=False),
        sa.Column("languages", ARRAY(sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_rep_profiles"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_rep_profiles_user_id_users"),
    )


def downgrade() -> None:
    op.drop_table("rep_profiles")

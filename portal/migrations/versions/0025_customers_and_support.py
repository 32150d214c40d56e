"""qualified leads find their customer; whoever helps new customers start"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column(
        "customer_policy",
        sa.Column("from_qualified", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("customer_policy", sa.Column("support_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_customer_policy_support_id_users"),
        "customer_policy",
        "users",
        ["support_id"],
        ["id"],
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_customer_policy_support_id_users"), "customer_policy")
    op.drop_column("customer_policy", "support_id")
    op.drop_column("customer_policy", "from_qualified")

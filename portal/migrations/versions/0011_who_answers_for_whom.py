"""who answers for whom"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("organisations", sa.Column("account_manager_id", sa.BigInteger(), nullable=True))
    op.add_column("users", sa.Column("manager_id", sa.BigInteger(), nullable=True))
    op.add_column("units", sa.Column("manager_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "units",
        sa.Column(
            "territories",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    for table, column in (
        ("organisations", "account_manager_id"),
        ("users", "manager_id"),
        ("units", "manager_id"),
    ):
        op.create_foreign_key(op.f(f"fk_{table}_{column}_users"), table, "users", [column], ["id"])
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_index(op.f("ix_units_parent_id"), "units", ["parent_id"])
    op.create_index(op.f("ix_users_unit_id"), "users", ["unit_id"])
    op.create_index(
        op.f("ix_leads_owner_id"),
        "leads",
        ["owner_id"],
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_leads_owner_id"), "leads")
    op.drop_index(op.f("ix_users_unit_id"), "users")
    op.drop_index(op.f("ix_units_parent_id"), "units")
    op.drop_column("units", "territories")
    op.drop_column("units", "manager_id")
    op.drop_column("users", "manager_id")
    op.drop_column("organisations", "account_manager_id")

"""several deadline policies with versions; a type of lead names one, a lead in hand keeps its own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"

WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("deadline_policies", sa.Column("key", sa.Text(), nullable=True))
    op.execute(
        "UPDATE deadline_policies SET key = CASE WHEN active THEN 'standard' "
        "ELSE 'policy_' || id END"
    )
    op.alter_column("deadline_policies", "key", nullable=False)
    op.add_column(
        "deadline_policies",
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
    )
    op.add_column("deadline_policies", sa.Column("created_by", sa.BigInteger(), nullable=True))
    op.add_column("deadline_policies", sa.Column("replaced_at", WHEN, nullable=True))
    op.add_column("deadline_policies", sa.Column("retired_at", WHEN, nullable=True))
    op.execute("UPDATE deadline_policies SET retired_at = now() WHERE NOT active")
    op.alter_column("deadline_policies", "active", new_column_name="standard")
    op.execute("ALTER INDEX uq_deadline_policies_active RENAME TO uq_deadline_policies_standard")
    op.create_unique_constraint(
        "uq_deadline_policies_key_version", "deadline_policies", ["key", "version"]
    )
    op.create_index(
        "uq_deadline_policies_newest",
        "deadline_policies",
        ["key"],
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_check_constraint(
        "standard_in_use",
        "deadline_policies",
        "NOT standard OR (replaced_at IS NULL AND retired_at IS NULL)",
    )
    op.create_foreign_key(
        "fk_deadline_policies_created_by_users",
        "deadline_policies",
        "users",
        ["created_by"],
        ["id"],
    )
    op.add_column("lead_types", sa.Column("policy_key", sa.Text(), nullable=True))
    # what is in hand began with the only one there was; a default for a moment writes no row anew
    standard = op.get_bind().scalar(sa.text("SELECT id FROM deadline_policies WHERE standard"))
    op.add_column(
        "pickups",
        sa.Column(
            "policy_id",
            sa.BigInteger(),
            server_default=None if standard is None else str(standard),
            nullable=False,
        ),
    )
    op.alter_column("pickups", "policy_id", server_default=None)
    op.create_foreign_key(
        "fk_pickups_policy_id_deadline_policies",
        "pickups",
        "deadline_policies",
        ["policy_id"],
        ["id"],
    )
    # no hours: as the policy says
    op.alter_column("distribution_rules", "hours", nullable=True)


def downgrade() -> None:
    op.execute(
        "UPDATE distribution_rules SET hours = "
        "coalesce((SELECT offer_hours FROM deadline_policies WHERE standard), 72) "
        "WHERE hours IS NULL"
    )
    op.alter_column("distribution_rules", "hours", nullable=False)
    op.drop_column("pickups", "policy_id")
    op.drop_column("lead_types", "policy_key")
    op.drop_constraint(op.f("ck_deadline_policies_standard_in_use"), "deadline_policies")
    op.drop_index("uq_deadline_policies_newest", "deadline_policies")
    op.drop_constraint("uq_deadline_policies_key_version", "deadline_policies")
    op.execute("DELETE FROM deadline_policies WHERE NOT standard")
    op.alter_column("deadline_policies", "standard", new_column_name="active")
    op.execute("ALTER INDEX uq_deadline_policies_standard RENAME TO uq_deadline_policies_active")
    for name in ("retired_at", "replaced_at", "created_by", "version", "key"):
        op.drop_column("deadline_policies", name)

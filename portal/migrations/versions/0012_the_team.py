"""the team: handed on, delegates, what a reseller shares"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("pickups", sa.Column("handed_from_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "pickups",
        sa.Column(
            "hidden_from_distributor", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
    )
    op.create_foreign_key(
        op.f("fk_pickups_handed_from_id_users"), "pickups", "users", ["handed_from_id"], ["id"]
    )
    op.add_column("absences", sa.Column("delegate_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_absences_delegate_id_users"), "absences", "users", ["delegate_id"], ["id"]
    )
    op.create_index(op.f("ix_absences_delegate_id"), "absences", ["delegate_id"])
    op.add_column(
        "partners",
        sa.Column("shares", sa.Text(), server_default="figures", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_partners_shares"), "partners", "shares IN ('nothing','figures','deals')"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_partners_shares"), "partners")
    op.drop_column("partners", "shares")
    op.drop_index(op.f("ix_absences_delegate_id"), "absences")
    op.drop_column("absences", "delegate_id")
    op.drop_column("pickups", "hidden_from_distributor")
    op.drop_column("pickups", "handed_from_id")

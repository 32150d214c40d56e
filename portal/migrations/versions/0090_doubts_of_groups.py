"""that a group is doubted stands beside it, so that nobody waits for who fills it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0090"
down_revision = "0089"


def upgrade() -> None:
    op.create_table(
        "partner_group_doubts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partner_group_doubts"),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["partner_groups.id"],
            name="fk_partner_group_doubts_group_id_partner_groups",
        ),
    )
    op.create_index("ix_partner_group_doubts_group_id", "partner_group_doubts", ["group_id"])


def downgrade() -> None:
    op.execute(
        "UPDATE partner_groups SET filled_at = NULL "
        "WHERE id IN (SELECT group_id FROM partner_group_doubts)"
    )
    op.drop_table("partner_group_doubts")

"""who came into a group of partners and who left it is kept"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"


def upgrade() -> None:
    op.create_table(
        "partner_group_moves",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("inside", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partner_group_moves"),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["partner_groups.id"],
            name="fk_partner_group_moves_group_id_partner_groups",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["partners.organisation_id"],
            name="fk_partner_group_moves_organisation_id_partners",
        ),
    )
    op.create_index(
        "ix_partner_group_moves_group_id_partner_group_moves_id",
        "partner_group_moves",
        ["group_id", "id"],
    )


def downgrade() -> None:
    op.drop_table("partner_group_moves")

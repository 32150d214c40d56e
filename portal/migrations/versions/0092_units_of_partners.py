"""offers to units of partners, beside those to units of the vendor"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0092"
down_revision = "0091"


def upgrade() -> None:
    op.add_column(
        "offers", sa.Column("direct", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute("UPDATE offers SET direct = true WHERE unit_id IS NOT NULL")
    op.create_check_constraint(
        op.f("ck_offers_direct"), "offers", "unit_id IS NOT NULL OR NOT direct"
    )


def downgrade() -> None:
    # of whom it was before, nobody else hears: what is on offer to a partner's unit ends
    op.execute(
        "UPDATE offers SET open = false, ends_at = least(ends_at, now()), "
        "withdrawn_at = coalesce(withdrawn_at, now()), unit_id = NULL "
        "WHERE unit_id IS NOT NULL AND NOT direct"
    )
    op.drop_constraint(op.f("ck_offers_direct"), "offers")
    op.drop_column("offers", "direct")

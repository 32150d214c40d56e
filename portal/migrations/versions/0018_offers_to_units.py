"""offers to units of the vendor"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("offers", sa.Column("unit_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_offers_unit_id_units"), "offers", "units", ["unit_id"], ["id"])


def downgrade() -> None:
    op.drop_column("offers", "unit_id")

"""what a distributor offered on is found by its firm"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0081"
down_revision = "0080"


def upgrade() -> None:
    op.create_index(
        "ix_offers_offered_on",
        "offers",
        ["via_organisation_id", "id"],
        postgresql_where=sa.text("via_organisation_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_offers_offered_on", "offers")

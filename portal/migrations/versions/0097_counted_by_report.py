"""what reports count is found by its moment, and long-term leads by themselves"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0097"
down_revision = "0096"


def upgrade() -> None:
    op.create_index("ix_leads_long_term", "leads", ["id"], postgresql_where=sa.text("long_term"))
    op.create_index(
        "ix_pickups_ended",
        "pickups",
        ["ended_at"],
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.create_index(
        "ix_pickups_first_contact",
        "pickups",
        ["first_contact_at"],
        postgresql_where=sa.text("first_contact_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_offer_rounds_opened_at"), "offer_rounds", ["opened_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_offer_rounds_opened_at"), table_name="offer_rounds")
    op.drop_index("ix_pickups_first_contact", table_name="pickups")
    op.drop_index("ix_pickups_ended", table_name="pickups")
    op.drop_index("ix_leads_long_term", table_name="leads")

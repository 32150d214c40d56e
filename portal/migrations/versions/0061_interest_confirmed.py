"""since when the customer's interest is confirmed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"


def upgrade() -> None:
    op.add_column("leads", sa.Column("sql_at", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE leads SET sql_at = said.at FROM (SELECT lead_id, max(at) AS at "
        "FROM lead_confirmations GROUP BY lead_id) AS said WHERE said.lead_id = leads.id"
    )


def downgrade() -> None:
    op.drop_column("leads", "sql_at")

"""what pauses a firm and its people stands with its profile, where the claim reads it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0069"
down_revision = "0068"


def upgrade() -> None:
    op.add_column(
        "partners",
        sa.Column("pauses", JSONB(), server_default=sa.text("'[]'"), nullable=False),
    )
    op.execute(
        "UPDATE partners SET pauses = holding.pauses FROM ("
        "  SELECT organisation_id, jsonb_agg(jsonb_build_object("
        "    'until', until, 'user_id', user_id, 'misses', misses,"
        "    'within_days', within_days, 'note', note)) AS pauses"
        "  FROM suspensions WHERE ended_at IS NULL AND until > now() GROUP BY organisation_id"
        ") AS holding WHERE holding.organisation_id = partners.organisation_id"
    )


def downgrade() -> None:
    op.drop_column("partners", "pauses")

"""parts of explanations that many offers of a round share stand in it once"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0091"
down_revision = "0090"

WRITE_OUT = """
UPDATE offers SET explanation = told.parts
FROM (
  SELECT o.id, jsonb_agg(
      CASE jsonb_typeof(part) WHEN 'number' THEN r.parts->part::int ELSE part END ORDER BY place
    ) AS parts
  FROM offers o JOIN offer_rounds r ON r.id = o.round_id,
    LATERAL jsonb_array_elements(o.explanation) WITH ORDINALITY AS kept(part, place)
  WHERE r.parts <> '[]'
  GROUP BY o.id
) AS told
WHERE told.id = offers.id
"""


def upgrade() -> None:
    op.add_column(
        "offer_rounds", sa.Column("parts", JSONB(), server_default=sa.text("'[]'"), nullable=False)
    )


def downgrade() -> None:
    op.execute(WRITE_OUT)
    op.drop_column("offer_rounds", "parts")

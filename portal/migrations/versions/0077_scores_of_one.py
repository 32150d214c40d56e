"""scores go from 0 to 1: the points of each part are its share of all weights"""

from __future__ import annotations

from alembic import op

revision = "0077"
down_revision = "0076"

# rounded down, so that together they are never more than 1
RESCALE = """
UPDATE offers SET score = new.score, explanation = new.explanation
FROM (
  SELECT o.id, coalesce(sum(part.points), 0) AS score,
    jsonb_agg(jsonb_set(part.said, '{{points}}', to_jsonb(part.points)) ORDER BY part.place)
      AS explanation
  FROM offers o,
  LATERAL (
    SELECT sum((said->>'weight')::numeric) AS total FROM jsonb_array_elements(o.explanation) AS said
  ) AS weighed,
  LATERAL (
    SELECT said, place, {points} AS points
    FROM jsonb_array_elements(o.explanation) WITH ORDINALITY AS parts(said, place)
  ) AS part
  WHERE weighed.total > 0
  GROUP BY o.id
) AS new
WHERE offers.id = new.id
"""


def upgrade() -> None:
    op.execute(
        RESCALE.format(points="trunc((said->>'points')::numeric / nullif(weighed.total, 0), 4)")
    )


def downgrade() -> None:
    op.execute(RESCALE.format(points="round((said->>'points')::numeric * weighed.total, 1)"))

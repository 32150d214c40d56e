"""reasons for which a lead in hand may rest"""

from __future__ import annotations

from alembic import op

revision = "0065"
down_revision = "0064"

# what a programme that stands already begins with, too
STANDING = """
    INSERT INTO catalog_entries (kind, key, names, position, active, purpose, blame)
    SELECT 'reason', key, names::jsonb, position, true, 'pause', 'none'
    FROM (VALUES
      ('pause.asked_to_wait', '{"en": "The customer asked to wait",
                                "de": "Der Kunde bat um Aufschub"}', 1110),
      ('pause.budget', '{"en": "The budget is not released yet",
                         "de": "Das Budget ist noch nicht freigegeben"}', 1120),
      ('pause.decider_away', '{"en": "Whoever decides is away",
                               "de": "Wer entscheidet, ist nicht da"}', 1130),
      ('pause.other', '{"en": "Another reason", "de": "Ein anderer Grund"}', 1140)
    ) AS entry (key, names, position)
    WHERE EXISTS (SELECT FROM programme)
    ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    op.execute(STANDING)


def downgrade() -> None:
    op.execute("UPDATE catalog_entries SET active = false WHERE purpose = 'pause'")

"""everybody is compared anew: companies meet under trigrams of their names, too"""

from __future__ import annotations

from alembic import op

revision = "0056"
down_revision = "0055"


def upgrade() -> None:
    op.execute(
        "INSERT INTO unchecked_parties (kind, party_id) "
        "SELECT 'lead', id FROM leads "
        "UNION ALL SELECT 'customer', id FROM customers WHERE merged_into IS NULL "
        "ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    pass

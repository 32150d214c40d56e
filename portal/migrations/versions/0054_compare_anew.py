"""everybody is compared anew: what keys are made of has changed"""

from __future__ import annotations

from alembic import op

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    op.execute(
        "INSERT INTO unchecked_parties (kind, party_id) "
        "SELECT 'lead', id FROM leads "
        "UNION ALL SELECT 'customer', id FROM customers WHERE merged_into IS NULL "
        "ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    pass

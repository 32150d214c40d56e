"""a source says the legal basis of all who come from it, where it is the same for all"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"

ASKED = (
    "'web_registration','trade_show','phone_inquiry','email_campaign','advertising','social_media'"
)


def upgrade() -> None:
    op.add_column("catalog_entries", sa.Column("basis", sa.Text(), nullable=True))
    op.execute(
        f"""
        UPDATE catalog_entries SET basis = CASE
          WHEN key IN ({ASKED}) THEN 'asked'
          WHEN key = 'tele_sales' THEN 'consent'
          WHEN key = 'existing_customer' THEN 'customer' END
        WHERE kind = 'source'
        """  # noqa: S608
    )


def downgrade() -> None:
    op.drop_column("catalog_entries", "basis")

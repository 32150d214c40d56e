"""products and services apart: an entry of the catalogue says whether it is a service"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.add_column("catalog_entries", sa.Column("service", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("catalog_entries", "service")

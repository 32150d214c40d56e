"""what makes a won lead a success"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.add_column(
        "lead_types", sa.Column("outcome", sa.Text(), server_default="won", nullable=False)
    )
    op.add_column("lead_types", sa.Column("least", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("lead_types", "least")
    op.drop_column("lead_types", "outcome")

"""the report of the week: who wants it, and whom it was told"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0096"
down_revision = "0095"


def upgrade() -> None:
    op.add_column(
        "hearing_wishes",
        sa.Column("report", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    op.add_column("users", sa.Column("report_told_on", sa.Date()))


def downgrade() -> None:
    op.drop_column("users", "report_told_on")
    op.drop_column("hearing_wishes", "report")

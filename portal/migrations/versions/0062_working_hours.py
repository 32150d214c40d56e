"""when partners, agencies and the vendor work"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0062"
down_revision = "0061"


def upgrade() -> None:
    op.create_table(
        "working_hours",
        sa.Column(
            "organisation_id",
            sa.BigInteger(),
            sa.ForeignKey("organisations.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("week", JSONB(), nullable=False),
        sa.Column("holidays", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("country", sa.Text()),
        sa.Column("subdivision", sa.Text()),
        sa.Column("days_off", ARRAY(sa.Date()), server_default="{}", nullable=False),
    )


def downgrade() -> None:
    op.drop_table("working_hours")

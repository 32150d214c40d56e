"""how much of a lead, when the digest comes, and quiet hours, by role until somebody chooses"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0110"
down_revision = "0109"

TABLE = "hearing_defaults"
CHECKS = {
    "digest_hour": "digest_hour BETWEEN 0 AND 23",
    "digest_weekday": "digest_weekday BETWEEN 1 AND 7",
    "quiet_from": "quiet_from BETWEEN 0 AND 23",
    "quiet_until": "quiet_until BETWEEN 0 AND 23",
    "quiet": "(quiet_from IS NULL) = (quiet_until IS NULL) AND quiet_from <> quiet_until",
    "extent": "extent IN ('subject','teaser','full')",
}


def upgrade() -> None:
    for name, begins in (("digest_hour", "8"), ("digest_weekday", "1")):
        column = sa.Column(name, sa.SmallInteger(), nullable=False, server_default=begins)
        op.add_column(TABLE, column)
    for name in ("quiet_from", "quiet_until"):
        op.add_column(TABLE, sa.Column(name, sa.SmallInteger(), nullable=True))
    op.add_column(TABLE, sa.Column("extent", sa.Text(), nullable=False, server_default="full"))
    for name, said in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_{TABLE}_{name}"), TABLE, said)


def downgrade() -> None:
    for name in ("digest_hour", "digest_weekday", "quiet_from", "quiet_until", "extent"):
        op.drop_column(TABLE, name)

"""as whom a session looks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("looks_as_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_sessions_looks_as_id_users"), "sessions", "users", ["looks_as_id"], ["id"]
    )


def downgrade() -> None:
    op.drop_column("sessions", "looks_as_id")

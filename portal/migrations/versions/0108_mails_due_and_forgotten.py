"""when a mail that could not be read is tried again, and when one was forgotten as it came"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0108"
down_revision = "0107"


def upgrade() -> None:
    for name in ("due_at", "forgotten_at"):
        op.add_column("inbound_messages", sa.Column(name, sa.DateTime(timezone=True)))
    op.create_index(
        "ix_inbound_messages_kept",
        "inbound_messages",
        ["received_at"],
        postgresql_where="forgotten_at IS NULL",
    )


def downgrade() -> None:
    op.drop_index("ix_inbound_messages_kept", table_name="inbound_messages")
    for name in ("forgotten_at", "due_at"):
        op.drop_column("inbound_messages", name)

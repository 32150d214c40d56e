"""in which line a mail waits until it is read"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0099"
down_revision = "0098"


def upgrade() -> None:
    op.add_column(
        "inbound_messages", sa.Column("line", sa.Text(), nullable=False, server_default="")
    )
    op.add_column(
        "inbound_messages",
        sa.Column("bucket", sa.SmallInteger(), nullable=False, server_default="0"),
    )
    op.drop_index("ix_inbound_messages_waiting", "inbound_messages")
    op.create_index(
        "ix_inbound_messages_waiting",
        "inbound_messages",
        ["line", "bucket", "id"],
        postgresql_where=sa.text("processed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_inbound_messages_waiting", "inbound_messages")
    op.create_index(
        "ix_inbound_messages_waiting",
        "inbound_messages",
        ["received_at"],
        postgresql_where=sa.text("processed_at IS NULL"),
    )
    op.drop_column("inbound_messages", "bucket")
    op.drop_column("inbound_messages", "line")

"""only a copy of a mail that had an effect keeps others from being read"""

from __future__ import annotations

from alembic import op

revision = "0109"
down_revision = "0108"

UNIQUE = "uq_inbound_messages_message_hash_recipient"


def upgrade() -> None:
    op.drop_constraint(op.f(UNIQUE), "inbound_messages", type_="unique")
    op.create_index(
        UNIQUE,
        "inbound_messages",
        ["message_hash", "recipient"],
        unique=True,
        postgresql_where="state NOT IN ('not_understood', 'put_aside')",
    )
    op.create_index("ix_inbound_messages_message_hash", "inbound_messages", ["message_hash"])


def downgrade() -> None:
    op.drop_index("ix_inbound_messages_message_hash", table_name="inbound_messages")
    op.drop_index(UNIQUE, table_name="inbound_messages")
    op.execute(
        "UPDATE inbound_messages SET message_hash = NULL "
        "WHERE state IN ('not_understood', 'put_aside')"
    )
    op.create_unique_constraint(op.f(UNIQUE), "inbound_messages", ["message_hash", "recipient"])

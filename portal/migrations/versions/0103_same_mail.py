"""the same mail by two ways: what tells it whatever servers on the way wrote"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0103"
down_revision = "0102"

STATES = (
    "'received','taken','ignored','not_understood','put_aside','applied','refused','asked_back'"
)


def upgrade() -> None:
    op.add_column("inbound_messages", sa.Column("message_hash", sa.LargeBinary(), nullable=True))
    op.create_unique_constraint(
        op.f("uq_inbound_messages_message_hash_recipient"),
        "inbound_messages",
        ["message_hash", "recipient"],
    )
    check(f"{STATES},'duplicate'")


def check(values: str) -> None:
    """Let a mail stand in these states, and in no others."""
    name = op.f("ck_inbound_messages_state")
    op.drop_constraint(name, "inbound_messages", type_="check")
    op.create_check_constraint(name, "inbound_messages", f"state IN ({values})")


def downgrade() -> None:
    op.execute("UPDATE inbound_messages SET state = 'ignored' WHERE state = 'duplicate'")
    check(STATES)
    op.drop_constraint(
        op.f("uq_inbound_messages_message_hash_recipient"), "inbound_messages", type_="unique"
    )
    op.drop_column("inbound_messages", "message_hash")

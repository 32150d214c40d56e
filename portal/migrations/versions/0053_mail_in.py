"""mail that comes in, as it came behind the wall; files that came by mail have no author

Row policies as those before contact data (0009), forced on the owner too.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"

WHEN = sa.DateTime(timezone=True)
NAMED = "message_id = ANY (nullif(current_setting('app.mails', true), '')::bigint[])"


def upgrade() -> None:
    op.create_table(
        "inbound_messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("received_at", WHEN, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("processed_at", WHEN, nullable=True),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('received','taken','ignored','not_understood','put_aside')",
            name=op.f("ck_inbound_messages_state"),
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"],
            ["leads.id"],
            name=op.f("fk_inbound_messages_lead_id_leads"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_inbound_messages_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_messages")),
        sa.UniqueConstraint(
            "digest", "recipient", name=op.f("uq_inbound_messages_digest_recipient")
        ),
    )
    op.create_index(op.f("ix_inbound_messages_lead_id"), "inbound_messages", ["lead_id"])
    op.create_index(
        "ix_inbound_messages_waiting",
        "inbound_messages",
        ["received_at"],
        postgresql_where=sa.text("processed_at IS NULL"),
    )
    op.create_index("ix_inbound_messages_state", "inbound_messages", ["state", "id"])
    op.create_table(
        "inbound_raws",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("envelope_from", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("sender_name", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["inbound_messages.id"],
            name=op.f("fk_inbound_raws_message_id_inbound_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_inbound_raws")),
    )
    op.execute("ALTER TABLE inbound_raws ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE inbound_raws FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY named ON inbound_raws USING ({NAMED})")
    op.alter_column("attachments", "author_id", nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM attachments WHERE author_id IS NULL")
    op.alter_column("attachments", "author_id", nullable=False)
    op.drop_table("inbound_raws")
    op.drop_table("inbound_messages")

"""addresses at which mails are answered, and what was read in an answer, behind the wall of mails"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0095"
down_revision = "0094"

WHEN = sa.DateTime(timezone=True)
NAMED = "message_id = ANY (nullif(current_setting('app.mails', true), '')::bigint[])"
PURPOSES = "'offer','feedback','undo','stand_by','stop','more_time'"
STATES = "'received','taken','ignored','not_understood','put_aside'"


def upgrade() -> None:
    op.create_table(
        "reply_tokens",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("message_hash", sa.LargeBinary(), nullable=False),
        sa.Column("mail_key", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("pickup_id", sa.BigInteger(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("expires_at", WHEN, nullable=False),
        sa.Column("revoked_at", WHEN, nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("last_used_at", WHEN, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_tokens")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_reply_tokens_secret_hash")),
    )
    op.create_index(op.f("ix_reply_tokens_message_hash"), "reply_tokens", ["message_hash"])
    op.create_index(op.f("ix_reply_tokens_user_id"), "reply_tokens", ["user_id"])
    op.add_column("mail_links", sa.Column("message_id", sa.BigInteger(), nullable=True))
    check("mail_links", "purpose", f"{PURPOSES},'confirm'")
    op.add_column("inbound_messages", sa.Column("token_id", sa.BigInteger(), nullable=True))
    op.add_column("inbound_messages", sa.Column("answered", sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("fk_inbound_messages_token_id_reply_tokens"),
        "inbound_messages",
        "reply_tokens",
        ["token_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(
        "ix_inbound_messages_answered",
        "inbound_messages",
        ["user_id", "processed_at"],
        postgresql_where=sa.text("answered IS NOT NULL"),
    )
    check("inbound_messages", "state", f"{STATES},'applied','refused','asked_back'")
    op.create_table(
        "inbound_readings",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("said", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["inbound_messages.id"],
            name=op.f("fk_inbound_readings_message_id_inbound_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_inbound_readings")),
    )
    op.execute("ALTER TABLE inbound_readings ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE inbound_readings FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY named ON inbound_readings USING ({NAMED})")


def check(table: str, column: str, values: str) -> None:
    """Let a column hold these values, and no others."""
    name = op.f(f"ck_{table}_{column}")
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, f"{column} IN ({values})")


def downgrade() -> None:
    op.drop_table("inbound_readings")
    op.drop_index("ix_inbound_messages_answered", table_name="inbound_messages")
    op.execute(
        "UPDATE inbound_messages SET state = 'put_aside' "
        "WHERE state IN ('applied', 'refused', 'asked_back')"
    )
    check("inbound_messages", "state", STATES)
    op.drop_column("inbound_messages", "answered")
    op.drop_column("inbound_messages", "token_id")
    op.execute(
        "DELETE FROM link_views WHERE link_id IN "
        "(SELECT id FROM mail_links WHERE purpose = 'confirm')"
    )
    op.execute("DELETE FROM mail_links WHERE purpose = 'confirm'")
    check("mail_links", "purpose", PURPOSES)
    op.drop_column("mail_links", "message_id")
    op.drop_table("reply_tokens")

"""addresses that take no mails of ours: what came back, complaints, mails that are held"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0098"
down_revision = "0097"

STATES = "'queued','sending','sent','failed'"


def upgrade() -> None:
    op.create_table(
        "mail_addresses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True)),
        sa.Column("code", sa.Text()),
        sa.Column("complained_at", sa.DateTime(timezone=True)),
        sa.Column("counts_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_mail_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_mail_addresses"),
        sa.UniqueConstraint("address_hash", name="uq_mail_addresses_address_hash"),
    )
    op.create_index(
        "ix_mail_addresses_barred",
        "mail_addresses",
        ["id"],
        postgresql_where=sa.text("marked_at IS NOT NULL OR complained_at IS NOT NULL"),
    )
    op.create_table(
        "mail_returns",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("address_id", sa.BigInteger(), nullable=False),
        sa.Column("mail_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mail_returns"),
        sa.ForeignKeyConstraint(
            ["address_id"],
            ["mail_addresses.id"],
            name="fk_mail_returns_address_id_mail_addresses",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("mail_id", "kind", name="uq_mail_returns_mail_id_kind"),
        sa.CheckConstraint(
            "kind IN ('hard','soft','complaint')", name=op.f("ck_mail_returns_kind")
        ),
    )
    op.create_index(
        "ix_mail_returns_address_id_mail_returns_at", "mail_returns", ["address_id", "at"]
    )
    op.drop_constraint(op.f("ck_outgoing_emails_status"), "outgoing_emails", type_="check")
    op.create_check_constraint(
        op.f("ck_outgoing_emails_status"), "outgoing_emails", f"status IN ({STATES},'held')"
    )
    op.create_index(
        "ix_outgoing_emails_held",
        "outgoing_emails",
        ["to_address"],
        postgresql_where=sa.text("status = 'held'"),
    )


def downgrade() -> None:
    op.drop_index("ix_outgoing_emails_held", "outgoing_emails")
    op.execute("UPDATE outgoing_emails SET status = 'failed' WHERE status = 'held'")
    op.drop_constraint(op.f("ck_outgoing_emails_status"), "outgoing_emails", type_="check")
    op.create_check_constraint(
        op.f("ck_outgoing_emails_status"), "outgoing_emails", f"status IN ({STATES})"
    )
    op.drop_table("mail_returns")
    op.drop_table("mail_addresses")

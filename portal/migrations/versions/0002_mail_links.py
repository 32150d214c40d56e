"""links in mails"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

# where the catalogue stands already; a new programme gets it with the others
ADD_REASON = """
    INSERT INTO catalog_entries (kind, key, names, position, active, purpose, blame)
    SELECT 'reason', 'give_back.picked_by_mistake',
           '{"en": "Picked up by mistake", "de": "Aus Versehen genommen"}'::jsonb,
           max(position) + 1, true, 'give_back', 'none'
    FROM catalog_entries
    WHERE kind = 'reason' AND purpose = 'give_back'
    HAVING count(*) > 0
    ON CONFLICT (kind, key) DO NOTHING
"""


def upgrade() -> None:
    op.create_table(
        "mail_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("pickup_id", sa.BigInteger(), nullable=True),
        sa.Column("feedback_id", sa.BigInteger(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('offer','feedback','undo','stand_by','stop')",
            name=op.f("ck_mail_links_purpose"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_links")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_mail_links_secret_hash")),
    )
    op.create_index(op.f("ix_mail_links_user_id"), "mail_links", ["user_id"])
    op.create_table(
        "link_views",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["link_id"],
            ["mail_links.id"],
            name=op.f("fk_link_views_link_id_mail_links"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_views")),
    )
    op.create_index(op.f("ix_link_views_user_id_link_views_at"), "link_views", ["user_id", "at"])
    op.create_index(op.f("ix_link_views_link_id_link_views_at"), "link_views", ["link_id", "at"])
    op.add_column(
        "feedback", sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    op.add_column("feedback", sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(ADD_REASON)


def downgrade() -> None:
    op.drop_column("feedback", "taken_back_at")
    op.drop_column("feedback", "before")
    op.drop_table("link_views")
    op.drop_table("mail_links")

"""web forms, what came by them, and the words of it behind a wall"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0051"
down_revision = "0050"

NAMED = "entry_id = ANY (nullif(current_setting('app.web_form_entries', true), '')::bigint[])"


def upgrade() -> None:
    op.create_table(
        "web_forms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("words", postgresql.JSONB(), nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("type_key", sa.Text(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("campaign_id", sa.BigInteger(), nullable=True),
        sa.Column("consent_key", sa.Text(), nullable=True),
        sa.Column("confirms", sa.Boolean(), nullable=False),
        sa.Column("thanks", sa.Boolean(), nullable=False),
        sa.Column("sites", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("event_place", sa.Text(), nullable=True),
        sa.Column("calm", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_forms")),
        sa.UniqueConstraint("key", name=op.f("uq_web_forms_key")),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["catalog_entries.id"],
            name=op.f("fk_web_forms_source_id_catalog_entries"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_web_forms_campaign_id_campaigns")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_web_forms_created_by_users")
        ),
        sa.CheckConstraint("kind IN ('contact','trial','event')", name=op.f("ck_web_forms_kind")),
        sa.CheckConstraint("calm > 0", name=op.f("ck_web_forms_calm")),
    )
    op.create_table(
        "web_form_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("form_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("consent", sa.Text(), nullable=True),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_form_entries")),
        sa.UniqueConstraint("digest", name=op.f("uq_web_form_entries_digest")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_web_form_entries_secret_hash")),
        sa.ForeignKeyConstraint(
            ["form_id"], ["web_forms.id"], name=op.f("fk_web_form_entries_form_id_web_forms")
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"],
            ["leads.id"],
            name=op.f("fk_web_form_entries_lead_id_leads"),
            ondelete="SET NULL",
        ),
        sa.CheckConstraint(
            "state IN ('waiting','taken','lapsed')", name=op.f("ck_web_form_entries_state")
        ),
    )
    op.create_index("ix_web_form_entries_form_id", "web_form_entries", ["form_id", "at"])
    op.create_index(op.f("ix_web_form_entries_lead_id"), "web_form_entries", ["lead_id"])
    op.create_index(
        "ix_web_form_entries_old",
        "web_form_entries",
        ["at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "web_form_words",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("typed", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_web_form_words")),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["web_form_entries.id"],
            name=op.f("fk_web_form_words_entry_id_web_form_entries"),
            ondelete="CASCADE",
        ),
    )
    op.execute("ALTER TABLE web_form_words ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE web_form_words FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY named ON web_form_words USING ({NAMED})")


def downgrade() -> None:
    for table in ("web_form_words", "web_form_entries", "web_forms"):
        op.drop_table(table)

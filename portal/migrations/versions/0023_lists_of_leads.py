"""lists of leads: the words they are found by, the views that people save

The words stand in a table of their own, so that whoever picks up a lead has none of their indexes
to keep. Triggers write them: leads come in by forms, files and plain SQL.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"

NAMED = "lower(unaccent(concat_ws(' ', {0}number, {0}external_id, {0}title, {0}city)))"
WORDS = (
    "to_tsvector('simple', unaccent(concat_ws(' ', {0}title, {0}city, {0}partner_text, "
    "{0}expectation)))"
)
WRITE = f"INSERT INTO lead_words (lead_id, named, words) SELECT {{0}}id, {NAMED}, {WORDS}"


def upgrade() -> None:
    op.create_table(
        "lead_words",
        sa.Column("lead_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("named", sa.Text(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lead_id"],
            ["leads.id"],
            name=op.f("fk_lead_words_lead_id_leads"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("lead_id", name=op.f("pk_lead_words")),
    )
    op.execute(
        f"""
        CREATE FUNCTION note_words_of_new_leads() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            {WRITE.format("")} FROM fresh;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        f"""
        CREATE FUNCTION note_words_of_lead() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            {WRITE.format("NEW.")}
            ON CONFLICT (lead_id) DO UPDATE SET named = excluded.named, words = excluded.words;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER leads_get_words AFTER INSERT ON leads REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION note_words_of_new_leads()
        """
    )
    op.execute(
        """
        CREATE TRIGGER leads_change_words
        AFTER UPDATE OF number, external_id, title, city, partner_text, expectation ON leads
        FOR EACH ROW EXECUTE FUNCTION note_words_of_lead()
        """
    )
    op.execute(f"{WRITE.format('')} FROM leads")
    op.create_index(
        "ix_lead_words_named",
        "lead_words",
        ["named"],
        postgresql_using="gin",
        postgresql_ops={"named": "gin_trgm_ops"},
    )
    op.create_index("ix_lead_words_words", "lead_words", ["words"], postgresql_using="gin")
    op.create_index("ix_leads_newest", "leads", ["captured_at", "id"])
    op.create_index("ix_leads_since", "leads", ["state_since", "id"])
    op.create_table(
        "saved_views",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("asked", postgresql.JSONB(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_saved_views_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    op.create_index(
        "uq_saved_views_name", "saved_views", ["user_id", sa.text("lower(name)")], unique=True
    )
    op.create_index(
        "ix_saved_views_shared", "saved_views", ["shared"], postgresql_where=sa.text("shared")
    )


def downgrade() -> None:
    op.drop_table("saved_views")
    op.drop_index("ix_leads_since", table_name="leads")
    op.drop_index("ix_leads_newest", table_name="leads")
    op.execute("DROP TRIGGER leads_change_words ON leads")
    op.execute("DROP TRIGGER leads_get_words ON leads")
    op.execute("DROP FUNCTION note_words_of_lead()")
    op.execute("DROP FUNCTION note_words_of_new_leads()")
    op.drop_table("lead_words")

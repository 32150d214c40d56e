"""closing: what was sold and why, a lead's figures, notes on its products, the archive"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"

ANSWERS = "'not_contacted','waiting','proposal','won','lost'"

# what a programme that stands already begins with, too
STANDING = """
    INSERT INTO catalog_entries (kind, key, names, position, active, purpose, blame)
    SELECT kind, key, names::jsonb, position, true, purpose, blame
    FROM (VALUES
      ('category', 'business', '{"en": "Business customer", "de": "Geschäftskunde"}', 10,
       NULL, NULL),
      ('category', 'person', '{"en": "Private person", "de": "Privatperson"}', 20, NULL, NULL),
      ('category', 'public', '{"en": "Public sector", "de": "Öffentliche Hand"}', 30, NULL, NULL),
      ('category', 'partner', '{"en": "Business partner", "de": "Geschäftspartner"}', 40,
       NULL, NULL),
      ('reason', 'cancel.by_mistake',
       '{"en": "Created by mistake", "de": "Aus Versehen angelegt"}', 1010, 'cancel', 'none'),
      ('reason', 'cancel.duplicate',
       '{"en": "It is there under another number", "de": "Unter anderer Nummer schon da"}', 1020,
       'cancel', 'vendor'),
      ('reason', 'cancel.test', '{"en": "Only a test", "de": "Nur ein Test"}', 1030,
       'cancel', 'none'),
      ('reason', 'cancel.other', '{"en": "Another reason", "de": "Ein anderer Grund"}', 1040,
       'cancel', 'none')
    ) AS entry (kind, key, names, position, purpose, blame)
    WHERE EXISTS (SELECT FROM programme)
    ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    op.add_column("catalog_entries", sa.Column("price_book", sa.Text(), nullable=True))
    of_leads: list[sa.Column[Any]] = [
        sa.Column("probability", sa.Integer(), nullable=True),
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.Column("long_term", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column(
            "competitor_ids",
            postgresql.ARRAY(sa.BigInteger()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column("quote_number", sa.Text(), nullable=True),
        sa.Column("quote_needs", sa.Text(), nullable=True),
    ]
    for column in of_leads:
        op.add_column("leads", column)
    op.create_foreign_key(
        op.f("fk_leads_category_id_catalog_entries"),
        "leads",
        "catalog_entries",
        ["category_id"],
        ["id"],
    )
    check("leads", "probability", "probability BETWEEN 0 AND 100")
    of_answers: list[sa.Column[Any]] = [
        sa.Column(
            "product_ids", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False
        ),
        sa.Column("also", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("lost_value", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("competitor_id", sa.BigInteger(), nullable=True),
    ]
    for column in of_answers:
        op.add_column("feedback", column)
    op.create_foreign_key(
        op.f("fk_feedback_competitor_id_catalog_entries"),
        "feedback",
        "catalog_entries",
        ["competitor_id"],
        ["id"],
    )
    op.alter_column("feedback", "pickup_id", existing_type=sa.BigInteger(), nullable=True)
    op.drop_constraint(op.f("ck_feedback_status"), "feedback", type_="check")
    check("feedback", "status", f"status IN ({ANSWERS},'cancelled')")
    check(
        "feedback",
        "held_or_ended",
        "pickup_id IS NOT NULL OR status IN ('won','lost','cancelled')",
    )
    check("feedback", "cancelled_has_reason", "status <> 'cancelled' OR reason_id IS NOT NULL")
    op.create_index(op.f("ix_feedback_lead_id_feedback_at"), "feedback", ["lead_id", "at"])
    op.create_table(
        "lead_interests",
        sa.Column("lead_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_lead_interests_lead_id_leads")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["catalog_entries.id"],
            name=op.f("fk_lead_interests_product_id_catalog_entries"),
        ),
        sa.PrimaryKeyConstraint("lead_id", "product_id", name=op.f("pk_lead_interests")),
    )
    op.create_table(
        "archived_leads",
        sa.Column("lead_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("returns_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_archived_leads_lead_id_leads")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_archived_leads_user_id_users")
        ),
        sa.PrimaryKeyConstraint("lead_id", name=op.f("pk_archived_leads")),
    )
    op.create_index(op.f("ix_archived_leads_returns_on"), "archived_leads", ["returns_on"])
    op.execute(STANDING)


def check(table: str, name: str, condition: str) -> None:
    """Add a condition without holding the table while its rows are asked."""
    whole = op.f(f"ck_{table}_{name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {whole} CHECK ({condition}) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {whole}")


def downgrade() -> None:
    op.drop_table("archived_leads")
    op.drop_table("lead_interests")
    op.execute("DELETE FROM feedback WHERE pickup_id IS NULL OR status = 'cancelled'")
    op.drop_index(op.f("ix_feedback_lead_id_feedback_at"), "feedback")
    for name in ("cancelled_has_reason", "held_or_ended", "status"):
        op.drop_constraint(op.f(f"ck_feedback_{name}"), "feedback", type_="check")
    check("feedback", "status", f"status IN ({ANSWERS})")
    op.alter_column("feedback", "pickup_id", existing_type=sa.BigInteger(), nullable=False)
    for name in ("competitor_id", "lost_value", "why", "also", "product_ids"):
        op.drop_column("feedback", name)
    for name in (
        *("quote_needs", "quote_number", "competitor_ids", "long_term", "category_id"),
        "probability",
    ):
        op.drop_column("leads", name)
    op.drop_column("catalog_entries", "price_book")
    op.execute(
        "DELETE FROM catalog_entries WHERE kind IN ('category','competitor') "
        "OR (kind = 'reason' AND purpose = 'cancel')"
    )

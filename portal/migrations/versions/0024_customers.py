"""customers: accounts, who they are behind the wall, whose a lead is

Row policies as those before contact data (0009), forced on the owner too. Whoever changes rows of
`customer_names` or `customer_addresses` in a later migration names them in `app.customers_of`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

NAMED = "customer_id = ANY (nullif(current_setting('app.customers_of', true), '')::bigint[])"
ALL = "nullif(current_setting('app.customers', true), '')"
BEHIND = ("customer_names", "customer_addresses")

# what a programme that stands already begins with, too
STANDING = """
    INSERT INTO catalog_entries (kind, key, names, position, active)
    SELECT kind, key, names::jsonb, position, true
    FROM (VALUES
      ('customer_class', 'a', '{"en": "A: key account", "de": "A: Schlüsselkunde"}', 10),
      ('customer_class', 'b', '{"en": "B: regular customer", "de": "B: Stammkunde"}', 20),
      ('customer_class', 'c', '{"en": "C: occasional customer", "de": "C: Gelegenheitskunde"}', 30),
      ('credit_rating', 'good', '{"en": "Good", "de": "Gut"}', 10),
      ('credit_rating', 'with_limit', '{"en": "With a limit", "de": "Mit Limit"}', 20),
      ('credit_rating', 'prepaid',
       '{"en": "Paid in advance only", "de": "Nur gegen Vorkasse"}', 30)
    ) AS entry (kind, key, names, position)
    WHERE EXISTS (SELECT FROM programme)
    ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    op.execute("CREATE SEQUENCE customer_numbers START WITH 1001")
    op.create_table(
        "customers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("erp_number", sa.Text(), nullable=True),
        sa.Column("classification_id", sa.BigInteger(), nullable=True),
        sa.Column("credit_rating_id", sa.BigInteger(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=True),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('company','person')", name=op.f("ck_customers_kind")),
        sa.ForeignKeyConstraint(
            ["classification_id"],
            ["catalog_entries.id"],
            name=op.f("fk_customers_classification_id_catalog_entries"),
        ),
        sa.ForeignKeyConstraint(
            ["credit_rating_id"],
            ["catalog_entries.id"],
            name=op.f("fk_customers_credit_rating_id_catalog_entries"),
        ),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name=op.f("fk_customers_made_by_users")),
        sa.ForeignKeyConstraint(
            ["merged_into"], ["customers.id"], name=op.f("fk_customers_merged_into_customers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("number", name=op.f("uq_customers_number")),
    )
    op.create_index(
        "uq_customers_erp_number",
        "customers",
        ["erp_number"],
        unique=True,
        postgresql_where=sa.text("erp_number IS NOT NULL"),
    )
    op.create_table(
        "customer_names",
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "name_key", sa.Text(), sa.Computed("lower(name)", persisted=True), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_names_customer_id_customers")
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_names")),
    )
    op.create_index(op.f("ix_customer_names_domain"), "customer_names", ["domain"])
    op.create_index(op.f("ix_customer_names_name_key"), "customer_names", ["name_key"])
    op.create_table(
        "customer_addresses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('email','phone')", name=op.f("ck_customer_addresses_kind")),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_addresses_customer_id_customers"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_addresses")),
        sa.UniqueConstraint(
            "customer_id", "kind", "key", name=op.f("uq_customer_addresses_customer_id_kind_key")
        ),
    )
    op.create_index(op.f("ix_customer_addresses_key"), "customer_addresses", ["key"])
    op.create_table(
        "customer_leads",
        sa.Column("lead_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("linked_by", sa.BigInteger(), nullable=True),
        sa.Column("by_win", sa.Boolean(), nullable=False),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_leads_customer_id_customers")
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_customer_leads_lead_id_leads")
        ),
        sa.ForeignKeyConstraint(
            ["linked_by"], ["users.id"], name=op.f("fk_customer_leads_linked_by_users")
        ),
        sa.PrimaryKeyConstraint("lead_id", name=op.f("pk_customer_leads")),
    )
    op.create_index(op.f("ix_customer_leads_customer_id"), "customer_leads", ["customer_id"])
    op.create_table(
        "customer_policy",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_wins", sa.Boolean(), nullable=False),
        sa.Column("number_demanded", sa.Boolean(), nullable=False),
        sa.Column("classification_id", sa.BigInteger(), nullable=True),
        sa.Column("credit_rating_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_customer_policy_single")),
        sa.ForeignKeyConstraint(
            ["classification_id"],
            ["catalog_entries.id"],
            name=op.f("fk_customer_policy_classification_id_catalog_entries"),
        ),
        sa.ForeignKeyConstraint(
            ["credit_rating_id"],
            ["catalog_entries.id"],
            name=op.f("fk_customer_policy_credit_rating_id_catalog_entries"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_policy")),
    )
    for table in BEHIND:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY named ON {table} USING ({NAMED})")
        op.execute(f"CREATE POLICY search ON {table} FOR SELECT USING ({ALL} = 'search')")
    op.execute(STANDING)


def downgrade() -> None:
    for table in (
        "customer_policy",
        "customer_leads",
        "customer_addresses",
        "customer_names",
        "customers",
    ):
        op.drop_table(table)
    op.execute("DELETE FROM catalog_entries WHERE kind IN ('customer_class', 'credit_rating')")
    op.execute("DROP SEQUENCE customer_numbers")

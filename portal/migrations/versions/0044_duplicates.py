"""keys of leads and customers, pairs that may be the same, merges

Keys and the words of merges stand behind the walls of contacts and customers. Triggers note whose
contact data is new or changed, whatever wrote it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0044"
down_revision = "0043"

WHEN = sa.DateTime(timezone=True)
JSON = postgresql.JSONB()

WALLS = {
    "lead_keys": ("lead_id", "app.contacts_of", "app.contacts", True),
    "lead_merge_words": ("lead_id", "app.contacts_of", "app.contacts", False),
    "customer_keys": ("customer_id", "app.customers_of", "app.customers", True),
}

CONTACT = ("company", "first_name", "last_name", "phone_e164", "email", "domain", "postcode")
NAME = ("name", "domain", "postcode", "street")
# table, what it is about, and of which columns a change counts
WATCHED = {
    "lead_contacts": ("lead", "lead_id", CONTACT),
    "customer_names": ("customer", "customer_id", NAME),
    "customer_addresses": ("customer", "customer_id", ("kind", "key")),
}

GONE = """
CREATE FUNCTION {table}_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM {kind}_keys WHERE {one} = OLD.{one};
  DELETE FROM unchecked_parties WHERE kind = '{kind}' AND party_id = OLD.{one};
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    for table, one in (("lead_keys", "lead_id"), ("customer_keys", "customer_id")):
        op.create_table(
            table,
            sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column(one, sa.BigInteger(), autoincrement=False, nullable=False),
            sa.PrimaryKeyConstraint("key", one, name=f"pk_{table}"),
        )
        op.create_index(f"ix_{table}_{one}", table, [one])
    op.create_table(
        "unchecked_parties",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("party_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("kind", "party_id", name="pk_unchecked_parties"),
    )
    _pairs()
    _merges()
    for table, (column, named, every, searched) in WALLS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY named ON {table} USING "
            f"({column} = ANY (nullif(current_setting('{named}', true), '')::bigint[]))"
        )
        if searched:
            op.execute(
                f"CREATE POLICY search ON {table} FOR SELECT USING "
                f"(nullif(current_setting('{every}', true), '') = 'search')"
            )
    for table, watched in WATCHED.items():
        _watch(table, *watched)
    op.execute(
        "INSERT INTO unchecked_parties (kind, party_id) "
        "SELECT 'lead', id FROM leads WHERE merged_into IS NULL "
        "UNION ALL SELECT 'customer', id FROM customers WHERE merged_into IS NULL"
    )


def _pairs() -> None:
    op.create_table(
        "duplicate_pairs",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=True)
            for name in ("lead_id", "other_lead_id", "customer_id", "other_customer_id")
        ),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("found_at", WHEN, nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", WHEN, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_duplicate_pairs"),
        *(
            sa.ForeignKeyConstraint(
                [name],
                [f"{table}.id"],
                name=f"fk_duplicate_pairs_{name}_{table}",
                ondelete="CASCADE",
            )
            for name, table in (
                ("lead_id", "leads"),
                ("other_lead_id", "leads"),
                ("customer_id", "customers"),
                ("other_customer_id", "customers"),
            )
        ),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["users.id"], name="fk_duplicate_pairs_answered_by_users"
        ),
        sa.CheckConstraint(
            "(other_lead_id IS NOT NULL AND lead_id < other_lead_id AND customer_id IS NULL"
            " AND other_customer_id IS NULL)"
            " OR (other_lead_id IS NULL AND lead_id IS NOT NULL AND customer_id IS NOT NULL"
            " AND other_customer_id IS NULL)"
            " OR (lead_id IS NULL AND other_lead_id IS NULL AND customer_id < other_customer_id)",
            name=op.f("ck_duplicate_pairs_two"),
        ),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_duplicate_pairs_score")),
        sa.CheckConstraint(
            "answer IN ('different','merged')", name=op.f("ck_duplicate_pairs_answer")
        ),
    )
    for name, columns, where in (
        ("leads", ["lead_id", "other_lead_id"], "other_lead_id IS NOT NULL"),
        (
            "lead_customer",
            ["lead_id", "customer_id"],
            "lead_id IS NOT NULL AND customer_id IS NOT NULL",
        ),
        ("customers", ["customer_id", "other_customer_id"], "other_customer_id IS NOT NULL"),
    ):
        op.create_index(
            f"uq_duplicate_pairs_{name}",
            "duplicate_pairs",
            columns,
            unique=True,
            postgresql_where=sa.text(where),
        )
    op.create_index(
        "ix_duplicate_pairs_open",
        "duplicate_pairs",
        ["score", "id"],
        postgresql_where=sa.text("answer IS NULL"),
    )
    for name in ("other_lead_id", "other_customer_id"):
        op.create_index(
            f"ix_duplicate_pairs_{name}",
            "duplicate_pairs",
            [name],
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
        )


def _merges() -> None:
    op.create_table(
        "lead_merges",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kept_id", sa.BigInteger(), nullable=False),
        sa.Column("gone_id", sa.BigInteger(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("gone", JSON, nullable=False),
        sa.Column("moved", JSON, nullable=False),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("undone_at", WHEN, nullable=True),
        sa.Column("undone_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_lead_merges"),
        *(
            sa.ForeignKeyConstraint(
                [name], ["leads.id"], name=f"fk_lead_merges_{name}_leads", ondelete="CASCADE"
            )
            for name in ("kept_id", "gone_id")
        ),
        *(
            sa.ForeignKeyConstraint([name], ["users.id"], name=f"fk_lead_merges_{name}_users")
            for name in ("user_id", "undone_by")
        ),
        sa.CheckConstraint("kept_id <> gone_id", name=op.f("ck_lead_merges_two")),
    )
    for name in ("kept_id", "gone_id"):
        op.create_index(f"ix_lead_merges_{name}", "lead_merges", [name])
    op.create_index(
        "uq_lead_merges_standing",
        "lead_merges",
        ["gone_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "lead_merge_words",
        sa.Column("merge_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("before", JSON, nullable=False),
        sa.Column("behind", JSON, nullable=False),
        sa.PrimaryKeyConstraint("merge_id", name="pk_lead_merge_words"),
        sa.ForeignKeyConstraint(
            ["merge_id"],
            ["lead_merges.id"],
            name="fk_lead_merge_words_merge_id_lead_merges",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_lead_merge_words_lead_id", "lead_merge_words", ["lead_id"])


def _watch(table: str, kind: str, one: str, columns: tuple[str, ...]) -> None:
    """Note who is new or changed in a table, statement by statement; forget the keys of who goes."""
    note = "INSERT INTO unchecked_parties (kind, party_id) SELECT DISTINCT '{}', {} ON CONFLICT DO NOTHING"
    now = ", ".join(f"now_there.{name}" for name in columns)
    before = ", ".join(f"was_there.{name}" for name in columns)
    key = "id" if table == "customer_addresses" else one
    changed = (
        f"now_there.{one} FROM now_there JOIN was_there USING ({key}) "
        f"WHERE ({now}) IS DISTINCT FROM ({before})"
    )
    if key != one:
        # an address may have gone to another customer
        changed = changed.replace("WHERE (", f"WHERE now_there.{one} <> was_there.{one} OR (")
    for name, rows in (
        ("added", note.format(kind, f"{one} FROM now_there")),
        ("changed", note.format(kind, changed)),
    ):
        op.execute(
            f"CREATE FUNCTION {table}_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN {rows}; RETURN NULL; END $$"
        )
    op.execute(
        f"CREATE TRIGGER {table}_added AFTER INSERT ON {table} REFERENCING NEW TABLE AS now_there "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_added()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_changed AFTER UPDATE ON {table} "
        "REFERENCING OLD TABLE AS was_there NEW TABLE AS now_there "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_changed()"
    )
    if key != one:
        return
    op.execute(GONE.format(table=table, kind=kind, one=one))
    op.execute(
        f"CREATE TRIGGER {table}_gone AFTER DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_gone()"
    )


def downgrade() -> None:
    for table in WATCHED:
        for name in ("added", "changed", "gone"):
            op.execute(f"DROP TRIGGER IF EXISTS {table}_{name} ON {table}")
            op.execute(f"DROP FUNCTION IF EXISTS {table}_{name}()")
    for table in (
        "lead_merge_words",
        "lead_merges",
        "duplicate_pairs",
        "unchecked_parties",
        "customer_keys",
        "lead_keys",
    ):
        op.drop_table(table)

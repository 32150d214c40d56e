"""what leads are ordered by stands beside their words, too

There an index costs a pickup nothing, and a list of what was found by words needs no look at leads.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"

WORDS_BEFORE = "number, external_id, title, city, partner_text, expectation"
ORDERS = ("captured_at", "priority", "importance", "type_id", "title", "amount")
VALUES = (
    "{0}captured_at, {0}priority, {0}importance, {0}type_id, left(lower({0}title), 100), "
    "coalesce({0}target_amount, -1)"
)
WALKED = ("priority", "importance", "type_id", "title", "amount")
NAMED = "lower(unaccent(concat_ws(' ', {0}number, {0}external_id, {0}title, {0}city)))"
WORDS = (
    "to_tsvector('simple', unaccent(concat_ws(' ', {0}title, {0}city, {0}partner_text, "
    "{0}expectation)))"
)


def note(*columns: tuple[str, str]) -> None:
    """Write the functions of both triggers."""
    names = ", ".join(name for name, _value in columns)
    values = ", ".join(value for _name, value in columns)
    write = f"INSERT INTO lead_words (lead_id, {names}) SELECT {{0}}id, {values}"
    again = ", ".join(f"{name.strip()} = excluded.{name.strip()}" for name in names.split(","))
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION note_words_of_new_leads() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            {write.format("")} FROM fresh;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION note_words_of_lead() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            {write.format("NEW.")}
            ON CONFLICT (lead_id) DO UPDATE SET {again};
            RETURN NULL;
        END $$
        """
    )


def watch(columns: str) -> None:
    """Have the words written again when one of these columns is."""
    op.execute("DROP TRIGGER leads_change_words ON leads")
    op.execute(
        f"""
        CREATE TRIGGER leads_change_words AFTER UPDATE OF {columns} ON leads
        FOR EACH ROW EXECUTE FUNCTION note_words_of_lead()
        """
    )


def upgrade() -> None:
    op.add_column("lead_words", sa.Column("captured_at", sa.DateTime(timezone=True)))
    for name in ("priority", "importance"):
        op.add_column("lead_words", sa.Column(name, sa.Integer()))
    op.add_column("lead_words", sa.Column("type_id", sa.BigInteger()))
    op.add_column("lead_words", sa.Column("title", sa.Text()))
    op.add_column("lead_words", sa.Column("amount", sa.Numeric(14, 2)))
    note(("named", NAMED), ("words", WORDS), (", ".join(ORDERS), VALUES))
    watch(f"{WORDS_BEFORE}, captured_at, priority, importance, type_id, target_amount")
    op.execute(
        """
        UPDATE lead_words SET captured_at = l.captured_at, priority = l.priority,
          importance = l.importance, type_id = l.type_id, title = left(lower(l.title), 100),
          amount = coalesce(l.target_amount, -1)
        FROM leads l WHERE l.id = lead_words.lead_id
        """
    )
    for name in ORDERS:
        op.alter_column("lead_words", name, nullable=False)
    for name in WALKED:
        op.create_index(f"ix_lead_words_{name}", "lead_words", [name, "lead_id"])


def downgrade() -> None:
    note(("named", NAMED), ("words", WORDS))
    watch(WORDS_BEFORE)
    for name in ORDERS:
        op.drop_column("lead_words", name)

"""what becomes of the rows of a list, behind a wall; mappings that are kept; what can be undone"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0049"
down_revision = "0048"

BEFORE = "'uploaded','mapped','queued','running','done','failed'"
STATES = (
    "'reading','uploaded','mapped','queued','running','paused','cancelled',"
    "'done','failed','undoing','undone'"
)
ROWS = "'new','changed','unchanged','left_alone','repeated','duplicate','suppressed','refused'"
OF = "import_id = ANY (nullif(current_setting('app.rows_of', true), '')::bigint[])"
NAMED = "lead_id = ANY (nullif(current_setting('app.contacts_of', true), '')::bigint[])"
WALLED = ("import_rows", "import_changes")


def upgrade() -> None:
    op.drop_constraint(op.f("ck_lead_imports_state"), "lead_imports")
    op.create_check_constraint(
        op.f("ck_lead_imports_state"), "lead_imports", f"state IN ({STATES})"
    )
    op.add_column(
        "lead_imports",
        sa.Column("keeps_rows", sa.Boolean(), server_default="false", nullable=False),
    )
    op.execute(
        "UPDATE lead_imports SET keeps_rows = true "
        "WHERE id IN (SELECT import_id FROM lead_import_refusals)"
    )
    op.rename_table("lead_import_refusals", "import_rows")
    op.execute(
        "ALTER TABLE import_rows RENAME CONSTRAINT pk_lead_import_refusals TO pk_import_rows"
    )
    op.execute(
        "ALTER TABLE import_rows RENAME CONSTRAINT "
        "fk_lead_import_refusals_import_id_lead_imports TO fk_import_rows_import_id_lead_imports"
    )
    op.drop_index("ix_lead_import_refusals_import_id", "import_rows")
    op.add_column(
        "import_rows", sa.Column("state", sa.Text(), server_default="refused", nullable=False)
    )
    op.alter_column("import_rows", "state", server_default=None)
    op.create_check_constraint(op.f("ck_import_rows_state"), "import_rows", f"state IN ({ROWS})")
    for name in ("lead_id", "twin_id"):
        op.add_column("import_rows", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("import_rows", sa.Column("twin_row", sa.Integer(), nullable=True))
    op.create_index(
        op.f("ix_import_rows_import_id_state_row_number"),
        "import_rows",
        ["import_id", "state", "row_number"],
    )
    op.create_index(
        op.f("ix_import_rows_lead_id"),
        "import_rows",
        ["lead_id"],
        postgresql_where=sa.text("lead_id IS NOT NULL"),
    )
    op.create_table(
        "import_changes",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["lead_imports.id"],
            name=op.f("fk_import_changes_import_id_lead_imports"),
        ),
        sa.PrimaryKeyConstraint("import_id", "lead_id", name=op.f("pk_import_changes")),
    )
    op.create_index(op.f("ix_import_changes_lead_id"), "import_changes", ["lead_id"])
    op.create_table(
        "import_mappings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("headers_key", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("constants", postgresql.JSONB(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["used_by"], ["users.id"], name=op.f("fk_import_mappings_used_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mappings")),
        sa.UniqueConstraint(
            "headers_key",
            "source_system",
            name=op.f("uq_import_mappings_headers_key_source_system"),
        ),
    )
    for table in WALLED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_import ON {table} USING ({OF})")
        op.execute(f"CREATE POLICY of_lead ON {table} USING ({NAMED})")
    # whoever deletes a lead has these looked through
    for table, name in (("leads", "merged_into"), ("suppressions", "lead_id")):
        op.create_index(
            op.f(f"ix_{table}_{name}"),
            table,
            [name],
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
        )


def downgrade() -> None:
    for table, name in (("leads", "merged_into"), ("suppressions", "lead_id")):
        op.drop_index(op.f(f"ix_{table}_{name}"), table)
    op.drop_table("import_mappings")
    op.drop_table("import_changes")
    for name in ("of_import", "of_lead"):
        op.execute(f"DROP POLICY {name} ON import_rows")
    op.execute("ALTER TABLE import_rows NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE import_rows DISABLE ROW LEVEL SECURITY")
    op.execute("DELETE FROM import_rows WHERE state <> 'refused'")
    op.drop_index(op.f("ix_import_rows_lead_id"), "import_rows")
    op.drop_index(op.f("ix_import_rows_import_id_state_row_number"), "import_rows")
    op.drop_constraint(op.f("ck_import_rows_state"), "import_rows")
    for name in ("twin_row", "twin_id", "lead_id", "state"):
        op.drop_column("import_rows", name)
    op.execute(
        "ALTER TABLE import_rows RENAME CONSTRAINT "
        "fk_import_rows_import_id_lead_imports TO fk_lead_import_refusals_import_id_lead_imports"
    )
    op.execute(
        "ALTER TABLE import_rows RENAME CONSTRAINT pk_import_rows TO pk_lead_import_refusals"
    )
    op.rename_table("import_rows", "lead_import_refusals")
    op.create_index(
        "ix_lead_import_refusals_import_id", "lead_import_refusals", ["import_id"], unique=False
    )
    op.drop_column("lead_imports", "keeps_rows")
    op.execute(
        "UPDATE lead_imports SET state = 'failed' WHERE state IN "
        "('reading','paused','cancelled','undoing','undone')"
    )
    op.drop_constraint(op.f("ck_lead_imports_state"), "lead_imports")
    op.create_check_constraint(
        op.f("ck_lead_imports_state"), "lead_imports", f"state IN ({BEFORE})"
    )

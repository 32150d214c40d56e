"""notes on partners and customers, too: a note says what it is about, as activities do"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"

OF_THESE = "ANY (nullif(current_setting('app.shared_notes_of', true), '')::bigint[])"


def upgrade() -> None:
    op.add_column(
        "firm_notes", sa.Column("subject", sa.Text(), server_default="lead", nullable=False)
    )
    op.execute("DROP POLICY shared ON firm_notes")
    op.alter_column("firm_notes", "lead_id", new_column_name="subject_id")
    op.execute("ALTER INDEX ix_firm_notes_lead_id RENAME TO ix_firm_notes_subject_id")
    op.execute(
        "CREATE POLICY shared ON firm_notes FOR SELECT USING "
        f"(shared_at IS NOT NULL AND subject = 'lead' AND subject_id = {OF_THESE})"
    )


def downgrade() -> None:
    op.execute("DROP POLICY shared ON firm_notes")
    op.execute("ALTER TABLE firm_notes NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "DELETE FROM note_versions WHERE note_id IN "
        "(SELECT id FROM firm_notes WHERE subject <> 'lead')"
    )
    op.execute("DELETE FROM firm_notes WHERE subject <> 'lead'")
    op.execute("ALTER TABLE firm_notes FORCE ROW LEVEL SECURITY")
    op.execute("ALTER INDEX ix_firm_notes_subject_id RENAME TO ix_firm_notes_lead_id")
    op.alter_column("firm_notes", "subject_id", new_column_name="lead_id")
    op.drop_column("firm_notes", "subject")
    op.execute(
        "CREATE POLICY shared ON firm_notes FOR SELECT USING "
        f"(shared_at IS NOT NULL AND lead_id = {OF_THESE})"
    )

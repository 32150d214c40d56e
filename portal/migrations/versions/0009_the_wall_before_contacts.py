"""a wall before contact data

Row policies, forced on the owner too: without a setting that lives as long as a transaction nobody
reads, counts, changes or adds a contact. E-mail and domain become plain text in lower case, the
company is kept once more in lower case: under a policy PostgreSQL uses an index only for what it
knows to give nothing away, and of the comparisons that are needed only equality of text is that.

Whoever changes rows of this table in a later migration sets `app.contacts` to `intake` first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

NAMED = "lead_id = ANY (nullif(current_setting('app.contacts_of', true), '')::bigint[])"
ALL = "nullif(current_setting('app.contacts', true), '')"


def upgrade() -> None:
    for name in ("email", "domain"):
        op.alter_column(
            "lead_contacts", name, type_=sa.Text(), postgresql_using=f"lower({name}::text)"
        )
    op.drop_index("ix_lead_contacts_company_lower", "lead_contacts")
    op.add_column(
        "lead_contacts",
        sa.Column("company_key", sa.Text(), sa.Computed("lower(company)", persisted=True)),
    )
    op.create_index("ix_lead_contacts_company_key", "lead_contacts", ["company_key"])
    op.execute("ALTER TABLE lead_contacts ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE lead_contacts FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY named ON lead_contacts USING ({NAMED})")
    op.execute(f"CREATE POLICY search ON lead_contacts FOR SELECT USING ({ALL} = 'search')")
    op.execute(f"CREATE POLICY intake ON lead_contacts USING ({ALL} = 'intake')")


def downgrade() -> None:
    for name in ("named", "search", "intake"):
        op.execute(f"DROP POLICY {name} ON lead_contacts")
    op.execute("ALTER TABLE lead_contacts NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE lead_contacts DISABLE ROW LEVEL SECURITY")
    op.drop_index("ix_lead_contacts_company_key", "lead_contacts")
    op.drop_column("lead_contacts", "company_key")
    op.create_index("ix_lead_contacts_company_lower", "lead_contacts", [sa.text("lower(company)")])
    for name in ("email", "domain"):
        op.execute(f"ALTER TABLE lead_contacts ALTER COLUMN {name} TYPE citext")

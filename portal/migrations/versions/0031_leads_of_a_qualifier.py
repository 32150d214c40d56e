"""leads of a qualifier: an index for "my open leads" """

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.create_index(
        op.f("ix_leads_qualifier_id"),
        "leads",
        ["qualifier_id"],
        postgresql_where=sa.text("qualifier_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_leads_qualifier_id"), table_name="leads")

"""leads of an owner, or held by a firm, are named by their index alone

Whose leads somebody sees is asked on each page of account managers.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"

NAMED = ("owner_id", "holder_organisation_id")


def upgrade() -> None:
    for name in NAMED:
        make(name, ["id"])


def downgrade() -> None:
    for name in NAMED:
        make(name, [])


def make(name: str, beside: list[str]) -> None:
    """Make the index of a column anew."""
    op.drop_index(f"ix_leads_{name}", "leads")
    op.create_index(
        f"ix_leads_{name}",
        "leads",
        [name],
        postgresql_include=beside,
        postgresql_where=sa.text(f"{name} IS NOT NULL"),
    )

"""leads of whose customer nobody has called, found without looking through all words"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0106"
down_revision = "0105"


def upgrade() -> None:
    op.create_index(
        "ix_customer_words_no",
        "customer_words",
        ["pickup_id"],
        postgresql_where=sa.text("said = 'no'"),
    )


def downgrade() -> None:
    op.drop_index("ix_customer_words_no", "customer_words")

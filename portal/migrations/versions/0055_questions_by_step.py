"""a question may be asked in one step of qualification only

What the documents of versions say of a question without it stays true: it is asked in every step.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    op.add_column("qualification_questions", sa.Column("step", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("qualification_questions", "step")

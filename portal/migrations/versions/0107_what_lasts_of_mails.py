"""what stays of a mail once whom to call is taken out of it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0107"
down_revision = "0106"


def upgrade() -> None:
    op.add_column("outgoing_emails", sa.Column("lasting", JSONB(), nullable=True))
    # of those written before nothing stays
    op.execute(
        'UPDATE outgoing_emails SET lasting = \'{"text": "", "html": ""}\' '
        "WHERE kind = 'yours_now' AND html <> ''"
    )


def downgrade() -> None:
    op.execute(
        "UPDATE outgoing_emails SET text = '', html = '' "
        "WHERE kind = 'yours_now' AND lasting IS NULL"
    )
    op.drop_column("outgoing_emails", "lasting")

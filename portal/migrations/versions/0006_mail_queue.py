"""pace and care of the mail queue"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    with op.batch_alter_table("outgoing_emails", schema=None) as batch_op:
        # a default is no rewrite, and what runs on the old tables meanwhile goes on writing
        batch_op.add_column(
            sa.Column("domain", sa.Text(), server_default=sa.text("''"), nullable=False)
        )
        batch_op.add_column(sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE outgoing_emails SET domain = lower(split_part(to_address::text, '@', 2)),"
        " tried_at = sent_at"
    )
    # what hung in a worker's hands may have gone out
    op.execute("UPDATE outgoing_emails SET handed_at = created_at WHERE status = 'sending'")
    # links that were mailed before open what they opened; the rows need not know them any more
    op.execute(
        r"""
        UPDATE outgoing_emails SET
          text = regexp_replace(text, '/(m|reset|invite)/[A-Za-z0-9_-]{8,}', '/\1/…', 'g'),
          html = regexp_replace(html, '/(m|reset|invite)/[A-Za-z0-9_-]{8,}', '/\1/…', 'g')
        WHERE status = 'sent' AND (text ~ '/(m|reset|invite)/' OR html ~ '/(m|reset|invite)/')
        """
    )
    with op.batch_alter_table("outgoing_emails", schema=None) as batch_op:
        batch_op.create_index("ix_outgoing_emails_pace", ["tried_at", "domain"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("outgoing_emails", schema=None) as batch_op:
        batch_op.drop_index("ix_outgoing_emails_pace")
        batch_op.drop_column("handed_at")
        batch_op.drop_column("tried_at")
        batch_op.drop_column("domain")

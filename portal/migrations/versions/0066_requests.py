"""what holders ask the vendor for, and the words of it behind a wall

Row policies as those before contact data (0009), forced on the owner too.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0066"
down_revision = "0065"

WHEN = sa.DateTime(timezone=True)
NAMED = "request_id = ANY (nullif(current_setting('app.requests', true), '')::bigint[])"
WAITS = "state IN ('open','asked_back')"


def upgrade() -> None:
    op.create_table(
        "assistance_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), sa.ForeignKey("leads.id"), nullable=False),
        sa.Column("pickup_id", sa.BigInteger(), sa.ForeignKey("pickups.id"), nullable=False),
        sa.Column(
            "organisation_id", sa.BigInteger(), sa.ForeignKey("organisations.id"), nullable=False
        ),
        sa.Column("asked_by_id", sa.BigInteger(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("assignee_id", sa.BigInteger(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("asked_at", WHEN, nullable=False),
        sa.Column("settled_at", WHEN),
        sa.Column("valid_until", sa.Date()),
        sa.CheckConstraint("kind IN ('help','pricing')", name="kind"),
        sa.CheckConstraint(
            "state IN ('open','asked_back','answered','granted','refused','closed','void')",
            name="state",
        ),
        sa.CheckConstraint(f"({WAITS}) = (settled_at IS NULL)", name="settled"),
    )
    op.create_index("ix_assistance_requests_lead_id", "assistance_requests", ["lead_id"])
    op.create_index(
        "uq_assistance_requests_waiting",
        "assistance_requests",
        ["pickup_id", "kind"],
        unique=True,
        postgresql_where=sa.text(WAITS),
    )
    op.create_index(
        "ix_assistance_requests_open",
        "assistance_requests",
        ["assignee_id", "asked_at"],
        postgresql_where=sa.text(WAITS),
    )
    op.create_table(
        "assistance_words",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column(
            "request_id",
            sa.BigInteger(),
            sa.ForeignKey("assistance_requests.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("turn", sa.Text(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("terms", JSONB()),
        sa.CheckConstraint(
            "turn IN ('asked','asked_again','asked_back','answered','granted','refused')",
            name="turn",
        ),
    )
    op.create_index("ix_assistance_words_request_id", "assistance_words", ["request_id"])
    op.execute("ALTER TABLE assistance_words ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE assistance_words FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY named ON assistance_words USING ({NAMED})")


def downgrade() -> None:
    op.drop_table("assistance_words")
    op.drop_table("assistance_requests")

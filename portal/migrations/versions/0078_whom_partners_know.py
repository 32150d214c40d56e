"""whom partners know: marks under their own keys behind a wall

Row policies as those before contact data (0009), forced on the owner too.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0078"
down_revision = "0077"

WHEN = sa.DateTime(timezone=True)
OWN = "organisation_id = ANY (nullif(current_setting('app.known_customers', true), '')::bigint[])"
MEETING = "current_setting('app.meeting_customers', true) = 'yes'"


def upgrade() -> None:
    op.create_table(
        "relation_keys",
        sa.Column(
            "organisation_id",
            sa.BigInteger(),
            sa.ForeignKey("partners.organisation_id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", WHEN, nullable=False),
    )
    op.create_table(
        "known_customers",
        sa.Column(
            "organisation_id",
            sa.BigInteger(),
            sa.ForeignKey("relation_keys.organisation_id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("mark", sa.LargeBinary(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("noted_at", WHEN, nullable=False),
        sa.CheckConstraint("kind IN ('domain','phone','email')", name="kind"),
    )
    for table in ("relation_keys", "known_customers"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} USING ({OWN})")
        op.execute(f"CREATE POLICY meeting ON {table} FOR SELECT USING ({MEETING})")


def downgrade() -> None:
    op.drop_table("known_customers")
    op.drop_table("relation_keys")

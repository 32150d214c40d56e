"""firms say that they knew the customer of a lead before, and somebody decides"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0085"
down_revision = "0084"

WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "knowledge_claims",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column(
            "lead_id",
            sa.BigInteger(),
            sa.ForeignKey("leads.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "organisation_id", sa.BigInteger(), sa.ForeignKey("organisations.id"), nullable=False
        ),
        sa.Column("user_id", sa.BigInteger(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("meets", sa.Boolean()),
        sa.Column("granted", sa.Boolean()),
        sa.Column("decided_at", WHEN),
        sa.Column("decided_by_id", sa.BigInteger(), sa.ForeignKey("users.id")),
        sa.UniqueConstraint("lead_id", "organisation_id"),
        sa.CheckConstraint("how IN ('customer','quote','contact')", name="how"),
        sa.CheckConstraint("(decided_at IS NULL) = (granted IS NULL)", name="decided"),
    )
    op.create_index(
        "ix_knowledge_claims_waiting",
        "knowledge_claims",
        ["at"],
        postgresql_where=sa.text("decided_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("knowledge_claims")

"""rates of partners are counted: of how many, the means of all; who takes part in campaigns"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"

COUNTS = ("won", "met", "deadlines", "declined")


def upgrade() -> None:
    for name in COUNTS:
        op.add_column(
            "partner_rates", sa.Column(name, sa.Integer(), server_default="0", nullable=False)
        )
    op.create_table(
        "partner_rate_means",
        sa.Column("rate", sa.Text(), nullable=False),
        sa.Column("mean", sa.Float(53), nullable=False),
        sa.Column("strength", sa.Integer(), nullable=False),
        sa.Column("firms", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("rate", name="pk_partner_rate_means"),
        sa.CheckConstraint(
            "rate IN ('conversion','punctuality','declines')",
            name=op.f("ck_partner_rate_means_rate"),
        ),
    )
    op.create_table(
        "campaign_partners",
        sa.Column("campaign_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("campaign_id", "organisation_id", name="pk_campaign_partners"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name="fk_campaign_partners_campaign_id_campaigns"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name="fk_campaign_partners_organisation_id_organisations",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_campaign_partners_user_id_users"
        ),
    )
    op.create_index(
        "ix_campaign_partners_organisation_id", "campaign_partners", ["organisation_id"]
    )


def downgrade() -> None:
    op.drop_table("campaign_partners")
    op.drop_table("partner_rate_means")
    for name in COUNTS:
        op.drop_column("partner_rates", name)

"""campaigns, what they cost, the words people agree to; where a lead came from and its legal basis

Leads from before get a basis of their own, which says so.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("budget", sa.Numeric(14, 2), nullable=True),
        sa.Column("per_lead", sa.Numeric(14, 2), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("key", name=op.f("uq_campaigns_key")),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["catalog_entries.id"],
            name=op.f("fk_campaigns_source_id_catalog_entries"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_campaigns_created_by_users")
        ),
        sa.CheckConstraint(
            "channel IN ('search','display','social','email','direct_mail','phone','event',"
            "'content','bought_list','partner','other')",
            name=op.f("ck_campaigns_channel"),
        ),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_campaigns_ends_after_it_starts")),
        sa.CheckConstraint("budget >= 0", name=op.f("ck_campaigns_budget")),
        sa.CheckConstraint("per_lead >= 0", name=op.f("ck_campaigns_per_lead")),
    )
    op.create_table(
        "campaign_costs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(14, 2), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_costs")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_costs_campaign_id_campaigns")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_campaign_costs_created_by_users")
        ),
    )
    op.create_index(op.f("ix_campaign_costs_campaign_id"), "campaign_costs", ["campaign_id"])
    op.create_table(
        "consent_texts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("words", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_texts")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_consent_texts_key_version")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_consent_texts_created_by_users")
        ),
    )
    op.add_column("leads", sa.Column("campaign_id", sa.BigInteger(), nullable=True))
    op.add_column("leads", sa.Column("search_term", sa.Text(), nullable=True))
    op.add_column("leads", sa.Column("origin", postgresql.JSONB(), nullable=True))
    # the default is for the rows that stand there, and writes none of them anew
    op.add_column("leads", sa.Column("basis", sa.Text(), nullable=True, server_default="before"))
    op.alter_column("leads", "basis", server_default=None)
    op.add_column("leads", sa.Column("basis_words", sa.Text(), nullable=True))
    op.add_column("leads", sa.Column("basis_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_leads_campaign_id_campaigns"), "leads", "campaigns", ["campaign_id"], ["id"]
    )
    op.create_index(
        "ix_leads_campaign_id_state",
        "leads",
        ["campaign_id", "state"],
        postgresql_where=sa.text("campaign_id IS NOT NULL"),
    )
    op.create_check_constraint(
        op.f("ck_leads_basis"),
        "leads",
        "basis IN ('asked','consent','customer','interest','before')",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_leads_basis"), "leads")
    op.drop_index("ix_leads_campaign_id_state", "leads")
    op.drop_constraint(op.f("fk_leads_campaign_id_campaigns"), "leads")
    for name in ("campaign_id", "search_term", "origin", "basis", "basis_words", "basis_at"):
        op.drop_column("leads", name)
    for table in ("consent_texts", "campaign_costs", "campaigns"):
        op.drop_table(table)

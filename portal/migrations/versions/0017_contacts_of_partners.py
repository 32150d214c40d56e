"""contacts of partners, one of them responsible for leads"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "partner_contacts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("function", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("for_leads", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "function IN ('management','sales','marketing','technical')",
            name=op.f("ck_partner_contacts_function"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["partners.organisation_id"],
            name=op.f("fk_partner_contacts_organisation_id_partners"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_contacts")),
    )
    op.create_index(
        op.f("ix_partner_contacts_organisation_id"), "partner_contacts", ["organisation_id"]
    )
    op.create_index(
        "uq_partner_contacts_for_leads",
        "partner_contacts",
        ["organisation_id"],
        unique=True,
        postgresql_where=sa.text("for_leads"),
    )


def downgrade() -> None:
    op.drop_table("partner_contacts")

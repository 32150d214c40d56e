"""goals, territories and terms of the programme, and who refers leads"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0074"
down_revision = "0073"

GOALS = "('won_value','pipeline','won_leads','loyalty','partners','territories')"


def upgrade() -> None:
    op.create_table(
        "programme_terms",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("texts", JSONB(), nullable=False),
        sa.Column("binding_from", sa.Date()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), sa.ForeignKey("users.id")),
        sa.UniqueConstraint("kind", "number"),
        sa.CheckConstraint("kind IN ('programme','referral')", name="kind"),
    )
    op.create_table(
        "terms_acceptances",
        sa.Column(
            "terms_id", sa.BigInteger(), sa.ForeignKey("programme_terms.id"), primary_key=True
        ),
        sa.Column(
            "organisation_id",
            sa.BigInteger(),
            sa.ForeignKey("organisations.id"),
            primary_key=True,
            index=True,
        ),
        sa.Column("user_id", sa.BigInteger(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "programme_goals",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), sa.ForeignKey("catalog_entries.id")),
        sa.Column("codes", ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.CheckConstraint(f"kind IN {GOALS}", name="kind"),
        sa.CheckConstraint("target > 0", name="target"),
        sa.CheckConstraint("ends_on >= starts_on", name="order"),
    )
    op.create_table(
        "programme_territories",
        sa.Column("code", sa.Text(), primary_key=True),
        sa.Column("partners_wanted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("partners_wanted >= 0", name="wanted"),
    )
    op.create_table(
        "referral_partners",
        sa.Column(
            "organisation_id",
            sa.BigInteger(),
            sa.ForeignKey("organisations.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_by_id", sa.BigInteger(), sa.ForeignKey("users.id")),
        sa.Column("only_refers", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True)),
    )


def downgrade() -> None:
    for table in (
        "referral_partners",
        "programme_territories",
        "programme_goals",
        "terms_acceptances",
        "programme_terms",
    ):
        op.drop_table(table)

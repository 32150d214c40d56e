"""the programme's own fields about leads, partners and customers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"

OF_ROWS = ("partners", "customers")


def upgrade() -> None:
    op.create_table(
        "custom_fields",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(), nullable=False),
        sa.Column("hints", postgresql.JSONB(), nullable=False),
        sa.Column("choices", postgresql.JSONB(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("teaser", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "subject IN ('lead','partner','customer')", name=op.f("ck_custom_fields_subject")
        ),
        sa.CheckConstraint(
            "kind IN ('text','long_text','whole','decimal','yes_no','day','one','several','web')",
            name=op.f("ck_custom_fields_kind"),
        ),
        sa.CheckConstraint(
            "NOT teaser OR subject = 'lead'", name=op.f("ck_custom_fields_teaser_of_leads")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_fields")),
        sa.UniqueConstraint("subject", "key", name=op.f("uq_custom_fields_subject_key")),
    )
    op.create_table(
        "lead_fields",
        sa.Column("lead_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("custom", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lead_id"],
            ["leads.id"],
            name=op.f("fk_lead_fields_lead_id_leads"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("lead_id", name=op.f("pk_lead_fields")),
    )
    op.add_column("leads", sa.Column("open_custom", postgresql.JSONB(), nullable=True))
    for table in OF_ROWS:
        op.add_column(
            table,
            sa.Column("custom", postgresql.JSONB(), server_default="{}", nullable=False),
        )
    for table in ("lead_fields", *OF_ROWS):
        op.create_index(
            op.f(f"ix_{table}_custom"),
            table,
            ["custom"],
            postgresql_using="gin",
            postgresql_ops={"custom": "jsonb_path_ops"},
        )


def downgrade() -> None:
    for table in OF_ROWS:
        op.drop_index(op.f(f"ix_{table}_custom"), table_name=table)
        op.drop_column(table, "custom")
    op.drop_column("leads", "open_custom")
    op.drop_table("lead_fields")
    op.drop_table("custom_fields")

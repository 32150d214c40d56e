"""what customers are told and asked, what they say, and which policies want it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0102"
down_revision = "0101"

SWITCHES = ("customer_told", "customer_asked")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for name in SWITCHES:
        op.add_column(
            "deadline_policies",
            sa.Column(name, sa.Boolean(), server_default="false", nullable=False),
        )
    op.create_table(
        "customer_letters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pickup_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("call_by", MOMENT),
        sa.Column("secret_hash", sa.LargeBinary()),
        sa.Column("settled_at", MOMENT),
        sa.Column("outcome", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_customer_letters"),
        sa.ForeignKeyConstraint(
            ["pickup_id"], ["pickups.id"], name="fk_customer_letters_pickup_id_pickups"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_customer_letters_user_id_users"
        ),
        sa.UniqueConstraint("secret_hash", name="uq_customer_letters_secret_hash"),
        sa.CheckConstraint("kind IN ('told','asked')", name=op.f("ck_customer_letters_kind")),
        sa.CheckConstraint(
            "outcome IN ('sent','past','known','nobody')", name=op.f("ck_customer_letters_outcome")
        ),
        sa.CheckConstraint(
            "(settled_at IS NULL) = (outcome IS NULL)", name=op.f("ck_customer_letters_settled")
        ),
        sa.CheckConstraint(
            "(secret_hash IS NOT NULL) = (outcome IS NOT DISTINCT FROM 'sent')",
            name=op.f("ck_customer_letters_secret"),
        ),
    )
    for kind, columns in (("told", ["pickup_id", "user_id"]), ("asked", ["pickup_id"])):
        op.create_index(
            f"uq_customer_letters_{kind}",
            "customer_letters",
            columns,
            unique=True,
            postgresql_where=sa.text(f"kind = '{kind}'"),
        )
    op.create_index(
        "ix_customer_letters_due",
        "customer_letters",
        ["due_at", "id"],
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_table(
        "customer_words",
        sa.Column("pickup_id", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("said_at", MOMENT, nullable=False),
        sa.Column("contact_at", MOMENT),
        sa.PrimaryKeyConstraint("pickup_id", name="pk_customer_words"),
        sa.ForeignKeyConstraint(
            ["pickup_id"], ["pickups.id"], name="fk_customer_words_pickup_id_pickups"
        ),
        sa.CheckConstraint("said IN ('yes','no')", name=op.f("ck_customer_words_said")),
        sa.CheckConstraint("way IN ('page','mail')", name=op.f("ck_customer_words_way")),
    )


def downgrade() -> None:
    op.drop_table("customer_words")
    op.drop_table("customer_letters")
    for name in reversed(SWITCHES):
        op.drop_column("deadline_policies", name)

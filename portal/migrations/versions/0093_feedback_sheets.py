"""feedback sheets: who gets one by mail, what came back behind a wall; mails that enclose a file

Row policies as those before contact data (0009), forced on the owner too.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0093"
down_revision = "0092"

WHEN = sa.DateTime(timezone=True)
NAMED = "return_id = ANY (nullif(current_setting('app.sheet_returns', true), '')::bigint[])"


def upgrade() -> None:
    op.add_column("outgoing_emails", sa.Column("encloses", JSONB(), nullable=True))
    op.create_table(
        "sheet_wishes",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=True),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_sheet_wishes_weekday")),
        sa.CheckConstraint("kind IN ('xlsx','csv')", name=op.f("ck_sheet_wishes_kind")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sheet_wishes_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_sheet_wishes")),
    )
    op.create_table(
        "sheet_returns",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("conflicts", sa.Integer(), nullable=False),
        sa.CheckConstraint("way IN ('web','mail')", name=op.f("ck_sheet_returns_way")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sheet_returns_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet_returns")),
        sa.UniqueConstraint("user_id", "digest", name=op.f("uq_sheet_returns_user_id_digest")),
    )
    op.create_index(op.f("ix_sheet_returns_at"), "sheet_returns", ["at"])
    op.create_table(
        "sheet_rows",
        sa.Column("return_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("pickup_id", sa.BigInteger(), nullable=True),
        sa.Column("feedback_id", sa.BigInteger(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("typed", JSONB(), nullable=False),
        sa.CheckConstraint(
            "fate IN ('applied','unchanged','refused','conflict')", name=op.f("ck_sheet_rows_fate")
        ),
        sa.ForeignKeyConstraint(
            ["return_id"],
            ["sheet_returns.id"],
            name=op.f("fk_sheet_rows_return_id_sheet_returns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["pickup_id"], ["pickups.id"], name=op.f("fk_sheet_rows_pickup_id_pickups")
        ),
        sa.ForeignKeyConstraint(
            ["feedback_id"], ["feedback.id"], name=op.f("fk_sheet_rows_feedback_id_feedback")
        ),
        sa.PrimaryKeyConstraint("return_id", "number", name=op.f("pk_sheet_rows")),
    )
    op.execute("ALTER TABLE sheet_rows ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE sheet_rows FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY named ON sheet_rows USING ({NAMED})")


def downgrade() -> None:
    op.drop_table("sheet_rows")
    op.drop_table("sheet_returns")
    op.drop_table("sheet_wishes")
    op.drop_column("outgoing_emails", "encloses")

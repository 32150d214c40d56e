"""who picks up nothing for a while, how partners stand, since when customers are waited for"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0058"
down_revision = "0057"

WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("pickups", sa.Column("waiting_since", sa.Date()))
    op.add_column("feedback", sa.Column("waiting_since", sa.Date()))
    op.create_table(
        "suspensions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column(
            "organisation_id", sa.BigInteger(), sa.ForeignKey("organisations.id"), nullable=False
        ),
        sa.Column("user_id", sa.BigInteger(), sa.ForeignKey("users.id")),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("until", WHEN, nullable=False),
        sa.Column("misses", sa.Integer()),
        sa.Column("within_days", sa.Integer()),
        sa.Column("pickup_id", sa.BigInteger(), sa.ForeignKey("pickups.id")),
        sa.Column("by_user_id", sa.BigInteger(), sa.ForeignKey("users.id")),
        sa.Column("note", sa.Text()),
        sa.Column("ended_at", WHEN),
        sa.Column("ending", sa.Text()),
        sa.Column("ended_by_id", sa.BigInteger(), sa.ForeignKey("users.id")),
        sa.CheckConstraint("until > at", name="order"),
        sa.CheckConstraint("ending IN ('answered','by_hand')", name="ending"),
        sa.CheckConstraint("(ended_at IS NULL) = (ending IS NULL)", name="ended"),
    )
    op.create_index(
        "ix_suspensions_organisation_id_suspensions_at", "suspensions", ["organisation_id", "at"]
    )
    op.create_index(
        "ix_suspensions_in_force",
        "suspensions",
        ["organisation_id"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.execute(
        "INSERT INTO suspensions (organisation_id, at, until) "
        "SELECT organisation_id, now(), suspended_until FROM partners "
        "WHERE suspended_until > now()"
    )
    op.create_table(
        "partner_standings",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column(
            "organisation_id",
            sa.BigInteger(),
            sa.ForeignKey("partners.organisation_id"),
            nullable=False,
        ),
        sa.Column("colour", sa.Text(), nullable=False),
        sa.Column("reasons", JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("since", WHEN, nullable=False),
        sa.Column("until", WHEN),
        sa.CheckConstraint("colour IN ('green','amber','red')", name="colour"),
    )
    op.create_index(
        "ix_partner_standings_organisation_id_partner_standings_since",
        "partner_standings",
        ["organisation_id", "since"],
    )
    op.create_index(
        "uq_partner_standings_now",
        "partner_standings",
        ["organisation_id"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("partner_standings")
    op.drop_table("suspensions")
    op.drop_column("feedback", "waiting_since")
    op.drop_column("pickups", "waiting_since")

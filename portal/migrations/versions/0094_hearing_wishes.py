"""what people wish to hear in a table of its own, and who of a firm hears first"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0094"
down_revision = "0093"

WAS = ("quiet", "quiet_until", "quiet_from", "digest_hour", "hears")


def upgrade() -> None:
    op.create_table(
        "hearing_wishes",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hears", sa.Text(), nullable=False),
        sa.Column("by_subject", JSONB(), nullable=False),
        sa.Column("digest_hour", sa.SmallInteger(), nullable=False),
        sa.Column("digest_weekday", sa.SmallInteger(), nullable=False),
        sa.Column("quiet_from", sa.SmallInteger()),
        sa.Column("quiet_until", sa.SmallInteger()),
        sa.Column("extent", sa.Text(), nullable=False),
        sa.Column("temperatures", ARRAY(sa.Text()), nullable=False),
        sa.Column("type_ids", ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("product_ids", ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("regions", ARRAY(sa.Text()), nullable=False),
        sa.Column("value_from", sa.Numeric(14, 2)),
        sa.Column("value_to", sa.Numeric(14, 2)),
        sa.Column("mondays", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("fairness", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_hearing_wishes"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_hearing_wishes_user_id_users"),
        sa.CheckConstraint(
            "hears IN ('at_once','hourly','daily','weekly','never')",
            name=op.f("ck_hearing_wishes_hears"),
        ),
        sa.CheckConstraint(
            "digest_hour BETWEEN 0 AND 23", name=op.f("ck_hearing_wishes_digest_hour")
        ),
        sa.CheckConstraint(
            "digest_weekday BETWEEN 1 AND 7", name=op.f("ck_hearing_wishes_digest_weekday")
        ),
        sa.CheckConstraint(
            "quiet_from BETWEEN 0 AND 23", name=op.f("ck_hearing_wishes_quiet_from")
        ),
        sa.CheckConstraint(
            "quiet_until BETWEEN 0 AND 23", name=op.f("ck_hearing_wishes_quiet_until")
        ),
        sa.CheckConstraint(
            "(quiet_from IS NULL) = (quiet_until IS NULL)", name=op.f("ck_hearing_wishes_quiet")
        ),
        sa.CheckConstraint(
            "extent IN ('subject','teaser','full')", name=op.f("ck_hearing_wishes_extent")
        ),
        sa.CheckConstraint("value_from <= value_to", name=op.f("ck_hearing_wishes_value")),
    )
    op.execute(
        "INSERT INTO hearing_wishes (user_id, hears, by_subject, digest_hour, digest_weekday, "
        "quiet_from, quiet_until, extent, temperatures, type_ids, product_ids, regions, "
        "mondays, fairness) "
        "SELECT id, hears, '{}', digest_hour, 1, quiet_from, quiet_until, 'full', '{}', '{}', "
        "'{}', '{}', hears_mondays, hears_fairness FROM users "
        "WHERE hears <> 'at_once' OR digest_hour <> 8 OR quiet_from IS NOT NULL "
        "OR hears_mondays OR NOT hears_fairness"
    )
    for name in WAS:
        op.drop_constraint(op.f(f"ck_users_{name}"), "users", type_="check")
    for name in (*WAS[1:], "hears_mondays", "hears_fairness"):
        op.drop_column("users", name)
    op.create_table(
        "hearing_orders",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_ids", ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_hearing_orders"),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name="fk_hearing_orders_organisation_id_organisations",
        ),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name=op.f("ck_hearing_orders_minutes")),
    )
    op.add_column("notices", sa.Column("not_before", sa.DateTime(timezone=True)))
    op.create_index("ix_notices_of", "notices", ["user_id", "created_at"])
    op.drop_constraint(op.f("ck_notices_outcome"), "notices", type_="check")
    op.create_check_constraint(
        op.f("ck_notices_outcome"),
        "notices",
        "outcome IN ('alone','collected','past','unwanted')",
    )


def downgrade() -> None:
    op.execute("DELETE FROM notices WHERE outcome = 'unwanted'")
    op.drop_constraint(op.f("ck_notices_outcome"), "notices", type_="check")
    op.create_check_constraint(
        op.f("ck_notices_outcome"), "notices", "outcome IN ('alone','collected','past')"
    )
    op.drop_index("ix_notices_of", "notices")
    op.drop_column("notices", "not_before")
    op.drop_table("hearing_orders")
    for name, default in (("hears", "at_once"), ("digest_hour", "8")):
        kind = sa.Text() if name == "hears" else sa.SmallInteger()
        op.add_column("users", sa.Column(name, kind, nullable=False, server_default=default))
    op.add_column("users", sa.Column("quiet_from", sa.SmallInteger()))
    op.add_column("users", sa.Column("quiet_until", sa.SmallInteger()))
    op.add_column(
        "users", sa.Column("hears_mondays", sa.Boolean(), nullable=False, server_default="false")
    )
    op.add_column(
        "users", sa.Column("hears_fairness", sa.Boolean(), nullable=False, server_default="true")
    )
    op.execute(
        "UPDATE users SET hears = CASE hears_of.hears WHEN 'hourly' THEN 'at_once' "
        "WHEN 'weekly' THEN 'daily' ELSE hears_of.hears END, "
        "digest_hour = hears_of.digest_hour, quiet_from = hears_of.quiet_from, "
        "quiet_until = hears_of.quiet_until, hears_mondays = hears_of.mondays, "
        "hears_fairness = hears_of.fairness "
        "FROM hearing_wishes AS hears_of WHERE hears_of.user_id = users.id"
    )
    op.drop_table("hearing_wishes")
    for name, sentence in (
        ("hears", "hears IN ('at_once','daily','never')"),
        ("digest_hour", "digest_hour BETWEEN 0 AND 23"),
        ("quiet_from", "quiet_from BETWEEN 0 AND 23"),
        ("quiet_until", "quiet_until BETWEEN 0 AND 23"),
        ("quiet", "(quiet_from IS NULL) = (quiet_until IS NULL)"),
    ):
        op.create_check_constraint(op.f(f"ck_users_{name}"), "users", sentence)

"""feedback sheets by mail are chosen where all other mails are; how roles hear who chose nothing"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0101"
down_revision = "0100"

HEARS = "hears IN ('at_once','hourly','daily','weekly','never')"


def upgrade() -> None:
    op.create_table(
        "hearing_defaults",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("hears", sa.Text(), nullable=False),
        sa.Column("sheet_weekday", sa.SmallInteger(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.CheckConstraint(HEARS, name=op.f("ck_hearing_defaults_hears")),
        sa.CheckConstraint(
            "sheet_weekday BETWEEN 1 AND 7", name=op.f("ck_hearing_defaults_sheet_weekday")
        ),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_hearing_defaults")),
    )
    op.add_column("users", sa.Column("sheet_told_on", sa.Date(), nullable=True))
    op.add_column("hearing_wishes", sa.Column("sheet_weekday", sa.SmallInteger(), nullable=True))
    op.add_column(
        "hearing_wishes",
        sa.Column("sheet_kind", sa.Text(), server_default="xlsx", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_hearing_wishes_sheet_weekday"), "hearing_wishes", "sheet_weekday BETWEEN 1 AND 7"
    )
    op.create_check_constraint(
        op.f("ck_hearing_wishes_sheet_kind"), "hearing_wishes", "sheet_kind IN ('xlsx','csv')"
    )
    # who had chosen nothing else goes on hearing as her roles do
    op.execute(
        """
        INSERT INTO hearing_wishes (user_id, hears, by_subject, digest_hour, digest_weekday, extent,
            temperatures, type_ids, product_ids, regions, mondays, sheet_weekday, sheet_kind)
        SELECT u.id,
            CASE WHEN u.roles <@ ARRAY['regional_manager','sales_manager'] THEN 'daily'
                ELSE 'at_once' END,
            '{}', 8, 1, 'full', '{}', '{}', '{}', '{}', false, s.weekday + 1, s.kind
        FROM sheet_wishes s JOIN users u ON u.id = s.user_id
        ON CONFLICT (user_id) DO UPDATE
        SET sheet_weekday = EXCLUDED.sheet_weekday, sheet_kind = EXCLUDED.sheet_kind
        """
    )
    op.execute(
        "UPDATE users SET sheet_told_on = s.told_on FROM sheet_wishes s WHERE s.user_id = users.id"
    )
    op.drop_table("sheet_wishes")


def downgrade() -> None:
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
    op.execute(
        """
        INSERT INTO sheet_wishes (user_id, weekday, kind, told_on)
        SELECT h.user_id, h.sheet_weekday - 1, h.sheet_kind, u.sheet_told_on
        FROM hearing_wishes h JOIN users u ON u.id = h.user_id WHERE h.sheet_weekday IS NOT NULL
        """
    )
    op.drop_column("hearing_wishes", "sheet_kind")
    op.drop_column("hearing_wishes", "sheet_weekday")
    op.drop_column("users", "sheet_told_on")
    op.drop_table("hearing_defaults")

"""a link of a mail leads to terms to which a firm agrees"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0112"
down_revision = "0111"

BEFORE = "'offer','feedback','undo','stand_by','stop','more_time','confirm'"


def upgrade() -> None:
    op.add_column("mail_links", sa.Column("organisation_id", sa.BigInteger(), nullable=True))
    check(f"{BEFORE},'terms'")


def downgrade() -> None:
    op.execute(
        "DELETE FROM link_views WHERE link_id IN (SELECT id FROM mail_links WHERE purpose = 'terms')"
    )
    op.execute("DELETE FROM mail_links WHERE purpose = 'terms'")
    check(BEFORE)
    op.drop_column("mail_links", "organisation_id")


def check(purposes: str) -> None:
    op.drop_constraint(op.f("ck_mail_links_purpose"), "mail_links", type_="check")
    op.create_check_constraint(
        op.f("ck_mail_links_purpose"), "mail_links", f"purpose IN ({purposes})"
    )

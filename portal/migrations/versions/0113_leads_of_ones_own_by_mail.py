"""a link of a mail leads to where leads of one's own are brought in"""

from __future__ import annotations

from alembic import op

revision = "0113"
down_revision = "0112"

BEFORE = "'offer','feedback','undo','stand_by','stop','more_time','confirm','terms'"


def upgrade() -> None:
    check(f"{BEFORE},'own_lead'")


def downgrade() -> None:
    op.execute(
        "DELETE FROM link_views WHERE link_id IN"
        " (SELECT id FROM mail_links WHERE purpose = 'own_lead')"
    )
    op.execute("DELETE FROM mail_links WHERE purpose = 'own_lead'")
    check(BEFORE)


def check(purposes: str) -> None:
    op.drop_constraint(op.f("ck_mail_links_purpose"), "mail_links", type_="check")
    op.create_check_constraint(
        op.f("ck_mail_links_purpose"), "mail_links", f"purpose IN ({purposes})"
    )

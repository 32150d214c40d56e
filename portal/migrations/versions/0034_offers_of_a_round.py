"""offers refer to their round and its lead in one: half the looks for each of them"""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"

BOTH = "fk_offers_round_id_offer_rounds"


def upgrade() -> None:
    op.create_unique_constraint("uq_offer_rounds_id_lead_id", "offer_rounds", ["id", "lead_id"])
    op.drop_constraint("fk_offers_lead_id_leads", "offers", type_="foreignkey")
    op.drop_constraint(BOTH, "offers", type_="foreignkey")
    op.create_foreign_key(
        BOTH, "offers", "offer_rounds", ["round_id", "lead_id"], ["id", "lead_id"]
    )


def downgrade() -> None:
    op.drop_constraint(BOTH, "offers", type_="foreignkey")
    op.create_foreign_key(BOTH, "offers", "offer_rounds", ["round_id"], ["id"])
    op.create_foreign_key("fk_offers_lead_id_leads", "offers", "leads", ["lead_id"], ["id"])
    op.drop_constraint("uq_offer_rounds_id_lead_id", "offer_rounds", type_="unique")

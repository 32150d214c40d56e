"""facts about partners without looking up each firm; rounds by the day on which rules decided"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0089"
down_revision = "0088"

FACTS = """
CREATE OR REPLACE VIEW partner_facts AS
SELECT p.organisation_id, o.kind, o.active, o.parent_id, o.timezone, o.created_at AS joined_at,
       p.country, p.subdivision, p.latitude, p.longitude, p.territories, p.level_id, p.brand_ids,
       p.product_ids, p.specialisation_ids, p.industry_ids, p.size_band_ids, p.languages, p.people,
       p.capacity, p.suspended_until, p.custom,
       ARRAY(SELECT c.certification_id FROM partner_certifications c
             WHERE c.organisation_id = p.organisation_id
             ORDER BY c.certification_id) AS certification_ids,
       ARRAY(SELECT coalesce(c.expires_on, DATE 'infinity') FROM partner_certifications c
             WHERE c.organisation_id = p.organisation_id
             ORDER BY c.certification_id) AS certified_until,
       (SELECT range_agg(daterange(a.starts_on, a.ends_on, '[]')) FROM absences a
        WHERE a.organisation_id = p.organisation_id AND a.user_id IS NULL) AS away_on,
       ARRAY(SELECT m.group_id FROM partner_group_members m
             WHERE m.organisation_id = p.organisation_id ORDER BY m.group_id) AS group_ids,
       r.offers_seen, r.picked, r.closed, r.conversion, r.punctuality, r.declines,
       r.minutes_to_pick, r.minutes_to_contact, r.deal_days, r.deal_value, r.volume, r.brought,
       r.months_brought, r.campaigns,
       EXISTS (SELECT FROM referral_partners f
               WHERE f.organisation_id = p.organisation_id AND f.only_refers
                 AND f.left_at IS NULL) AS only_refers
FROM partners p
{firms} organisations o ON o.id = p.organisation_id
LEFT JOIN partner_rates r ON r.organisation_id = p.organisation_id
"""


def upgrade() -> None:
    op.execute(FACTS.format(firms="LEFT JOIN"))
    op.create_index(
        "ix_offer_rounds_by_rule",
        "offer_rounds",
        ["opened_at"],
        postgresql_where=sa.text("rule_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_offer_rounds_by_rule", "offer_rounds")
    op.execute(FACTS.format(firms="JOIN"))

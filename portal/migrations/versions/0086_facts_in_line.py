"""facts about partners are kept one change after the other; held leads and referring among them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE

revision = "0086"
down_revision = "0085"

FACTS = """
CREATE {replace} VIEW partner_facts AS
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
       r.months_brought, r.campaigns{more}
FROM partners p
{firms} organisations o ON o.id = p.organisation_id
LEFT JOIN partner_rates r ON r.organisation_id = p.organisation_id
"""
REFERS = """,
       EXISTS (SELECT FROM referral_partners f
               WHERE f.organisation_id = p.organisation_id AND f.only_refers
                 AND f.left_at IS NULL) AS only_refers"""

# each change is kept at once as its transaction sees it; of two at once neither saw the other. So
# who commits looks once more, one after the other, and keeps what became of all. Nobody waits
# before, and there is one lock, so that the order in which firms were changed is nobody's concern
SETTLED = """
CREATE FUNCTION partner_facts_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('partner_facts'));
  IF TG_TABLE_NAME = 'organisations' THEN
    PERFORM keep_partner_facts(NEW.id);
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM keep_partner_facts(OLD.organisation_id);
  ELSE
    PERFORM keep_partner_facts(NEW.organisation_id);
  END IF;
  RETURN NULL;
END $$
"""
PROFILE = (
    "country, subdivision, latitude, longitude, territories, level_id, brand_ids, product_ids, "
    "specialisation_ids, industry_ids, size_band_ids, languages, people, capacity, "
    "suspended_until, custom"
)
CHANGES = {
    "partners": f"INSERT OR UPDATE OF {PROFILE}",
    "organisations": "UPDATE OF kind, active, parent_id, timezone",
} | dict.fromkeys(
    (
        "partner_certifications",
        "absences",
        "partner_group_members",
        "partner_rates",
        "referral_partners",
    ),
    "INSERT OR UPDATE OR DELETE",
)

# numbered in one line with what else is known of partners
HELD_CHANGED = """
CREATE FUNCTION partner_held_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO partner_held_kept (id, organisation_id, held)
  VALUES (nextval(pg_get_serial_sequence('partner_facts_kept', 'id')),
          NEW.organisation_id, NEW.open_pickups);
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(FACTS.format(replace="OR REPLACE", firms="LEFT JOIN", more=REFERS))
    op.execute(
        "CREATE TRIGGER partner_facts_changed AFTER INSERT OR UPDATE OR DELETE "
        "ON referral_partners FOR EACH ROW EXECUTE FUNCTION partner_facts_changed()"
    )
    op.execute("SELECT keep_partner_facts(organisation_id) FROM partners")
    op.execute(SETTLED)
    for table, change in CHANGES.items():
        op.execute(
            f"CREATE CONSTRAINT TRIGGER partner_facts_settled AFTER {change} ON {table} "
            "DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION partner_facts_settled()"
        )
    op.create_table(
        "partner_held_kept",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partner_held_kept"),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name="fk_partner_held_kept_organisation_id_organisations",
        ),
    )
    op.create_index(
        "ix_partner_held_kept_organisation_id_partner_held_kept_id",
        "partner_held_kept",
        ["organisation_id", "id"],
    )
    op.execute(
        "INSERT INTO partner_held_kept (id, organisation_id, held) "
        "SELECT nextval(pg_get_serial_sequence('partner_facts_kept', 'id')), "
        "organisation_id, open_pickups FROM partner_figures WHERE open_pickups > 0"
    )
    op.execute(HELD_CHANGED)
    op.execute(
        "CREATE TRIGGER partner_held_begins AFTER INSERT ON partner_figures "
        "FOR EACH ROW WHEN (NEW.open_pickups > 0) EXECUTE FUNCTION partner_held_changed()"
    )
    op.execute(
        "CREATE TRIGGER partner_held_changed AFTER UPDATE OF open_pickups ON partner_figures "
        "FOR EACH ROW WHEN (OLD.open_pickups IS DISTINCT FROM NEW.open_pickups) "
        "EXECUTE FUNCTION partner_held_changed()"
    )
    op.add_column(
        "offer_rounds",
        sa.Column("facts_unseen", INT8MULTIRANGE(), server_default="{}", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("offer_rounds", "facts_unseen")
    op.execute("DROP TRIGGER partner_held_changed ON partner_figures")
    op.execute("DROP TRIGGER partner_held_begins ON partner_figures")
    op.execute("DROP FUNCTION partner_held_changed()")
    op.drop_table("partner_held_kept")
    for table in CHANGES:
        op.execute(f"DROP TRIGGER partner_facts_settled ON {table}")
    op.execute("DROP FUNCTION partner_facts_settled()")
    op.execute("DROP TRIGGER partner_facts_changed ON referral_partners")
    op.execute("DROP VIEW partner_facts")
    op.execute(FACTS.format(replace="", firms="JOIN", more=""))

"""what matching was based on is kept: versions of rules, facts about partners, facts of a round"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0070"
down_revision = "0069"

MODES = "('race','staggered','photo_finish','serial')"
MODES_BEFORE = "('race','staggered','serial')"

FACTS = """
CREATE VIEW partner_facts AS
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
       r.months_brought, r.campaigns
FROM partners p
JOIN organisations o ON o.id = p.organisation_id
LEFT JOIN partner_rates r ON r.organisation_id = p.organisation_id
"""

KEEP = """
CREATE FUNCTION keep_partner_facts(firm bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO partner_facts_kept (organisation_id, at, facts)
  SELECT now_known.organisation_id, clock_timestamp(), to_jsonb(now_known)
  FROM partner_facts AS now_known
  WHERE now_known.organisation_id = firm
    AND to_jsonb(now_known) IS DISTINCT FROM (
      SELECT before.facts FROM partner_facts_kept AS before
      WHERE before.organisation_id = firm ORDER BY before.id DESC LIMIT 1)
$$
"""

# what is known of a partner changes in five tables; each says so itself, whoever writes
CHANGED = """
CREATE FUNCTION partner_facts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM keep_partner_facts(OLD.organisation_id);
  ELSE
    PERFORM keep_partner_facts(NEW.organisation_id);
  END IF;
  RETURN NULL;
END $$
"""

FIRM_CHANGED = """
CREATE FUNCTION partner_firm_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM keep_partner_facts(NEW.id);
  RETURN NULL;
END $$
"""

TABLES = ("partner_certifications", "absences", "partner_group_members", "partner_rates")
PROFILE = (
    "country, subdivision, latitude, longitude, territories, level_id, brand_ids, product_ids, "
    "specialisation_ids, industry_ids, size_band_ids, languages, people, capacity, "
    "suspended_until, custom"
)


def upgrade() -> None:
    op.create_table(
        "partner_rates",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offers_seen", sa.Integer(), nullable=False),
        sa.Column("picked", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("conversion", sa.Float(53), nullable=True),
        sa.Column("punctuality", sa.Float(53), nullable=True),
        sa.Column("declines", sa.Float(53), nullable=True),
        sa.Column("minutes_to_pick", sa.Integer(), nullable=True),
        sa.Column("minutes_to_contact", sa.Integer(), nullable=True),
        sa.Column("deal_days", sa.Float(53), nullable=True),
        sa.Column("deal_value", sa.Float(53), nullable=True),
        sa.Column("volume", sa.BigInteger(), nullable=False),
        sa.Column("brought", sa.Integer(), nullable=False),
        sa.Column("months_brought", sa.Integer(), nullable=False),
        sa.Column("campaigns", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_partner_rates"),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["partners.organisation_id"],
            name="fk_partner_rates_organisation_id_partners",
        ),
    )
    op.create_table(
        "partner_facts_kept",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partner_facts_kept"),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["partners.organisation_id"],
            name="fk_partner_facts_kept_organisation_id_partners",
        ),
    )
    op.create_index(
        "ix_partner_facts_kept_organisation_id_partner_facts_kept_id",
        "partner_facts_kept",
        ["organisation_id", "id"],
    )
    for statement in (FACTS, KEEP, CHANGED, FIRM_CHANGED):
        op.execute(statement)
    op.execute(
        "CREATE TRIGGER partner_facts_are_kept AFTER INSERT ON partners "
        "FOR EACH ROW EXECUTE FUNCTION partner_facts_changed()"
    )
    op.execute(
        f"CREATE TRIGGER partner_facts_changed AFTER UPDATE OF {PROFILE} ON partners "
        "FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION partner_facts_changed()"
    )
    op.execute(
        "CREATE TRIGGER partner_facts_changed "
        "AFTER UPDATE OF kind, active, parent_id, timezone ON organisations "
        "FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION partner_firm_changed()"
    )
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER partner_facts_changed AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION partner_facts_changed()"
        )
    op.execute("SELECT keep_partner_facts(organisation_id) FROM partners")

    # -- rules and their versions
    for table in ("distribution_rules", "lead_types"):
        op.add_column(table, sa.Column("deciding_seconds", sa.Integer(), nullable=True))
    op.drop_constraint(op.f("ck_distribution_rules_contest"), "distribution_rules", type_="check")
    op.create_check_constraint(
        op.f("ck_distribution_rules_contest"), "distribution_rules", f"contest IN {MODES}"
    )
    op.add_column(
        "distribution_rules",
        sa.Column("relaxing", JSONB(), server_default=sa.text("'[]'"), nullable=False),
    )
    op.add_column(
        "distribution_rules",
        sa.Column("known", sa.Text(), server_default="nothing", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_distribution_rules_known"),
        "distribution_rules",
        "known IN ('nothing','priority','protection')",
    )
    op.create_table(
        "rule_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by_id", sa.BigInteger(), nullable=True),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("activated_by_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_rule_versions"),
        sa.UniqueConstraint("rule_id", "number"),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["distribution_rules.id"],
            name="fk_rule_versions_rule_id_distribution_rules",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["saved_by_id"], ["users.id"], name="fk_rule_versions_saved_by_id_users"
        ),
        sa.ForeignKeyConstraint(
            ["activated_by_id"], ["users.id"], name="fk_rule_versions_activated_by_id_users"
        ),
    )
    op.execute(
        "INSERT INTO rule_versions (rule_id, number, content, saved_at, activated_at) "
        "SELECT id, version, to_jsonb(r) - ARRAY['id','position','active','version','changed_at'], "
        "changed_at, changed_at FROM distribution_rules r ORDER BY id"
    )

    # -- what a round was based on, and how it runs
    for column in (
        sa.Column("rule_version", sa.Integer(), nullable=True),
        sa.Column("seed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lead_facts", JSONB(), nullable=True),
        sa.Column("facts_upto", sa.BigInteger(), nullable=True),
        sa.Column("relaxed", JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("fairness", JSONB(), nullable=True),
        sa.Column("offered_by_id", sa.BigInteger(), nullable=True),
        sa.Column("deciding_seconds", sa.Integer(), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("offer_rounds", column)
    op.create_foreign_key(
        "fk_offer_rounds_offered_by_id_users", "offer_rounds", "users", ["offered_by_id"], ["id"]
    )
    op.create_index(
        "ix_offer_rounds_closing",
        "offer_rounds",
        ["closes_at"],
        postgresql_where=sa.text("closes_at IS NOT NULL AND decided_at IS NULL"),
    )
    op.add_column("offers", sa.Column("user_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key("fk_offers_user_id_users", "offers", "users", ["user_id"], ["id"])
    op.add_column("offers", sa.Column("via_organisation_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        "fk_offers_via_organisation_id_organisations",
        "offers",
        "organisations",
        ["via_organisation_id"],
        ["id"],
    )

    # -- groups by criteria, of groups, for a while
    for about in (
        sa.Column("criteria", JSONB(), nullable=True),
        sa.Column("group_ids", ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("partner_groups", about)
    op.create_check_constraint(
        op.f("ck_partner_groups_order"), "partner_groups", "valid_until >= valid_from"
    )
    op.create_table(
        "partner_group_choices",
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("inside", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "organisation_id", name="pk_partner_group_choices"),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["partner_groups.id"],
            name="fk_partner_group_choices_group_id_partner_groups",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["partners.organisation_id"],
            name="fk_partner_group_choices_organisation_id_partners",
        ),
    )
    op.create_index(
        "ix_partner_group_choices_organisation_id", "partner_group_choices", ["organisation_id"]
    )
    op.execute(
        "INSERT INTO partner_group_choices (group_id, organisation_id, inside) "
        "SELECT group_id, organisation_id, true FROM partner_group_members"
    )

    # -- who knows a lead's customer
    op.create_table(
        "relation_hits",
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("lead_id", "organisation_id", name="pk_relation_hits"),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name="fk_relation_hits_lead_id_leads", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name="fk_relation_hits_organisation_id_organisations",
        ),
        sa.CheckConstraint("by IN ('list','claim','customer')", name=op.f("ck_relation_hits_by")),
    )
    op.create_index("ix_relation_hits_organisation_id", "relation_hits", ["organisation_id"])


def downgrade() -> None:
    op.drop_table("relation_hits")
    op.drop_table("partner_group_choices")
    op.drop_constraint(op.f("ck_partner_groups_order"), "partner_groups", type_="check")
    for name in ("filled_at", "valid_until", "valid_from", "group_ids", "criteria"):
        op.drop_column("partner_groups", name)
    for name in ("via_organisation_id", "user_id"):
        op.drop_column("offers", name)
    op.drop_index("ix_offer_rounds_closing", "offer_rounds")
    for name in (
        "decided_at",
        "closes_at",
        "deciding_seconds",
        "offered_by_id",
        "fairness",
        "relaxed",
        "facts_upto",
        "lead_facts",
        "seed",
        "rule_version",
    ):
        op.drop_column("offer_rounds", name)
    op.drop_table("rule_versions")
    op.drop_constraint(op.f("ck_distribution_rules_known"), "distribution_rules", type_="check")
    op.drop_column("distribution_rules", "known")
    op.drop_column("distribution_rules", "relaxing")
    op.drop_constraint(op.f("ck_distribution_rules_contest"), "distribution_rules", type_="check")
    op.create_check_constraint(
        op.f("ck_distribution_rules_contest"), "distribution_rules", f"contest IN {MODES_BEFORE}"
    )
    for table in ("lead_types", "distribution_rules"):
        op.drop_column(table, "deciding_seconds")
    for table in TABLES:
        op.execute(f"DROP TRIGGER partner_facts_changed ON {table}")
    op.execute("DROP TRIGGER partner_facts_changed ON organisations")
    op.execute("DROP TRIGGER partner_facts_changed ON partners")
    op.execute("DROP TRIGGER partner_facts_are_kept ON partners")
    op.execute("DROP FUNCTION partner_firm_changed()")
    op.execute("DROP FUNCTION partner_facts_changed()")
    op.execute("DROP FUNCTION keep_partner_facts(bigint)")
    op.execute("DROP VIEW partner_facts")
    op.drop_table("partner_facts_kept")
    op.drop_table("partner_rates")

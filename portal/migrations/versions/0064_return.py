"""where leads go that came back, and more time for those in hand"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"

WHEN = sa.DateTime(timezone=True)
# where the catalogue stands already; a new programme gets them with the others
ADD_REASONS = """
    INSERT INTO catalog_entries (kind, key, names, position, active, purpose, blame)
    SELECT 'reason', added.purpose || '.' || added.key,
           jsonb_build_object('en', added.en, 'de', added.de),
           (SELECT max(position) FROM catalog_entries WHERE kind = 'reason') + added.place,
           true, added.purpose, added.blame
    FROM (VALUES
      (1, 'recall', 'silent', 'partner', 'No answer in time', 'Keine Rückmeldung in der Frist'),
      (2, 'recall', 'no_progress', 'partner', 'It does not progress', 'Es geht nicht voran'),
      (3, 'recall', 'wants_other_partner', 'market', 'The customer prefers another partner',
       'Der Kunde möchte einen anderen Partner'),
      (4, 'recall', 'by_agreement', 'none', 'Agreed with the partner',
       'Mit dem Partner so vereinbart'),
      (5, 'extension', 'customer_decides', 'market', 'The customer still decides',
       'Der Kunde entscheidet noch'),
      (6, 'extension', 'customer_away', 'market', 'The customer is away', 'Der Kunde ist nicht da'),
      (7, 'extension', 'waits_for_vendor', 'vendor', 'We wait for an answer of the vendor',
       'Wir warten auf eine Antwort des Herstellers'),
      (8, 'extension', 'no_time', 'partner', 'Too much to do just now', 'Gerade zu viel zu tun'),
      (9, 'extension', 'other', 'none', 'Another reason', 'Ein anderer Grund')
    ) AS added (place, purpose, key, blame, en, de)
    WHERE EXISTS (SELECT FROM catalog_entries WHERE kind = 'reason')
    ON CONFLICT (kind, key) DO NOTHING
"""


def upgrade() -> None:
    op.add_column("leads", sa.Column("rests_until", WHEN))
    op.create_index(
        "ix_leads_resting",
        "leads",
        ["rests_until"],
        postgresql_where=sa.text("state = 'recalled' AND rests_until IS NOT NULL"),
    )
    op.add_column(
        "partner_figures",
        sa.Column("recalled", sa.Integer(), nullable=False, server_default="0"),
    )
    op.drop_constraint(op.f("ck_mail_links_purpose"), "mail_links")
    op.create_check_constraint(
        op.f("ck_mail_links_purpose"),
        "mail_links",
        "purpose IN ('offer','feedback','undo','stand_by','stop','more_time')",
    )
    op.create_table(
        "redistributions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("lead_id", sa.BigInteger(), sa.ForeignKey("leads.id"), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column(
            "policy_id", sa.BigInteger(), sa.ForeignKey("deadline_policies.id"), nullable=False
        ),
        sa.Column("rested_until", WHEN),
        sa.Column("gone_on_at", WHEN),
        sa.Column("rung", sa.Text()),
        sa.Column("round_id", sa.BigInteger(), sa.ForeignKey("offer_rounds.id")),
        sa.CheckConstraint("why IN ('lapsed','declined','given_back','recalled')", name="why"),
        sa.CheckConstraint(
            "rung IN ('again','group','overflow','channel_manager','nurture')", name="rung"
        ),
    )
    op.create_index(
        "ix_redistributions_lead_id_redistributions_id", "redistributions", ["lead_id", "id"]
    )
    op.create_index("ix_redistributions_round_id", "redistributions", ["round_id"])
    op.create_table(
        "extensions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("pickup_id", sa.BigInteger(), sa.ForeignKey("pickups.id"), nullable=False),
        sa.Column("asked_at", WHEN, nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column(
            "reason_id", sa.BigInteger(), sa.ForeignKey("catalog_entries.id"), nullable=False
        ),
        sa.Column("note_id", sa.BigInteger(), sa.ForeignKey("firm_notes.id", ondelete="SET NULL")),
        sa.Column("was_due", WHEN, nullable=False),
        sa.Column("approval", sa.Text(), nullable=False),
        sa.Column("decided_at", WHEN),
        sa.Column("decided_by_id", sa.BigInteger(), sa.ForeignKey("users.id")),
        sa.Column("granted", sa.Boolean()),
        sa.Column("due", WHEN),
        sa.CheckConstraint("days > 0", name="days"),
        sa.CheckConstraint("(decided_at IS NULL) = (granted IS NULL)", name="decided"),
        sa.CheckConstraint("(due IS NOT NULL) = (granted IS TRUE)", name="due"),
        sa.CheckConstraint(
            "approval IN ('none','account_manager','channel_manager')", name="approval"
        ),
    )
    op.create_index("ix_extensions_pickup_id_extensions_id", "extensions", ["pickup_id", "id"])
    op.create_index(
        "uq_extensions_open",
        "extensions",
        ["pickup_id"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.alter_column("nurtures", "by_id", nullable=True)
    op.execute(ADD_REASONS)


def downgrade() -> None:
    op.execute("DELETE FROM nurtures WHERE by_id IS NULL")
    op.alter_column("nurtures", "by_id", nullable=False)
    op.execute("DELETE FROM mail_links WHERE purpose = 'more_time'")
    op.drop_table("extensions")
    op.drop_table("redistributions")
    op.drop_constraint(op.f("ck_mail_links_purpose"), "mail_links")
    op.create_check_constraint(
        op.f("ck_mail_links_purpose"),
        "mail_links",
        "purpose IN ('offer','feedback','undo','stand_by','stop')",
    )
    op.drop_column("partner_figures", "recalled")
    op.drop_index("ix_leads_resting", "leads")
    op.drop_column("leads", "rests_until")

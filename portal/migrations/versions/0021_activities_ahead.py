"""activities that lie ahead, key dates of leads, and what notes said before they were changed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

OPEN = "done_at IS NULL AND cancelled_at IS NULL"
OWN = "organisation_id = nullif(current_setting('app.notes_of', true), '')::bigint"
SHARED = (
    "shared_at IS NOT NULL AND subject = 'lead' AND "
    "subject_id = ANY (nullif(current_setting('app.shared_notes_of', true), '')::bigint[])"
)
INDEXES = (
    ("ix_activities_open", ["subject", "subject_id"], OPEN),
    ("ix_activities_open_of_assignee", ["assignee_id"], OPEN),
    ("ix_activities_reminders", ["remind_at"], f"{OPEN} AND reminded_at IS NULL"),
)
PEOPLE = ("assignee_id", "settled_by_id")
DAYS = ("started_on", "estimated_on", "expected_on")
MOMENTS = ("cancelled_at", "remind_at", "reminded_at")


def upgrade() -> None:
    for name in PEOPLE:
        op.add_column("activities", sa.Column(name, sa.BigInteger(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_activities_{name}_users"), "activities", "users", [name], ["id"]
        )
    for name in MOMENTS:
        op.add_column("activities", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_activities_settled_once"),
        "activities",
        "done_at IS NULL OR cancelled_at IS NULL",
    )
    for name, columns, where in INDEXES:
        op.create_index(name, "activities", columns, postgresql_where=sa.text(where))
    op.create_table(
        "activity_words",
        sa.Column("activity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("shared_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_activity_words_activity_id_activities"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_activity_words_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("activity_id", name=op.f("pk_activity_words")),
    )
    op.add_column("firm_notes", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "note_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("note_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["note_id"],
            ["firm_notes.id"],
            name=op.f("fk_note_versions_note_id_firm_notes"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_note_versions_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_versions")),
    )
    op.create_index(op.f("ix_note_versions_note_id"), "note_versions", ["note_id"])
    op.execute("ALTER TABLE note_versions ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE note_versions FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON note_versions USING ({OWN})")
    for name in DAYS:
        op.add_column("leads", sa.Column(name, sa.Date(), nullable=True))
    op.create_table(
        "lead_date_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("was", sa.Date(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "field IN ('started_on','estimated_on','expected_on')",
            name=op.f("ck_lead_date_changes_field"),
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_lead_date_changes_lead_id_leads")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_lead_date_changes_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_date_changes")),
    )
    op.create_index(op.f("ix_lead_date_changes_lead_id"), "lead_date_changes", ["lead_id"])
    op.execute("ALTER TABLE activity_words ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE activity_words FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON activity_words USING ({OWN})")
    op.execute(f"CREATE POLICY shared ON activity_words FOR SELECT USING ({SHARED})")


def downgrade() -> None:
    op.drop_table("note_versions")
    op.drop_column("firm_notes", "changed_at")
    op.drop_table("lead_date_changes")
    for name in DAYS:
        op.drop_column("leads", name)
    op.drop_table("activity_words")
    for name, _columns, _where in INDEXES:
        op.drop_index(name, "activities")
    op.drop_constraint(op.f("ck_activities_settled_once"), "activities")
    for name in (*MOMENTS, *PEOPLE):
        op.drop_column("activities", name)

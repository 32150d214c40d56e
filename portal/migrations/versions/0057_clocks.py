"""what policies say of more clocks, of the gate and of steps; clocks, the steps taken, the changes

What is in hand and on offer gets its clock. The policies that there are keep their reminders, as
steps: soon, due and overdue; of these what was told already counts as taken.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0057"
down_revision = "0056"

WHEN = sa.DateTime(timezone=True)

NUMBERS = {
    "response_hours": 0,
    "completion_days": 0,
    "help_hours": 8,
    "pricing_hours": 8,
    "owner_hours": 0,
    "milestone_hours": 24,
    "allowed_open": 0,
    "suspend_after": 0,
    "suspend_within_days": 90,
    "suspend_days": 7,
    "uncontacted_free": 1,
    "most_pauses": 2,
    "pause_days": 30,
    "most_extensions": 1,
    "extension_days": 7,
    "protected_days": 14,
    "cooling_hours": 24,
}
LISTS = {"working": "{}", "milestones": "{}", "chain": "{again}"}
WORDS = {"gate_scope": "rep", "extension_approval": "none"}

# a reminder before its time never came earlier than in the last quarter of the rhythm
STEPS = """
    UPDATE deadline_policies SET steps =
      (CASE WHEN amber_hours > 0 THEN jsonb_build_array(jsonb_build_object(
         'clock', 'feedback', 'minutes', -60 * least(feedback_days * 6, amber_hours),
         'action', 'remind_holder')) ELSE '[]'::jsonb END)
      || jsonb_build_array(jsonb_build_object(
         'clock', 'feedback', 'minutes', 0, 'action', 'remind_holder'))
      || (CASE WHEN overdue_hours > 0 THEN jsonb_build_array(jsonb_build_object(
         'clock', 'feedback', 'minutes', 60 * overdue_hours, 'action', 'remind_holder'))
         ELSE '[]'::jsonb END)
"""

HELD = """
    INSERT INTO clocks (kind, lead_id, pickup_id, user_id, organisation_id, policy_id, started_at,
                        length_minutes, due_at, first_due_at)
    SELECT 'feedback', lead_id, id, user_id, organisation_id, policy_id,
           coalesce(last_feedback_at, picked_at), rhythm_days * 1440, feedback_due_at,
           feedback_due_at
    FROM pickups WHERE ended_at IS NULL
"""

OFFERED = """
    INSERT INTO clocks (kind, lead_id, round_id, policy_id, started_at, length_minutes, due_at,
                        first_due_at)
    SELECT 'offer', r.lead_id, r.id,
           coalesce((SELECT p.id FROM deadline_policies p
                     WHERE p.key = t.policy_key AND p.replaced_at IS NULL AND p.retired_at IS NULL),
                    (SELECT p.id FROM deadline_policies p WHERE p.standard)),
           r.opened_at, extract(epoch FROM r.ends_at - r.opened_at)::int / 60, r.ends_at, r.ends_at
    FROM offer_rounds r JOIN leads l ON l.id = r.lead_id JOIN lead_types t ON t.id = l.type_id
    WHERE r.ended_at IS NULL
"""

# the place of a step in a policy is its place in the list; what the mark of a pickup says was told
TAKEN = """
    INSERT INTO clock_steps (clock_id, place, action, due_at, planned_at, taken_at, outcome)
    SELECT c.id, s.place - 1, s.step->>'action', c.due_at,
           c.due_at + make_interval(mins => (s.step->>'minutes')::int), now(), 'done'
    FROM clocks c
    JOIN pickups k ON k.id = c.pickup_id
    JOIN deadline_policies p ON p.id = c.policy_id
    CROSS JOIN LATERAL jsonb_array_elements(p.steps) WITH ORDINALITY AS s(step, place)
    WHERE (k.debt = 'soon' AND (s.step->>'minutes')::int < 0)
       OR (k.debt = 'due' AND (s.step->>'minutes')::int <= 0)
       OR k.debt = 'overdue'
"""

NEXT = """
    UPDATE clocks c SET next_step = n.place - 1, next_step_at = n.moment
    FROM (
      SELECT DISTINCT ON (c.id) c.id, s.place,
             greatest(c.due_at + make_interval(mins => (s.step->>'minutes')::int),
                      c.due_at - make_interval(mins => c.length_minutes / 4)) AS moment
      FROM clocks c
      JOIN deadline_policies p ON p.id = c.policy_id
      CROSS JOIN LATERAL jsonb_array_elements(p.steps) WITH ORDINALITY AS s(step, place)
      WHERE s.step->>'clock' = c.kind
        AND NOT EXISTS (SELECT 1 FROM clock_steps t
                        WHERE t.clock_id = c.id AND t.place = s.place - 1)
      ORDER BY c.id, (s.step->>'minutes')::int, s.place
    ) n
    WHERE n.id = c.id
"""


def upgrade() -> None:
    for name, standard in NUMBERS.items():
        op.add_column(
            "deadline_policies",
            sa.Column(name, sa.Integer(), server_default=str(standard), nullable=False),
        )
    for name, listed in LISTS.items():
        op.add_column(
            "deadline_policies",
            sa.Column(name, ARRAY(sa.Text()), server_default=listed, nullable=False),
        )
    for name, word in WORDS.items():
        op.add_column(
            "deadline_policies", sa.Column(name, sa.Text(), server_default=word, nullable=False)
        )
    op.add_column(
        "deadline_policies",
        sa.Column("waiting_since", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column("deadline_policies", sa.Column("overflow_unit_id", sa.BigInteger()))
    op.create_foreign_key(
        "fk_deadline_policies_overflow_unit_id_units",
        "deadline_policies",
        "units",
        ["overflow_unit_id"],
        ["id"],
    )
    op.add_column(
        "deadline_policies",
        sa.Column("steps", JSONB(), server_default=sa.text("'[]'"), nullable=False),
    )
    op.create_check_constraint("gate_scope", "deadline_policies", "gate_scope IN ('rep','firm')")
    op.create_check_constraint(
        "extension_approval",
        "deadline_policies",
        "extension_approval IN ('none','account_manager','channel_manager')",
    )
    op.add_column("pickups", sa.Column("blocked_at", WHEN))
    op.create_table(
        "clocks",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), sa.ForeignKey("leads.id"), nullable=False),
        sa.Column("pickup_id", sa.BigInteger(), sa.ForeignKey("pickups.id")),
        sa.Column("round_id", sa.BigInteger(), sa.ForeignKey("offer_rounds.id")),
        sa.Column("request_id", sa.BigInteger()),
        sa.Column("user_id", sa.BigInteger(), sa.ForeignKey("users.id")),
        sa.Column("organisation_id", sa.BigInteger(), sa.ForeignKey("organisations.id")),
        sa.Column(
            "policy_id", sa.BigInteger(), sa.ForeignKey("deadline_policies.id"), nullable=False
        ),
        sa.Column("started_at", WHEN, nullable=False),
        sa.Column("length_minutes", sa.Integer(), nullable=False),
        sa.Column("working", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("due_at", WHEN, nullable=False),
        sa.Column("first_due_at", WHEN, nullable=False),
        sa.Column("paused_at", WHEN),
        sa.Column("resumes_at", WHEN),
        sa.Column("pauses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("extensions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_step", sa.Integer()),
        sa.Column("next_step_at", WHEN),
        sa.Column("stopped_at", WHEN),
        sa.Column("outcome", sa.Text()),
        sa.Column("late_seconds", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "kind IN ('offer','response','feedback','completion','help','pricing','owner')",
            name="kind",
        ),
        sa.CheckConstraint("outcome IN ('met','missed','void')", name="outcome"),
        sa.CheckConstraint("(stopped_at IS NULL) = (outcome IS NULL)", name="stopped"),
        sa.CheckConstraint("(next_step IS NULL) = (next_step_at IS NULL)", name="next_step"),
    )
    op.create_table(
        "clock_steps",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column(
            "clock_id",
            sa.BigInteger(),
            sa.ForeignKey("clocks.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("due_at", WHEN, nullable=False),
        sa.Column("planned_at", WHEN, nullable=False),
        sa.Column("taken_at", WHEN, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.UniqueConstraint("clock_id", "place", "due_at"),
    )
    op.create_table(
        "clock_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column(
            "clock_id",
            sa.BigInteger(),
            sa.ForeignKey("clocks.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("user_id", sa.BigInteger(), sa.ForeignKey("users.id")),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("was_due", WHEN, nullable=False),
        sa.Column("due", WHEN, nullable=False),
        sa.Column("reason", sa.Text()),
        sa.CheckConstraint(
            "kind IN ('paused','resumed','extended','asked','refused','moved')", name="kind"
        ),
    )
    for statement in (STEPS, HELD, OFFERED, TAKEN, NEXT):
        op.execute(statement)
    op.create_index("ix_clocks_lead_id", "clocks", ["lead_id"])
    op.create_index(
        "ix_clocks_next_step",
        "clocks",
        ["next_step_at", "id"],
        postgresql_where=sa.text("stopped_at IS NULL AND next_step_at IS NOT NULL"),
    )
    op.create_index(
        "ix_clocks_resume",
        "clocks",
        ["resumes_at"],
        postgresql_where=sa.text("stopped_at IS NULL AND resumes_at IS NOT NULL"),
    )
    op.create_index(
        "uq_clocks_of_pickup",
        "clocks",
        ["pickup_id", "kind"],
        unique=True,
        postgresql_where=sa.text(
            "stopped_at IS NULL AND pickup_id IS NOT NULL AND request_id IS NULL"
        ),
    )
    op.create_index(
        "uq_clocks_of_round",
        "clocks",
        ["round_id", "kind"],
        unique=True,
        postgresql_where=sa.text("stopped_at IS NULL AND round_id IS NOT NULL"),
    )
    op.create_index(
        "uq_clocks_of_request",
        "clocks",
        ["request_id", "kind"],
        unique=True,
        postgresql_where=sa.text("stopped_at IS NULL AND request_id IS NOT NULL"),
    )
    op.create_index(
        "ix_clocks_of_firm",
        "clocks",
        ["organisation_id", "kind", "stopped_at"],
    )


def downgrade() -> None:
    for table in ("clock_changes", "clock_steps", "clocks"):
        op.drop_table(table)
    op.drop_column("pickups", "blocked_at")
    op.drop_constraint("fk_deadline_policies_overflow_unit_id_units", "deadline_policies")
    for name in (*NUMBERS, *LISTS, *WORDS, "waiting_since", "overflow_unit_id", "steps"):
        op.drop_column("deadline_policies", name)

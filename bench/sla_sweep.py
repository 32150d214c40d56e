"""Taking the steps that are due: a hundred thousand held leads, a thousand of them late.

Every lead has a running clock. The thousand are spread over the rungs of a policy: reminders,
notes in the record, word to managers, and blocks, which lock firm, lead and pickup. It is what one
round of the scheduler does, a transaction for each clock, without the mails that follow.
"""

from __future__ import annotations

import json
import resource
import time
from datetime import timedelta

import psycopg
from flask import Flask

from bench import data
from bench.house import House
from bench.table import Measured
from portal.core import clock
from portal.core.jobs import run_now
from portal.deadlines.steps import Step, as_rows

LEADS, DUE, FIRMS = 100_000, 1_000, 1_000
GOAL = 5.0
DAY = 24 * 60
RUNGS = (
    Step("feedback", 0, "remind_holder"),
    Step("feedback", DAY, "remind_manager"),
    Step("feedback", DAY, "note"),
    Step("feedback", 2 * DAY, "tell_account_manager"),
    Step("feedback", 4 * DAY, "block"),
)

# of each late clock the steps before its rung were taken; the others are due in six days
CLOCKS = """
WITH held AS (
  SELECT p.*, n %% %(each)s = 0 AS late, (n / %(each)s %% 5)::int AS rung
  FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM pickups) AS p
),
placed AS (
  SELECT h.*, place, now() - interval '1 minute' - CASE WHEN late
    THEN make_interval(mins => (d.steps->place->>'minutes')::int)
    ELSE interval '-6 days' END AS due
  FROM held h JOIN deadline_policies d ON d.id = h.policy_id
  CROSS JOIN LATERAL (SELECT CASE WHEN h.late THEN h.rung ELSE 0 END AS place) AS at
),
made AS (
  INSERT INTO clocks (kind, lead_id, pickup_id, user_id, organisation_id, policy_id, started_at,
    length_minutes, due_at, first_due_at, next_step, next_step_at)
  SELECT 'feedback', p.lead_id, p.id, p.user_id, p.organisation_id, p.policy_id, p.picked_at,
    7 * 1440, p.due, p.due, p.place,
    p.due + make_interval(mins => (d.steps->p.place->>'minutes')::int)
  FROM placed p JOIN deadline_policies d ON d.id = p.policy_id
  RETURNING id, policy_id, due_at, next_step
)
INSERT INTO clock_steps (clock_id, place, action, due_at, planned_at, taken_at, outcome)
SELECT made.id, s.place - 1, s.step->>'action', made.due_at, made.due_at, made.due_at, 'done'
FROM made JOIN deadline_policies d ON d.id = made.policy_id
CROSS JOIN LATERAL jsonb_array_elements(d.steps) WITH ORDINALITY AS s (step, place)
WHERE s.place - 1 < made.next_step
"""


def hold(link: psycopg.Connection, app: Flask, leads: int, due: int, firms: int) -> None:
    """Have reps hold so many leads, each with a clock; of so many a step is due."""
    data.add_firms(link, firms)
    reps = data.add_reps(link, app, firms, 1)
    held = data.add_leads(link, leads, state="qualified")
    of_lead = [reps[number % len(reps)] for number in range(leads)]
    people, whose = [rep.user_id for rep in of_lead], [rep.firm_id for rep in of_lead]
    link.execute(data.HELD, {"leads": held, "people": people, "firms": whose})
    link.execute("UPDATE deadline_policies SET steps = %s", [json.dumps(as_rows(RUNGS))])
    link.execute(CLOCKS, {"each": leads // due})


def peak() -> float:
    """Return the most memory that this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(house: House, leads: int = LEADS, due: int = DUE, firms: int = FIRMS) -> Measured:
    """Return how many steps a second are taken of those that are due in one round."""
    with house.database("sla_sweep") as database:
        with database.connect() as link:
            hold(link, database.app, leads, due, firms)
        database.settle()
        before = database.value(TAKEN)
        with database.app.app_context():
            at = clock.now()
            run_now("escalation.take_steps", at=at - timedelta(days=30))
            began, memory = time.perf_counter(), peak()
            run_now("escalation.take_steps", at=at)
            took, grew = time.perf_counter() - began, peak() - memory
            began = time.perf_counter()
            run_now("escalation.take_steps", at=at)
            idle = time.perf_counter() - began
        steps = int(str(database.value(TAKEN))) - int(str(before))
        told = database.value("SELECT count(*) FROM events WHERE name = 'StepsTaken'")
        blocked = database.value("SELECT count(*) FROM pickups WHERE blocked_at IS NOT NULL")
    if told != due:
        raise RuntimeError(f"of {due} clocks {told} were seen to")
    return Measured(
        "sla_sweep",
        steps / took,
        "steps/s",
        n=leads,
        goal=f"{due} clocks in {GOAL:.0f} s",
        met=took < GOAL,
        notes=[
            f"{steps} steps of {due} clocks in {took:.2f} s, {blocked} of them blocks",
            f"a round with nothing due {idle * 1000:.0f} ms; memory grew by {grew:.1f} MB",
        ],
    )


TAKEN = "SELECT count(*) FROM clock_steps"

"""The report of a hundred thousand leads, as a channel manager and an account manager ask for it.

Of the leads of `neglected_page` six in ten are held; those that are closed were won or lost by
their holders within a year, and every lead that is held or closed was offered to one firm, an hour
before it was picked up. Each address is asked alone; the slowest one counts.
"""

from __future__ import annotations

import psycopg

from bench import data
from bench.house import Database, House
from bench.lead_list import make_vendors, take_alone
from bench.load import Ask
from bench.neglected_page import FIRMS, HELD, LEADS, OTHERS
from bench.table import Measured

GOAL = 300.0
SPANS = ("last_week", "last_month", "last_quarter")

ENDED = """
WITH reps AS (
  SELECT array_agg(id ORDER BY id) AS ids, array_agg(organisation_id ORDER BY id) AS firms
  FROM users WHERE roles = ARRAY['partner_rep']
),
ended AS (
  INSERT INTO pickups (lead_id, round, organisation_id, user_id, picked_at, feedback_due_at,
    rhythm_days, last_feedback_at, last_status, uncontacted, debt, policy_id, first_contact_at,
    ended_at, outcome)
  SELECT l.id, 1, firms[1 + l.id %% cardinality(ids)], ids[1 + l.id %% cardinality(ids)],
    l.captured_at, l.captured_at + interval '7 days', 7, l.captured_at + interval '5 days',
    (ARRAY['won', 'lost'])[1 + l.id / 10 %% 2], 0, 'none',
    (SELECT id FROM deadline_policies WHERE standard), l.captured_at + interval '1 day',
    l.captured_at + interval '5 days', (ARRAY['won', 'lost'])[1 + l.id / 10 %% 2]
  FROM leads l, reps WHERE l.state = 'closed'
  RETURNING *
)
INSERT INTO feedback (pickup_id, lead_id, user_id, at, channel, status, value, late_seconds)
SELECT id, lead_id, user_id, ended_at, 'web', 'won', 1000 + id %% 9000, 0
FROM ended WHERE outcome = 'won'
"""
ANSWERED = """
INSERT INTO feedback (pickup_id, lead_id, user_id, at, channel, status, late_seconds)
SELECT id, lead_id, user_id, picked_at + interval '1 day', 'web', 'waiting', 0
FROM pickups WHERE ended_at IS NULL AND id %% 3 > 0
"""
OFFERED = """
WITH rounds AS (
  INSERT INTO offer_rounds (lead_id, number, mode, opened_at, ends_at, offered, declined, excluded)
  SELECT lead_id, 1, 'race', picked_at - interval '1 hour', picked_at + interval '3 days', 1, 0,
    '{}'
  FROM pickups
  RETURNING id, lead_id, opened_at, ends_at
)
INSERT INTO offers (round_id, lead_id, round, organisation_id, score, explanation, visible_from,
  ends_at, open)
SELECT r.id, r.lead_id, 1, p.organisation_id, 0.5, '[]', r.opened_at, r.ends_at, false
FROM rounds r JOIN pickups p ON p.lead_id = r.lead_id
"""


def measure(house: House) -> Measured:
    """Return the milliseconds of the slowest address, asked alone."""
    with house.database("report_page") as database:
        readers = _fill(database)
        with database.web() as web:
            asks = [
                Ask("GET", f"/reports?span={span}", one.cookie) for span in SPANS for one in readers
            ]
            took = {ask: take_alone(web, ask) for ask in asks}
    slow = sorted(took.items(), key=lambda one: -one[1])
    return Measured(
        "report_page",
        slow[0][1],
        "ms",
        n=LEADS,
        goal=f"< {GOAL:.0f} ms",
        met=slow[0][1] < GOAL,
        notes=[f"{one:.0f} ms: {ask.path}" for ask, one in slow],
    )


def _fill(database: Database) -> list[data.Rep]:
    with database.connect() as link:
        data.add_firms(link, FIRMS)
        reps = data.add_reps(link, database.app, FIRMS, 5)
        make_vendors(link, reps[-2:])
        data.add_leads(link, LEADS, state="qualified")
        _spread(link)
    database.settle()
    return reps[-2:]


def _spread(link: psycopg.Connection) -> None:
    for statement in (HELD, OTHERS, ENDED, ANSWERED, OFFERED):
        link.execute(statement, {})

"""What sits among a hundred thousand leads, and This morning, for those who look after it.

Six in ten leads are held, of these one in ten is overdue; the others wait to be qualified, are
ready, came back or are closed. A channel manager sees all of it, an account manager a tenth of the
firms. Each address is asked alone; the slowest one counts.
"""

from __future__ import annotations

import psycopg

from bench import data
from bench.house import Database, House
from bench.lead_list import make_vendors, take_alone
from bench.load import Ask
from bench.table import Measured

LEADS, FIRMS = 100_000, 400
GOAL = 300.0

HELD = """
WITH reps AS (
  SELECT array_agg(id ORDER BY id) AS ids, array_agg(organisation_id ORDER BY id) AS firms
  FROM users WHERE roles = ARRAY['partner_rep']
),
holders AS (
  SELECT l.id, ids[1 + l.id %% cardinality(ids)] AS user_id,
    firms[1 + l.id %% cardinality(ids)] AS firm_id
  FROM leads l, reps WHERE l.id %% 10 < 6
),
held AS (
  UPDATE leads SET state = 'held', holder_id = h.user_id, holder_organisation_id = h.firm_id,
    picked_at = now() - interval '20 days', round = 1,
    owner_id = (SELECT account_manager_id FROM organisations o WHERE o.id = h.firm_id),
    estimated_on = current_date + (leads.id %% 200 - 10)::int
  FROM holders h WHERE leads.id = h.id
  RETURNING leads.id, leads.holder_id, leads.holder_organisation_id
),
picked AS (
  INSERT INTO pickups (lead_id, round, organisation_id, user_id, picked_at, feedback_due_at,
    rhythm_days, last_feedback_at, last_status, uncontacted, debt, policy_id)
  SELECT id, 1, holder_organisation_id, holder_id, now() - interval '20 days',
    now() + (id %% 100 - 10) * interval '12 hours', 7, now() - interval '8 days', 'waiting', 0,
    'none', (SELECT id FROM deadline_policies WHERE standard)
  FROM held
  RETURNING *
)
INSERT INTO clocks (kind, lead_id, pickup_id, user_id, organisation_id, policy_id, started_at,
  length_minutes, due_at, first_due_at)
SELECT kind, lead_id, id, user_id, organisation_id, policy_id, picked_at, 7 * 1440,
  feedback_due_at, feedback_due_at
FROM picked CROSS JOIN unnest(ARRAY['feedback', 'response', 'completion']) AS kind
WHERE kind <> 'response' OR lead_id %% 20 = 1
"""
OTHERS = """
UPDATE leads SET
  captured_at = now() - (id %% 5256) * interval '100 minutes',
  state_since = now() - (id * 7919 %% 40000) * interval '10 minutes',
  state = (ARRAY['captured', 'qualified', 'returned', 'closed'])[id %% 10 - 5]
WHERE id %% 10 >= 6
"""
ASKED = (
    *("/neglected", "/neglected?why=unanswered", "/neglected?why=past_end&page=9"),
    *("/neglected?firm=firm+39&temperature=hot", "/neglected/overdue", "/"),
)


def measure(house: House) -> Measured:
    """Return the milliseconds of the slowest address, asked alone."""
    with house.database("neglected_page") as database:
        readers = _fill(database)
        with database.web() as web:
            asks = [Ask("GET", path, one.cookie) for path in ASKED for one in readers]
            took = {ask: take_alone(web, ask) for ask in asks}
    slow = sorted(took.items(), key=lambda one: -one[1])
    return Measured(
        "neglected_page",
        slow[0][1],
        "ms",
        n=LEADS,
        goal=f"< {GOAL:.0f} ms",
        met=slow[0][1] < GOAL,
        notes=[f"{one:.0f} ms: {ask.path}" for ask, one in slow[:8]],
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
    link.execute(HELD, {})
    link.execute(OTHERS, {})

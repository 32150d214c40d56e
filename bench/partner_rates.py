"""What the work of ten thousand partners comes to, counted of half a million offers.

Ten thousand leads were offered to fifty firms each, and one of them picked each up; every second
ended in its hands, three clocks ran for each. First everything is new, then little is.
"""

from __future__ import annotations

import time

from bench import data
from bench.house import House
from bench.table import Measured
from portal.core.jobs import run_now

PARTNERS, LEADS, EACH = 10_000, 10_000, 50
GOAL = 60.0

WORKED = """
WITH first AS (
  SELECT DISTINCT ON (o.lead_id) o.lead_id, o.organisation_id, u.id AS user_id
  FROM offers o JOIN users u ON u.organisation_id = o.organisation_id
  ORDER BY o.lead_id, o.id
),
held AS (
  INSERT INTO pickups (lead_id, round, organisation_id, user_id, picked_at, feedback_due_at,
    rhythm_days, first_contact_at, uncontacted, debt, policy_id, ended_at, outcome)
  SELECT lead_id, 1, organisation_id, user_id, now() - interval '9 days', now(), 7,
    now() - interval '8 days', 0, 'none', (SELECT id FROM deadline_policies WHERE standard),
    CASE WHEN lead_id % 2 = 0 THEN now() - interval '2 days' END,
    CASE WHEN lead_id % 2 = 0 THEN (ARRAY['won', 'lost', 'lost', 'given_back'])[1 + lead_id % 4]
    END
  FROM first RETURNING id, lead_id, organisation_id, policy_id
)
INSERT INTO clocks (kind, lead_id, pickup_id, organisation_id, policy_id, started_at,
  length_minutes, due_at, first_due_at, stopped_at, outcome)
SELECT 'feedback', lead_id, id, organisation_id, policy_id, now(), 60, now(), now(),
  now() - interval '1 day', (ARRAY['met', 'met', 'missed'])[1 + (lead_id + n) % 3]
FROM held, generate_series(1, 3) AS n
"""
OLDER = """
UPDATE offers SET visible_from = now() - interval '10 days', declined_at =
  CASE WHEN id % 5 = 0 THEN now() END;
UPDATE offer_rounds SET ended_at = now() - interval '9 days';
"""


def measure(house: House) -> Measured:
    """Return the seconds in which all partners are counted when everything is new."""
    with house.database("partner_rates") as database:
        with database.connect() as link:
            firms = data.add_firms(link, PARTNERS)
            link.execute(data.PEOPLE, {"firms": PARTNERS, "each": 1})
            data.add_leads(link, LEADS)
            data.offer_leads(link, firms, EACH)
            link.execute(OLDER)
            link.execute(WORKED)
        database.settle()
        took = []
        with database.app.app_context():
            for _time in range(2):
                began = time.perf_counter()
                run_now("feedback.count_rates")
                took.append(time.perf_counter() - began)
        offers = database.value("SELECT count(*) FROM offers")
        kept = database.value("SELECT count(*) FROM partner_rates")
    if kept != PARTNERS:
        raise RuntimeError(f"{kept} partners were counted")
    return Measured(
        "partner_rates",
        took[0],
        "s",
        n=PARTNERS,
        goal=f"under {GOAL:.0f} s",
        met=took[0] < GOAL,
        notes=[f"{offers:,} offers, {LEADS:,} pickups; again, nothing new: {took[1]:.1f} s"],
    )

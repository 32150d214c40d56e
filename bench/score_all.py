"""Weighing all open leads by the first rules, as after a change of them: answers, signals, age.

A hundred thousand leads with five answers each and two hundred thousand signals, a thousand leads
a transaction. First everything is new, then nothing is; then what became of all sources is counted,
and the leads that have been silent for too long are marked colder.
"""

from __future__ import annotations

import time
from datetime import timedelta

from bench import data
from bench.house import House
from bench.table import Measured
from portal.core import clock
from portal.core.jobs import run_now

LEADS = 100_000
GOAL = 1_000.0

FILL = """
UPDATE leads SET
  source_id = (ARRAY(SELECT id FROM catalog_entries WHERE kind = 'source' ORDER BY id))
    [1 + id % 10],
  temperature = (ARRAY['hot', 'warm', 'cold'])[1 + id % 3],
  captured_at = now() - (id % 60) * interval '1 day', qualified_at = NULL;
INSERT INTO lead_answers (lead_id, question_id, answer)
SELECT leads.id, questions.id, 'Approved; within six weeks, 50,000, the head of IT decides.'
FROM leads, (SELECT id FROM qualification_questions ORDER BY position LIMIT 5) AS questions
ON CONFLICT DO NOTHING;
INSERT INTO lead_signals (lead_id, kind, at, source)
SELECT id, (ARRAY['visit', 'download', 'reply', 'inquiry'])[1 + (id + n) % 4],
  now() - ((id * 7 + n) % 40) * interval '1 day', 'site'
FROM leads, generate_series(1, 2) AS n;
UPDATE score_rules SET created_at = now() - interval '1 year';
"""


def measure(house: House) -> Measured:
    """Return how many leads a second are weighed and kept when everything is new."""
    with house.database("score_all") as database:
        with database.connect() as link:
            data.add_leads(link, LEADS, state="qualified")
            link.execute(FILL)
        database.settle()
        took, spent = {}, {}
        with database.app.app_context():
            at = clock.now()
            for name, job, when in (
                ("new", "scoring.score_open", at),
                ("nothing new", "scoring.score_open", at),
                ("count", "scoring.count_records", at),
                ("cool", "scoring.cool", at + timedelta(days=30)),
            ):
                began, used = time.perf_counter(), time.process_time()
                run_now(job, at=when)
                took[name] = time.perf_counter() - began
                spent[name] = time.process_time() - used
        kept = database.value("SELECT count(*) FROM lead_scores")
        cooled = database.value("SELECT count(*) FROM lead_coolings")
    if kept != LEADS:
        raise RuntimeError(f"{kept} leads were weighed")
    value = LEADS / took["new"]
    return Measured(
        "score_all",
        value,
        "leads/s",
        n=LEADS,
        goal=f"{GOAL:.0f} and more",
        met=value >= GOAL,
        notes=[
            f"all new {took['new']:.1f} s, {spent['new']:.1f} s of them Python's own",
            f"nothing new {took['nothing new']:.1f} s; counted by source in {took['count']:.2f} s",
            f"{cooled} marked colder in {took['cool']:.1f} s",
        ],
    )

"""The ceiling: one Flask view that runs the SQL of a pick and nothing else.

No forms, no gate, no templates, no refusals, no log lines; the statements are those of a pick, in
the same order and in one transaction, through SQLAlchemy's Core on the same pool.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import timedelta

import sqlalchemy
from flask import Flask, redirect, session

from portal import wiring
from portal.core import clock
from portal.core.config import sqlalchemy_url
from portal.pickup.events import LeadPickedUp
from portal.pickup.operations import TAKE

ACTOR = sqlalchemy.text("""
SELECT u.id, u.organisation_id, u.unit_id, u.name, u.email, u.roles, u.locale, u.timezone, u.theme,
  o.kind, o.name AS organisation_name, s.id AS session_id, s.last_seen_at
FROM sessions s JOIN users u ON u.id = s.user_id JOIN organisations o ON o.id = u.organisation_id
WHERE s.token_hash = :hash AND s.ended_at IS NULL AND s.expires_at > :at AND u.active AND o.active
""")
IN_HAND = sqlalchemy.text("""
SELECT p.id, p.lead_id, l.number, l.title, p.user_id, p.picked_at, p.feedback_due_at, p.rhythm_days,
  p.last_feedback_at, p.last_status, p.uncontacted
FROM pickups p JOIN leads l ON l.id = p.lead_id
WHERE p.organisation_id = :firm AND p.ended_at IS NULL ORDER BY p.feedback_due_at, p.id
""")
OFFER = sqlalchemy.text("""
SELECT o.id, o.round_id, o.round, o.declined_at, o.visible_from, o.ends_at, l.state, l.round,
  l.status_id, l.kind, (SELECT t.id
    FROM lead_statuses t JOIN lead_statuses c ON c.definition_id = t.definition_id
    WHERE c.id = l.status_id AND t.life_state = 'in_progress' AND t.is_default
      AND (t.id = c.id OR EXISTS (SELECT FROM lead_transitions x WHERE x.from_status_id = c.id
        AND x.to_status_id = t.id))) AS progress_id
FROM offers o JOIN leads l ON l.id = o.lead_id
WHERE o.lead_id = :lead AND o.organisation_id = :firm ORDER BY o.round DESC LIMIT 1
""")
STANDING = sqlalchemy.text("""
SELECT p.capacity, p.rep_capacity, p.suspended_until, d.*,
  EXISTS (SELECT FROM absences a WHERE a.organisation_id = :firm AND a.starts_on <= t.today
    AND a.ends_on >= t.today AND a.user_id IS NULL) AS firm_absent,
  EXISTS (SELECT FROM absences a WHERE a.organisation_id = :firm AND a.starts_on <= t.today
    AND a.ends_on >= t.today AND a.user_id = :rep) AS person_absent
FROM partners p JOIN organisations o ON o.id = p.organisation_id,
  LATERAL (SELECT date(timezone(o.timezone, :at)) AS today) AS t, deadline_policies d
WHERE p.organisation_id = :firm AND d.active
FOR NO KEY UPDATE OF o
""")
COUNT = sqlalchemy.text("""
INSERT INTO partner_figures AS f (organisation_id, open_pickups, offers_seen, declined, picked,
  given_back, won, lost, answers_in_time, answers_late)
VALUES (:firm, 1, 0, 0, 1, 0, 0, 0, 0, 0)
ON CONFLICT (organisation_id)
DO UPDATE SET open_pickups = f.open_pickups + 1, picked = f.picked + 1
""")
EVENT = sqlalchemy.text("""
WITH event AS (
  INSERT INTO events (at, name, lead_id, actor_id, channel, request_id, data)
  VALUES (:at, 'LeadPickedUp', :lead, :rep, 'web', :request, CAST(:data AS jsonb)) RETURNING id
), owed AS (
  INSERT INTO deliveries (event_id, reaction, due_at, attempts)
  SELECT id, unnest(CAST(:reactions AS text[])), :at, 0 FROM event
)
SELECT id FROM event
""")
REACTIONS = list(wiring.REACTIONS[LeadPickedUp])

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]
engine = sqlalchemy.create_engine(
    sqlalchemy_url(os.environ["DATABASE_URL"]), pool_size=10, max_overflow=20, pool_use_lifo=True
)


@app.get("/healthz")
def healthz() -> str:
    return "ok"


@app.post("/leads/<int:lead>/pickup")
def pick_up(lead: int):
    at = clock.now()
    secret_hash = hashlib.sha256(session["_user_id"].encode()).digest()
    with engine.begin() as link:
        actor = link.execute(ACTOR, {"hash": secret_hash, "at": at}).one()
        who = {"firm": actor.organisation_id, "rep": actor.id, "lead": lead, "at": at}
        link.execute(STANDING, {"firm": who["firm"], "rep": actor.id, "at": at}).one()
        link.execute(IN_HAND, {"firm": who["firm"]}).all()
        offer = link.execute(OFFER, {"lead": lead, "firm": who["firm"]}).one()
        pickup = link.execute(
            TAKE,
            {
                **who,
                "round": offer[2],
                "round_id": offer.round_id,
                "status": offer.progress_id,
                "due": at + timedelta(days=7),
                "rhythm": 7,
            },
        ).scalar_one()
        link.execute(COUNT, {"firm": who["firm"]})
        facts = {"pickup_id": pickup, "user_id": actor.id, "organisation_id": who["firm"]}
        data = json.dumps({**facts, "round": offer[2]})
        link.execute(EVENT, {**who, "request": "bench", "data": data, "reactions": REACTIONS})
    return redirect(f"/leads/{lead}", 303)

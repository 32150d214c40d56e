"""Firms, people, leads and offers by the thousand, written by plain SQL.

The rows are as the operations would write them; only the way is shorter.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

import psycopg
from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from portal.core import clock
from portal.core.tokens import hash_secret

FIRMS = """
WITH vendor AS (SELECT id FROM organisations WHERE kind = 'vendor'),
made AS (
  INSERT INTO organisations (kind, name, parent_id, locale, timezone, active, created_at)
  SELECT 'reseller', 'Firm ' || n, vendor.id, 'en', 'Europe/Berlin', true, now()
  FROM vendor, generate_series(1, %(firms)s) AS n ORDER BY n
  RETURNING id
),
profiles AS (
  INSERT INTO partners (organisation_id, country, subdivision, city, latitude, longitude,
    territories, level_id, brand_ids, product_ids, specialisation_ids, industry_ids,
    size_band_ids, languages, people, capacity, rep_capacity)
  SELECT made.id, 'DE', 'DE-NI', 'Hanover', 51 + (made.id %% 100) / 40.0,
    9 + (made.id %% 70) / 40.0,
    CASE WHEN made.id %% %(one_in)s = 0 THEN ARRAY['DE'] ELSE ARRAY['US-TX'] END,
    (SELECT id FROM catalog_entries WHERE kind = 'partner_level' ORDER BY id LIMIT 1),
    (SELECT array_agg(id) FROM catalog_entries WHERE kind = 'brand'),
    (SELECT array_agg(id) FROM catalog_entries WHERE kind = 'product'),
    '{}', '{}', '{}', ARRAY['de', 'en'], 20, 100, 10
  FROM made
)
INSERT INTO partner_figures (organisation_id, open_pickups, offers_seen, declined, picked,
  given_back, won, lost, answers_in_time, answers_late)
SELECT made.id, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM made
"""

PEOPLE = """
INSERT INTO users (organisation_id, email, name, roles, locale, timezone, theme, hears_by_mail,
  active, created_at)
SELECT o.id, 'rep' || n || '@firm' || o.id || '.example', 'Rep ' || n, ARRAY['partner_rep'], 'en',
  'Europe/Berlin', 'auto', true, true, now()
FROM (SELECT id FROM organisations WHERE kind = 'reseller' ORDER BY id LIMIT %(firms)s) AS o,
  generate_series(1, %(each)s) AS n
ORDER BY n, o.id
RETURNING id, organisation_id
"""

LEADS = """
INSERT INTO leads (number, source_system, kind, type_id, status_id, state, state_since, title,
  partner_text, expectation, temperature, country, subdivision, city, latitude, longitude,
  language, brand_id, product_ids, industry_id, size_band_id, value_band_id, time_frame, source_id,
  priority, importance, suppressed, round, captured_at, created_at, qualified_at, version, basis)
SELECT 'L-' || nextval('lead_numbers'), 'bench', t.kind, t.id, s.id, %(state)s, now(),
  'Replace ' || n || ' ageing network cabinets',
  'The IT manager runs two plants and has a budget signed off. The cabinets on the shop floor are '
  || 'over fifteen years old; two failed last winter. An offer is wanted before the next audit.',
  'Expects a call this week', (ARRAY['hot', 'warm', 'cold'])[1 + n %% 3], 'DE', 'DE-NI',
  'Hanover', 52.37, 9.73, 'de', (ARRAY(SELECT id FROM catalog_entries WHERE kind = 'brand'
    ORDER BY id))[1],
  (ARRAY(SELECT id FROM catalog_entries WHERE kind = 'product' ORDER BY id))[1 + n %% 3:2 + n %% 3],
  (ARRAY(SELECT id FROM catalog_entries WHERE kind = 'industry' ORDER BY id))[1 + n %% 5],
  (ARRAY(SELECT id FROM catalog_entries WHERE kind = 'size_band' ORDER BY id))[1 + n %% 3],
  (ARRAY(SELECT id FROM catalog_entries WHERE kind = 'value_band' ORDER BY id))[1 + n %% 3],
  'within 3 months', (ARRAY(SELECT id FROM catalog_entries WHERE kind = 'source'
    ORDER BY id))[1 + n %% 3],
  5, 4, false, %(round)s, now(), now(), now(), 1, 'asked'
FROM generate_series(1, %(leads)s) AS n, lead_types t, lead_statuses s
WHERE t.key = 'organisation' AND s.is_initial
ORDER BY n
RETURNING id
"""

CONTACTS = """
INSERT INTO lead_contacts (lead_id, company, first_name, last_name, role, phone, phone_e164, email,
  domain, street, postcode)
SELECT id, 'Works ' || id, 'Eva', 'Kern', 'Head of IT', '+49 511 7654321', '+495117654321',
  'eva' || id || '@works.example', 'works.example', 'Road 7', '30987'
FROM leads l WHERE NOT EXISTS (SELECT FROM lead_contacts c WHERE c.lead_id = l.id)
"""
WALL = "SELECT set_config('app.contacts', %(open_to)s, false)"

ANSWERS = """
INSERT INTO lead_answers (lead_id, question_id, answer)
SELECT l.id, q.id, 'Yes, and it is signed off.' FROM leads l, qualification_questions q
"""

ROUNDS = """
INSERT INTO offer_rounds (lead_id, number, mode, opened_at, ends_at, offered, declined, excluded)
SELECT id, 1, 'race', now(), now() + interval '72 hours' + id * interval '1 second', %(each)s, 0,
  '{}'
FROM leads WHERE state = 'offered'
"""

OFFERS = """
INSERT INTO offers (round_id, lead_id, round, organisation_id, score, explanation, visible_from,
  ends_at, open)
SELECT r.id, r.lead_id, 1,
  (%(firms)s::bigint[])[1 + ((r.place - 1) * %(each)s + n) %% %(count)s], 0.5 + n * 0.01,
  jsonb_build_array(
    jsonb_build_object('kind', 'region', 'mode', 'required', 'points', 0, 'within', 'territory',
      'country', 'DE', 'subdivision', 'DE-NI'),
    jsonb_build_object('kind', 'brand', 'mode', 'required', 'points', 0, 'ids', ARRAY[l.brand_id]),
    jsonb_build_object('kind', 'capacity', 'mode', 'required', 'points', 0),
    jsonb_build_object('kind', 'radius', 'mode', 'weighted', 'weight', 30, 'points', 0.3,
      'km', 20 + n),
    jsonb_build_object('kind', 'product', 'mode', 'weighted', 'weight', 70, 'points',
      0.2 + n * 0.01, 'ids', l.product_ids)),
  r.opened_at, r.ends_at, true
FROM (SELECT *, row_number() OVER (ORDER BY id) AS place FROM offer_rounds) AS r
JOIN leads l ON l.id = r.lead_id, generate_series(0, %(each)s - 1) AS n
"""

HELD = """
WITH mine AS (
  SELECT l.id AS lead_id, p.user_id, p.organisation_id
  FROM unnest(%(leads)s::bigint[], %(people)s::bigint[], %(firms)s::bigint[])
    AS p(lead_id, user_id, organisation_id) JOIN leads l ON l.id = p.lead_id
),
hold AS (
  UPDATE leads SET state = 'held', round = 1, holder_id = mine.user_id,
    holder_organisation_id = mine.organisation_id, picked_at = now() - interval '2 days',
    status_id = (SELECT id FROM lead_statuses WHERE key = 'proposal')
  FROM mine WHERE leads.id = mine.lead_id
),
figures AS (
  UPDATE partner_figures f SET open_pickups = c.n, picked = c.n
  FROM (SELECT organisation_id, count(*) AS n FROM mine GROUP BY 1) AS c
  WHERE f.organisation_id = c.organisation_id
)
INSERT INTO pickups (lead_id, round, organisation_id, user_id, picked_at, feedback_due_at,
  rhythm_days, last_feedback_at, last_status, first_contact_at, uncontacted, debt,
  policy_id)
SELECT lead_id, 1, organisation_id, user_id, now() - interval '2 days', now() + interval '6 days',
  7, now() - interval '1 day', 'proposal', now() - interval '1 day', 0, 'none',
  (SELECT id FROM deadline_policies WHERE standard)
FROM mine
"""


@dataclass(frozen=True)
class Rep:
    """A person of a partner firm with a browser that is signed in."""

    user_id: int
    firm_id: int
    cookie: str
    csrf: str


def add_firms(link: psycopg.Connection, firms: int, *, one_in: int = 1) -> list[int]:
    """Add partner firms; every `one_in`-th serves Germany, the others Texas."""
    link.execute(FIRMS, {"firms": firms, "one_in": one_in})
    rows = link.execute("SELECT id FROM organisations WHERE kind = 'reseller' ORDER BY id")
    return [row[0] for row in rows]


def add_reps(link: psycopg.Connection, app: Flask, firms: int, each: int) -> list[Rep]:
    """Add so many reps to each firm, with prepared sessions; the first of every firm come first."""
    rows = link.execute(PEOPLE, {"firms": firms, "each": each}).fetchall()
    secrets_ = [secrets.token_hex(32) for _row in rows]
    now = clock.now()
    # seen in a moment: the bench shall not time the note about a session, made once a minute
    moments = (now, now + timedelta(minutes=10), now + timedelta(days=1))
    with (
        link.cursor() as cursor,
        cursor.copy(
            "COPY sessions (token_hash, user_id, created_at, last_seen_at, expires_at) FROM STDIN"
        ) as copy,
    ):
        for row, secret in zip(rows, secrets_, strict=True):
            copy.write_row((hash_secret(secret), row[0], *moments))
    return [
        Rep(*row, *cookie_for(app, _user_id=secret, _fresh=True))
        for row, secret in zip(rows, secrets_, strict=True)
    ]


def cookie_for(app: Flask, **content: object) -> tuple[str, str]:
    """Return the cookie and the form token of a browser, as Flask would make them."""
    raw = secrets.token_hex(20)
    signing = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    made = signing.dumps({**content, "csrf_token": raw})
    token = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(raw)
    return f"{app.config['SESSION_COOKIE_NAME']}={made}", token


def add_leads(link: psycopg.Connection, leads: int, *, state: str = "offered") -> list[int]:
    """Add leads with their contacts, on offer or only qualified."""
    offered = {"leads": leads, "state": state, "round": int(state == "offered")}
    ids = sorted(row[0] for row in link.execute(LEADS, offered))
    link.execute(WALL, {"open_to": "intake"})
    link.execute(CONTACTS)
    link.execute(WALL, {"open_to": ""})
    return ids


def offer_leads(link: psycopg.Connection, firms: list[int], each: int) -> None:
    """Offer every offered lead to so many firms, one after the other round the table."""
    link.execute(ROUNDS, {"each": each})
    link.execute(OFFERS, {"firms": firms, "each": each, "count": len(firms)})


def hold_one_each(link: psycopg.Connection, reps: list[Rep]) -> None:
    """Have each rep hold a lead with an answer given, so that the gate has something to read."""
    leads = add_leads(link, len(reps), state="qualified")
    link.execute(
        HELD,
        {
            "leads": leads,
            "people": [rep.user_id for rep in reps],
            "firms": [rep.firm_id for rep in reps],
        },
    )

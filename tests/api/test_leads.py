"""Other systems bring inquiries in: with a token, once, each row for itself."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import func, select

from portal.accounts.api_tokens import Scope, make_token
from portal.core.db import session
from portal.core.events import EventRow
from portal.leads.models import Lead, LeadState
from tests.factories import AT, contact_of, factory, make_lead, make_person, make_vendor

ROW = {
    "external_id": "A-1",
    "title": "Replace 14 cabinets",
    "source": "Trade show",
    "company": "Meier GmbH",
    "country": "Germany",
    "city": "Hanover",
    "contact": {"name": "Eva Meier", "email": "Eva@Meier.example", "phone": "0511 7654321"},
    "products": [{"key": "switches", "note": "How loud?"}],
    "employees": 240,
    "amount": 60000.5,
    "temperature": "hot",
    "basis": {"kind": "asked"},
    "answers": {"need": "Two halls"},
    "captured_at": "2026-11-01T09:00:00Z",
    "shoe_size": 44,
}


@pytest.fixture
def token(app):
    user = make_person(make_vendor(), "channel_manager")
    _row, secret = factory(make_token)(user.email, "CRM", list(Scope), AT, system="crm")
    return secret


@pytest.fixture
def send(client, token):
    def post(body, key=None, secret=None, address="/api/v1/leads", **headers):
        given = {"Authorization": f"Bearer {secret or token}", **headers}
        if key:
            given["Idempotency-Key"] = key
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(address, data=raw, headers=given, content_type="application/json")

    return post


def count(app):
    with app.app_context():
        return session().scalar(select(func.count()).select_from(Lead))


def test_an_inquiry_comes_in_with_all_that_was_said(app, send):
    answer = send({"leads": [ROW]})
    assert answer.status_code == 200, answer.text
    (result,) = answer.json["results"]
    assert (result["index"], result["status"]) == (0, "created")
    with app.app_context():
        lead = session().get(Lead, result["id"])
        assert (lead.state, lead.source_system, lead.external_id) == ("captured", "crm", "A-1")
        assert (lead.country, lead.city, lead.temperature) == ("DE", "Hanover", "hot")
        assert lead.source_id
        assert lead.captured_at.isoformat() == "2026-11-01T09:00:00+00:00"
        contact = contact_of(lead.id)
        assert (contact.last_name, contact.email) == ("Meier", "eva@meier.example")
        assert contact.phone_e164 == "+495117654321"
        assert contact.note == "shoe_size: 44", "what has no place of its own is not lost"
        told = session().scalars(select(EventRow).where(EventRow.name == "LeadCaptured")).one()
        assert told.channel == "api"


def test_each_row_has_its_own_result(app, send):
    same = {**ROW, "contact": {"email": "eva@meier.example"}}
    rows = [
        {**same, "external_id": "A-1"},
        {**same, "external_id": "A-2", "contact": {"email": "eva at meier"}},
        {**same, "external_id": "A-3", "brand": "Unheard", "country": "Atlantis"},
        {"title": "Nobody to call"},
        "no object",
        {**same, "external_id": "A-1"},
        {**same, "external_id": "A-1", "title": "Something else"},
        {**same, "external_id": "A-4", "title": "x" * 500, "answers": {"shoe_size": "44"}},
        {**same, "external_id": "A-5", "company": "half \ud800 sign\x00", "amount": True},
    ]
    results = send({"leads": rows}).json["results"]
    assert [one["index"] for one in results] == list(range(len(rows)))
    told = [(one["status"], sorted(one.get("errors", ()))) for one in results]
    assert told == [
        ("created", []),
        ("refused", ["contact.email"]),
        ("refused", ["brand", "country"]),
        ("refused", ["company"]),
        ("refused", ["lead"]),
        ("unchanged", []),
        ("refused", ["external_id"]),
        ("refused", ["title"]),
        ("refused", ["amount"]),
    ]
    assert results[5]["id"] == results[6]["id"] == results[0]["id"]
    assert count(app) == 1


def test_a_key_gives_the_same_answer_and_makes_nothing_twice(app, send):
    body = {"leads": [{"company": "Meier GmbH"}]}
    first, again = send(body, "k1"), send(body, "k1")
    assert first.json == again.json
    assert count(app) == 1
    other = send({"leads": [{"company": "Schulz AG"}]}, "k1")
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    send(body, "k2")
    assert count(app) == 2, "without a number it is another inquiry"


def test_a_number_that_a_list_brought_is_known(app, send):
    lead = make_lead(source_system="crm", external_id="A-1")
    (result,) = send({"leads": [ROW]}).json["results"]
    assert (result["status"], result["id"]) == ("unchanged", lead.id)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "unreadable"),
        (b"[" * 100_000, 400, "unreadable"),
        (b'{"leads": [NaN]}', 400, "unreadable"),
        (b'{"leads": [' + b"9" * 5000 + b"]}", 400, "unreadable"),
        (b"[]", 422, "invalid"),
        ({"leads": []}, 422, "invalid"),
        ({"leads": [{}] * 1001}, 422, "invalid"),
        (b" " * (8 * 1024 * 1024 + 1), 413, "too_large"),
    ],
    ids=lambda one: str(one)[:20],
)
def test_what_can_not_be_read_is_a_problem_document(send, body, status, code):
    answer = send(body)
    assert answer.content_type == "application/problem+json"
    told = answer.json
    assert (answer.status_code, told["status"], told["code"]) == (status, status, code)


def test_only_a_good_token_comes_in(app, client, send, token):
    body = {"leads": [{"company": "Meier GmbH"}]}
    for header in ("", "Bearer", f"Basic {token}", f"Bearer {token[:-1]}", "Bearer fct_"):
        refused = client.post("/api/v1/leads", json=body, headers={"Authorization": header})
        assert (refused.status_code, refused.json["code"]) == (401, "unauthorized")
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    user = make_person(make_vendor(), "qualifier")
    _row, narrow = factory(make_token)(user.email, "Web", [Scope.SIGNALS_WRITE], AT)
    assert send(body, secret=narrow).status_code == 403
    assert count(app) == 0
    assert client.get("/api/v1/nothing").content_type == "application/problem+json"


def test_signals_come_in_with_each_its_result(app, send):
    lead = make_lead(state=LeadState.CAPTURED)
    address = f"/api/v1/leads/{lead.id}/signals"
    one = send({"kind": "visit"}, address=address)
    assert [r["status"] for r in one.json["results"]] == ["created"]
    given = [
        {"kind": "download", "at": "2026-11-01T09:00:00"},
        {"kind": "smile"},
        {"kind": "visit", "weight": "much"},
        {"kind": "visit", "at": "2099-01-01T00:00:00Z"},
        7,
    ]
    many = send({"signals": given}, "k1", address=address)
    assert send({"signals": given}, "k1", address=address).json == many.json
    told = [sorted(r.get("errors", ())) for r in many.json["results"]]
    assert told == [[], ["kind"], ["weight"], ["at"], ["signal"]]
    assert send({"kind": "visit"}, address="/api/v1/leads/987654321/signals").status_code == 404


def test_what_can_be_sent_is_told_to_machines_and_people(client):
    told = client.get("/api/v1/openapi.json").json
    assert told["openapi"] == "3.1.0"
    assert set(ROW) - {"shoe_size"} <= set(told["components"]["schemas"]["Lead"]["properties"])
    text = json.dumps(told)
    for ref in {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}:
        here = told
        for step in ref.split("/"):
            here = here[step]
    page = client.get("/api/v1")
    assert "POST /api/v1/leads" in page.text

"""The ceiling that picks are measured against goes the way that a pick goes."""

from __future__ import annotations

import importlib

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.models import UserSession
from portal.core.db import session
from portal.core.events import EventRow
from portal.core.tokens import hash_secret
from portal.leads.models import Lead
from portal.pickup.models import Pickup
from tests.factories import AT, make_offered_lead, make_person


def test_the_bare_pick_of_the_bench_gives_the_statements_of_a_claim_what_they_ask(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "bench")
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@localhost/nothing")
    bare = importlib.import_module("bench.bare")
    alice = make_person()
    lead = make_offered_lead()
    seen = UserSession(
        token_hash=hash_secret("alice"),
        user_id=alice.id,
        created_at=AT,
        last_seen_at=AT,
        expires_at=AT.replace(year=AT.year + 1),
    )
    session().add(seen)
    session().flush()
    bare.pick(session().connection(), "alice", lead.id, AT)
    assert session().get_one(Lead, lead.id, populate_existing=True).holder_id == alice.id
    assert session().scalar(select(Pickup.user_id)) == alice.id
    assert session().scalar(select(EventRow.id).where(EventRow.name == "LeadPickedUp"))

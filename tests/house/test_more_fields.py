"""Fields that a form doesn't have change nothing, whoever sends them."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.models import Organisation, User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.leads.models import Lead
from portal.partners.models import Partner
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import (
    csrf_of,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)

MORE = {
    "id": "1",
    "user_id": "1",
    "organisation_id": "1",
    "partner_id": "1",
    "holder_id": "1",
    "holder_organisation_id": "1",
    "owner_id": "1",
    "lead_id": "1",
    "round": "9",
    "state": "closed",
    "outcome": "won",
    "price": "1",
    "priority": "10",
    "suppressed": "1",
    "feedback_due_at": "2099-01-01",
    "rhythm_days": "999",
    "suspended_until": "2099-01-01",
    "roles": "admin",
    "active": "0",
    "email": "else@nowhere.example",
    "password_hash": "x",
    "parent_id": "1",
    "kind": "vendor",
}


def row_of(model: type, key: int) -> dict[str, object]:
    """Return every column of a row."""
    table = model.__table__
    (first,) = table.primary_key.columns
    return dict(session().execute(select(table).where(first == key)).mappings().one())


@factory
def rows(*named: tuple[type, int]) -> list[dict[str, object]]:
    return [row_of(model, key) for model, key in named]


@factory
def held_by(user: User) -> Pickup:
    at = clock.now() - timedelta(hours=1)
    lead = make_offered_lead(at=at)
    return session().get_one(Pickup, pickup.claim(lead.id, get_actor(user.id), at).pickup_id)


def changed(before: list[dict[str, object]], after: list[dict[str, object]]) -> set[str]:
    """Return the names of the columns that differ."""
    return {
        name
        for was, is_ in zip(before, after, strict=True)
        for name in was
        if was[name] != is_[name]
    }


def test_an_answer_changes_what_an_answer_changes(client: FlaskClient) -> None:
    rep = make_person()
    held = held_by(rep)
    named = [(Pickup, held.id), (Lead, held.lead_id), (User, rep.id)]
    named += [(Organisation, rep.organisation_id), (Partner, rep.organisation_id)]
    sign_in(client, rep)
    before = rows(*named)
    token = csrf_of(client.get("/mine").text)
    answer = client.post(
        f"/pickups/{held.id}/feedback",
        data={**MORE, "csrf_token": token, "status": "waiting", "note": "He calls back."},
    )
    assert answer.status_code == 303
    after = rows(*named)
    assert changed(before, after) == {
        "last_feedback_at",
        "last_status",
        "first_contact_at",
        "feedback_due_at",
        "status_id",
        "version",
    }
    assert after[0]["feedback_due_at"] < clock.now() + timedelta(days=8)


def test_a_profile_takes_nothing_that_is_not_in_its_form(client: FlaskClient) -> None:
    firm, manager = make_partner(), make_manager()
    sign_in(client, manager)
    address = f"/partners/{firm.id}/profile"
    page = client.get(address).text
    before = rows((Partner, firm.id), (Organisation, firm.id), (User, manager.id))
    client.post(
        address,
        data={
            **MORE,
            "csrf_token": csrf_of(page),
            "country": "DE",
            "zone": "Europe/Berlin",
            "capacity": "10",
            "rep_capacity": "5",
            "note": "Noted.",
        },
    )
    after = rows((Partner, firm.id), (Organisation, firm.id), (User, manager.id))
    lists = {"brand_ids", "product_ids", "languages", "territories", "subdivision", "city"}
    assert changed(before, after) - lists <= {"note", "latitude", "longitude"}
    assert "note" in changed(before, after)


def test_who_says_how_she_hears_stays_who_she_is(client: FlaskClient) -> None:
    rep = make_person()
    sign_in(client, rep)
    token = csrf_of(client.get("/settings/mail").text)
    before = rows((User, rep.id))
    client.post(
        "/settings/mail",
        data={**MORE, "csrf_token": token, "hears": "never", "digest_hour": "8"},
    )
    assert not changed(before, rows((User, rep.id)))


def test_a_firms_manager_invites_nobody_into_another_role_or_firm(client: FlaskClient) -> None:
    boss = make_person(make_partner(), "partner_manager")
    sign_in(client, boss)
    token = csrf_of(client.get("/team").text)
    for roles in ("admin", "channel_manager", "distributor_manager"):
        answer = client.post(
            "/team/invitation",
            data={
                "csrf_token": token,
                "organisation_id": "1",
                "email": f"{roles}@nowhere.example",
                "invited_name": "Nora",
                "name": "Nora",
                "roles": roles,
            },
        )
        assert answer.status_code in (404, 405, 422), roles
    assert invited() == []


@factory
def invited() -> list[str]:
    return list(session().scalars(select(User.email).where(User.email.like("%@nowhere.example"))))

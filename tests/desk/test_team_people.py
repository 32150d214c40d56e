"""A firm's manager invites her people and lets them go."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.accounts.managers import LastManager
from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.pickup import leavers
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import (
    csrf_of,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    make_unit,
    make_vendor,
    sign_in,
)


@pytest.fixture
def firm(app):
    return make_partner("Alpha Systems")


@pytest.fixture
def anna(firm):
    return make_person(firm, "partner_manager", name="Anna")


@factory
def person(email):
    return session().scalar(select(User).where(User.email == email))


@factory
def is_active(user):
    return session().get_one(User, user.id, populate_existing=True).active


@factory
def hold(rep):
    lead = make_offered_lead(at=clock.now())
    return pickup.claim(lead.id, get_actor(rep.id), clock.now()).pickup_id


@factory
def holder_of(held):
    return session().get_one(Pickup, held, populate_existing=True).user_id


def send(client, path, page="/team", **fields):
    token = csrf_of(client.get(page).text)
    return client.post(path, data={"csrf_token": token, **fields})


def test_she_invites_a_colleague_to_her_own_firm_with_its_roles_alone(client, firm, anna):
    sign_in(client, anna)
    form = client.get("/team/invitation")
    assert form.status_code == 200
    assert "channel_manager" not in form.text
    sent = {"invited_name": "Nora", "email": "nora@alpha.example"}
    for role in ("admin", "channel_manager", "distributor_manager"):
        refused = send(client, "/team/invitation", **sent, roles=role)
        assert refused.status_code == 422
        assert 'value="Nora"' in refused.text
    assert send(client, "/team/invitation", **sent, roles="partner_rep").status_code == 303
    nora = person("nora@alpha.example")
    assert (nora.organisation_id, nora.roles) == (firm.id, ["partner_rep"])
    assert "Nora" in client.get("/team").text
    assert send(client, f"/team/people/{nora.id}/invitation").status_code == 303


def test_who_leaves_hands_her_leads_on_and_may_come_back(client, firm, anna):
    alice, alan = make_person(firm, name="Alice"), make_person(firm, name="Alan")
    held = hold(alice)
    sign_in(client, anna)
    leaving = f"/people/{alice.id}/leaving"
    assert client.get(leaving).status_code == 200
    unsaid = send(client, leaving)
    assert unsaid.status_code == 422
    done = send(client, leaving, to=alan.id)
    assert (done.status_code, done.headers["Location"]) == (303, "/team")
    assert (holder_of(held), is_active(alice)) == (alan.id, False)
    assert "No access any more" in client.get("/team").text
    assert send(client, f"/team/people/{alice.id}/return").status_code == 303
    assert is_active(alice)


def test_people_of_another_firm_and_of_the_vendor_are_out_of_her_reach(client, anna):
    bob = make_person(make_partner("Beta Networks"), name="Bob")
    ann = make_person(make_vendor(), "admin")
    sign_in(client, anna)
    for other in (bob, ann):
        assert client.get(f"/people/{other.id}/leaving").status_code == 404
        for path in (
            f"/people/{other.id}/leaving",
            f"/people/{other.id}/leads",
            f"/team/people/{other.id}/invitation",
            f"/team/people/{other.id}/return",
            f"/team/people/{other.id}/place",
        ):
            assert send(client, path, to="back").status_code == 404
        assert is_active(other)


def test_she_gives_a_colleague_another_role_and_unit_of_her_own_firm_alone(client, firm, anna):
    alice = make_person(firm, name="Alice")
    north, foreign = make_unit(firm, "North"), make_unit(make_partner(), "Foreign")
    sign_in(client, anna)
    path = f"/team/people/{alice.id}/place"
    assert "North" in client.get(path).text
    for wrong in (
        {"roles": "channel_manager"},
        {"roles": "partner_rep", "unit_id": foreign.id},
        {"roles": [], "unit_id": north.id},
    ):
        assert send(client, path, **wrong).status_code == 422
    done = send(client, path, roles="partner_manager", unit_id=north.id, manager_id=anna.id)
    assert (done.status_code, done.headers["Location"]) == (303, "/team")
    alice = person(alice.email)
    assert (alice.roles, alice.unit_id, alice.manager_id) == (
        ["partner_manager"],
        north.id,
        anna.id,
    )
    # another manages now, so she may step back; what she sees then is her own work
    own = send(client, f"/team/people/{anna.id}/place", roles="partner_rep")
    assert (own.status_code, own.headers["Location"]) == (303, "/")
    assert client.get("/team").status_code == 403


def test_the_last_manager_stays_one(client, firm, anna):
    make_person(firm)
    sign_in(client, anna)
    refused = send(client, f"/team/people/{anna.id}/place", roles="partner_rep")
    assert refused.status_code == 409
    assert "Anna is the last manager of your firm" in refused.text
    assert person(anna.email).roles == ["partner_manager"]


def test_a_rep_looks_after_nobody(client, firm, anna):
    alice = make_person(firm)
    sign_in(client, alice)
    assert client.get("/team/invitation").status_code == 403
    assert client.get(f"/team/people/{anna.id}/place").status_code == 403
    assert client.get(f"/people/{anna.id}/leaving").status_code == 403


def test_the_last_manager_stays_as_long_as_others_work_there(client, firm, anna):
    make_person(firm)
    sign_in(client, anna)
    refused = send(client, f"/people/{anna.id}/leaving")
    assert refused.status_code == 409
    assert "Anna is the last manager of your firm" in refused.text
    assert is_active(anna)
    second = make_person(firm, "partner_manager")
    assert send(client, f"/people/{second.id}/leaving").status_code == 303


def test_who_was_invited_as_manager_and_never_came_counts_as_none(ctx):
    firm = make_partner()
    anna = make_person(firm, "partner_manager")
    make_person(firm, "partner_manager", password_hash=None)
    with pytest.raises(LastManager):
        leavers.deactivate(anna, None, get_actor(anna.id), clock.now())
    admin = make_person(make_vendor(), "admin")
    leavers.deactivate(anna, None, get_actor(admin.id), clock.now())

"""The vendor's people on a lead: who owns it, who is in its team, and what that lets them see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import wiring
from portal.accounts import tree
from portal.accounts.models import Organisation
from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import EventRow, load
from portal.core.reactions import REACTIONS
from portal.leads import team
from portal.leads.models import Lead
from portal.leads.queries import find_visible
from portal.pickup import operations as pickup
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

LATER = AT + timedelta(hours=1)


def react(name):
    """Run what the house does after the last event of this name."""
    row = (
        session()
        .scalars(select(EventRow).where(EventRow.name == name).order_by(EventRow.id.desc()))
        .first()
    )
    event = load(row)
    for reaction in wiring.REACTIONS[type(event)]:
        REACTIONS[reaction].run(event, LATER)


def staff(role="account_manager", **over):
    return make_person(make_vendor(), role, **over)


@factory
def pick(lead, rep):
    pickup.claim(lead.id, get_actor(rep.id), LATER)
    return session().get_one(Lead, lead.id, populate_existing=True)


def held_by(rep):
    return pick(make_offered_lead(), rep)


def actor_of(user):
    return get_actor(user.id)


def names_of(name):
    return list(session().scalars(select(EventRow.data).where(EventRow.name == name)))


def test_at_pickup_the_account_manager_of_the_firm_becomes_the_owner(ctx):
    pam, before = staff(), staff("channel_manager")
    alice = make_person(make_partner(account_manager_id=pam.id))
    held = pick(make_offered_lead(owner_id=before.id), alice)
    assert held.owner_id == pam.id


def test_where_the_firm_has_none_the_owner_stays(ctx):
    before, alice = staff("channel_manager"), make_person()
    assert pick(make_offered_lead(owner_id=before.id), alice).owner_id == before.id


def test_what_a_firm_holds_goes_to_its_new_account_manager_with_it(ctx):
    pam, paul, other = staff(), staff(), staff()
    firm = make_partner(account_manager_id=pam.id)
    followed, kept = (pick(make_offered_lead(), make_person(firm)) for _ in range(2))
    kept.owner_id = other.id
    tree.set_account_manager(session().get_one(Organisation, firm.id), paul.id, LATER)
    react("AccountManagerSet")
    session().expire_all()
    assert (followed.owner_id, kept.owner_id) == (paul.id, other.id)
    assert find_visible(followed.id, actor_of(pam)) is None


def test_a_channel_manager_says_who_answers_for_a_lead(ctx):
    manager, pam = actor_of(make_manager()), staff()
    lead = make_lead()
    assert find_visible(lead.id, actor_of(pam)) is None
    team.set_owner(lead.id, pam.id, manager, LATER)
    assert find_visible(lead.id, actor_of(pam)) is not None
    assert names_of("LeadOwnerSet") == [{"user_id": pam.id, "was_user_id": None}]
    for user_id in (0, make_person().id, staff(active=False).id):
        with pytest.raises(Invalid):
            team.set_owner(lead.id, user_id, manager, LATER)


def test_who_is_in_the_team_sees_the_lead_until_she_leaves_it(ctx):
    pam, quinn = staff(), staff("qualifier")
    lead = held_by(make_person(make_partner(account_manager_id=pam.id)))
    assert find_visible(lead.id, actor_of(quinn)) is None
    team.add_member(lead.id, quinn.id, actor_of(pam), LATER)
    team.add_member(lead.id, quinn.id, actor_of(pam), LATER)
    assert find_visible(lead.id, actor_of(quinn)) is not None
    team.remove_member(lead.id, quinn.id, actor_of(pam), LATER)
    assert find_visible(lead.id, actor_of(quinn)) is None
    assert (len(names_of("LeadTeamJoined")), len(names_of("LeadTeamLeft"))) == (1, 1)
    with pytest.raises(NotFound):
        team.remove_member(lead.id, quinn.id, actor_of(pam), LATER)


def test_a_team_is_of_the_vendors_people_and_its_owner_says_who(ctx):
    pam, paul = staff(), staff()
    alice = make_person(make_partner(account_manager_id=pam.id))
    lead = pick(make_offered_lead(), alice)
    for user_id in (alice.id, staff(active=False).id, 987_654_321):
        with pytest.raises(Invalid):
            team.add_member(lead.id, user_id, actor_of(pam), LATER)
    with pytest.raises(NotFound):
        team.add_member(lead.id, paul.id, actor_of(paul), LATER)
    team.add_member(lead.id, paul.id, actor_of(pam), LATER)
    with pytest.raises(Refused):
        team.remove_member(lead.id, paul.id, actor_of(paul), LATER)


def test_who_leads_the_owner_says_who_works_on_it_too(ctx):
    pam, boss, paul = staff(), staff("regional_manager"), staff()
    tree.set_manager(pam, boss.id, AT)
    lead = held_by(make_person(make_partner(account_manager_id=pam.id)))
    team.add_member(lead.id, paul.id, actor_of(boss), LATER)
    team.set_owner(lead.id, paul.id, actor_of(boss), LATER)
    assert lead.owner_id == paul.id


def test_the_page_of_a_lead_shows_its_owner_and_team_and_changes_them(app, client):
    pam, quinn = staff(name="Pam Ortega"), staff("qualifier", name="Quinn Sander")
    lead = held_by(make_person(make_partner(account_manager_id=pam.id)))
    browser = sign_in(client, make_manager())
    page = browser.get(f"/leads/{lead.id}")
    assert "Pam Ortega" in page.text
    token = {"csrf_token": csrf_of(page.text)}
    data = {**token, "user_id": quinn.id}
    assert browser.post(f"/leads/{lead.id}/team", data=data).status_code == 303
    assert f"/team/{quinn.id}/removal" in browser.get(f"/leads/{lead.id}").text
    assert browser.post(f"/leads/{lead.id}/owner", data=data).status_code == 303
    assert browser.post(f"/leads/{lead.id}/owner", data=token).status_code == 422
    removal = browser.post(f"/leads/{lead.id}/team/{quinn.id}/removal", data=token)
    assert removal.status_code == 303


def test_a_partner_reads_who_answers_for_his_lead_and_for_his_firm(app, client):
    pam = staff(name="Pam Ortega", phone="+49 40 123456")
    alice = make_person(make_partner(account_manager_id=pam.id))
    lead = pick(make_offered_lead(), alice)
    browser = sign_in(client, alice)
    for address in (f"/leads/{lead.id}", "/"):
        page = browser.get(address).text
        assert "Pam Ortega" in page, address
        assert 'href="tel:+4940123456"' in page, address
        assert f"mailto:{pam.email}" in page, address


def test_a_channel_manager_gives_a_partner_its_account_manager_on_the_profile(app, client):
    pam, firm = staff(name="Pam Ortega"), make_partner()
    browser = sign_in(client, make_manager())
    page = browser.get(f"/partners/{firm.id}/profile")
    assert "Account manager" in page.text
    data = {
        "csrf_token": csrf_of(page.text),
        "country": "DE",
        "zone": "Europe/Berlin",
        "capacity": "10",
        "rep_capacity": "5",
        "account_manager_id": str(pam.id),
    }
    assert browser.post(f"/partners/{firm.id}/profile", data=data).status_code == 303
    assert "Pam Ortega" in browser.get(f"/partners/{firm.id}").text
    wrong = {**data, "account_manager_id": str(make_person().id)}
    assert browser.post(f"/partners/{firm.id}/profile", data=wrong).status_code == 422
    assert (
        browser.post(
            f"/partners/{firm.id}/profile", data={**data, "account_manager_id": ""}
        ).status_code
        == 303
    )
    assert "Pam Ortega" not in browser.get(f"/partners/{firm.id}").text

"""Who leaves hands on what she holds, nothing stays with her, and all ways in end at once."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from portal.accounts import administration
from portal.accounts import operations as accounts
from portal.accounts.models import Organisation, OrganisationKind, User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.errors import NotFound, Refused
from portal.core.mail import links
from portal.core.mail.links import Purpose
from portal.desk.live import ended_sessions
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.models import Lead, LeadState
from portal.pickup import leavers
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
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


@factory
def hold(user, count=1):
    """Have somebody pick leads up, answer for them, and return the pickups."""
    now, actor = clock.now(), get_actor(user.id)
    held = []
    for _number in range(count):
        held.append(pickup.claim(make_offered_lead(at=now).id, actor, now).pickup_id)
        feedback.give(held[-1], Answer("waiting"), actor, now)
    return held


@factory
def holders(held):
    rows = session().execute(select(Pickup.user_id, Pickup.outcome).where(Pickup.id.in_(held)))
    return {tuple(row) for row in rows}


@factory
def find(model, id_):
    return session().get(model, id_, populate_existing=True)


@factory
def left_with(user):
    open_ones = select(func.count()).where(Pickup.user_id == user.id, Pickup.ended_at.is_(None))
    leads = select(func.count()).where(Lead.holder_id == user.id)
    return session().scalar(open_ones), session().scalar(leads)


def send(client, path, **fields):
    return client.post(
        path, data={"csrf_token": csrf_of(client.get("/settings/sign-in").text), **fields}
    )


@pytest.fixture
def admin(app):
    return sign_in(app.test_client(), make_person(make_vendor(), "admin", name="Ada"))


@pytest.fixture
def firm(app):
    return make_partner("Alpha Systems")


def test_the_page_shows_what_a_leaver_holds_and_asks_who_takes_it(admin, firm):
    alice, alan = make_person(firm, name="Alice"), make_person(firm, name="Alan")
    make_person(firm, "partner_manager", name="Anna")
    held = hold(alice, 2)
    page = admin.get(f"/people/{alice.id}/leaving")
    assert "2 leads in hand" in page.text
    assert "Alan" in page.text
    assert "Anna" not in page.text, "she picks up nothing"
    unsaid = send(admin, f"/people/{alice.id}/leaving")
    assert unsaid.status_code == 422
    assert "Please choose who takes the leads" in unsaid.text
    assert find(User, alice.id).active
    assert send(admin, f"/people/{alice.id}/leaving", to=str(alan.id)).status_code == 303
    assert holders(held) == {(alan.id, None)}
    assert left_with(alice) == (0, 0)
    assert not find(User, alice.id).active


def test_where_nobody_takes_them_the_leads_go_back_to_the_programme(admin, firm):
    make_person(make_partner("Beta Networks"))
    alice = make_person(firm)
    held = hold(alice, 2)
    assert send(admin, f"/people/{alice.id}/leaving", to="back").status_code == 303
    assert holders(held) == {(alice.id, "given_back")}
    assert left_with(alice) == (0, 0)
    assert find(Lead, find(Pickup, held[0]).lead_id).state == LeadState.OFFERED, (
        "to others, at once"
    )


@pytest.mark.parametrize("who", ["stranger", "manager", "herself", "nobody", "odd"])
def test_leads_go_only_to_a_colleague_who_picks_up_and_else_nothing_happens(admin, firm, who):
    alice = make_person(firm)
    held = hold(alice)
    to = {
        "stranger": make_person(make_partner()).id,
        "manager": make_person(firm, "partner_manager").id,
        "herself": alice.id,
        "nobody": 987654321,
        "odd": "x",
    }[who]
    answer = send(admin, f"/people/{alice.id}/leaving", to=str(to))
    assert answer.status_code == 422
    assert find(User, alice.id).active
    assert holders(held) == {(alice.id, None)}


def test_a_colleague_whose_hands_are_full_takes_nothing(admin):
    firm = make_partner(rep_capacity=2)
    alice, alan = make_person(firm), make_person(firm, name="Alan")
    held, full = hold(alice, 2), hold(alan, 1)
    answer = send(admin, f"/people/{alice.id}/leaving", to=str(alan.id))
    assert answer.status_code == 409
    assert "as many as agreed" in answer.text
    assert holders(held) == {(alice.id, None)}, "all or nothing"
    assert holders(full) == {(alan.id, None)}
    assert find(User, alice.id).active


def test_a_channel_manager_lets_people_of_partners_go_and_nobody_else(app, firm):
    alice, qualifier = make_person(firm), make_person(make_vendor(), "qualifier")
    held = hold(alice)
    client = sign_in(app.test_client(), make_manager())
    assert client.get(f"/people/{qualifier.id}/leaving").status_code == 404
    assert send(client, f"/people/{qualifier.id}/leaving").status_code == 404
    assert send(client, f"/people/{alice.id}/leaving", to="back").status_code == 303
    assert holders(held) == {(alice.id, "given_back")}
    elsewhere = make_person(make_partner("Beta Networks"), "partner_manager")
    above = make_person(make_partner(kind=OrganisationKind.DISTRIBUTOR), "distributor_manager")
    for user, status in ((elsewhere, 404), (above, 404), (qualifier, 403)):
        other = sign_in(app.test_client(), user)
        assert other.get(f"/people/{alice.id}/leaving").status_code == status
        assert send(other, f"/people/{alice.id}/leads", to="back").status_code == status


def test_open_tab_mail_link_stream_and_token_of_who_leaves_die_at_once(app, admin, firm):
    """All four ways in: the page that stands open, the button in a mail, the stream, a token."""
    alice = make_person(firm)
    tab = sign_in(app.test_client(), alice)
    mailed = factory(links.issue)(Purpose.STOP, alice.id, clock.now(), topic="digest")
    reset = factory(accounts.issue_password_reset)(alice.id, clock.now())
    session_id = factory(
        lambda: session().scalar(
            select(accounts.UserSession.id).where(accounts.UserSession.user_id == alice.id)
        )
    )()
    assert tab.get("/available").status_code == 200
    assert app.test_client().get(mailed).status_code == 200
    assert send(admin, f"/people/{alice.id}/leaving").status_code == 303
    assert tab.get("/available").status_code == 302, "the open tab"
    assert app.test_client().get(mailed).status_code in (404, 410), "the link of a mail"
    with app.app_context():
        assert list(ended_sessions([session_id])) == [session_id], "the stream"
        with pytest.raises(Exception, match="used or is too old"):
            accounts.reset_password(reset, "a quite new password", clock.now())


def test_what_a_leaver_of_the_vendor_had_begun_waits_in_the_queue_again(ctx):
    quentin = make_person(make_vendor(), "qualifier")
    firm = make_partner()
    firm.account_manager_id = quentin.id
    lead = make_lead(state=LeadState.QUALIFYING, qualifier_id=quentin.id)
    leavers.deactivate(quentin, None, get_actor(make_person(make_vendor(), "admin").id), AT)
    assert (lead.state, lead.qualifier_id) == (LeadState.CAPTURED, None)
    assert firm.account_manager_id is None


def test_who_holds_leads_is_not_moved_before_they_are_handed_on(admin, firm):
    alice, alan = make_person(firm, name="Alice"), make_person(firm, name="Alan")
    beta = make_partner("Beta Networks")
    held = hold(alice)
    move = f"/people/{alice.id}/move"
    page = admin.get(move)
    assert "has to be handed on first" in page.text
    assert f"/people/{alice.id}/leads" in page.text
    refused = send(admin, move, firm=str(beta.id), roles=["partner_rep"])
    assert refused.status_code == 409
    assert find(User, alice.id).organisation_id == firm.id
    assert send(admin, f"/people/{alice.id}/leads", to=str(alan.id)).status_code == 303
    assert holders(held) == {(alan.id, None)}
    assert find(User, alice.id).active
    found = admin.get(move, query_string={"q": "beta"}).text
    assert f"{move}?firm={beta.id}" in found
    assert send(admin, move, firm=str(beta.id), roles=["admin"]).status_code == 422
    assert send(admin, move, firm=str(beta.id), roles=["partner_rep"]).status_code == 303
    assert find(User, alice.id).organisation_id == beta.id


def test_a_pick_that_waited_behind_the_leaving_finds_nobody_there(ctx):
    alice = make_person()
    actor = get_actor(alice.id)
    lead = make_offered_lead()
    leavers.deactivate(alice, None, get_actor(make_person(make_vendor(), "admin").id), AT)
    with pytest.raises(NotFound):
        pickup.claim(lead.id, actor, AT)
    assert left_with(alice) == (0, 0)


def test_a_firm_that_goes_gives_its_leads_back_and_its_people_are_out(app, firm):
    make_person(make_partner("Beta Networks"))
    alice = make_person(firm)
    held = hold(alice, 2)
    tab = sign_in(app.test_client(), alice)
    ada = make_person(make_vendor(), "admin")

    @factory
    def close():
        return leavers.close(find(Organisation, firm.id), get_actor(ada.id), clock.now())

    assert close() == 2
    assert holders(held) == {(alice.id, "given_back")}
    assert tab.get("/available").status_code == 302
    factory(lambda: administration.reopen(find(Organisation, firm.id), clock.now(), ada.id))()
    sign_in(app.test_client(), alice)


def test_the_vendor_stays(ctx):
    ada = make_person(make_vendor(), "admin")
    with pytest.raises(Refused):
        leavers.close(make_vendor(), get_actor(ada.id), AT)

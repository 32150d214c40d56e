"""The manager of a firm hands a lead in hand on to a colleague."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts.models import Organisation
from portal.accounts.queries import get_actor
from portal.core import jobs
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import EventRow
from portal.core.mail.models import OutgoingEmail
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads import contacts
from portal.leads.models import Lead, LeadState
from portal.partners.models import Absence, PartnerFigures
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.pickup.queries import position_of
from portal.pickup.reassign import hand_on_all, reassign
from portal.pickup.rules import (
    Absent,
    CapacityReached,
    Colour,
    HeldByAnother,
    NotYoursAnyMore,
)
from tests.factories import (
    AT,
    CONTACT,
    csrf_of,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

LATER = AT + timedelta(hours=1)


def actor_of(user):
    return get_actor(user.id)


@pytest.fixture
def firm(ctx):
    return make_partner("Alpha Systems")


@pytest.fixture
def anna(firm):
    return make_person(firm, "partner_manager", name="Anna")


@pytest.fixture
def alice(firm):
    return make_person(firm, name="Alice")


@pytest.fixture
def alan(firm):
    return make_person(firm, name="Alan")


def hold(rep, at=AT):
    lead = make_offered_lead(at=at)
    return lead.id, pickup.claim(lead.id, actor_of(rep), at).pickup_id


def test_the_colleague_holds_the_lead_from_now_on_and_its_clock_goes_on(anna, alice, alan):
    lead_id, held = hold(alice)
    due = session().get_one(Pickup, held).feedback_due_at
    reassign(held, alan.id, actor_of(anna), LATER)
    session().expire_all()
    lead, now = session().get_one(Lead, lead_id), session().get_one(Pickup, held)
    assert (lead.state, lead.holder_id) == (LeadState.HELD, alan.id)
    assert lead.holder_organisation_id == alan.organisation_id
    assert (now.user_id, now.handed_from_id, now.ended_at) == (alan.id, alice.id, None)
    assert (now.feedback_due_at, now.picked_at) == (due, AT)
    assert session().get_one(PartnerFigures, alan.organisation_id).open_pickups == 1
    told = session().scalars(select(EventRow).where(EventRow.name == "LeadReassigned")).one()
    assert told.data == {
        "pickup_id": held,
        "user_id": alan.id,
        "was_user_id": alice.id,
        "by_user_id": anna.id,
        "organisation_id": alan.organisation_id,
    }


def test_what_was_owed_is_owed_by_the_colleague_and_no_more_by_the_first_one(anna, alice, alan):
    _lead, held = hold(alice)
    assert position_of(actor_of(alice), LATER).gate.colour == Colour.RED
    reassign(held, alan.id, actor_of(anna), LATER)
    assert position_of(actor_of(alice), LATER).gate.colour == Colour.GREEN
    gate = position_of(actor_of(alan), LATER).gate
    assert (gate.colour, [owed.id for owed in gate.owed]) == (Colour.RED, [held])


def test_whom_to_call_is_seen_by_the_colleague_alone(anna, alice, alan):
    lead_id, held = hold(alice)
    reassign(held, alan.id, actor_of(anna), LATER)
    lead = session().get_one(Lead, lead_id)
    assert not contacts.may_see_contact(lead, actor_of(alice))
    with pytest.raises(NotFound):
        contacts.load_contact(lead, actor_of(alice), LATER)
    assert contacts.load_contact(lead, actor_of(alan), LATER).phone == CONTACT["phone"]


def test_the_colleague_gets_a_mail_that_says_who_handed_it_on(anna, alice, alan):
    _lead, held = hold(alice)
    jobs.run_now("core.dispatch", {"here": True}, AT)
    reassign(held, alan.id, actor_of(anna), LATER)
    jobs.run_now("core.dispatch", {"here": True}, LATER)
    yours = session().scalars(
        select(OutgoingEmail).where(OutgoingEmail.kind == "yours_now").order_by(OutgoingEmail.id)
    )
    first, second = yours
    assert (first.user_id, second.user_id) == (alice.id, alan.id)
    for part in (second.text, second.html):
        assert "Anna has handed" in part
        assert CONTACT["phone"] in part
        assert "Congratulations" not in part
    reassign(held, alice.id, actor_of(anna), LATER + timedelta(minutes=1))
    jobs.run_now("core.dispatch", {"here": True}, LATER + timedelta(minutes=1))
    third = session().scalars(select(OutgoingEmail).order_by(OutgoingEmail.id.desc())).first()
    assert (third.kind, third.user_id) == ("yours_now", alice.id)


def test_the_first_holder_is_told_that_a_colleague_has_it_and_changes_nothing(anna, alice, alan):
    _lead, held = hold(alice)
    reassign(held, alan.id, actor_of(anna), LATER)
    for deed in (
        lambda: feedback.give(held, Answer("waiting"), actor_of(alice), LATER),
        lambda: pickup.give_back(held, "duplicate", None, actor_of(alice), LATER),
        lambda: pickup.take_back_pick(held, actor_of(alice), LATER),
    ):
        with pytest.raises(NotYoursAnyMore, match="colleague"):
            deed()
    feedback.give(held, Answer("waiting"), actor_of(alan), LATER)


def test_handing_on_what_she_holds_already_changes_nothing(anna, alice):
    _lead, held = hold(alice)
    reassign(held, alice.id, actor_of(anna), LATER)
    assert session().get_one(Pickup, held).handed_from_id is None
    assert not session().scalars(select(EventRow).where(EventRow.name == "LeadReassigned")).all()


def test_nobody_is_handed_a_lead_while_away(anna, alice, alan):
    _lead, held = hold(alice)
    session().add(
        Absence(
            organisation_id=alan.organisation_id,
            user_id=alan.id,
            starts_on=AT.date(),
            ends_on=AT.date(),
        )
    )
    session().flush()
    with pytest.raises(Absent, match="Alan is marked as away"):
        reassign(held, alan.id, actor_of(anna), LATER)
    reassign(held, alan.id, actor_of(anna), AT + timedelta(days=1))


def test_nobody_is_handed_more_than_was_agreed(ctx):
    firm = make_partner(rep_capacity=1)
    boss, one, other = (
        make_person(firm, "partner_manager"),
        make_person(firm),
        make_person(firm, name="Otto"),
    )
    _lead, held = hold(one)
    hold(other)
    with pytest.raises(CapacityReached, match="Otto holds 1 lead, as many as agreed"):
        reassign(held, other.id, actor_of(boss), LATER)


def test_only_colleagues_who_pick_up_leads_can_take_one(anna, alice, firm):
    _lead, held = hold(alice)
    stranger, gone = make_person(), make_person(firm, active=False)
    for nobody in (stranger.id, gone.id, anna.id, 0):
        with pytest.raises(Invalid):
            reassign(held, nobody, actor_of(anna), LATER)


def test_a_manager_of_another_firm_the_vendor_and_reps_cannot_hand_it_on(anna, alice, alan):
    _lead, held = hold(alice)
    for nobody in (
        make_person(make_partner(), "partner_manager"),
        make_person(make_vendor(), "account_manager"),
        alan,
        alice,
    ):
        with pytest.raises(NotFound):
            reassign(held, alan.id, actor_of(nobody), LATER)


def test_who_decided_on_an_older_state_is_told_who_holds_it_by_now(anna, alice, alan, firm):
    third = make_person(firm, name="Thea")
    _lead, held = hold(alice)
    reassign(held, alan.id, actor_of(anna), LATER, held_by=alice.id)
    with pytest.raises(HeldByAnother, match="Alan holds it now"):
        reassign(held, third.id, actor_of(anna), LATER, held_by=alice.id)


def test_what_is_closed_is_handed_on_no_more(anna, alice, alan):
    _lead, held = hold(alice)
    feedback.give(held, Answer("won", value=5), actor_of(alice), LATER)
    with pytest.raises(NotYoursAnyMore):
        reassign(held, alan.id, actor_of(anna), LATER)


def test_all_that_somebody_holds_goes_to_a_colleague_or_back(anna, alice, alan):
    held = []
    for _ in range(2):
        _lead, one = hold(alice)
        held.append(one)
        feedback.give(one, Answer("waiting"), actor_of(alice), AT)
    assert hand_on_all(alice.id, alice.organisation_id, alan.id, actor_of(anna), LATER) == 2
    assert {session().get_one(Pickup, one).user_id for one in held} == {alan.id}
    admin = make_person(make_vendor(), "admin")
    assert hand_on_all(alan.id, alan.organisation_id, None, actor_of(admin), LATER) == 2
    session().expire_all()
    assert {session().get_one(Pickup, one).outcome for one in held} == {"given_back"}
    assert hand_on_all(alan.id, alan.organisation_id, None, actor_of(admin), LATER) == 0


# -- the page ----------------------------------------------------------------------------------


@pytest.fixture
def crew(app):
    """A firm with a manager and three reps, and a lead that Alice holds."""
    firm = make_partner("Alpha Systems", rep_capacity=1)
    people = {
        name: make_person(firm, *roles, name=name.title())
        for name, roles in (
            ("anna", ["partner_manager"]),
            ("alice", []),
            ("alan", []),
            ("thea", []),
        )
    }
    return people, take(people["alice"])


@factory
def take(rep):
    lead = make_offered_lead()
    return pickup.claim(lead.id, get_actor(rep.id), AT).pickup_id


@factory
def holder_of(held):
    return session().get_one(Pickup, held, populate_existing=True).user_id


def test_the_manager_chooses_a_colleague_without_javascript(client, crew):
    people, held = crew
    sign_in(client, people["anna"])
    page = client.get(f"/pickups/{held}/holder")
    assert page.status_code == 200
    assert "holds 0 of 1" in page.text
    assert CONTACT["phone"] not in page.text
    token = csrf_of(page.text)
    none = client.post(f"/pickups/{held}/holder", data={"csrf_token": token})
    assert none.status_code == 422
    assert "Please choose a colleague" in none.text
    sent = {"csrf_token": token, "held_by": people["alice"].id, "to": people["alan"].id}
    done = client.post(f"/pickups/{held}/holder", data=sent)
    assert done.status_code == 303
    assert holder_of(held) == people["alan"].id
    late = client.post(f"/pickups/{held}/holder", data={**sent, "to": people["thea"].id})
    assert late.status_code == 409
    assert "Alan holds it now" in late.text


def test_who_has_no_hand_free_cannot_be_chosen(client, crew):
    people, held = crew
    take(people["alan"])
    sign_in(client, people["anna"])
    page = client.get(f"/pickups/{held}/holder")
    assert f'value="{people["alan"].id}" required disabled' in page.text
    sent = {"csrf_token": csrf_of(page.text), "to": people["alan"].id}
    full = client.post(f"/pickups/{held}/holder", data=sent)
    assert full.status_code == 409
    assert "Alan holds 1 lead" in full.text
    assert holder_of(held) == people["alice"].id


def test_a_rep_and_a_stranger_find_no_such_page(client, crew):
    people, held = crew
    sign_in(client, people["alice"])
    assert client.get(f"/pickups/{held}/holder").status_code == 403
    stranger = client.application.test_client()
    sign_in(stranger, make_person(make_partner(), "partner_manager"))
    assert stranger.get(f"/pickups/{held}/holder").status_code == 404
    assert stranger.get("/pickups/987654321/holder").status_code == 404


def test_the_firm_of_a_stranger_is_named_nowhere(client, crew):
    people, held = crew
    other = make_person(make_partner("Beta Networks"), name="Bob")
    sign_in(client, people["anna"])
    assert other.name not in client.get(f"/pickups/{held}/holder").text
    assert factory(lambda: session().get_one(Organisation, other.organisation_id).name)()

"""Somebody is away, and a colleague stands in for her."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts.queries import get_actor
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import EventRow
from portal.core.mail.links import Purpose
from portal.core.mail.models import OutgoingEmail
from portal.deadlines.clocks import find_running
from portal.deadlines.models import ClockKind
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads import contacts
from portal.leads.models import Lead
from portal.leads.queries import find_visible
from portal.partners import operations as partners
from portal.partners.models import Absence
from portal.pickup import clocks
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.pickup.queries import position_of
from portal.timeline.models import ContactLook
from tests.factories import (
    AT,
    CONTACT,
    csrf_of,
    day_here,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)
from tests.inbound.pressing import get, issue, press, text_of

DAY = timedelta(days=1)
TODAY = AT.date()


@pytest.fixture
def firm(ctx):
    return make_partner("Alpha Systems")


@pytest.fixture
def alice(firm):
    return make_person(firm, name="Alice")


@pytest.fixture
def alan(firm):
    return make_person(firm, name="Alan")


def away(user, first=0, last=3, delegate=None, at=AT):
    return partners.add_absence(
        user.organisation_id,
        TODAY + first * DAY,
        TODAY + last * DAY,
        at,
        user.id,
        delegate_id=delegate.id if delegate else None,
    )


def hold(rep, at=AT):
    lead = make_offered_lead(at=at)
    held = pickup.claim(lead.id, get_actor(rep.id), at).pickup_id
    session().flush()
    jobs.run_now("core.dispatch", {"here": True}, at)
    return lead.id, held


def actor(user, days=0):
    return get_actor(user.id, AT + days * DAY)


# -- what a delegate may -------------------------------------------------------------------------


def test_a_delegate_reports_on_the_leads_of_who_is_away_and_sees_whom_to_call(alice, alan):
    lead_id, held = hold(alice)
    away(alice, delegate=alan)
    lead = session().get_one(Lead, lead_id)
    assert find_visible(lead_id, actor(alan)) is lead
    assert contacts.load_contact(lead, actor(alan), AT).phone == CONTACT["phone"]
    look = session().scalars(select(ContactLook).where(ContactLook.user_id == alan.id)).one()
    assert look.lead_id == lead_id
    shown = (
        session()
        .scalars(
            select(EventRow).where(EventRow.name == "ContactShown").order_by(EventRow.id.desc())
        )
        .first()
    )
    assert (shown.data["user_id"], shown.data["instead_of"]) == (alan.id, [alice.id])
    given = feedback.give(held, Answer("waiting"), actor(alan), AT)
    assert given.user_id == alan.id
    assert session().get_one(Pickup, held).user_id == alice.id


def test_it_begins_and_ends_by_itself(alice, alan):
    lead_id, held = hold(alice)
    away(alice, first=1, last=2, delegate=alan)
    for days, stands_in in ((0, False), (1, True), (2, True), (3, False)):
        now = actor(alan, days)
        lead = session().get_one(Lead, lead_id)
        assert (find_visible(lead_id, now) is not None) == stands_in
        assert contacts.may_see_contact(lead, now) == stands_in
        assert (now.stands_in_for == {alice.id}) == stands_in
    with pytest.raises(NotFound):
        feedback.give(held, Answer("waiting"), actor(alan, 3), AT)


def test_the_fate_of_the_lead_is_not_the_delegates(alice, alan):
    _lead, held = hold(alice)
    away(alice, delegate=alan)
    for deed in (
        lambda: pickup.give_back(held, "duplicate", None, actor(alan), AT),
        lambda: pickup.take_back_pick(held, actor(alan), AT),
    ):
        with pytest.raises(NotFound):
            deed()
    assert session().get_one(Pickup, held, populate_existing=True).ended_at is None


def test_another_colleague_sees_nothing_and_the_own_gate_stays_as_it_is(alice, alan, firm):
    lead_id, _held = hold(alice)
    away(alice, delegate=alan)
    assert find_visible(lead_id, actor(make_person(firm))) is None
    assert position_of(actor(alan), AT).gate.colour == "green"


def test_who_moved_to_another_firm_stands_in_no_more(alice, alan):
    away(alice, delegate=alan)
    alan.organisation_id = make_partner().id
    session().flush()
    assert actor(alan).stands_in_for == frozenset()


# -- who hears -----------------------------------------------------------------------------------


def agree(held):
    """Agree on the date of a pickup, so that no absence moves it."""
    found = session().get_one(Pickup, held)
    clock = find_running(ClockKind.FEEDBACK, pickup_id=held)
    clocks.move(found, clock, clock.due_at, "extended", None, AT)


def asked(held, days):
    """Take the steps that are due about a pickup and return who was asked about it."""
    at = AT + days * DAY
    session().execute(OutgoingEmail.__table__.delete())
    session().flush()
    jobs.run_now("escalation.take_steps", at=at)
    jobs.run_now("core.dispatch", {"here": True}, at)
    found = (
        session()
        .scalars(select(OutgoingEmail).where(OutgoingEmail.kind.startswith("feedback")))
        .all()
    )
    return [(mail.user_id, mail.text) for mail in found]


def test_the_delegate_is_reminded_instead_and_can_answer_from_the_mail(alice, alan):
    _lead, held = hold(alice)
    away(alice, first=5, last=9, delegate=alan)
    ((user_id, text),) = asked(held, 5.25)
    assert user_id == alan.id
    assert "Alice holds this lead and is away: please answer meanwhile." in text
    assert "You get this mail because you answer for a colleague who is away." in text
    ((user_id, text),) = asked(held, 8)
    assert user_id == alan.id
    assert "you can't pick up" not in text


def test_without_a_delegate_or_with_one_who_is_away_or_gone_the_manager_is_reminded(
    alice, alan, firm
):
    anna = make_person(firm, "partner_manager", name="Anna")
    _lead, held = hold(alice)
    agree(held)
    noted = away(alice, first=5, last=9)
    ((user_id, _text),) = asked(held, 5.25)
    assert user_id == anna.id
    noted.delegate_id = alan.id
    away(alan, first=7, last=7)
    ((user_id, _text),) = asked(held, 7)
    assert user_id == anna.id
    accounts.deactivate(alan, AT)
    ((user_id, _text),) = asked(held, 8)
    assert user_id == anna.id


def test_where_nobody_else_is_there_she_is_reminded_herself(alice):
    _lead, held = hold(alice)
    agree(held)
    away(alice, first=5, last=9)
    ((user_id, text),) = asked(held, 5.25)
    assert user_id == alice.id
    assert "please answer meanwhile" not in text


def test_of_new_leads_she_hears_nothing_meanwhile(alice, alan):
    away(alice, delegate=alan)
    make_offered_lead()
    jobs.run_now("core.dispatch", {"here": True}, AT)
    told = session().scalars(
        select(OutgoingEmail.user_id).where(OutgoingEmail.kind == "lead_offered")
    )
    assert list(told) == [alan.id]


# -- what can't be noted -------------------------------------------------------------------------


def test_two_absences_of_one_person_never_share_a_day(alice):
    away(alice, 0, 3)
    for first, last in ((0, 0), (3, 5), (-2, 9)):
        with pytest.raises(Invalid) as refused:
            away(alice, first, last)
        assert "already" in refused.value.errors["starts_on"]
    away(alice, 4, 5)


def test_a_delegate_is_a_colleague_who_is_there_herself(alice, alan, firm):
    away(alan, 3, 4, delegate=alice)
    gone = make_person(firm, active=False)
    for nobody in (alice, gone, make_person(make_partner())):
        with pytest.raises(Invalid) as refused:
            away(alice, delegate=nobody)
        assert list(refused.value.errors) == ["delegate_id"]
    with pytest.raises(Invalid, match="Alan is away, too"):
        away(alice, 0, 3, delegate=alan)
    # not on the same days: one after the other they stand in for each other
    away(alice, 0, 2, delegate=alan)


def test_who_is_back_early_ends_it_today_and_what_lies_ahead_is_taken_back(alice, alan):
    now, ahead = away(alice, -1, 3, delegate=alan), away(alice, 5, 6)
    partners.end_absence(now, AT)
    partners.end_absence(ahead, AT)
    assert [one.ends_on for one in session().scalars(select(Absence))] == [TODAY - DAY]
    assert actor(alan).stands_in_for == frozenset()


# -- the page ------------------------------------------------------------------------------------


@pytest.fixture
def crew(app):
    firm = make_partner("Alpha Systems")
    return {
        "anna": make_person(firm, "partner_manager", name="Anna"),
        "alice": make_person(firm, name="Alice"),
        "alan": make_person(firm, name="Alan"),
    }


@factory
def hold_now(rep):
    at = clock.now()
    return hold(rep, at)


def note_absence(client, user, delegate, days=2, **over):
    page = client.get(f"/team/people/{user.id}/absence")
    assert page.status_code == 200
    today = day_here(clock.now())
    sent = {
        "csrf_token": csrf_of(page.text),
        "starts_on": today.isoformat(),
        "ends_on": (today + days * DAY).isoformat(),
        "delegate_id": delegate.id if delegate else "",
        "absence_note": "Holidays",
        **over,
    }
    return client.post(f"/team/people/{user.id}/absence", data=sent)


def test_she_notes_it_herself_and_the_delegate_finds_her_leads_under_mine(client, crew):
    lead_id, held = hold_now(crew["alice"])
    sign_in(client, crew["alice"])
    assert note_absence(client, crew["alice"], crew["alan"]).status_code == 303
    assert "Alan stands in" in client.get(f"/team/people/{crew['alice'].id}/absence").text
    other = sign_in(client.application.test_client(), crew["alan"])
    mine = other.get("/mine")
    assert "You stand in for colleagues" in mine.text
    assert f'href="/leads/{lead_id}"' in mine.text
    dossier = other.get(f"/leads/{lead_id}")
    assert CONTACT["phone"] in dossier.text
    assert "In the hands of Alice" in dossier.text
    assert f"/pickups/{held}/give-back" not in dossier.text
    assert other.get(f"/pickups/{held}/give-back").status_code == 404
    sent = {"csrf_token": csrf_of(dossier.text), "status": "waiting"}
    assert other.post(f"/pickups/{held}/feedback", data=sent).status_code == 303


def test_what_was_typed_stays_where_something_is_wrong(client, crew):
    sign_in(client, crew["alice"])
    answer = note_absence(client, crew["alice"], crew["alan"], days=-3)
    assert answer.status_code == 422
    assert "before the first one" in text_of(answer.text)
    assert "Holidays" in answer.text
    assert f'selected value="{crew["alan"].id}"' in answer.text


def test_the_manager_notes_it_for_her_people_and_nobody_else_does(client, crew):
    alice = crew["alice"]
    sign_in(client, crew["anna"])
    assert note_absence(client, alice, crew["alan"]).status_code == 303
    assert "Alan stands in" in client.get("/team").text
    stranger = make_person(make_partner(), "partner_manager")
    for user in (crew["alan"], stranger):
        other = sign_in(client.application.test_client(), user)
        assert other.get(f"/team/people/{alice.id}/absence").status_code == 404
        page = other.get(f"/team/people/{user.id}/absence")
        sent = {"csrf_token": csrf_of(page.text), "starts_on": "2030-01-01"}
        assert other.post(f"/team/people/{alice.id}/absence", data=sent).status_code == 404


def test_an_absence_of_somebody_else_is_not_ended_by_its_number(client, crew):
    sign_in(client, crew["anna"])
    note_absence(client, crew["alice"], None)
    absence_id = factory(lambda: session().scalars(select(Absence.id)).one())()
    other = sign_in(client.application.test_client(), crew["alan"])
    token = csrf_of(other.get("/mine").text)
    for path in (
        f"/team/people/{crew['alan'].id}/absences/{absence_id}/end",
        f"/team/people/{crew['alice'].id}/absences/{absence_id}/end",
    ):
        assert other.post(path, data={"csrf_token": token}).status_code == 404
    done = client.post(
        f"/team/people/{crew['alice'].id}/absences/{absence_id}/end",
        data={"csrf_token": csrf_of(client.get("/team").text)},
    )
    assert done.status_code == 303
    assert not factory(lambda: session().scalars(select(Absence.id)).all())()


def test_the_link_in_the_delegates_mail_takes_her_answer(client, crew):
    _lead, held = hold_now(crew["alice"])
    sign_in(client, crew["alice"])
    note_absence(client, crew["alice"], crew["alan"])
    path = issue(Purpose.FEEDBACK, crew["alan"], pickup_id=held)
    assert press(client, path, "feedback", "proposal").status_code == 200
    assert get(Pickup, held).last_status == "proposal"

"""Calls, e-mails, appointments and tasks about a lead: whose they are, and what becomes of them."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import EventPrivate, EventRow
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads import activities, team
from portal.leads.models import Lead
from portal.pickup import leavers
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.pickup.reassign import reassign
from portal.timeline import operations as timeline
from portal.timeline.models import Activity
from portal.timeline.queries import list_planned, to_remind
from portal.timeline.rules import (
    ActivitiesOpen,
    Entry,
    NothingAhead,
    SettledAlready,
    check_entry,
    remind_at,
)
from tests.conftest import database_url
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

WORDS = "Ask whether the board has met."
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@factory
def make_held(rep: User) -> Lead:
    """Return a lead that the rep picked up an hour ago."""
    at = clock.now() - HOUR
    lead = make_offered_lead(at=at)
    pickup.claim(lead.id, get_actor(rep.id), at)
    return session().get_one(Lead, lead.id, populate_existing=True)


@factory
def plan(lead: Lead, user: User, text: str = WORDS, *, done: bool = False, **over: object) -> int:
    """Have somebody plan a call for tomorrow, or note one that is done, and return its id."""
    now = clock.now()
    values = {"kind": "call", "text": text, "due": None if done else now + DAY, **over}
    found = session().get_one(Lead, lead.id, populate_existing=True)
    made = activities.enter(found, Entry(**values), done=done, actor=get_actor(user.id), at=now)
    return made.id


@factory
def read(lead: Lead, user: User) -> list[str]:
    """Return the words of the activities that somebody reads."""
    found = session().get_one(Lead, lead.id, populate_existing=True)
    return [one.text for one in activities.load_activities(found, get_actor(user.id))]


@factory
def find(activity_id: int) -> Activity:
    return session().get_one(Activity, activity_id, populate_existing=True)


@factory
def held_of(lead: Lead) -> int | None:
    """Return the last pickup of a lead."""
    last = select(Pickup.id).where(Pickup.lead_id == lead.id).order_by(Pickup.id.desc()).limit(1)
    return session().scalar(last)


def post(client: FlaskClient, address: str, **fields: str):
    token = csrf_of(client.get("/settings/sign-in").text)
    return client.post(address, data={"csrf_token": token, **fields})


def fields(**over: str) -> dict[str, str]:
    """Return what the form sends of a call on a day ahead."""
    return {"kind": "call", "text": WORDS, "due_on": "2099-01-31", "due_time": "14:30", **over}


# -- rules ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "done", "wrong"),
    [
        (Entry("call", "Ask", AT + DAY), False, set()),
        (Entry("call", "Ask"), True, set()),
        (Entry("call", "Ask", AT - DAY), True, set()),
        (Entry("feedback", "Ask", AT + DAY), False, {"kind"}),
        (Entry("task", "", AT + DAY), False, {"text"}),
        (Entry("task", "x" * 4001, AT + DAY), False, {"text"}),
        (Entry("task", "Ask"), False, {"due_on"}),
        (Entry("task", "Ask", AT), False, {"due_on"}),
        (Entry("task", "Ask", AT + DAY), True, {"due_on"}),
    ],
)
def test_what_must_be_said_of_an_activity(ctx: Flask, entry, done, wrong) -> None:
    assert set(check_entry(entry, done=done, at=AT)) == wrong


def test_an_appointment_is_reminded_of_an_hour_ahead_and_all_else_when_it_is_due() -> None:
    assert remind_at("appointment", AT) == AT - HOUR
    assert remind_at("call", AT) == AT


# -- on the page ------------------------------------------------------------------------------


def test_a_rep_plans_a_call_settles_it_and_reads_what_came_of_it(client: FlaskClient) -> None:
    rep = make_person()
    lead = make_held(rep)
    sign_in(client, rep)
    home = f"/leads/{lead.id}"
    assert "Nothing planned, nothing done yet." in client.get(home).text
    assert post(client, f"{home}/activities", done="0", **fields()).status_code == 303
    page = client.get(home).text
    assert WORDS in page
    assert "Jan 31, 2099, 2:30" in page.replace("\u202f", " ") or "2099" in page
    assert 'href="tel:+495117654321"' in page
    its_page = client.get("/activities").text
    assert WORDS in its_page
    assert lead.number in its_page
    assert lead.number in client.get("/").text.partition("What you have planned")[2]
    (activity,) = factory(lambda: session().scalars(select(Activity.id)).all())()
    its = f"{home}/activities/{activity}"
    changed = post(client, its, **fields(kind="task", due_on="2099-02-01"))
    assert changed.status_code == 303
    assert find(activity).kind == "task"
    assert post(client, f"{its}/completion", outcome="They met.").status_code == 303
    assert WORDS not in client.get("/activities").text
    page = client.get(its)
    assert "They met." in page.text
    assert "Settle it" not in page.text
    assert "They met." in client.get(f"{home}?show=settled").text
    assert WORDS not in client.get(f"{home}?show=open").text
    assert WORDS not in client.get(f"{home}?show=call").text


def test_what_was_typed_is_kept_and_each_field_says_what_is_missing(client: FlaskClient) -> None:
    rep = make_person()
    lead = make_held(rep)
    sign_in(client, rep)
    address = f"/leads/{lead.id}/activities"
    typed = fields(due_on="2020-01-31", due_time="quarter past", assignee="x")
    answer = post(client, address, **typed)
    assert answer.status_code == 422
    assert "Please give a time, as 14:30." in answer.text
    assert WORDS in answer.text
    answer = post(client, address, **fields(due_on="2020-01-31", assignee="999999"))
    assert answer.status_code == 422
    assert "That is over." in answer.text
    assert "Please choose somebody who works on it." not in read(lead, rep)
    assert 'value="2020-01-31"' in answer.text
    answer = post(client, address, done="1", **fields())
    assert answer.status_code == 422
    assert "That lies ahead." in answer.text
    assert read(lead, rep) == []


# -- whose they are ---------------------------------------------------------------------------


def test_activities_stay_in_the_firm_until_they_are_shared(client: FlaskClient) -> None:
    firm = make_partner()
    rep, boss, colleague = make_person(firm), make_person(firm, "partner_manager"), None
    colleague, manager = make_person(firm), make_manager()
    qualifier = make_person(make_vendor(), "qualifier")
    lead = make_held(rep)
    mine, theirs = plan(lead, rep), plan(lead, manager, "Among ourselves.")
    assert read(lead, rep) == read(lead, boss) == [WORDS]
    assert read(lead, manager) == ["Among ourselves."]
    for stranger in (colleague, make_person(), qualifier):
        sign_in(client, stranger)
        for activity in (mine, theirs):
            its = f"/leads/{lead.id}/activities/{activity}"
            assert client.get(its).status_code == 404
            for verb in ("", "/completion", "/cancellation", "/sharing"):
                assert post(client, its + verb, **fields()).status_code == 404
        assert post(client, f"/leads/{lead.id}/activities", **fields()).status_code == 404
        assert client.get(f"/leads/{lead.id}/activity").status_code == 404
        client = client.application.test_client()
    sign_in(client, boss)
    # the other side's can't be opened nor settled, shared or not, nor from another lead
    assert client.get(f"/leads/{lead.id}/activities/{theirs}").status_code == 404
    other = make_held(colleague)
    assert client.get(f"/leads/{other.id}/activities/{mine}").status_code == 404
    assert (
        post(client, f"/leads/{lead.id}/activities/{mine}/sharing", shared="1").status_code == 303
    )
    assert WORDS in read(lead, manager)
    assert (
        post(client, f"/leads/{lead.id}/activities/{mine}/sharing", shared="0").status_code == 303
    )
    assert WORDS not in read(lead, manager)
    assert find(theirs).is_open


def test_an_activity_goes_to_who_works_on_the_lead_and_to_nobody_else(ctx: Flask) -> None:
    firm = make_partner()
    rep, boss, colleague = (
        make_person(firm),
        make_person(firm, "partner_manager"),
        make_person(firm),
    )
    manager, pam = make_manager(), make_person(make_vendor(), "account_manager")
    lead = make_held(rep)
    assert find(plan(lead, rep, assignee_id=boss.id)).assignee_id == boss.id
    for one, other in ((rep, colleague), (rep, manager), (manager, rep), (manager, pam)):
        with pytest.raises(Invalid, match="who works on it"):
            plan(lead, one, assignee_id=other.id)
    team.add_member(lead.id, pam.id, get_actor(manager.id), clock.now())
    assert find(plan(lead, manager, assignee_id=pam.id)).assignee_id == pam.id


def test_events_tell_of_an_activity_without_its_words(ctx: Flask) -> None:
    rep = make_person()
    plan(make_held(rep), rep)
    event = session().scalars(select(EventRow).where(EventRow.name == "ActivityEntered")).one()
    assert WORDS not in str(event.data)
    assert session().get(EventPrivate, event.id) is None


def test_without_an_opening_no_statement_finds_the_words(committed: Flask) -> None:
    rep = make_person()
    lead = make_held(rep)
    plan(lead, rep)
    plan(lead, rep, "Shared.", shared=True)
    with committed.app_context():
        address = database_url(str(session().get_bind().url.database))
    with psycopg.connect(address) as connection:
        for statement in (
            "TABLE activity_words",
            "SELECT w.text FROM activities a JOIN activity_words w ON w.activity_id = a.id",
            "UPDATE activity_words SET shared_at = now() RETURNING text",
            "DELETE FROM activity_words RETURNING text",
        ):
            assert connection.execute(statement.encode()).fetchall() == [], statement
        connection.execute("SELECT set_config('app.shared_notes_of', %s, true)", [f"{{{lead.id}}}"])
        assert connection.execute("SELECT text FROM activity_words").fetchall() == [("Shared.",)]
        assert connection.execute("DELETE FROM activity_words RETURNING 1").fetchall() == []


# -- what becomes of them ---------------------------------------------------------------------


def test_what_is_settled_stays_as_it_is(ctx: Flask) -> None:
    rep = make_person()
    lead = make_held(rep)
    activity, actor, now = plan(lead, rep), get_actor(rep.id), clock.now()
    for _twice in range(2):
        activities.settle(lead, activity, done=False, outcome="", actor=actor, at=now)
    with pytest.raises(SettledAlready):
        activities.settle(lead, activity, done=True, outcome="", actor=actor, at=now)
    with pytest.raises(SettledAlready):
        activities.change(lead, activity, Entry("task", "More", now + DAY), actor, now)
    names = session().scalars(select(EventRow.name).where(EventRow.name == "ActivitySettled")).all()
    assert len(names) == 1


@pytest.mark.parametrize(
    "answer", [Answer("won", value=1000), Answer("lost", reason="price", decision_maker="Board")]
)
def test_a_lead_is_not_closed_while_its_holders_firm_has_something_planned(
    ctx: Flask, answer: Answer
) -> None:
    rep, manager = make_person(), make_manager()
    lead = make_held(rep)
    mine, theirs = plan(lead, rep), plan(lead, manager)
    held, actor, now = held_of(lead), get_actor(rep.id), clock.now()
    with pytest.raises(ActivitiesOpen) as refused, session().begin_nested():
        feedback.give(held, answer, actor, now)
    assert [one.id for one in refused.value.facts["planned"]] == [mine]
    feedback.give(held, Answer("proposal"), actor, now)
    settles = Answer(**{**{n: getattr(answer, n) for n in answer.__slots__}, "settles": True})
    feedback.give(held, settles, actor, now)
    assert find(mine).code == "closed"
    assert find(theirs).is_open, "what the vendor has planned stays with the vendor"
    with pytest.raises(NothingAhead):
        plan(lead, rep)
    plan(lead, rep, "They sent flowers.", done=True)
    plan(lead, manager, "See them in a year.")


def test_the_page_names_what_is_open_and_one_button_settles_it_and_closes(
    client: FlaskClient,
) -> None:
    rep = make_person()
    lead = make_held(rep)
    plan(lead, rep)
    held = held_of(lead)
    sign_in(client, rep)
    address = f"/pickups/{held}/feedback"
    refused = post(client, address, status="won", value="1000", note="Two plants.")
    assert refused.status_code == 409
    for part in (
        'data-refusal="activities_open"',
        "Phone call, due tomorrow",
        "1000",
        "Two plants.",
    ):
        assert part in refused.text
    assert 'name="settles"' in refused.text
    assert WORDS not in refused.text
    token = csrf_of(client.get("/settings/sign-in").text)
    sent = {"csrf_token": token, "status": "won", "value": "1000"}
    fragment = client.post(
        address, data=sent, headers={"HX-Request": "true", "HX-Target": "answer"}
    )
    assert (fragment.status_code, "<html" in fragment.text) == (409, False)
    assert 'name="settles"' in fragment.text
    told = client.post(address, data=sent, headers={"Accept": "application/json"})
    assert told.json["code"] == "activities_open"
    assert told.json["activities"][0]["kind"] == "call"
    assert post(client, address, status="won", value="1000", settles="1").status_code == 303
    assert "settled as the lead was closed" in client.get(f"/leads/{lead.id}").text


def test_the_answer_that_a_pick_waits_for_settles_what_is_open_in_the_same_step(
    client: FlaskClient,
) -> None:
    rep = make_person()
    lead = make_held(rep)
    plan(lead, rep)
    held, wanted = held_of(lead), make_offered_lead(at=clock.now())
    sign_in(client, rep)
    address = f"/leads/{wanted.id}/feedback-and-pickup"
    answer = {"pickup_id": str(held), "status": "won", "value": "1000"}
    refused = post(client, address, **answer)
    assert refused.status_code == 409
    assert 'data-refusal="activities_open"' in refused.text
    assert refused.text.count('name="settles"') == 1
    assert held_of(wanted) is None
    assert post(client, address, **answer, settles="1").status_code in (200, 303)
    assert held_of(wanted) is not None


def test_a_lead_that_goes_back_takes_along_what_its_firm_had_planned(ctx: Flask) -> None:
    rep, manager = make_person(), make_manager()
    lead = make_held(rep)
    mine, theirs = plan(lead, rep), plan(lead, manager)
    pickup.give_back(held_of(lead), "wrong_number", None, get_actor(rep.id), clock.now())
    assert (find(mine).code, find(mine).is_open) == ("given_back", False)
    assert find(theirs).is_open
    assert [one.text for one in activities.load_own(lead.id, get_actor(rep.id))] == [WORDS]
    with pytest.raises(NotFound):
        plan(lead, rep)


def test_a_lead_that_is_handed_on_takes_along_what_its_holder_had_planned(ctx: Flask) -> None:
    firm = make_partner()
    rep, boss, colleague = (
        make_person(firm),
        make_person(firm, "partner_manager"),
        make_person(firm),
    )
    lead = make_held(rep)
    his, hers = plan(lead, rep), plan(lead, rep, assignee_id=boss.id)
    reassign(held_of(lead), colleague.id, get_actor(boss.id), clock.now())
    assert (find(his).assignee_id, find(hers).assignee_id) == (colleague.id, boss.id)


def test_what_somebody_who_leaves_had_planned_goes_to_who_answers_for_the_lead(ctx: Flask) -> None:
    firm = make_partner()
    rep, boss, chief = make_person(firm), *(make_person(firm, "partner_manager") for _ in "ab")
    pam, manager = make_person(make_vendor(), "account_manager"), make_manager()
    admin = make_person(make_vendor(), "admin")
    lead = make_held(rep)
    team.set_owner(lead.id, pam.id, get_actor(manager.id), clock.now())
    hers, his = plan(lead, boss), plan(lead, manager)
    leavers.deactivate(boss, None, get_actor(chief.id), clock.now())
    assert find(hers).assignee_id == rep.id
    leavers.deactivate(manager, None, get_actor(admin.id), clock.now())
    assert find(his).assignee_id == pam.id
    leavers.deactivate(pam, None, get_actor(admin.id), clock.now())
    assert find(his).assignee_id == admin.id
    assert list_planned("lead", lead.id, firm.id)[0].id == hers


# -- reminders --------------------------------------------------------------------------------


def test_somebody_is_reminded_once_and_again_only_when_it_is_moved_or_goes_to_another(
    ctx: Flask,
) -> None:
    firm = make_partner()
    rep, boss = make_person(firm), make_person(firm, "partner_manager")
    lead = make_held(rep)
    activity, now = plan(lead, rep), clock.now()

    def due(at):
        for activity_id in (*to_remind(at), activity):
            timeline.remind(activity_id, at)
        rows = session().scalars(select(EventRow.data).where(EventRow.name == "ActivityDue"))
        return [data["user_id"] for data in rows]

    assert due(now + HOUR) == []
    assert due(now + DAY) == [rep.id]
    assert due(now + 2 * DAY) == [rep.id]
    later = Entry("call", WORDS, now + 3 * DAY)
    activities.change(lead, activity, later, get_actor(rep.id), now + 2 * DAY)
    assert due(now + 3 * DAY) == [rep.id] * 2
    hers = Entry("call", WORDS, now + 3 * DAY, assignee_id=boss.id)
    activities.change(lead, activity, hers, get_actor(rep.id), now + 3 * DAY)
    assert due(now + 4 * DAY) == [rep.id, rep.id, boss.id]
    activities.settle(
        lead, activity, done=True, outcome="", actor=get_actor(boss.id), at=now + 4 * DAY
    )
    assert to_remind(now + 9 * DAY) == []

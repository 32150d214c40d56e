"""What is planned about customers, a new one handed to support, known addresses on Qualify."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.errors import Invalid
from portal.customers import activities, merging, operations, policy, queries, winning
from portal.customers.models import Customer
from portal.customers.operations import Account, Reach
from portal.customers.rules import next_working_day
from portal.leads import operations as leads
from portal.pickup import leavers
from portal.timeline.models import Activity
from tests.factories import (
    AT,
    CONTACT,
    answer_questions,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

WORDS = "Ask how the aquariums are."
TYPED = {"kind": "call", "text": WORDS, "due_on": "2099-01-31", "due_time": "10:00"}


@factory
def made(by, **over):
    account = Account(**{"name": "Zoo Supplies Ltd", "domain": "zoo.example", **over})
    reach = Reach(email="desk@zoo.example", phone="+49 511 7654321", person="Zoe Zander")
    return operations.create(account, reach, get_actor(by.id), clock.now(), looked=True)


@factory
def given(lead, customer, by):
    winning.assign(lead.id, customer.id, get_actor(by.id), clock.now())


@factory
def choose(by, **wanted):
    policy.choose(
        from_wins=True,
        number_demanded=False,
        classification_id=None,
        credit_rating_id=None,
        actor=get_actor(by.id),
        at=clock.now(),
        **wanted,
    )


@factory
def planned():
    rows = session().scalars(
        select(Activity)
        .where(Activity.subject == "customer")
        .order_by(Activity.id)
        .execution_options(populate_existing=True)
    )
    return list(rows)


def post(client, address, **fields):
    token = csrf_of(client.get("/settings/sign-in").text)
    return client.post(address, data={"csrf_token": token, **fields})


# -- what is planned about them -----------------------------------------------------------------


def test_who_sees_customers_plans_settles_and_finds_it_in_her_list(app):
    mara, olga = make_manager(), make_person(make_vendor(), "operations")
    zoo, browser = made(mara), sign_in(app.test_client(), mara)
    home = f"/customers/{zoo.id}"
    assert "Nothing planned, nothing done yet." in browser.get(home).text
    wrong = post(browser, f"{home}/activities", **{**TYPED, "text": ""})
    assert (wrong.status_code, "2099-01-31" in wrong.text) == (422, True)
    assert post(browser, f"{home}/activities", **TYPED, assignee=str(olga.id)).status_code == 303
    hers = sign_in(app.test_client(), olga)
    listed = hers.get("/activities").text
    assert WORDS in listed
    assert f'href="{home}">{zoo.number}' in listed
    its = f"{home}/activities/{planned()[0].id}"
    assert post(hers, f"{its}/completion", outcome="They thrive.").status_code == 303
    assert "They thrive." in browser.get(f"{home}?show=settled").text
    assert browser.get(f"/customers/987654321{its[len(home) :]}").status_code == 404


def test_who_meets_a_customer_on_a_lead_alone_reads_nothing_of_it(app):
    mara, pam = make_manager(), make_person(make_vendor(), "account_manager")
    rep = make_person(make_partner(account_manager_id=pam.id))
    zoo, firm_id = made(mara), rep.organisation_id
    lead = make_lead(state="held", holder_id=rep.id, holder_organisation_id=firm_id, picked_at=AT)
    given(lead, zoo, mara)
    home = f"/customers/{zoo.id}"
    post(sign_in(app.test_client(), mara), f"{home}/activities", **TYPED)
    its = f"{home}/activities/{planned()[0].id}"
    for stranger in (pam, rep):
        browser = sign_in(app.test_client(), stranger)
        page = browser.get(home)
        assert page.status_code == 200
        assert WORDS not in page.text
        for address in (f"{home}/activity", its):
            assert browser.get(address).status_code == 403
        assert post(browser, f"{its}/completion").status_code == 403


def test_of_two_that_become_one_nothing_planned_or_noted_is_lost(ctx):
    mara = make_manager()
    actor, kept, gone = get_actor(mara.id), made(mara), made(mara)
    entry = activities.timeline.Entry("call", WORDS, datetime(2099, 1, 31, tzinfo=UTC))
    about = activities.about(gone.id)
    activities.timeline.enter(about, entry, done=False, people={mara.id}, actor=actor, at=AT)
    activities.notes.write(about, "They like fish.", False, actor, AT)
    merging.merge(kept.id, gone.id, actor, clock.now())
    assert [one.text for one in activities.load_activities(kept, actor)] == [WORDS]
    assert [one.text for one in activities.load_notes(kept, actor)] == ["They like fish."]


def test_a_note_on_a_customer_or_partner_stays_with_those_who_plan_there(app):
    mara, olga = make_manager(), make_person(make_vendor(), "operations")
    firm = make_partner()
    boss = make_person(firm, "partner_manager")
    zoo, browser = made(mara), sign_in(app.test_client(), mara)
    for home, reader, stranger in (
        (f"/customers/{zoo.id}", olga, boss),
        (f"/partners/{firm.id}", mara, boss),
    ):
        assert post(browser, f"{home}/notes", text=" ").status_code == 422
        assert post(browser, f"{home}/notes", text="They like fish.").status_code == 303
        assert "They like fish." in sign_in(app.test_client(), reader).get(home).text
        page = browser.get(f"{home}?show=note").text
        its = f"{home}/notes/" + page.partition(f'action="{home}/notes/')[2].partition("/")[0]
        assert post(browser, its, text="They like birds.").status_code == 303
        assert "They like fish." in browser.get(its).text
        theirs = sign_in(app.test_client(), stranger)
        assert theirs.get(its).status_code == 403
        assert post(theirs, f"{its}/removal").status_code == 403
        assert browser.get(its.replace(home, f"{home}999")).status_code == 404
        assert post(browser, f"{its}/removal").status_code == 303
        assert "They like" not in browser.get(home).text


# -- support --------------------------------------------------------------------------------------


def react():
    session().flush()
    jobs.run_now("core.dispatch", {"here": True}, clock.now())


def test_a_customer_of_a_lead_is_a_task_for_support_and_one_made_by_hand_is_none(ctx):
    mara, sam = make_manager(), make_person(make_vendor(), "operations", locale="de")
    choose(mara, support_id=sam.id)
    made(mara)
    lead = make_lead(CONTACT)
    winning.make_of(lead.id, get_actor(mara.id), clock.now())
    react()
    (task,) = planned()
    customer = queries.find_of_lead(lead.id)
    assert (task.subject_id, task.kind, task.assignee_id) == (customer.id, "task", sam.id)
    (read,) = activities.load_activities(customer, get_actor(sam.id))
    assert customer.number in read.text
    assert lead.number in read.text
    assert read.author is None
    leavers.deactivate(
        session().merge(sam), None, get_actor(make_person(make_vendor(), "admin").id), AT
    )
    assert planned()[0].assignee_id is None, "the admin sees no customers"


def test_a_customer_that_a_win_taken_back_leaves_has_no_task_any_more(ctx):
    mara = make_manager()
    choose(mara, support_id=mara.id)
    lead = make_lead(CONTACT)
    actor = get_actor(mara.id)
    customer = winning.find_or_make(lead, actor, clock.now(), by_win=True)
    react()
    assert len(planned()) == 1
    winning.take_win_back(lead, actor, clock.now())
    assert planned() == []
    assert session().scalar(select(Customer.id).where(Customer.id == customer.id)) is None


def test_support_is_named_among_those_who_see_customers(ctx):
    mara, qualifier = make_manager(), make_person(make_vendor(), "qualifier")
    for odd in (qualifier.id, make_person().id, 987654321):
        with pytest.raises(Invalid) as refused:
            choose(mara, support_id=odd)
        assert list(refused.value.errors) == ["support_id"]


def test_the_task_is_due_in_the_morning_of_the_next_working_day():
    friday = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
    assert next_working_day(friday, "Europe/Berlin") == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert next_working_day(friday, "Asia/Tokyo") == datetime(2026, 11, 23, 0, tzinfo=UTC)
    assert next_working_day(AT, "UTC") == datetime(2026, 11, 17, 9, tzinfo=UTC)


# -- Qualify --------------------------------------------------------------------------------------


def test_a_qualified_lead_is_its_customers_where_the_programme_wants_that(ctx):
    mara = make_manager()
    zoo = made(mara, domain="kanarienwerke.example")
    for wanted in (False, True):
        choose(mara, from_qualified=wanted)
        lead = make_lead(CONTACT, state="qualifying")
        answer_questions(lead)
        leads.qualify(lead.id, get_actor(mara.id), clock.now())
        react()
        found = queries.find_of_lead(lead.id)
        assert (found and found.id) == (zoo.id if wanted else None)
    assert session().scalars(select(Customer)).one().id == zoo.id


def test_a_known_address_is_taken_into_the_form_and_counts_once_it_is_saved(app):
    mara = make_manager()
    zoo, lead = made(mara), make_lead({**CONTACT, "email": None}, state="qualifying")
    browser = sign_in(app.test_client(), mara)
    page = f"/qualify/{lead.id}"
    assert "desk@zoo.example" not in browser.get(page).text
    given(lead, zoo, mara)
    shown = browser.get(page).text
    assert 'name="take" value="email:desk@zoo.example"' in shown
    assert "Zoe Zander" in shown
    typed = {"company": "Typed Ltd", "version": "1", "take": "email:desk@zoo.example"}
    taken = post(browser, page, **typed)
    assert taken.status_code == 200
    for there in ('value="desk@zoo.example"', 'value="Typed Ltd"'):
        assert there in taken.text
    assert 'value="desk@zoo.example"' not in browser.get(page).text


def test_a_qualifier_takes_from_the_customers_other_leads_what_she_sees_there_anyway(app):
    mara, quinn = make_manager(), make_person(make_vendor(), "qualifier")
    rep = make_person()
    zoo, lead = made(mara), make_lead(CONTACT, state="qualifying")
    seen = make_lead({**CONTACT, "email": "seen@zoo.example"}, state="qualified")
    held = make_lead(
        {**CONTACT, "email": "held@zoo.example"},
        state="held",
        holder_id=rep.id,
        holder_organisation_id=rep.organisation_id,
        picked_at=AT,
    )
    for one in (lead, seen, held):
        given(one, zoo, mara)
    page = sign_in(app.test_client(), quinn).get(f"/qualify/{lead.id}").text
    assert 'value="email:seen@zoo.example"' in page
    for hidden in ("held@zoo.example", "desk@zoo.example", "Zoo Supplies"):
        assert hidden not in page


def test_an_inquiry_that_may_be_a_customers_says_so_to_who_may_link_it(app):
    mara, quinn = make_manager(), make_person(make_vendor(), "qualifier")
    made(mara, domain="kanarienwerke.example")
    lead = make_lead(CONTACT, state="qualifying")
    words = "It may be a lead of a customer you have."
    assert words in sign_in(app.test_client(), mara).get(f"/qualify/{lead.id}").text
    assert words not in sign_in(app.test_client(), quinn).get(f"/qualify/{lead.id}").text

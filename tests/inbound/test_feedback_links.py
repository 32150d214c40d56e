"""The five answers from a mail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from portal.accounts.models import Organisation
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.mail.links import Purpose
from portal.feedback import operations as feedback
from portal.feedback.models import Feedback
from portal.feedback.rules import Answer
from portal.leads import activities
from portal.leads.models import Lead
from portal.offers.models import Offer
from portal.partners.models import Absence, Partner
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.pickup.reassign import reassign
from portal.timeline.rules import Entry
from tests.factories import CONTACT, day_here, factory, make_offered_lead, make_partner, make_person
from tests.inbound.pressing import Forms, events, get, issue, press, text_of, waited


@pytest.fixture
def rep(app):
    return make_person(make_partner("Alpha Systems"), name="Alice")


@factory
def hold(rep, days=2, **over):
    """Let a rep hold a lead for some days."""
    at = clock.now() - timedelta(days=days)
    lead = make_offered_lead(at=at, **over)
    return lead, pickup.claim(lead.id, get_actor(rep.id), at).pickup_id


@factory
def give(held, rep, answer, days=0.0):
    at = clock.now() - timedelta(days=days)
    return feedback.give(held, answer, get_actor(rep.id), at).id


COLLEAGUES = ("Alan", "Bea", "Cleo")


@factory
def load_firm(rep):
    return session().get_one(Organisation, rep.organisation_id)


@factory
def keep_busy(firm, rep):
    """Let the people of a firm hold one lead each, and one of them has hers."""
    session().get_one(Partner, firm.id).rep_capacity = 1
    lead = make_offered_lead(at=clock.now())
    pickup.claim(lead.id, get_actor(rep.id), clock.now())


@factory
def fill_hands(firm):
    """Let nobody of a firm take another lead."""
    session().get_one(Partner, firm.id).rep_capacity = 0


def asked(rep, **over):
    lead, held = hold(rep, **over)
    return lead, held, issue(Purpose.FEEDBACK, rep, lead_id=lead.id, pickup_id=held)


ANSWERS = [
    ("not_contacted", {}, "Not made contact yet"),
    ("waiting", {"note": "He calls back."}, "Waiting for their answer"),
    ("proposal", {"next_step": "Visit", "next_step_on": "2099-01-31"}, "Proposal in progress"),
    ("won", {"value": "12500"}, "Won, €12,500"),
    ("lost", {"reason": "price", "decision_maker": "The board"}, "Lost / not interested"),
]


@pytest.mark.parametrize(("status", "typed", "words"), ANSWERS, ids=[a[0] for a in ANSWERS])
def test_each_of_the_five_answers_can_be_given(client, rep, status, typed, words):
    lead, held, path = asked(rep)
    answer = press(client, path, "feedback", status, query=f"?s={status}", **typed)
    assert answer.status_code == 200, text_of(answer.text)
    assert f"We recorded: {words}." in text_of(answer.text)
    for secret in (*CONTACT.values(), "Alpha Systems", "Alice"):
        assert secret not in answer.text
    assert get(Pickup, held).last_status == status
    assert get(Lead, lead.id).state == ("closed" if status in ("won", "lost") else "held")
    ((_, actor, channel, data),) = events("MailActionDone")
    assert (actor, channel) == (rep.id, "mail")
    assert (data["action"], data["status"]) == ("feedback", status)
    assert get(Feedback, data["feedback_id"]).channel == "mail"


def test_the_choice_in_the_address_only_opens_its_part(client, rep):
    _lead, held, path = asked(rep)
    for status, part in (("won", "Report as won"), ("lost", "Report as lost")):
        page = client.get(f"{path}?s={status}").text
        opened = page.split('<details class="answer" open>')[1]
        assert opened.split('<details class="answer"')[0].count(part) == 1
    plain = client.get(f"{path}?s=waiting").text
    assert "press to send" in plain
    assert get(Pickup, held).last_status is None


def test_a_holder_says_by_mail_that_his_firm_knew_the_customer_before(client, rep):
    lead, held, path = asked(rep)
    odd = press(client, path, "known", query="?s=known", how="customer", since="2999-01-31")
    assert odd.status_code == 422
    assert "That is after the lead came in." in text_of(odd.text)
    assert 'value="2999-01-31"' in odd.text
    said = press(client, path, "known", query="?s=known", how="customer", since="2024-03-01")
    assert "A channel manager decides" in text_of(said.text)
    for secret in CONTACT.values():
        assert secret not in said.text
    ((_, actor, channel, data),) = events("KnowledgeClaimed")
    assert (actor, channel, data["user_id"]) == (rep.id, "mail", rep.id)
    assert "We knew this customer before" not in client.get(path).text
    shown = text_of(client.get(f"{path}?s=known").text)
    assert "“We knew this customer before” can’t be done now." in shown
    assert get(Pickup, held).last_status is None
    assert get(Lead, lead.id).state == "held"
    # who stands in can't say so of what was offered to the holder alone
    firm = make_partner("Beta Networks")
    bea, helper = make_person(firm, name="Bea"), make_person(firm, name="Bob")
    other, theirs = hold(bea)
    stand_in(bea, helper, other.id)
    assert "?s=known" not in client.get(issue(Purpose.FEEDBACK, helper, pickup_id=theirs)).text


@factory
def stand_in(rep, helper, lead_id):
    """Let somebody stand in for the holder of a lead that was offered to the holder alone."""
    today = day_here(clock.now())
    session().add(
        Absence(
            organisation_id=rep.organisation_id,
            user_id=rep.id,
            delegate_id=helper.id,
            starts_on=today - timedelta(days=1),
            ends_on=today + timedelta(days=1),
        )
    )
    session().execute(update(Offer).where(Offer.lead_id == lead_id).values(user_id=rep.id))


def test_who_leads_the_firm_hands_a_lead_on_by_mail(client, rep):
    lead, held = hold(rep)
    firm = load_firm(rep)
    anna, alan, bea, cleo = (
        make_person(firm, role, name=name)
        for role, name in (("partner_manager", "Anna"), *(("partner_rep", n) for n in COLLEAGUES))
    )
    keep_busy(firm, cleo)
    path = issue(Purpose.FEEDBACK, anna, lead_id=lead.id, pickup_id=held)
    others = issue(Purpose.FEEDBACK, rep, lead_id=lead.id, pickup_id=held)
    hers = client.get(others).text
    assert "Hand on to a colleague" not in hers
    forged = {**Forms(hers).for_("interest"), "action": "hand_on", "to": alan.id}
    assert client.post(others, data=waited(client.application, forged)).status_code == 404
    asked = Forms(client.get(f"{path}?s=hand_on").text).for_("hand_on")
    hurried = client.post(path, data={**asked, "to": alan.id})
    for words in (f'value="{alan.id}" required checked', "Alice holds it now"):
        assert (hurried.status_code, words in hurried.text) == (409, True)
    for to, status, words in (
        ("", 422, "Please choose a colleague who picks up leads."),
        (cleo.id, 409, "Cleo holds 1 lead, as many as agreed."),
        (alan.id, 200, f"{lead.number} is in the hands of Alan now."),
        (alan.id, 200, f"{lead.number} is in the hands of Alan now."),
        (bea.id, 409, f"{lead.number} was handed on a moment ago: Alan holds it now."),
    ):
        answer = client.post(path, data={**waited(client.application, asked), "to": to})
        assert (answer.status_code, words in text_of(answer.text)) == (status, True), to
        assert not any(secret in answer.text for secret in CONTACT.values())
    assert get(Pickup, held).user_id == alan.id
    assert "?s=hand_on" in client.get(path).text
    fill_hands(firm)
    assert "?s=hand_on" not in client.get(path).text
    ((_, actor, channel, data),) = events("LeadReassigned")
    assert (actor, channel, data["user_id"]) == (anna.id, "mail", alan.id)


def test_a_won_lead_needs_its_value_and_a_lost_one_its_reason(client, rep):
    _lead, held, path = asked(rep)
    won = press(client, path, "feedback", "won", value="", note="Yes!")
    assert won.status_code == 422
    assert "Please give the value of the order." in text_of(won.text)
    assert 'value="Yes!"' in won.text
    lost = press(client, path, "feedback", "lost", reason="", decision_maker="")
    assert "Please choose why it was lost." in text_of(lost.text)
    assert "Please say who decided" in text_of(lost.text)
    assert get(Pickup, held).last_status is None


def test_no_contact_a_second_time_asks_for_a_dated_next_step(client, rep):
    _lead, held, path = asked(rep)
    give(held, rep, Answer("not_contacted"), days=1)
    bare = press(client, path, "feedback", "not_contacted")
    assert bare.status_code == 422
    assert "Please name the day on which you try next." in text_of(bare.text)
    full = press(
        client,
        path,
        "feedback",
        "not_contacted",
        next_step="Call the plant",
        next_step_on="2099-02-01",
    )
    assert full.status_code == 200
    assert get(Pickup, held).uncontacted == 2


def test_the_page_tells_the_last_answer_but_no_word_of_its_note(client, rep):
    _lead, held, path = asked(rep)
    give(held, rep, Answer("waiting", note="Ask for Mrs Zyx"), days=1)
    page = text_of(client.get(path).text)
    assert "Your last answer: Waiting for their answer, yesterday." in page
    assert "Zyx" not in page


def test_the_same_choice_later_is_a_new_answer(client, rep):
    _lead, held, path = asked(rep)
    give(held, rep, Answer("waiting"), days=1)
    assert press(client, path, "feedback", "waiting").status_code == 200
    assert len(events("FeedbackGiven")) == 2


def test_a_lead_that_is_over_says_so_and_takes_no_answer(client, rep):
    for word, answer in (
        ("You reported it as won.", Answer("won", value=5)),
        ("You reported it as lost.", Answer("lost", reason="price", decision_maker="He")),
    ):
        _lead, held, path = asked(rep)
        fields = waited(
            client.application, Forms(client.get(path).text).for_("feedback", "waiting")
        )
        give(held, rep, answer)
        page = client.get(path)
        assert page.status_code == 404
        assert word in text_of(page.text)
        late = client.post(path, data={**fields, "status": "waiting"})
        assert late.status_code == 409
        assert 'data-refusal="not_yours_any_more"' in late.text
    assert not events("MailActionDone")


def test_a_manager_answers_for_her_firm_and_nobody_elses(client, rep):
    firm = get(Organisation, rep.organisation_id)
    boss = make_person(firm, "partner_manager", name="Anna")
    stranger = make_person(make_partner("Beta Networks"), "partner_manager")
    lead, held, _path = asked(rep)
    theirs = issue(Purpose.FEEDBACK, stranger, lead_id=lead.id, pickup_id=held)
    assert client.get(theirs).status_code == 404
    hers = issue(Purpose.FEEDBACK, boss, lead_id=lead.id, pickup_id=held)
    assert press(client, hers, "feedback", "proposal").status_code == 200
    assert get(Pickup, held).last_status == "proposal"


@factory
def hand_on(held, boss, colleague):
    reassign(held, colleague.id, get_actor(boss.id), clock.now())


def test_a_lead_that_was_handed_on_says_so_to_who_held_it_and_takes_no_answer(client, rep):
    firm = get(Organisation, rep.organisation_id)
    boss = make_person(firm, "partner_manager", name="Anna")
    first, second = make_person(firm, name="Alan"), make_person(firm, name="Thea")
    lead, held, path = asked(rep)
    undo = issue(Purpose.UNDO, rep, lead_id=lead.id, pickup_id=held)
    fields = waited(client.application, Forms(client.get(path).text).for_("feedback", "waiting"))
    taking = waited(client.application, Forms(client.get(undo).text).for_("undo"))
    hand_on(held, boss, first)
    # she is told the same once it has gone on from there
    for _ in range(2):
        for link, sent in ((path, {**fields, "status": "waiting"}), (undo, taking)):
            page, late = client.get(link), client.post(link, data=sent)
            assert (page.status_code, late.status_code) == (404, 409)
            for answer in (page, late):
                assert 'data-refusal="not_yours_any_more"' in answer.text
                assert "is in a colleague’s hands now." in text_of(answer.text)
                for secret in (*CONTACT.values(), "Alan", "Thea", "Anna"):
                    assert secret not in answer.text
        hand_on(held, boss, second)
    assert not events("MailActionDone")
    assert get(Pickup, held).last_status is None
    hers = issue(Purpose.FEEDBACK, second, lead_id=lead.id, pickup_id=held)
    assert press(client, hers, "feedback", "proposal").status_code == 200


def test_a_lead_that_came_back_to_her_takes_her_answer_again(client, rep):
    firm = get(Organisation, rep.organisation_id)
    boss, colleague = make_person(firm, "partner_manager"), make_person(firm)
    _lead, held, path = asked(rep)
    hand_on(held, boss, colleague)
    hand_on(held, boss, rep)
    assert press(client, path, "feedback", "waiting").status_code == 200
    assert get(Pickup, held).last_status == "waiting"


@factory
def plan_call(lead, rep, words):
    """Have the holder plan a call for tomorrow."""
    now = clock.now()
    found = session().get_one(Lead, lead.id, populate_existing=True)
    call = Entry("call", words, now + timedelta(days=1))
    activities.enter(found, call, done=False, actor=get_actor(rep.id), at=now)


def test_what_is_planned_is_told_without_its_words_and_one_press_settles_it(client, rep):
    lead, held, path = asked(rep)
    plan_call(lead, rep, "Ring Zephyrine.")
    refused = press(client, path, "feedback", "won", value="12500", note="Two plants.")
    assert refused.status_code == 409
    assert 'data-refusal="activities_open"' in refused.text
    assert "Phone call, due tomorrow" in text_of(refused.text)
    assert "Zephyrine" not in refused.text
    fields = waited(client.application, Forms(refused.text).for_("feedback", "won"))
    sent = {**fields, "value": "12500", "note": "Two plants.", "settles": "1"}
    done = client.post(path, data=sent)
    assert done.status_code == 200, text_of(done.text)
    assert "We recorded: Won, €12,500." in text_of(done.text)
    assert get(Pickup, held).outcome == "won"
    assert [data["code"] for *_, data in events("ActivitySettled")] == ["closed"]

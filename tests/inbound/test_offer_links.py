"""Pick up and "Not for me" from a mail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.accounts.models import Organisation, User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import unit_of_work
from portal.core.mail.links import Purpose
from portal.inbound import queries
from portal.leads.models import Lead
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import (
    CONTACT,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)
from tests.inbound.pressing import (
    Forms,
    change,
    events,
    get,
    issue,
    press,
    text_of,
    waited,
)


@pytest.fixture
def rep(app):
    return make_person(make_partner("Alpha Systems"), name="Alice")


def offered(rep, **over):
    lead = make_offered_lead(at=clock.now(), **over)
    return lead, issue(Purpose.OFFER, rep, lead_id=lead.id, round_=1)


@factory
def claim(lead, user):
    return pickup.claim(lead.id, get_actor(user.id), clock.now()).pickup_id


def test_a_press_picks_the_lead_up_and_the_page_keeps_the_contact_to_the_mail(client, rep):
    lead, path = offered(rep)
    answer = press(client, path, "pick")
    assert answer.status_code == 200
    assert "It is yours" in text_of(answer.text)
    assert get(Lead, lead.id).holder_id == rep.id
    for secret in (*CONTACT.values(), "Alpha Systems", "Alice", rep.email):
        assert secret not in answer.text
    ((_, actor, channel, data),) = events("MailActionDone")
    assert (actor, channel, data["action"]) == (rep.id, "mail", "pick")
    assert data["pickup_id"]


def test_opening_never_picks_up_and_names_number_and_title_only(client, rep):
    lead, path = offered(rep)
    page = client.get(path)
    assert page.status_code == 200
    said = text_of(page.text)
    assert lead.number in said
    assert "Replace 14 ageing network cabinets" in said
    for secret in (*CONTACT.values(), "Alpha Systems", "Alice", rep.email):
        assert secret not in page.text
    assert get(Lead, lead.id).holder_id is None
    assert "Set-Cookie" not in page.headers
    assert "<script" not in page.text


def test_pressing_again_says_it_is_yours_already(client, rep):
    _lead, path = offered(rep)
    fields = waited(client.application, Forms(client.get(path).text).for_("pick"))
    assert "It is yours" in text_of(client.post(path, data=fields).text)
    again = client.post(path, data=fields)
    assert again.status_code == 200
    assert "It is yours already" in text_of(again.text)
    assert len(events("MailActionDone", "LeadPickedUp")) == 2
    assert "It is yours already" in text_of(client.get(path).text)


def test_who_comes_second_gets_the_honest_answer_without_a_teaser(app, client, rep):
    other = make_person(make_partner("Beta Networks"), name="Bob")
    lead, path = offered(rep)
    fields = waited(app, Forms(client.get(path).text).for_("pick"))
    claim(lead, other)
    answer = client.post(path, data=fields)
    assert answer.status_code == 409
    assert 'data-refusal="already_taken"' in answer.text
    page = client.get(path)
    assert page.status_code == 404
    for html in (answer.text, page.text):
        assert "Another firm was faster" in text_of(html)
        for secret in ("Replace 14", "Beta", "Bob", *CONTACT.values()):
            assert secret not in html
    assert not events("MailActionDone")


def test_who_lost_by_mail_is_told_by_mail(committed):
    client = committed.test_client()
    rep, other = make_person(make_partner("Alpha Systems")), make_person(make_partner("Beta"))
    lead, path = offered(rep)
    fields = waited(committed, Forms(client.get(path).text).for_("pick"))
    claim(lead, other)
    assert client.post(path, data=fields).status_code == 409
    ((_, actor, channel, data),) = events("MailPickLost")
    assert (actor, channel, data["user_id"]) == (rep.id, "mail", rep.id)


def test_a_red_gate_shows_the_owed_question_in_place_and_the_answer_picks(client, rep):
    held = make_offered_lead(at=clock.now(), title="The lead in hand")
    owed = claim(held, rep)
    lead, path = offered(rep)
    refused = press(client, path, "pick")
    assert refused.status_code == 409
    assert 'data-refusal="feedback_owed"' in refused.text
    said = text_of(refused.text)
    assert "One answer and this lead is yours." in said
    assert "The lead in hand" in said
    for secret in CONTACT.values():
        assert secret not in refused.text
    fields = waited(client.application, Forms(refused.text).for_("answer", "waiting"))
    fields["status"] = "waiting"
    answer = client.post(path, data={**fields, "note": "He calls back."})
    assert answer.status_code == 200
    assert "It is yours" in text_of(answer.text)
    assert get(Lead, lead.id).holder_id == rep.id
    assert get(Pickup, owed).last_status == "waiting"
    done = [(data["action"], data["status"]) for *_, data in events("MailActionDone")]
    assert done == [("feedback", "waiting"), ("pick", None)]
    again = client.post(path, data={**fields, "note": "He calls back."})
    assert "It is yours already" in text_of(again.text)
    assert len(events("FeedbackGiven")) == 1


def test_two_owed_answers_are_given_one_after_the_other_and_then_it_is_picked(client, rep):
    held = []
    for _ in range(2):
        held.append(claim(make_offered_lead(at=clock.now()), rep))
        change(Pickup, held[-1], last_feedback_at=clock.now())
    for owed in held:
        change(Pickup, owed, last_feedback_at=None)
    lead, path = offered(rep)
    page = press(client, path, "pick")
    assert "2 answers and this lead is yours." in text_of(page.text)
    fields = waited(client.application, Forms(page.text).for_("answer", "waiting"))
    page = client.post(path, data={**fields, "status": "waiting"})
    assert page.status_code == 409
    assert "Your answer is saved." in text_of(page.text)
    assert "One answer and this lead is yours." in text_of(page.text)
    assert get(Lead, lead.id).holder_id is None
    fields = waited(client.application, Forms(page.text).for_("answer", "proposal"))
    page = client.post(path, data={**fields, "status": "proposal"})
    assert "It is yours" in text_of(page.text)
    assert sorted(get(Pickup, owed).last_status for owed in held) == ["proposal", "waiting"]
    assert get(Lead, lead.id).holder_id == rep.id


def test_an_owed_answer_that_lacks_something_keeps_what_was_typed(client, rep):
    claim(make_offered_lead(at=clock.now()), rep)
    lead, path = offered(rep)
    refused = press(client, path, "pick")
    fields = waited(client.application, Forms(refused.text).for_("answer", "won"))
    answer = client.post(path, data={**fields, "value": "", "note": "Signed <today>"})
    assert answer.status_code == 422
    assert "Please give the value of the order." in text_of(answer.text)
    assert 'value="Signed &lt;today&gt;"' in answer.text
    assert get(Lead, lead.id).holder_id is None


def test_the_answer_is_saved_even_if_the_lead_went_meanwhile(app, client, rep):
    owed = claim(make_offered_lead(at=clock.now()), rep)
    other = make_person(make_partner("Beta Networks"))
    lead, path = offered(rep)
    refused = press(client, path, "pick")
    fields = waited(app, Forms(refused.text).for_("answer", "proposal"))
    claim(lead, other)
    answer = client.post(path, data={**fields, "status": "proposal"})
    assert answer.status_code == 409
    said = text_of(answer.text)
    assert "Another firm was faster" in said
    assert "Your answer is saved." in said
    assert get(Pickup, owed).last_status == "proposal"
    assert [data["action"] for *_, data in events("MailActionDone")] == ["feedback"]
    assert len(events("MailPickLost")) == 1


def test_not_for_me_needs_a_reason_and_is_heard_once(client, rep):
    make_person(get_firm(rep), name="Alan")
    lead, path = offered(rep)
    nameless = press(client, path, "decline")
    assert nameless.status_code == 422
    assert "Please choose a reason." in text_of(nameless.text)
    fields = waited(client.application, Forms(client.get(path).text).for_("decline"))
    for heading in ("Thank you", "Already recorded"):
        answer = client.post(path, data={**fields, "reason": "too_far"})
        assert answer.status_code == 200
        assert heading in text_of(answer.text)
    assert len(events("OfferDismissed")) == len(events("MailActionDone")) == 1
    assert get(Lead, lead.id).state == "offered"
    page = text_of(client.get(path).text)
    assert "You can still pick it up." in page
    assert "It is yours" in text_of(press(client, path, "pick").text)


def test_who_may_not_pick_up_gets_no_button_and_no_lead(app, client):
    firm = make_partner("Alpha Systems")
    make_person(firm, name="Alice")
    boss = make_person(firm, "partner_manager", name="Anna")
    lead, path = offered(boss)
    page = Forms(client.get(path).text)
    assert page.all_actions() == ["decline"]
    fields = waited(app, {**page.for_("decline"), "action": "pick"})
    assert client.post(path, data=fields).status_code == 404
    assert get(Lead, lead.id).holder_id is None


def test_a_full_hand_and_an_absence_are_refused_as_on_the_portal(app, client):
    firm = make_partner("Alpha Systems", rep_capacity=0)
    rep = make_person(firm)
    _lead, path = offered(rep)
    answer = press(client, path, "pick")
    assert answer.status_code == 409
    assert 'data-refusal="capacity_reached"' in answer.text


def test_the_page_speaks_the_language_of_the_person_whoever_is_signed_in(client, rep):
    change(User, rep.id, locale="de", theme="dark")
    _lead, path = offered(rep)
    english = make_person(make_partner("Beta Networks"), name="Bob")
    sign_in(client, english)
    page = client.get(path, headers={"Accept-Language": "fr"})
    assert '<html lang="de" data-bs-theme="dark">' in page.text
    assert "Bob" not in page.text
    assert press(client, path, "pick").status_code == 200
    assert [actor for _, actor, *_ in events("LeadPickedUp")] == [rep.id]
    assert get(User, english.id).theme == "auto"


def get_firm(user):
    return get(Organisation, user.organisation_id)


def test_a_page_opened_while_she_picks_up_never_says_that_somebody_was_faster(
    committed, monkeypatch
):
    mark_of = queries.mark_of_offer

    def pick(lead_id, actor):
        with committed.app_context(), unit_of_work():
            pickup.claim(lead_id, get_actor(actor.id), clock.now())

    def pick_elsewhere(lead_id, actor):
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(pick, lead_id, actor).result()

    for steps, is_told in (
        ((pick_elsewhere, mark_of), True),
        ((mark_of, pick_elsewhere), False),
    ):

        def meanwhile(lead_id, actor, steps=steps):
            return next(filter(None, [step(lead_id, actor) for step in steps]))

        monkeypatch.setattr(queries, "mark_of_offer", meanwhile)
        _lead, path = offered(make_person())
        answer = committed.test_client().get(path)
        assert answer.status_code == 200, text_of(answer.text)
        assert ("It is yours" in text_of(answer.text)) is is_told

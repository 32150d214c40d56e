"""Taking back what a mail said was recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.mail.links import Purpose
from portal.feedback import operations as feedback
from portal.feedback.models import Feedback
from portal.feedback.rules import Answer
from portal.leads.models import Lead
from portal.offers import operations as offers
from portal.offers.models import Dismissal, Offer, OfferExclusion, OfferRound
from portal.partners.models import PartnerFigures
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import factory, make_offered_lead, make_partner, make_person
from tests.inbound.pressing import Forms, change, events, get, issue, press, text_of, waited

LOST = Answer("lost", reason="price", decision_maker="The board")
BEFORE = (
    "feedback_due_at",
    "last_feedback_at",
    "last_status",
    "first_contact_at",
    "uncontacted",
    "debt",
    "ended_at",
    "outcome",
)


@pytest.fixture
def rep(app):
    return make_person(make_partner("Alpha Systems"), name="Alice")


@factory
def hold(rep, days=2):
    at = clock.now() - timedelta(days=days)
    lead = make_offered_lead(at=at)
    return lead, pickup.claim(lead.id, get_actor(rep.id), at).pickup_id


@factory
def give(held, rep, answer, hours=1.0):
    at = clock.now() - timedelta(hours=hours)
    return feedback.give(held, answer, get_actor(rep.id), at).id


@factory
def decline(lead, rep):
    return offers.decline(lead.id, "too_far", get_actor(rep.id), clock.now())


@factory
def figures(rep):
    found = session().get_one(PartnerFigures, rep.organisation_id)
    names = ("open_pickups", "won", "lost", "declined", "answers_in_time", "answers_late")
    return {name: getattr(found, name) for name in names}


@factory
def offer_of(lead, rep):
    where = (Offer.lead_id == lead.id, Offer.organisation_id == rep.organisation_id)
    found = session().scalars(select(Offer).where(*where)).one()
    session().expunge(found)
    return found


def state_of(lead, held):
    pickup_, now = get(Pickup, held), get(Lead, lead.id)
    said = {name: getattr(pickup_, name) for name in BEFORE}
    return {**said, "lead": (now.state, now.status_id, now.holder_id, now.closed_at)}


@pytest.mark.parametrize(
    "answer",
    [Answer("not_contacted"), Answer("waiting"), Answer("won", value=900), LOST],
    ids=lambda answer: answer.status,
)
def test_an_answer_taken_back_leaves_all_as_it_was_before(client, rep, answer):
    lead, held = hold(rep)
    give(held, rep, Answer("proposal"), hours=20)
    before, sums = state_of(lead, held), figures(rep)
    given = give(held, rep, answer)
    assert state_of(lead, held) != before
    path = issue(Purpose.UNDO, rep, lead_id=lead.id, pickup_id=held, feedback_id=given)
    page = text_of(client.get(path).text)
    assert "Take it back?" in page
    assert state_of(lead, held) != before, "opening takes nothing back"
    assert "Taken back" in text_of(press(client, path, "undo").text)
    assert state_of(lead, held) == before
    assert figures(rep) == sums
    assert get(Feedback, given).taken_back_at is not None
    ((_, actor, channel, data),) = events("MailActionDone")
    assert (actor, channel, data["action"]) == (rep.id, "mail", "undo_feedback")
    assert len(events("FeedbackTakenBack")) == 1


def test_the_first_answer_taken_back_is_owed_again(client, rep):
    lead, held = hold(rep)
    before = state_of(lead, held)
    given = give(held, rep, Answer("waiting"))
    path = issue(Purpose.UNDO, rep, lead_id=lead.id, pickup_id=held, feedback_id=given)
    assert press(client, path, "undo").status_code == 200
    assert state_of(lead, held) == before
    assert before["last_feedback_at"] is None


def test_after_an_undo_the_same_answer_counts_again(client, rep):
    lead, held = hold(rep)
    given = give(held, rep, Answer("waiting"), hours=0)
    path = issue(Purpose.UNDO, rep, lead_id=lead.id, pickup_id=held, feedback_id=given)
    assert press(client, path, "undo").status_code == 200
    again = give(held, rep, Answer("waiting"), hours=0)
    assert again != given
    assert get(Pickup, held).last_status == "waiting"


def test_a_pick_is_undone_as_long_as_nothing_was_reported(client, rep):
    make_person(make_partner("Beta Networks"))
    lead, held = hold(rep, days=1)
    path = issue(Purpose.UNDO, rep, lead_id=lead.id, pickup_id=held)
    fields = waited(client.application, Forms(client.get(path).text).for_("undo"))
    assert "Taken back" in text_of(client.post(path, data=fields).text)
    ended = get(Pickup, held)
    assert ended.outcome == "given_back"
    assert get(Lead, lead.id).state in ("offered", "returned")
    assert "Taken back already" in text_of(client.post(path, data=fields).text)
    assert len(events("MailActionDone")) == 1


@pytest.mark.parametrize("why", ["reported", "long ago"])
def test_a_pick_is_not_undone_when_it_has_gone_on(client, rep, why):
    lead, held = hold(rep, days=4 if why == "long ago" else 1)
    path = issue(Purpose.UNDO, rep, lead_id=lead.id, pickup_id=held)
    if why == "reported":
        give(held, rep, Answer("waiting"))
    answer = press(client, path, "undo")
    assert answer.status_code == 409
    assert 'data-refusal="too_late_to_undo"' in answer.text
    assert get(Lead, lead.id).holder_id == rep.id


def test_a_decline_is_undone_while_the_offer_stands(client, rep):
    make_person(make_partner("Beta Networks"))
    lead = make_offered_lead(at=clock.now())
    sums = figures(rep)
    assert decline(lead, rep) is True, "he is all of his firm"
    assert offer_of(lead, rep).declined_at is not None
    path = issue(Purpose.UNDO, rep, lead_id=lead.id)
    assert "Taken back" in text_of(press(client, path, "undo").text)
    back = offer_of(lead, rep)
    assert back.open
    assert back.declined_at is None
    assert figures(rep) == sums
    assert not rows(Dismissal)
    assert not rows(OfferExclusion)
    assert [round_.declined for round_ in rows(OfferRound)] == [0]
    assert "Taken back already" in text_of(client.get(path).text)
    mine = issue(Purpose.OFFER, rep, lead_id=lead.id, round_=1)
    assert "It is yours" in text_of(press(client, mine, "pick").text)


@factory
def rows(model):
    found = session().scalars(select(model)).all()
    session().expunge_all()
    return found


def test_a_decline_stays_when_the_lead_went_meanwhile(client, rep):
    other = make_person(make_partner("Beta Networks"))
    lead = make_offered_lead(at=clock.now())
    decline(lead, rep)
    path = issue(Purpose.UNDO, rep, lead_id=lead.id)
    factory(lambda: pickup.claim(lead.id, get_actor(other.id), clock.now()))()
    answer = press(client, path, "undo")
    assert answer.status_code == 409
    assert 'data-refusal="already_taken"' in answer.text
    assert len(rows(Dismissal)) == 1


def test_what_is_over_72_hours_old_is_not_undone(client, rep):
    lead, held = hold(rep, days=5)
    given = give(held, rep, Answer("waiting"), hours=73)
    path = issue(Purpose.UNDO, rep, lead_id=lead.id, pickup_id=held, feedback_id=given)
    answer = press(client, path, "undo")
    assert answer.status_code == 409
    assert "too long ago" in text_of(answer.text)
    assert get(Pickup, held).last_status == "waiting"


def test_nobody_undoes_what_is_not_his(client, rep):
    stranger = make_person(make_partner("Beta Networks"), "partner_manager")
    lead, held = hold(rep)
    given = give(held, rep, Answer("waiting"))
    for about in ({"pickup_id": held}, {"pickup_id": held, "feedback_id": given}):
        path = issue(Purpose.UNDO, stranger, lead_id=lead.id, **about)
        assert client.get(path).status_code == 404
        fields = {"token": path[3:], "action": "undo", "nonce": "x"}
        assert client.post(path, data=fields).status_code == 404
    assert get(Pickup, held).last_status == "waiting"


def test_a_taken_back_answer_is_told_nowhere(app, rep):
    _lead, held = hold(rep)
    given = give(held, rep, Answer("won", value=900))
    change(Feedback, given, taken_back_at=clock.now())
    with app.app_context():
        assert feedback.newest(held) is None

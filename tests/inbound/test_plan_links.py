"""Activities, dates and a rest of a lead in hand behind the mails about it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.mail.links import Purpose
from portal.deadlines.queries import get_policy
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads import dates
from portal.leads.models import Lead
from portal.pickup import operations as pickup
from tests.factories import (
    CONTACT,
    day_here,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
)
from tests.inbound.pressing import Forms, events, get, issue, press, text_of, waited


class Hand:
    """Alice has had a lead in hand for two days and has answered once; it may rest once."""

    def __init__(self):
        at = clock.now() - timedelta(days=2)
        self.alice = make_person(make_partner("Alpha Systems"), name="Alice")
        self.lead_id = make_offered_lead(at=at, contact=CONTACT).id
        get_policy().most_pauses = 1
        self.pickup_id = pickup.claim(self.lead_id, get_actor(self.alice.id), at).pickup_id

    def answer(self, status="waiting"):
        feedback.give(self.pickup_id, Answer(status), get_actor(self.alice.id), clock.now())

    def expect(self, day):
        """Let somebody set by when one is through, on the portal."""
        dates.set_dates(self.lead_id, {"expected_on": day}, get_actor(self.alice.id), clock.now())


@pytest.fixture
def hand(app):
    return factory(Hand)()


@pytest.fixture
def path(hand):
    about = {"lead_id": hand.lead_id, "pickup_id": hand.pickup_id}
    return issue(Purpose.FEEDBACK, hand.alice, **about)


def planned(client, path, pressed, **typed):
    """Press a button of the page of what is planned."""
    return press(client, path, "plan", query="?s=plan", do=pressed, **typed)


def first_of(client, path, pressed, **typed):
    """Open the page and return what a button of its first activity sends."""
    forms = Forms(client.get(f"{path}?s=plan").text)
    fields = next(one["fields"] for one in forms.forms if "activity_id" in one["fields"])
    return {**waited(client.application, fields), "do": pressed, **typed}


def test_a_holder_plans_notes_and_settles_activities_from_a_mail(client, hand, path):
    first = client.get(f"{path}?s=plan").text
    odd = planned(client, path, "plan", kind="call", text="Ring Zephyrine.", due_on="soon")
    assert odd.status_code == 422
    assert "Please give a date, as 2026-11-30." in text_of(odd.text)
    assert 'value="soon"' in odd.text
    assert "Ring Zephyrine." in odd.text
    call = {"kind": "call", "text": "Ring Zephyrine.", "due_on": "2099-01-31", "do": "plan"}
    sent = {**waited(client.application, Forms(first).for_("plan")), **call}
    for heading in ("Thank you", "Already recorded"):
        said = client.post(path, data=sent)
        assert heading in text_of(said.text), text_of(said.text)
        assert "Planned." in said.text
    shown = client.get(f"{path}?s=plan").text
    assert "Phone call, due Jan 31, 2099" in text_of(shown)
    assert "Zephyrine" not in shown
    gone = client.post(path, data=first_of(client, path, "move", due_on="2020-01-31"))
    assert gone.status_code == 422
    assert "That is over." in text_of(gone.text)
    assert 'value="2020-01-31"' in gone.text
    moved = first_of(client, path, "move", due_on="2099-02-28", due_time="14:30")
    for heading in ("Thank you", "Already recorded"):
        assert heading in text_of(client.post(path, data=moved).text)
    assert "due Feb 28, 2099" in text_of(client.get(f"{path}?s=plan").text)
    assert [data["fields"] for *_, data in events("ActivityChanged")] == [["due"]]
    ours, theirs = (first_of(client, path, "settle", outcome=words) for words in ("Yes", "No"))
    assert "Noted as done." in client.post(path, data=ours).text
    late = text_of(client.post(path, data=theirs).text)
    for words in ("Already recorded", "It was noted as done", "Not kept: “No”"):
        assert words in late
    ((*_, settled),) = events("ActivitySettled")
    assert (settled["user_id"], settled["outcome"]) == (hand.alice.id, "done")
    met = planned(client, path, "note", kind="appointment", text="Met them.")
    assert "Noted as done." in met.text
    assert [(channel, data["done"]) for *_, channel, data in events("ActivityEntered")] == [
        ("mail", False),
        ("mail", True),
    ]
    assert [data["action"] for *_, data in events("MailActionDone")] == ["plan"] * 4


def test_a_holder_sets_dates_from_a_mail_and_leaves_what_another_has_set(client, hand, path):
    first = client.get(f"{path}?s=dates").text
    odd = press(
        client, path, "dates", query="?s=dates", started_on="2026-03-10", expected_on="2026-03-09"
    )
    assert odd.status_code == 422
    assert "That is before the work began." in text_of(odd.text)
    assert 'value="2026-03-09"' in odd.text
    factory(hand.expect)(date(2099, 4, 1))
    began = {"started_on": "2026-03-10", "estimated_on": "", "expected_on": ""}
    sent = {**waited(client.application, Forms(first).for_("dates")), **began}
    for heading in ("Thank you", "Already recorded"):
        assert heading in text_of(client.post(path, data=sent).text)
    lead = get(Lead, hand.lead_id)
    assert (lead.started_on, lead.expected_on) == (date(2026, 3, 10), date(2099, 4, 1))
    shown = client.get(f"{path}?s=dates").text
    assert 'value="2026-03-10"' in shown
    # what stood on a page of yesterday is no change of hers, however often she presses
    fields = Forms(shown).for_("dates")
    factory(hand.expect)(date(2099, 5, 1))
    old = {**began, "expected_on": "2099-04-01"}
    late = client.post(path, data={**waited(client.application, fields, 90_000), **old})
    assert late.status_code == 409
    fields = waited(client.application, Forms(late.text).for_("dates"))
    assert client.post(path, data={**fields, **old}).status_code == 200
    assert get(Lead, hand.lead_id).expected_on == date(2099, 5, 1)
    assert [data["action"] for *_, data in events("MailActionDone")] == ["dates"]


def test_a_holder_lets_a_lead_rest_from_a_mail_as_the_terms_allow(client, hand, path):
    assert "Please report once before you let it rest." in client.get(f"{path}?s=wait").text
    factory(hand.answer)()
    until = str(day_here(clock.now()) + timedelta(days=6))
    typed = {"reason": "asked_to_wait", "until": until}
    hasty = press(client, path, "wait", query="?s=wait", seconds=0, **typed)
    assert "Please press once more" in text_of(hasty.text)
    assert f'value="{until}"' in hasty.text
    odd = press(client, path, "wait", query="?s=wait", **{**typed, "until": "2099-01-31"})
    assert odd.status_code == 422
    assert "At most until " in text_of(odd.text)
    fields = waited(client.application, Forms(odd.text).for_("wait"))
    for heading in ("Thank you", "Already recorded"):
        said = text_of(client.post(path, data={**fields, **typed}).text)
        assert heading in said, said
        assert "rests until" in said
    for heading in ("Thank you", "Already recorded"):
        said = text_of(client.post(path, data={**fields, "do": "go_on"}).text)
        assert heading in said, said
        assert "goes on." in said
    again = client.post(path, data={**fields, **typed})
    assert again.status_code == 409
    assert "as often as agreed" in text_of(again.text)
    assert f'value="{until}"' in again.text
    assert [channel for *_, channel, _data in events("LeadRested", "LeadWentOn")] == ["mail"] * 2


def test_a_note_from_a_mail_stays_in_the_firm_unless_it_is_shared(client, hand, path):
    long = press(client, path, "note", query="?s=note", text="Zephyrine " * 500, shared="1")
    assert long.status_code == 422
    assert "Zephyrine" in long.text
    assert "checked" in long.text
    fields = waited(client.application, Forms(client.get(f"{path}?s=note").text).for_("note"))
    for heading in ("Thank you", "Already recorded"):
        said = client.post(path, data={**fields, "text": "Zephyrine decides."})
        assert heading in text_of(said.text)
    client.post(path, data={**fields, "text": "They sign.", "shared": "1"})
    assert "Zephyrine" not in client.get(f"{path}?s=note").text
    assert [data["shared"] for *_, data in events("NoteWritten")] == [False, True]


def test_what_was_typed_stays_where_a_colleague_was_faster(client, hand, path):
    until = str(day_here(clock.now()) + timedelta(days=6))
    factory(hand.answer)()
    app = client.application
    back, rest, known = (
        waited(app, Forms(client.get(f"{path}?s={name}").text).for_(name))
        for name in ("give_back", "wait", "known")
    )
    factory(hand.answer)("proposal")
    said = client.post(path, data={**back, "reason": "no_capacity", "note": "Too far."})
    assert (said.status_code, "Too far." in said.text) == (409, True)
    assert "Another answer came in meanwhile. Please look once more" in text_of(said.text)
    assert "What else you can do" in said.text
    assert "Thank you" in text_of(
        press(client, path, "wait", query="?s=wait", reason="asked_to_wait", until=until).text
    )
    assert "Go on now" in client.get(f"{path}?s=more").text
    other = str(day_here(clock.now()) + timedelta(days=5))
    said = text_of(client.post(path, data={**rest, "reason": "asked_to_wait", "until": other}).text)
    assert "Not kept: “" in said
    fields = waited(app, Forms(client.get(f"{path}?s=give_back").text).for_("give_back"))
    for heading in ("Thank you", "Already recorded"):
        said = client.post(path, data={**fields, "reason": "no_capacity"})
        assert heading in text_of(said.text), text_of(said.text)
    for sent in (known, rest):
        said = client.post(path, data=sent)
        assert (said.status_code, "You gave it back." in text_of(said.text)) == (409, True)

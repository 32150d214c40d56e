"""Asking for help and for a special price behind the mails about a lead in hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from portal.accounts.queries import get_actor
from portal.assistance import operations as requests
from portal.assistance.models import AssistanceRequest, RequestKind
from portal.assistance.queries import find_waiting, load_words
from portal.catalog.queries import book
from portal.core import clock
from portal.core.db import session
from portal.core.mail.links import Purpose
from portal.leads import figures, wall
from portal.leads.models import Lead, LeadContact, LeadType
from portal.leads.notes import load_own_notes
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.timeline.models import Attachment
from tests.factories import (
    CONTACT,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
)
from tests.inbound.pressing import Forms, events, get, issue, press, text_of, waited
from tests.inbound.replying import ask as ask_how_far
from tests.inbound.replying import come_in, link_in, newest, reply, told, written

SECRET = "Zephyrine Quastenflosser does not pick up the phone"


class Scene:
    """Alice holds a lead; Paula of the vendor answers for her firm."""

    def __init__(self):
        at = clock.now() - timedelta(days=1)
        self.paula = make_person(make_vendor(), "account_manager", name="Paula")
        self.firm = make_partner("Alpha Systems", account_manager_id=self.paula.id)
        self.alice = make_person(self.firm, name="Alice")
        self.lead_id = make_offered_lead(at=at, contact=CONTACT).id
        self.pickup_id = pickup.claim(self.lead_id, get_actor(self.alice.id), at).pickup_id
        self.product = str(book().active("product")[0].id)
        lead = session().get_one(Lead, self.lead_id)
        lead.product_ids = [int(self.product)]


@pytest.fixture
def scene(app):
    return factory(Scene)()


@pytest.fixture
def path(scene):
    about = {"lead_id": scene.lead_id, "pickup_id": scene.pickup_id}
    return issue(Purpose.FEEDBACK, scene.alice, **about)


def test_a_holder_asks_for_help_by_a_link_once_and_reads_who_answers(client, scene, path):
    page = text_of(client.get(f"{path}?s=help").text)
    assert "Paula answers you. By " in page
    assert scene.paula.email not in page
    empty = press(client, path, "help", query="?s=help", text=" ")
    assert empty.status_code == 422
    assert "What do you need? : Please fill this in." in text_of(empty.text)
    hasty = press(client, path, "help", query="?s=help", seconds=0, text=SECRET)
    assert hasty.status_code == 409
    assert "Please press once more" in hasty.text
    assert SECRET in hasty.text
    fields = waited(client.application, Forms(client.get(f"{path}?s=help").text).for_("help"))
    for words in ("Thank you", "Already recorded"):
        said = client.post(path, data={**fields, "text": SECRET})
        assert said.status_code == 200
        assert words in text_of(said.text)
    other = client.post(path, data={**fields, "text": "And their fax?"})
    assert (other.status_code, "And their fax?" in other.text) == (409, True)
    ((_, actor, channel, data),) = events("HelpAsked")
    assert (actor, channel, data["assignee_id"]) == (scene.alice.id, "mail", scene.paula.id)
    assert "?s=help" not in client.get(path).text
    asked = text_of(client.get(f"{path}?s=help").text)
    assert "That is asked already." in asked
    assert "Ask again, or say more" in asked
    for secret in CONTACT.values():
        assert secret not in page + said.text + other.text


def test_a_special_price_keeps_all_that_was_typed_until_it_is_whole(client, scene, path):
    lines = {"product": [scene.product, scene.product], "count": ["20", "many"]}
    typed = {**lines, "price": "1234.50", "needed_on": "2099-01-31", "text": SECRET}
    odd = press(client, path, "price", query="?s=price", **typed)
    assert odd.status_code == 422
    assert "Please give a whole number." in text_of(odd.text)
    for kept in ('value="20"', 'value="many"', 'value="1234.50"', 'value="2099-01-31"', SECRET):
        assert kept in odd.text
    day = str((clock.now() + timedelta(days=30)).date())
    said = press(
        client, path, "price", query="?s=price", **{**typed, "count": ["20", "3"], "needed_on": day}
    )
    assert said.status_code == 200, text_of(said.text)
    assert SECRET not in said.text
    assert [data["kind"] for *_, data in events("HelpAsked")] == ["pricing"]


@factory
def ask(scene):
    """Ask for help a day ago, and return the request."""
    at, alice = clock.now() - timedelta(days=1), get_actor(scene.alice.id)
    return requests.ask(RequestKind.HELP, scene.pickup_id, SECRET, alice, at)


@factory
def answer(scene, request, words, how=requests.answer):
    """Have the vendor answer, and return the mail that says so."""
    how(request.id, words, get_actor(scene.paula.id), clock.now())
    told(clock.now())
    return newest(scene.alice, "help_answered")


@factory
def said(request):
    """Return how a request stands, and its last words."""
    found = session().get_one(AssistanceRequest, request.id, populate_existing=True)
    return found.state, load_words([request.id])[-1].text


@factory
def lose_contact(scene):
    """Remove the contact of the lead."""
    with wall.open_for([scene.lead_id]) as opened:
        opened.execute(delete(LeadContact).where(LeadContact.lead_id == scene.lead_id))


def test_an_answer_is_read_behind_its_mail_without_the_contact_and_answered_there(client, scene):
    request = ask(scene)
    name, phone = CONTACT["last_name"], CONTACT["phone"]
    other = "or her colleague, Tel-0171 2223334, meier (at) gmail.com, Zephyrine@private.example."
    sums = "From 2027-01-31: 20 @ 125.000,00 EUR, € 2,500,000 in all, as in Q-2027-000123."
    mail = answer(scene, request, f"{name} is there tomorrow: {phone} {other} {sums}")
    path = link_in(mail)
    assert f"{path}?s=asked" in mail.text
    page = client.get(f"{path}?s=asked").text
    told_of = f"… is there tomorrow: … or her colleague, Tel-…, …, …. {sums} Paula"
    assert told_of in text_of(page)
    for secret in CONTACT.values():
        assert secret not in page
    pressed = {"request_id": str(request.id), "verb": "more"}
    empty = press(client, path, "asked", query="?s=asked", **pressed, text="")
    assert (empty.status_code, "Please write something." in empty.text) == (422, True)
    for words in ("Thank you", "Already recorded"):
        more = press(client, path, "asked", query="?s=asked", **pressed, text="And at six?")
        assert words in text_of(more.text)
    assert said(request) == ("open", "And at six?")
    foreign = press(client, path, "asked", query="?s=asked", **{**pressed, "request_id": "0"})
    assert foreign.status_code == 404
    asked = Forms(client.get(f"{path}?s=asked").text).for_("asked")
    pressed["verb"] = "closing"
    over = press(client, path, "asked", query="?s=asked", **pressed)
    assert "Done with it." in text_of(over.text)
    assert said(request)[0] == "closed"
    lose_contact(scene)
    bare = text_of(client.get(f"{path}?s=asked").text)
    assert ("is there tomorrow" in bare, "And at six?" in bare) == (False, False)
    late = client.post(path, data={**waited(client.application, asked), "text": "And at ten?"})
    assert (late.status_code, "Not kept: “And at ten?”" in late.text) == (409, True)


def test_an_answer_to_a_mail_with_a_question_back_goes_on_with_the_request(inside):
    scene = Scene()
    request = ask(scene)
    mail = answer(scene, request, "Which plant?", requests.ask_back)
    got = reply(mail, "The one in Hanover.", scene.alice, at=clock.now())
    assert (got.state, got.reason) == ("applied", "comment")
    assert said(request) == ("open", "The one in Hanover.")
    # it waits for the vendor by now: what comes after it is a note
    assert reply(mail, "Near Bremen.", scene.alice, at=clock.now()).state == "applied"
    assert said(request) == ("open", "The one in Hanover.")
    assert [kind for kind, *_ in events("ReplyCommented")] == ["ReplyCommented"]
    # whoever we can't make sure of is asked first
    odd = reply(mail, "The one in Rome.", scene.alice, verdict="fail", at=clock.now())
    assert odd.state == "asked_back"


BY_WORD = (
    # body, state and reason of the mail, words of the request, kind of what is mailed back
    ("HELP\n\nWho installs it?\n\nBy March?", "applied", "Who installs it?\n\nBy March?"),
    ("Hallo,\n\nich brauche Hilfe:\nWer baut es ein?", "applied", "Wer baut es ein?"),
    ("HELP: who waits for what?", "applied", "who waits for what?"),
    ("NUMBER HILFE\nWer?", "applied", "Wer?"),
    ("HELP", "asked_back", None),
    ("Special price\n20 of them", "asked_back", None),
    ("Sonderpreis:\n20 of them", "asked_back", None),
    # none of these is a line of its own
    ("Help them decide, please.", "comment", None),
    ("H\u0415LP\nWho installs it?", "comment", None),
    ("PROPOSAL\nHelp with the special price?", "feedback", None),
    # a price that is told is none that is asked for
    ("Price: 12500", "comment", None),
    ("Project price: 12500 EUR was offered, they decide Friday.", "comment", None),
)


def test_one_word_asks_for_help_with_what_stands_below_it_or_leads_to_the_page(inside):
    scene, at = Scene(), clock.now()
    held = session().get_one(Pickup, scene.pickup_id)
    number = session().get_one(Lead, scene.lead_id).number
    mail = ask_how_far(held, scene.alice, at)
    assert "HELP, with your question below it, asks us for help." in " ".join(mail.text.split())
    for minute, (body, state, text) in enumerate(BY_WORD):
        now = at + timedelta(hours=minute)
        body = body.replace("NUMBER", number)
        got = reply(ask_how_far(held, scene.alice, now), body, scene.alice, at=now)
        if state in ("comment", "feedback", "lookalike"):
            assert got.reason == state, body
            continue
        assert got.state == state, (body, got.reason)
        sent = [one for one in told(now) if one.user_id == scene.alice.id]
        waits = find_waiting(scene.pickup_id, "help")
        if text is None:
            assert waits is None
            (page,) = (one for one in sent if one.kind == "reply_back")
            assert ("?s=price" if "preis" in body or "price" in body else "?s=help") in page.text
            continue
        assert load_words([waits])[0].text == text
        (recorded,) = (one for one in sent if one.kind == "recorded")
        assert "you asked for help with" in recorded.text
        requests.close(waits, get_actor(scene.alice.id), now)


def test_who_calls_for_help_once_more_while_it_is_asked_loses_no_word(inside):
    scene, at = Scene(), clock.now()
    held = session().get_one(Pickup, scene.pickup_id)
    alice, paula = get_actor(scene.alice.id), get_actor(scene.paula.id)
    waits = requests.ask(RequestKind.HELP, held.id, "Who installs it?", alice, at)
    requests.ask_back(waits.id, "What do they want?", paula, at)
    for hour, words in enumerate(("They want a demo", "By March")):
        now = at + timedelta(hours=hour)
        mail = ask_how_far(held, scene.alice, now)
        assert reply(mail, f"Help!\n\n{words}", scene.alice, at=now).state == "applied"
        back = [one for one in told(now) if one.user_id == scene.alice.id]
        assert [one.kind for one in back] == ["reply_back" if hour else "recorded"]
    assert "stands with the notes about the lead" in " ".join(back[0].text.split())
    assert load_words([waits.id])[-1].text == "They want a demo"
    assert [one.text for one in load_own_notes(scene.lead_id, alice)] == ["By March"]


def test_what_comes_along_with_a_bare_word_is_kept_with_the_lead(inside):
    scene = Scene()
    held = session().get_one(Pickup, scene.pickup_id)
    mail = ask_how_far(held, scene.alice, clock.now())
    made = written(mail, "Sonderpreis", scene.alice.email)
    made.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="list.pdf")
    assert come_in(made, mail, clock.now()).state == "asked_back"
    assert session().scalars(select(Attachment.kind)).all() == ["application/pdf"]


def test_a_doubtful_call_for_help_is_asked_back_with_its_words(programme, client):
    with programme.app_context():
        scene = Scene()
        held = session().get_one(Pickup, scene.pickup_id)
        mail = ask_how_far(held, scene.alice, clock.now())
        reply(mail, f"HELP\n{SECRET}", scene.alice, verdict="fail", at=clock.now())
        told(clock.now())
        path = link_in(newest(scene.alice, "reply_back"))
        session().commit()
    assert "Shall this be asked?" in client.get(path).text
    assert "Thank you" in text_of(press(client, path, "help").text)
    assert "Already recorded" in client.get(path).text
    assert [data["kind"] for *_, data in events("HelpAsked")] == ["help"]


def test_what_a_lead_may_bring_is_said_by_a_link_and_no_text_about_its_contact_is_shown(
    client, scene, path
):
    note = f"note-{scene.product}"
    typed = {"target_amount": "48000", "probability": "60", "quote_needs": SECRET, note: "Two."}
    odd = press(
        client, path, "opportunity", query="?s=opportunity", **typed | {"probability": "160"}
    )
    assert odd.status_code == 422
    assert "Please give per cent, from 0 to 100." in text_of(odd.text)
    assert ('value="160"' in odd.text, "Two." in odd.text) == (True, True)
    for words in ("Thank you", "Already recorded"):
        said = press(client, path, "opportunity", query="?s=opportunity", **typed)
        assert words in text_of(said.text), text_of(said.text)
    shown = client.get(f"{path}?s=opportunity").text
    for seen, there in (("48000", True), ("Two.", True), ("Quastenflosser", False)):
        assert (seen in shown) == there
    # what was not shown is not lost by saving the rest
    press(client, path, "opportunity", query="?s=opportunity", **typed | {"quote_needs": ""})
    lead = get(Lead, scene.lead_id)
    assert (lead.target_amount, lead.probability, lead.quote_needs) == (48000, 60, SECRET)
    assert [data["user_id"] for *_, data in events("LeadFiguresChanged")] == [scene.alice.id]


@factory
def set_figures(scene, **known):
    """Have the account manager set figures of the lead."""
    lead, paula = session().get_one(Lead, scene.lead_id), get_actor(scene.paula.id)
    figures.set_figures(lead.id, replace(figures.figures_of(lead), **known), paula, clock.now())


@factory
def hide_titles():
    """Keep the titles of all leads out of what can be read with a link."""
    for kind in session().scalars(select(LeadType)):
        kind.teaser_fields = [name for name in kind.teaser_fields if name != "title"]


def test_what_a_colleague_set_meanwhile_stays_where_it_was_left_as_it_was_shown(
    client, scene, path
):
    hide_titles()
    set_figures(scene, quote_needs=SECRET, probability=20, quote_number="Q-2027-0001")
    page = client.get(f"{path}?s=opportunity").text
    assert get(Lead, scene.lead_id).title not in page
    fields = waited(client.application, Forms(page).for_("opportunity"))
    set_figures(scene, quote_needs="Two racks.", probability=90, quote_number="Q-2027-0002")
    typed = {"target_amount": "5000", "probability": "20", "quote_number": "", "quote_needs": ""}
    late = waited(client.application, fields, 3600)
    old = client.post(path, data={**late, **typed})
    assert (old.status_code, get(Lead, scene.lead_id).target_amount) == (409, None)
    fields = waited(client.application, Forms(old.text).for_("opportunity"))
    odd = client.post(path, data={**fields, **typed, "target_amount": "much"})
    assert odd.status_code == 422
    again = waited(client.application, Forms(odd.text).for_("opportunity"))
    for _twice in range(2):
        assert client.post(path, data={**again, **typed}).status_code == 200
    lead = get(Lead, scene.lead_id)
    assert (lead.target_amount, lead.probability) == (5000, 90)
    assert (lead.quote_needs, lead.quote_number) == ("Two racks.", None)

"""What a script adds to the race: answers in place, focus, kept text, one sending."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from portal.accounts.models import Organisation, OrganisationKind
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.browser.windows import DESK, PHONE
from tests.factories import (
    CONTACT,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
)

TWICE = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  return ids.filter((id, place) => ids.indexOf(id) !== place);
}"""


@pytest.fixture(autouse=True)
def field(live):
    """Offer leads to this test's firms alone."""
    live.do(
        lambda: session().execute(
            update(Organisation)
            .where(Organisation.kind == OrganisationKind.RESELLER)
            .values(active=False)
        )
    )


def offered(**over):
    return make_offered_lead(at=clock.now(), **over)


def take(live, lead, user):
    return live.do(lambda: pickup.claim(lead.id, get_actor(user.id), clock.now())).pickup_id


def card(page, lead):
    return page.locator(f"#lead-{lead.id}")


def pick(page, lead):
    page.locator(f"#lead-{lead.id}-pickup").click()


def test_a_pick_shows_the_contact_in_place_and_takes_the_focus_there(live, windows):
    rep = make_person()
    lead = offered()
    page = windows.open(live, rep)
    page.goto("/available")
    pick(page, lead)
    expect(card(page, lead)).to_contain_text(CONTACT["last_name"])
    expect(card(page, lead)).to_be_focused()
    expect(page.locator("#gate")).to_contain_text(re.compile("answer", re.I))
    assert page.url.endswith("/available")


def test_who_comes_second_gets_the_honest_answer_in_place_of_the_card(live, windows):
    rep, other = make_person(), make_person()
    lead = offered()
    page = windows.open(live, rep)
    page.goto("/available")
    expect(card(page, lead)).to_contain_text(lead.partner_text)
    take(live, lead, other)
    pick(page, lead)
    answer = page.locator("[data-refusal=already_taken]")
    expect(answer).to_be_focused()
    assert lead.partner_text not in page.content()
    assert CONTACT["last_name"] not in page.content()


def test_a_red_gate_puts_its_question_where_the_card_was_and_one_button_answers(live, windows):
    rep = make_person()
    held, wanted = offered(), offered(title="Wanted next")
    page = windows.open(live, rep)
    take(live, held, rep)
    page.goto("/available")
    pick(page, wanted)
    waiting = page.locator(f"#lead-{wanted.id}-wait")
    expect(waiting.locator("[data-focus]").first).to_be_focused()
    waiting.get_by_role("button", name="Proposal in progress").click()
    expect(card(page, wanted)).to_contain_text("It is yours")


def test_a_refused_answer_says_why_at_its_field_and_keeps_what_was_typed(live, windows):
    rep = make_person()
    held, wanted = offered(), offered(title="Wanted next")
    take(live, held, rep)
    page = windows.open(live, rep)
    page.goto("/available")
    pick(page, wanted)
    waiting = page.locator(f"#lead-{wanted.id}-wait")
    waiting.get_by_text("Won …").click()
    value = waiting.get_by_label("Value of the order")
    value.fill("about a lot")
    won = waiting.locator("details", has=page.get_by_label("Value of the order"))
    won.get_by_label("Note").fill("They signed on the spot.")
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        waiting.get_by_role("button", name="Report as won").click()
    assert answer.value.status == 422
    assert not page.evaluate(TWICE)
    value = waiting.get_by_label("Value of the order")
    expect(value).to_have_attribute("aria-invalid", "true")
    expect(value).to_have_value("about a lot")
    expect(won.get_by_label("Note")).to_have_value("They signed on the spot.")
    value.fill("12500")
    waiting.get_by_role("button", name="Report as won").click()
    expect(card(page, wanted)).to_contain_text("It is yours")


def test_answering_on_mine_leaves_each_question_once(live, windows):
    rep = make_person()
    first, second = offered(), offered(title="Another one")
    one = take(live, first, rep)
    live.do(lambda: feedback.give(one, Answer("waiting"), get_actor(rep.id), clock.now()))
    two = take(live, second, rep)
    live.do(lambda: setattr(session().get_one(Pickup, one), "feedback_due_at", clock.now()))
    page = windows.open(live, rep)
    page.goto("/mine")
    page.locator(f"#pickup-{two}").get_by_role("button", name="Proposal in progress").click()
    expect(page.locator(f"#pickup-{two}")).to_contain_text("Your answer is saved")
    expect(page.locator("#gate")).to_contain_text("answer")
    assert not page.evaluate(TWICE)


def test_text_typed_at_one_lead_survives_the_pick_of_another_answer(live, windows):
    """Two questions stand on the page; answering the one leaves what is typed at the other."""
    firm = make_partner()
    rep = make_person(firm)
    first = offered()
    held = take(live, first, rep)
    page = windows.open(live, rep, width=DESK)
    page.goto("/mine")
    row = page.locator(f"#pickup-{held}")
    row.get_by_text("Add a note or a next step first").click()
    row.locator(f"#pickup-{held}-more-note").fill("Half a sentence")
    row.get_by_text("Lost / not interested …").click()
    row.get_by_label("Who decided?").fill("Head of IT")
    row.get_by_label("Why?").evaluate("field => field.required = false")
    row.get_by_role("button", name="Report as lost").click()
    expect(page.get_by_label("Why?")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Who decided?")).to_have_value("Head of IT")
    expect(page.locator(f"#pickup-{held}-more-note")).to_have_value("Half a sentence")


def test_a_double_click_sends_one_pick(live, windows):
    rep = make_person()
    lead = offered()
    page = windows.open(live, rep, width=DESK)
    page.goto("/available")
    sent = []
    page.on("request", lambda asked: asked.method == "POST" and sent.append(asked.url))
    page.locator(f"#lead-{lead.id}-pickup").dblclick()
    expect(card(page, lead)).to_contain_text(CONTACT["last_name"])
    assert len(sent) == 1


def test_after_signing_out_the_back_button_shows_nothing_of_before(live, windows):
    rep = make_person()
    lead = offered()
    take(live, lead, rep)
    page = windows.open(live, rep, width=DESK)
    page.goto("/mine")
    page.goto(f"/leads/{lead.id}")
    expect(page.get_by_text(CONTACT["company"])).to_be_visible()
    page.locator("details[data-menu] > summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert CONTACT["company"] not in page.content()


def test_declining_asks_why_in_the_card_and_one_tap_answers(live, windows):
    rep = make_person()
    lead = offered()
    page = windows.open(live, rep)
    page.goto("/available")
    card(page, lead).get_by_role("link", name="Not for me").click()
    expect(page.get_by_role("heading", name="What speaks against it?")).to_be_focused()
    page.get_by_role("button", name="Too far away").click()
    expect(card(page, lead)).to_contain_text("Thank you")
    expect(card(page, lead)).to_be_focused()


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_keyboard_alone_picks_answers_and_picks_again(live, windows, width):
    rep = make_person()
    first = offered()
    page = windows.open(live, rep, width=width)
    page.goto("/available")
    tab_to(page, f"lead-{first.id}-pickup")
    page.keyboard.press("Enter")
    expect(card(page, first)).to_be_focused()
    second = offered(title="Wanted next")
    page.goto("/available")
    tab_to(page, f"lead-{second.id}-pickup")
    page.keyboard.press("Enter")
    expect(page.locator(f"#lead-{second.id}-wait [data-focus]").first).to_be_focused()
    tab_to(page, text="Waiting for their answer")
    page.keyboard.press("Enter")
    expect(card(page, second)).to_contain_text("It is yours")


def test_the_states_of_a_country_come_when_the_country_is_chosen(live, windows):
    lead = make_lead(state="captured", qualified_at=None)
    page = windows.open(live, make_manager())
    page.goto(f"/qualify/{lead.id}")
    page.locator("[name=country]").select_option("AT")
    expect(page.locator("[name=subdivision] option[value=AT-9]")).to_be_attached()


def tab_to(page, id_=None, text=None):
    """Press Tab until the element has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        here = page.evaluate("[document.activeElement.id, document.activeElement.textContent]")
        if id_ == here[0] or (text and text in here[1]):
            return
    raise AssertionError(f"the keyboard never reaches {id_ or text}")

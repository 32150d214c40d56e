"""What others do shows on an open page, and takes nothing away from who reads or types there."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from portal.accounts.models import Organisation, OrganisationKind, User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.servers import free_port
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.models import Lead, LeadState
from portal.offers import operations as offers
from portal.pickup import operations as pickup
from tests.browser.windows import DESK
from tests.factories import (
    CONTACT,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_programme,
)
from tests.live import Live

# far below the time after which a page without a stream asks by itself
SHORTLY = 6_000
HEARS = """() => new Promise((done) => {
  const stream = new EventSource(document.body.dataset.stream, {withCredentials: true});
  const end = () => (stream.close(), done());
  stream.addEventListener("hello", (event) => JSON.parse(event.data).hears && end());
  stream.addEventListener("again", end);
})"""
GONE = re.compile("lead-card-gone")


@pytest.fixture(autouse=True)
def field(request):
    """Offer leads to this test's firms alone."""
    if "two_ports" in request.fixturenames:
        return
    request.getfixturevalue("live").do(
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


def open_page(windows, live, user, path, **over):
    """Open a page and wait until its process hears of news."""
    page = windows.open(live, user, **over)
    page.goto(path)
    page.evaluate(HEARS)
    return page


def card(page, lead):
    return page.locator(f"#lead-{lead.id}")


def test_a_card_taken_elsewhere_fades_in_its_place_and_says_what_became_of_it(live, windows):
    windows.forgiven.clear()
    rep, other = make_person(), make_person()
    above, lead, below = offered(), offered(title="Wanted by two"), offered(title="Below")
    page = open_page(windows, live, rep, "/available")
    place = card(page, below).bounding_box()["y"]
    take(live, lead, other)
    expect(card(page, lead)).to_have_class(GONE, timeout=SHORTLY)
    expect(card(page, lead)).to_contain_text("Picked up by another firm", timeout=SHORTLY)
    expect(card(page, lead)).to_contain_text("2 firms saw it")
    expect(card(page, lead).get_by_role("button", name="Pick up")).to_have_count(0)
    expect(card(page, above)).not_to_have_class(GONE)
    assert abs(card(page, below).bounding_box()["y"] - place) < 60
    assert CONTACT["last_name"] not in page.content()


def test_a_card_fades_within_a_second(live, windows):
    """The quickest of three is asked, because the machine may be busy with other things."""
    rep, firm = make_person(), make_partner()
    leads = [offered(title=f"Number {number}") for number in range(3)]
    page = open_page(windows, live, rep, "/available")
    took = []
    for lead in leads:
        other = make_person(firm)
        began = time.monotonic()
        take(live, lead, other)
        expect(card(page, lead)).to_have_class(GONE, timeout=SHORTLY)
        took.append(time.monotonic() - began)
    assert min(took) < 1, took


def test_who_lost_a_lead_may_wait_for_it_right_there(live, windows):
    rep, other = make_person(), make_person()
    lead = offered()
    page = open_page(windows, live, rep, "/available")
    take(live, lead, other)
    card(page, lead).get_by_role("button", name="Stand by").click(timeout=SHORTLY)
    expect(card(page, lead)).to_contain_text("You stand by")
    assert page.url.endswith("/available")


def test_who_had_the_focus_on_a_card_that_goes_keeps_it_there(live, windows):
    rep, other = make_person(), make_person()
    lead = offered()
    page = open_page(windows, live, rep, "/available")
    page.locator(f"#lead-{lead.id}-pickup").focus()
    take(live, lead, other)
    expect(card(page, lead)).to_contain_text("Picked up by another firm", timeout=SHORTLY)
    expect(card(page, lead).locator("h2")).to_be_focused()


def test_a_colleagues_pick_is_said_to_be_one(live, windows):
    firm = make_partner()
    rep, colleague = make_person(firm), make_person(firm)
    lead = offered()
    page = open_page(windows, live, rep, "/available")
    take(live, lead, colleague)
    expect(card(page, lead)).to_contain_text("A colleague picked it up", timeout=SHORTLY)


def test_an_offer_that_is_taken_off_the_market_fades_too(live, windows):
    rep = make_person()
    lead = offered()
    page = open_page(windows, live, rep, "/available")
    live.do(lambda: offers.withdraw(lead.id, clock.now()))
    expect(card(page, lead)).to_contain_text("The offer has ended", timeout=SHORTLY)


def test_a_new_lead_is_announced_and_moves_nothing_until_it_is_asked_for(live, windows):
    rep = make_person()
    first = offered(hours=5)
    page = open_page(windows, live, rep, "/available", width=DESK)
    before = card(page, first).bounding_box()
    expect(page.locator("#news-show")).to_be_hidden()
    second = offered(title="Just come in", hours=2)
    show = page.get_by_role("link", name="Show 1 new lead")
    expect(show).to_be_visible(timeout=SHORTLY)
    third = offered(title="And one more")
    show = page.get_by_role("link", name="Show 2 new leads")
    expect(show).to_be_visible(timeout=SHORTLY)
    assert card(page, first).bounding_box() == before
    expect(card(page, second)).to_have_count(0)
    show.click()
    expect(card(page, second)).to_be_visible()
    expect(card(page, third)).to_be_visible()
    expect(card(page, second).locator("h2")).to_be_focused()
    expect(page.locator("#news-show")).to_be_hidden()


def test_a_new_lead_that_is_gone_again_is_not_announced_any_more(live, windows):
    rep, other = make_person(), make_person()
    page = open_page(windows, live, rep, "/available")
    lead = offered()
    expect(page.get_by_role("link", name="Show 1 new lead")).to_be_visible(timeout=SHORTLY)
    take(live, lead, other)
    expect(page.locator("#news-show")).to_be_hidden(timeout=SHORTLY)


def test_a_new_lead_that_the_filter_leaves_out_is_not_announced(live, windows):
    rep, other = make_person(), make_person()
    kept = offered(temperature="hot")
    page = open_page(windows, live, rep, "/available?temperature=hot")
    offered(temperature="cold")
    offered(temperature="hot")
    expect(page.get_by_role("link", name="Show 1 new lead")).to_be_visible(timeout=SHORTLY)
    take(live, kept, other)
    expect(card(page, kept)).to_have_class(GONE, timeout=SHORTLY)


def test_the_gate_changes_colour_and_leaves_what_is_half_typed(live, windows):
    """A colleague falls behind: the bar turns red while an answer is being written below it."""
    firm = make_partner()
    rep, colleague = make_person(firm), make_person(firm)
    held, theirs = offered(), offered(title="The colleague's")
    one = take(live, held, rep)
    two = take(live, theirs, colleague)
    page = open_page(windows, live, rep, "/mine", width=DESK)
    row = page.locator(f"#pickup-{one}")
    row.get_by_text("Add a note or a next step first").click()
    note = row.locator(f"#pickup-{one}-more-note")
    note.press_sequentially("Half a sent")
    gate = page.locator("#gate.gate, #gate .gate")
    expect(gate).to_have_class(re.compile(r"\bgate-red\b"))
    actor = live.do(lambda: get_actor(rep.id))
    live.do(lambda: feedback.give(one, Answer("waiting"), actor, clock.now()))
    expect(gate).to_have_class(re.compile(r"\bgate-green\b"), timeout=SHORTLY)
    expect(note).to_be_focused()
    note.press_sequentially("ence")
    expect(note).to_have_value("Half a sentence")
    assert two


def test_what_is_typed_into_a_card_that_goes_stays_and_so_does_the_scroll_position(live, windows):
    rep, other = make_person(), make_person()
    leads = [offered(title=f"Number {number}") for number in range(6)]
    mine = take(live, leads[0], rep)
    page = open_page(windows, live, rep, "/available", reduced_motion="reduce")
    page.locator(f"#lead-{leads[4].id}").get_by_role("link", name="Not for me").click()
    expect(page.get_by_role("heading", name="What speaks against it?")).to_be_focused()
    page.locator("#gate").get_by_text("Add a note or a next step first").click()
    note = page.locator(f"#pickup-{mine}-more-note")
    note.fill("He calls back on")
    reason = card(page, leads[4]).get_by_role("button", name="Too far away")
    reason.focus()
    before = reason.bounding_box()
    for lead in leads[1:5]:
        take_for_somebody(live, lead, other)
    for lead in leads[1:5]:
        expect(card(page, lead)).to_contain_text("Picked up by another firm", timeout=SHORTLY)
    expect(note).to_have_value("He calls back on")
    expect(page.get_by_role("heading", name="What speaks against it?")).to_be_visible()
    expect(reason).to_be_focused()
    assert abs(reason.bounding_box()["y"] - before["y"]) < 20


def take_for_somebody(live, lead, user):
    """Have a lead held although the person owes answers: the gate is not what is asked here."""
    pickup_id = take(live, lead, user)
    give = Answer("waiting")
    live.do(lambda: feedback.give(pickup_id, give, get_actor(user.id), clock.now()))


def test_the_board_counts_along(live, windows):
    rep = make_person()
    page = open_page(windows, live, make_manager(), "/board", width=DESK)
    on_offer = page.locator("#column-on_offer h2 .muted")
    held = page.locator("#column-held h2 .muted")
    offers_before, held_before = int(on_offer.inner_text()), int(held.inner_text())
    lead = offered(title="For the board", hours=1)
    expect(on_offer).to_have_text(str(offers_before + 1), timeout=SHORTLY)
    expect(page.locator("#column-on_offer")).to_contain_text("For the board")
    take(live, lead, rep)
    expect(held).to_have_text(str(held_before + 1), timeout=SHORTLY)
    expect(on_offer).to_have_text(str(offers_before))


def test_signing_out_in_another_tab_ends_this_one(live, windows):
    rep = make_person()
    page = open_page(windows, live, rep, "/available")
    other = page.context.new_page()
    other.goto("/mine")
    other.locator("details[data-menu] > summary").click()
    other.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=SHORTLY)
    assert "next=%2Favailable" in page.url


def test_the_open_page_of_a_deactivated_person_closes(live, windows):
    rep = make_person()
    page = open_page(windows, live, rep, "/available")
    live.do(lambda: setattr(session().get_one(User, rep.id), "active", False))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=SHORTLY)


def test_a_page_that_comes_back_after_the_sign_out_closes(live, windows):
    """Pages that nobody sees have no stream; they ask for one when they are seen again."""
    rep = make_person()
    page = windows.open(live, rep)
    page.add_init_script("Object.defineProperty(document, 'hidden', {get: () => !window.seen})")
    page.goto("/available")
    live.do(lambda: setattr(session().get_one(User, rep.id), "active", False))
    page.evaluate("window.seen = true; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=SHORTLY)


def test_who_is_signed_out_while_typing_is_told_and_keeps_the_text(live, windows):
    rep = make_person()
    mine = take(live, offered(), rep)
    page = open_page(windows, live, rep, "/mine")
    row = page.locator(f"#pickup-{mine}")
    row.get_by_text("Add a note or a next step first").click()
    row.locator(f"#pickup-{mine}-more-note").fill("A long story")
    live.do(lambda: setattr(session().get_one(User, rep.id), "active", False))
    expect(page.get_by_text("You are signed out.")).to_be_visible(timeout=SHORTLY)
    expect(row.locator(f"#pickup-{mine}-more-note")).to_have_value("A long story")


def test_where_streams_are_blocked_the_page_asks_by_itself_while_it_is_seen(live, windows):
    windows.forgiven.append(re.compile("ERR_FAILED"))
    rep, other = make_person(), make_person()
    lead = offered()
    page = windows.open(live, rep)
    page.clock.install()
    page.route("**/stream?*", lambda route: route.abort())
    page.goto("/available")
    take(live, lead, other)
    newer = offered(title="Come meanwhile")
    asked = []
    page.on("request", lambda request: "news" in request.url and asked.append(request.url))
    page.clock.run_for(12_000)
    assert not asked
    until(lambda: asked, page)
    page.clock.run_for(3_000)
    expect(card(page, lead)).to_have_class(GONE, timeout=SHORTLY)
    expect(page.get_by_role("link", name="Show 1 new lead")).to_be_visible(timeout=SHORTLY)
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    asked.clear()
    page.clock.run_for(120_000)
    assert not asked
    assert newer


def until(happened, page):
    """Let the page's clock run until something has happened."""
    for _ in range(20):
        page.clock.run_for(5_000)
        if happened():
            return
    raise AssertionError("the page never asks")


def test_a_card_that_the_reader_picks_himself_does_not_fade_before_him(live, windows):
    rep = make_person()
    lead = offered()
    page = open_page(windows, live, rep, "/available")
    page.locator(f"#lead-{lead.id}-pickup").click()
    expect(card(page, lead)).to_contain_text("It is yours")
    expect(card(page, lead)).not_to_have_class(GONE)
    second = open_page(windows, live, rep, "/available")
    assert second.locator(f"#lead-{lead.id}").count() == 0


def test_who_picked_keeps_the_contact_when_the_news_of_it_comes_before_the_card_settled(
    live, windows
):
    rep = make_person()
    lead = offered()
    page = open_page(windows, live, rep, "/available")
    page.evaluate("htmx.config.defaultSettleDelay = 2000")
    page.locator(f"#lead-{lead.id}-pickup").click()
    expect(card(page, lead)).to_contain_text("It is yours")
    expect(card(page, lead)).to_have_class(re.compile("lead-card-yours"), timeout=SHORTLY)
    expect(card(page, lead)).to_contain_text("Open the lead")
    expect(card(page, lead)).not_to_contain_text("in your firm's hands")


def test_a_lead_given_back_is_announced_to_the_others(live, windows):
    rep, other = make_person(), make_person()
    lead = offered()
    held = take(live, lead, other)
    page = open_page(windows, live, rep, "/available")
    actor = live.do(lambda: get_actor(other.id))
    live.do(lambda: pickup.give_back(held, "no_capacity", None, actor, clock.now()))
    assert live.do(lambda: session().get_one(Lead, lead.id).state) == LeadState.OFFERED
    expect(page.get_by_role("link", name="Show 1 new lead")).to_be_visible(timeout=SHORTLY)


def test_an_open_page_hears_on_when_a_new_version_came_in(live, windows):
    rep, other = make_person(), make_person()
    lead = offered()
    page = open_page(windows, live, rep, "/available")
    asked = []
    page.on("request", lambda request: "/stream?" in request.url and asked.append(request.url))
    live.renew()
    take(live, lead, other)
    expect(card(page, lead)).to_contain_text("Picked up by another firm", timeout=SHORTLY)
    assert asked


@pytest.fixture
def two_ports(committed, tmp_path):
    """Return pages whose streams are served by a process and on a port of their own."""
    make_programme()
    port = free_port()
    live = Live(committed, tmp_path, STREAM_URL=f"http://127.0.0.1:{port}")
    live.stream_url = live.env["STREAM_URL"]
    live.serve_also(f"127.0.0.1:{port}")
    yield live
    live.stop()


def test_streams_may_come_from_a_process_of_their_own(two_ports, windows):
    live = two_ports
    rep, other = make_person(), make_person()
    lead = offered()
    page = windows.open(live, rep)
    # the second process may still be starting
    windows.forgiven.append(re.compile("ERR_CONNECTION_REFUSED"))
    asked = []
    page.on("request", lambda request: "/stream?" in request.url and asked.append(request.url))
    page.goto("/available")
    page.evaluate(HEARS)
    take(live, lead, other)
    expect(card(page, lead)).to_contain_text("Picked up by another firm", timeout=SHORTLY)
    assert asked
    assert all(url.startswith(f"{live.stream_url}/stream?") for url in asked), asked
    elsewhere = page.context.new_page()
    elsewhere.goto("/mine")
    elsewhere.locator("details[data-menu] > summary").click()
    elsewhere.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=SHORTLY)

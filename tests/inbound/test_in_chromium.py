"""Links of mails in a real browser: robots that run scripts, and a person with a phone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.mail.links import Purpose
from portal.leads.models import Lead
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.browser.test_pages import AXE, CONTRAST, LOOK, RUN_AXE
from tests.factories import CONTACT, factory, make_offered_lead, make_partner, make_person
from tests.inbound.every_link import choices_of, links_of_every_mail
from tests.inbound.pressing import get, issue, snapshot, waited

FIVE_SECONDS = 5_000
NOT_FOUND = re.compile("status of 404")


@pytest.fixture
def rep(live):
    return make_person(make_partner())


@factory
def hold(rep, **over):
    at = clock.now() - timedelta(days=2)
    lead = make_offered_lead(at=at, **over)
    return lead, pickup.claim(lead.id, get_actor(rep.id), at).pickup_id


def offered(rep, **over):
    lead = make_offered_lead(at=clock.now(), **over)
    return lead, issue(Purpose.OFFER, rep, lead_id=lead.id, round_=1)


def waits(page):
    """Let the page stand for as long as a person needs to read it."""
    page.wait_for_timeout(2200)


def just_shown(page, live):
    """Have the page be shown right now, however slow this machine is."""
    for sign in page.locator("input[name=nonce]").all():
        fresh = waited(live.app, {"nonce": sign.input_value()}, seconds=-4)["nonce"]
        sign.evaluate("(field, value) => { field.value = value; }", fresh)


def faults(page):
    """Return what is wrong with the open page on a phone and in the dark."""
    # half-way from one colour to the next nothing has its contrast
    page.evaluate("() => Promise.allSettled(document.getAnimations().map((one) => one.finished))")
    wrong = page.evaluate(LOOK, True)
    page.evaluate(AXE.read_text())
    wrong += page.evaluate(RUN_AXE)
    page.emulate_media(color_scheme="dark")
    wrong += page.evaluate(RUN_AXE, {"rules": CONTRAST})
    page.emulate_media(color_scheme="light")
    return wrong


def test_case_2_a_robot_that_runs_scripts_on_every_link_changes_nothing(live, windows, rep):
    links = links_of_every_mail(rep)
    paths = [
        *links.values(),
        *(f"{path}?s={choice}" for name, path in links.items() for choice in choices_of(name)),
    ]
    before = snapshot()
    robot = windows.open(live).context
    # its time is ours: what a page would do within five seconds, it does at once
    robot.clock.install()
    sent, elsewhere = [], []
    robot.on("request", lambda asked: asked.method != "GET" and sent.append(asked.url))
    robot.on("request", lambda a: a.url.startswith(live.url) or elsewhere.append(a.url))
    tabs = [robot.new_page() for _path in paths]
    for tab, path in zip(tabs, paths, strict=True):
        assert tab.goto(path).status in (200, 404), path
    robot.clock.run_for(FIVE_SECONDS)
    for tab in tabs:
        tab.wait_for_load_state("networkidle")
    assert not sent
    assert not elsewhere
    assert snapshot() == before


def test_case_3_a_robot_that_sends_the_first_form_is_asked_again(live, windows, rep):
    lead, path = offered(rep)
    robot = windows.open(live)
    robot.goto(path)
    for _press in range(2):
        just_shown(robot, live)
        with robot.expect_navigation():
            robot.evaluate("document.forms[0].requestSubmit()")
        expect(robot.get_by_role("heading", name="Please press once more")).to_be_visible()
    assert get(Lead, lead.id).holder_id is None


def test_case_13_no_log_holds_a_token(live, windows, rep):
    _lead, path = offered(rep)
    page = windows.open(live, reduced_motion="reduce")
    page.goto(path)
    page.locator("a.brand").click()
    page.wait_for_url("**/login**")
    windows.forgiven.append(NOT_FOUND)
    page.goto(path + "x")
    assert "inbound.open_link" in live.said() or '"event": "request"' not in live.said()
    assert path[3:] not in live.said()


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no scripts"])
def test_a_lead_is_refused_answered_picked_and_reported_from_mails_alone(
    live, windows, rep, script
):
    _first, owed = hold(rep, title="The lead in hand")
    lead, path = offered(rep, title="The lead of the mail")
    page = windows.open(live, script=script, reduced_motion="reduce")
    page.goto(f"{path}?s=pick")
    waits(page)
    page.get_by_role("button", name="Pick up").click()
    expect(page.get_by_role("heading", name="One answer and this lead is yours.")).to_be_visible()
    if script:
        assert not faults(page)
    waits(page)
    page.get_by_role("button", name="Proposal in progress").click()
    expect(page.get_by_role("heading", name="It is yours")).to_be_visible()
    for secret in CONTACT.values():
        assert secret not in page.content()
    assert get(Lead, lead.id).holder_id == rep.id
    assert get(Pickup, owed).last_status == "proposal"
    page.goto(f"{issue(Purpose.FEEDBACK, rep, pickup_id=owed)}?s=won")
    waits(page)
    page.get_by_label("Value of the order").fill("12,500.00")
    page.get_by_role("button", name="Report as won").click()
    expect(page.get_by_text("We recorded: Won, €12,500.")).to_be_visible()
    assert get(Pickup, owed).outcome == "won"


def test_who_presses_at_once_presses_twice_and_is_heard_once(live, windows, rep):
    _lead, held = hold(rep)
    path = issue(Purpose.FEEDBACK, rep, pickup_id=held)
    page = windows.open(live, reduced_motion="reduce")
    page.goto(path)
    just_shown(page, live)
    page.get_by_role("button", name="Waiting for their answer").click()
    expect(page.get_by_role("heading", name="Please press once more")).to_be_visible()
    assert not faults(page)
    waits(page)
    page.get_by_role("button", name="Waiting for their answer").click()
    expect(page.get_by_text("We recorded: Waiting for their answer.")).to_be_visible()
    assert get(Pickup, held).last_status == "waiting"

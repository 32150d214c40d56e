"""A lead's life without the portal: every step begins with a mail in the mailbox."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from portal.core import clock
from tests.browser.windows import PLACES
from tests.factories import CONTACT, make_offered_lead, make_partner, make_person
from tests.journeys.test_main_road import come_again

READING = 2_200  # who presses faster is taken for a machine and asked again


@pytest.mark.parametrize("width", [partners for partners, _vendor in PLACES])
def test_a_lead_is_refused_picked_up_reported_and_won_from_its_mails(road, windows, width):
    rep = make_person(make_partner("Alpha Systems"), name="Alice Arndt")
    first = make_offered_lead(at=clock.now(), title="Cabinets for two plants")
    second = make_offered_lead(at=clock.now(), title="Wireless for a clinic")
    alice = windows.open(road, width=width)

    with follow(alice, rep, f"lead L.*{first.title}", "Pick up") as page:
        press(page, "Pick up")
        expect(page.get_by_role("heading", name="It is yours")).to_be_visible()
        assert CONTACT["last_name"] not in page.content()

    # the gate is red: one answer first, and in place
    with follow(alice, rep, f"lead L.*{second.title}", "Pick up") as page:
        press(page, "Pick up")
        expect(page.get_by_role("heading", name="One answer and")).to_be_visible()
        press(page, "Not made contact yet")
        expect(page.get_by_role("heading", name="It is yours")).to_be_visible()

    for answer in ("Waiting for their answer", "Proposal in progress"):
        with follow(alice, rep, f"Re: .*{second.title}", answer) as page:
            press(page, answer)
            expect(page.get_by_text(f"We recorded: {answer}.")).to_be_visible()
    with follow(alice, rep, f"Re: .*{second.title}", "Won") as page:
        page.get_by_label("Value of the order").fill("48250")
        press(page, "Report as won")
        expect(page.get_by_text("We recorded: Won, €48,250.")).to_be_visible()
    with follow(alice, rep, f"Re: .*{first.title}", "Lost / not interested") as page:
        page.get_by_label("Why?").select_option(index=1)
        page.get_by_label("Who decided?").fill("The board")
        press(page, "Report as lost")
        expect(page.get_by_text("We recorded: Lost")).to_be_visible()

    given = road.rows("SELECT lead_id, status FROM feedback ORDER BY id")
    assert [tuple(row) for row in given] == [
        (first.id, "not_contacted"),
        (second.id, "waiting"),
        (second.id, "proposal"),
        (second.id, "won"),
        (first.id, "lost"),
    ]
    told = alice.locator("tr").filter(has_text=rep.email).filter(has_text="Re: ")
    come_again(alice, "/local/mailbox", told.nth(7))
    kinds = road.rows("SELECT kind, count(*) FROM outgoing_emails GROUP BY kind ORDER BY kind")
    assert dict(map(tuple, kinds)) == {"lead_offered": 2, "recorded": 6, "yours_now": 2}


@contextmanager
def follow(page, user, subject, link):
    """Open the oldest mail of a subject and one of its links; the page that this opens is yours."""
    mails = page.locator("tr").filter(has_text=user.email).filter(has_text=re.compile(subject))
    come_again(page, "/local/mailbox", mails)
    mails.last.get_by_role("link").click()
    wanted = page.frame_locator("iframe").get_by_role("link", name=link, exact=True)
    with page.context.expect_page() as opened:
        wanted.click()
    yield opened.value
    opened.value.close()


def press(page, button):
    """Press a button as a person does who has read the page."""
    page.wait_for_timeout(READING)
    page.get_by_role("button", name=button).first.click()

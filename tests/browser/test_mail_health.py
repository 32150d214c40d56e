"""The page about mails on their way, full: on a phone and a desk, in the dark, without a script."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from portal.core import clock
from portal.core.mail import outbox
from tests.browser.test_pages import AXE, faults_of
from tests.core.posting import CONTEXT
from tests.factories import factory, make_lead, make_manager, make_partner, make_person

ERRORS = (
    "recipient: 550 5.1.1",
    "message: 554 5.7.1",
    "ValueError (core/mail/transport.py:97 in header)",
)


@factory
def fill(people, lead_id, at):
    """Mails that failed, that wait for their next try, that are due and that were sent."""
    for number, user in enumerate(people * 3):
        to = outbox.Recipient(user.id, user.email, user.name)
        outbox.post("password_reset", to, CONTEXT, at, f"k{number}", lead_id)
    mails = outbox.claim(at)
    for error, mail in zip(ERRORS, mails, strict=False):
        outbox.note(mail, outbox.over(error))
    for mail in mails[3:6]:
        outbox.note(mail, outbox.later(mail, "recipient: 451 4.7.1", at))
    for mail in mails[6:8]:
        outbox.note(mail, outbox.done(mail, at))
    outbox.put_back([mail.id for mail in mails[8:]], "no mail server (TimeoutError)", at)


@pytest.fixture(scope="module")
def manager(served):
    at = clock.now() - timedelta(hours=3)
    people = [
        make_person(
            make_partner("Alpha Systems"), name="Alice Ainsworth", email="alice@alpha.example"
        ),
        make_person(
            make_partner("Beta"),
            name="Maximiliane von und zu Hohenstein-Wittgenstein",
            email="max@a-very-long-name-of-a-domain-that-does-not-fit-a-phone.beta.example",
        ),
        make_person(make_partner("Gamma"), name="Carol", email="carol@gamma.example"),
    ]
    fill(people, make_lead().id, at)
    return make_manager()


def test_the_full_page_is_accessible_and_fits_everywhere(live, manager, windows):
    page = windows.open(live, manager, reduced_motion="reduce")
    page.add_init_script(path=AXE)
    page.goto("/mail-health")
    expect(page.get_by_role("heading", name="Mail health")).to_be_visible()
    assert not faults_of(page, "mail_health.mail_health", set())


def test_without_a_script_a_press_sends_again(live, manager, windows):
    page = windows.open(live, manager, script=False)
    page.goto("/mail-health")
    buttons = page.get_by_role("button", name="Send again")
    count = buttons.count()
    buttons.first.click()
    expect(page.get_by_text("1 mail is on its way again.")).to_be_visible()
    expect(buttons).to_have_count(count - 1)
    page.get_by_role("button", name="Send all again").click()
    expect(page.get_by_text("2 mails are on their way again.")).to_be_visible()
    expect(buttons).to_have_count(0)

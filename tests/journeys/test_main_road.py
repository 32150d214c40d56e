"""The main road, walked by people in a browser: from a file of leads to a won one."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import TimeoutError as NotYet
from playwright.sync_api import expect
from sqlalchemy import select

from portal.leads import wall
from portal.leads.models import LeadContact
from tests.browser.windows import PLACES
from tests.factories import PASSWORD, make_manager, make_partner, make_person

LEADS = """\
Lead ID;Title;Company;First Name;Last Name;Job Title;Phone;Email;City;Country;Industry;\
Employees;Lead Source;Disqualified Reason
4711;;Weserkontor GmbH;Annegret;Lühmann;IT manager;0511 1234560;luehmann@weserkontor.example;\
Hannover;Germany;Manufacturing;180;Trade Show;
4712;;Leinewerke AG;Bodo;Ahrens;Head of IT;+49 511 9876540;ahrens@leinewerke.example;\
Hannover;Germany;Health Care;420;Web;
4713;;Stille & Co.;Cord;Stille;Owner;0511 5550120;stille@stille.example;\
Hannover;Germany;Retail;12;Purchased List;Unsubscribed/Do Not Call
4714;;Nirgendwo KG;Dörte;Nimmer;Buyer;0511 5550130;no address at all;\
Hannover;Narnia;Retail;30;Web;
"""
FIRST = {
    "company": "Weserkontor",
    "name": "Lühmann",
    "title": "Replace 14 ageing network cabinets",
    "text": "Two plants, fifteen years old cabinets, and a budget that is signed off.",
}
SECOND = {
    "company": "Leinewerke",
    "name": "Ahrens",
    "title": "Wireless for a clinic with four houses",
    "text": "Four houses, nine hundred beds; visitors complain about the wireless.",
}


@pytest.mark.parametrize(("partners", "vendor"), PLACES)
def test_from_a_file_of_leads_to_a_won_one(road, windows, tmp_path, partners, vendor):
    live = road
    alpha = make_person(make_partner("Alpha Systems"), name="Alice Arndt")
    beta = make_person(make_partner("Beta Networks"), name="Bob Behrens")
    afar = make_person(
        make_partner("Far Away Inc.", country="US", subdivision="US-CA", territories=["US"])
    )
    manager = open_and_sign_in(live, windows, make_manager(), vendor)
    alice, bob, stranger = (
        open_and_sign_in(live, windows, user, partners) for user in (alpha, beta, afar)
    )

    bring_in(manager, tmp_path)
    first = qualify(manager, live, FIRST, leaks_first=True)
    second = qualify(manager, live, SECOND)
    offer(manager, first)
    offer(manager, second)

    for page in (alice, bob):
        page.goto("/available")
        for lead, what in ((first, FIRST), (second, SECOND)):
            card = page.locator(f"#lead-{lead}")
            expect(card).to_contain_text(what["title"])
            expect(card).to_contain_text("2 firms see it")
            assert what["name"] not in page.content()
            assert what["company"] not in page.content()
    stranger.goto("/available")
    expect(stranger.get_by_text("Nothing is on offer to your firm just now")).to_be_visible()

    the_mail_leads_to_the_lead(bob, live, beta, FIRST, first)

    # first come, first served; bob's page has not heard the news yet
    for news in ("**/stream*", "**/available/news*"):
        bob.route(news, lambda route: route.fulfill(status=204))
    bob.goto("/available")
    pick(alice, first)
    expect(alice.locator(f"#lead-{first}")).to_contain_text(FIRST["name"])
    expect(alice.get_by_role("link", name="0511 1234560")).to_have_attribute(
        "href", "tel:+495111234560"
    )
    pick(bob, first)
    expect(bob.locator("[data-refusal=already_taken]")).to_be_focused()
    for secret in (FIRST["text"], FIRST["name"], FIRST["company"]):
        assert secret not in bob.content()

    # the gate: the next pick waits for one answer
    pick(alice, second)
    waiting = alice.locator(f"#lead-{second}-wait")
    expect(waiting.get_by_role("heading", name="How far")).to_be_visible()
    waiting.get_by_role("button", name="Waiting for their answer").click()
    expect(alice.locator(f"#lead-{second}")).to_contain_text(SECOND["name"])

    # won, with what it is worth
    alice.goto(f"/leads/{first}")
    alice.get_by_role("heading", name="How far are you?").first.click()
    alice.get_by_text("Won …").click()
    alice.get_by_label("Value of the order").fill("48250")
    alice.get_by_role("button", name="Report as won").click()
    expect(alice.get_by_text("The lead is closed.")).to_be_visible()

    # given back: nothing of the contact stays, and the other firm has it on offer again
    alice.goto(f"/leads/{second}")
    alice.get_by_role("link", name="Give back").click()
    alice.locator("#give-back-reason").select_option("no_capacity")
    alice.locator("#give-back").get_by_role("button", name="Give back").click()
    expect(alice.get_by_role("heading", name="Mine")).to_be_visible()
    alice.goto(f"/leads/{second}")
    expect(alice.get_by_role("heading", name="A lead you held")).to_be_visible()
    assert SECOND["name"] not in alice.content()
    bob.goto("/available")
    expect(bob.locator(f"#lead-{second}")).to_contain_text(SECOND["title"])

    manager.goto("/board")
    for column, count in (("on_offer", "1"), ("held", "0"), ("to_qualify", "0"), ("ready", "0")):
        expect(manager.locator(f"#column-{column} h2 .muted")).to_have_text(count)
    expect(manager.locator("#column-on_offer")).to_contain_text(SECOND["title"])


def open_and_sign_in(live, windows, user, width):
    """Open a window and sign in by hand."""
    page = windows.open(live, width=width)
    page.goto("/")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("summary").filter(has_text="Your account")).to_be_visible()
    return page


def bring_in(page, folder):
    """Upload the list, try it, bring it in, and look at what was refused."""
    path = folder / "fair.csv"
    path.write_text(LEADS, encoding="cp1252")
    page.goto("/imports")
    page.get_by_role("link", name="New list").click()
    page.get_by_label("List of leads").set_input_files(path)
    page.get_by_role("button", name="Upload").click()
    page.get_by_label("System the list comes from").fill("fair")
    page.get_by_role("button", name="Look at the rows first").click()
    expect(page.get_by_text("nothing has been written yet")).to_be_visible()
    page.get_by_role("button", name="Import now").click()
    expect(page.get_by_text("The list is in.")).to_be_visible()
    for label, figure in (("Rows", "4"), ("Refused", "1"), ("Not to be called", "1")):
        expect(page.locator(".kpi").filter(has_text=re.compile(f"^{label}")).first).to_contain_text(
            figure
        )
    expect(page.get_by_text("Narnia")).to_be_visible()


def number_of(live, company):
    """Return the id of the lead of a company."""
    return live.do(find_lead_of, company)


def find_lead_of(company):
    with wall.open_to_search() as opened:
        found = select(LeadContact.lead_id).where(LeadContact.company.startswith(company))
        return opened.scalars(found).one()


def qualify(page, live, what, leaks_first=False):
    """Complete a lead of the list and declare it ready; return its id."""
    lead = number_of(live, what["company"])
    page.goto("/qualify")
    page.locator(f"main a[href='/qualify/{lead}']").first.click()
    for key in ("budget", "authority", "need", "time"):
        page.locator(f"[name=answer-{key}]").fill("Yes, and in writing.")
    page.get_by_text("Hot", exact=True).click()
    page.locator("[name=title]").fill(what["title"])
    text = page.locator("[name=partner_text]")
    ready = page.get_by_role("button", name="Ready to offer")
    if leaks_first:
        text.fill(f"{what['text']} Ask for {what['name']} at {what['company']}.")
        expect(page.locator("#leaks-partner_text")).to_contain_text("gives the contact away")
        ready.click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert live.value("SELECT state FROM leads WHERE id = :id", id=lead) == "qualifying"
    text.fill(what["text"])
    expect(page.locator("#preview")).to_contain_text(what["text"])
    expect(page.locator("#preview")).to_contain_text(what["title"])
    expect(page.locator("#preview")).not_to_contain_text(what["name"])
    ready.click()
    expect(page.get_by_text("is ready to be offered")).to_be_visible()
    return lead


def offer(page, lead):
    """Put a lead on offer."""
    page.goto(f"/leads/{lead}")
    page.get_by_role("button", name="Offer to partners").click()
    expect(page.get_by_text("The lead is on offer to 2 firms.")).to_be_visible()


def the_mail_leads_to_the_lead(page, live, user, what, lead):
    """Find the mail in the mailbox of the local run and follow its link."""
    mails = page.locator("tr").filter(has_text=user.email).filter(has_text=what["title"])
    expect(come_again(page, "/local/mailbox", mails)).to_be_visible()
    mails.get_by_role("link").click()
    body = page.frame_locator("iframe")
    expect(body.get_by_text(what["title"]).first).to_be_visible()
    assert what["name"] not in page.content()
    with page.context.expect_page() as opened:
        body.locator(f"a[href*='/leads/{lead}']").first.click()
    card = opened.value.locator(f"#lead-{lead}")
    expect(card).to_contain_text(what["title"])
    expect(card.get_by_role("button", name="Pick up")).to_be_visible()
    opened.value.close()


def come_again(page, path, wanted):
    """Load a page anew until something stands on it."""
    for _ in range(120):
        page.goto(path)
        try:
            wanted.first.wait_for(timeout=500)
        except NotYet:
            continue
        return wanted.first
    return wanted.first


def pick(page, lead):
    page.locator(f"#lead-{lead}-pickup").click()

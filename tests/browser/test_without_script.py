"""The same ways without JavaScript: every form works by itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from portal.accounts.models import Organisation, OrganisationKind
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.leads.operations import ContactDraft, Draft, capture
from portal.pickup import operations as pickup
from tests.factories import (
    CONTACT,
    PASSWORD,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
)


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


@pytest.fixture
def plain(live, windows):
    """Return what opens a window without JavaScript."""
    return lambda user=None: windows.open(live, user, script=False)


def offered(**over):
    return make_offered_lead(at=clock.now(), **over)


def test_signing_in_and_out(plain):
    rep = make_person()
    page = plain()
    page.goto("/")
    page.get_by_label("E-mail").fill(rep.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="This morning")).to_be_visible()
    page.locator("details[data-menu] > summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_picking_up_being_asked_answering_and_picking_again(plain):
    rep = make_person()
    first, second = offered(), offered(title="Wanted next")
    page = plain(rep)
    page.goto("/available")
    page.locator(f"#lead-{first.id}-pickup").click()
    expect(page.get_by_text(CONTACT["last_name"])).to_be_visible()
    page.goto("/available")
    page.locator(f"#lead-{second.id}-pickup").click()
    expect(page.locator("[data-refusal=feedback_owed]")).to_be_visible()
    page.get_by_role("button", name="Proposal in progress").click()
    expect(page.get_by_role("heading", name="Wanted next")).to_be_visible()
    expect(page.get_by_text(CONTACT["last_name"])).to_be_visible()


def test_a_refused_answer_comes_back_with_what_was_typed(live, plain):
    rep = make_person()
    first, second = offered(), offered(title="Wanted next")
    live.do(lambda: pickup.claim(first.id, get_actor(rep.id), clock.now()))
    page = plain(rep)
    page.goto(f"/leads/{second.id}")
    page.get_by_role("button", name="Pick up").click()
    page.get_by_text("Won …").click()
    page.get_by_label("Value of the order").fill("a lot")
    page.get_by_role("button", name="Report as won").click()
    value = page.get_by_label("Value of the order")
    expect(value).to_have_value("a lot")
    expect(value).to_have_attribute("aria-invalid", "true")
    value.fill("12500")
    page.get_by_role("button", name="Report as won").click()
    expect(page.get_by_role("heading", name="Wanted next")).to_be_visible()


def test_the_second_of_two_gets_the_honest_answer(live, plain):
    rep, other = make_person(), make_person()
    lead = offered()
    page = plain(rep)
    page.goto("/available")
    live.do(lambda: pickup.claim(lead.id, get_actor(other.id), clock.now()))
    page.locator(f"#lead-{lead.id}-pickup").click()
    expect(page.locator("[data-refusal=already_taken]")).to_be_visible()
    assert lead.partner_text not in page.content()


def test_declining_with_a_reason(plain):
    rep = make_person()
    lead = offered()
    page = plain(rep)
    page.goto("/available")
    page.locator(f"#lead-{lead.id}").get_by_role("link", name="Not for me").click()
    page.get_by_role("button", name="Too far away").click()
    expect(page.get_by_text("Your firm does not see this lead any more")).to_be_visible()
    expect(page.locator(f"#lead-{lead.id}")).to_have_count(0)


def test_giving_a_lead_back(live, plain):
    rep = make_person()
    lead = offered()
    live.do(lambda: pickup.claim(lead.id, get_actor(rep.id), clock.now()))
    page = plain(rep)
    page.goto(f"/leads/{lead.id}")
    page.get_by_role("link", name="Give back").click()
    page.get_by_label("Why do you give it back?").select_option(index=1)
    page.get_by_role("button", name="Give back").click()
    expect(page.get_by_role("heading", name="Mine")).to_be_visible()
    page.goto(f"/leads/{lead.id}")
    assert CONTACT["last_name"] not in page.content()


def test_qualifying_saving_a_draft_looking_at_the_card_and_offering(live, plain):
    make_person()
    contact = ContactDraft(company="Beispielwerke AG", last_name="Kern", phone="0511 1234560")

    def comes_in():
        return capture(Draft(country="DE", city="Hannover", contact=contact), clock.now()).id

    lead = live.do(comes_in)
    page = plain(make_manager())
    page.goto(f"/qualify/{lead}")
    page.locator("[name=title]").fill("Power for the server room")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.locator("[name=title]")).to_have_value("Power for the server room")
    page.locator("[name=partner_text]").fill("Call Kern at Beispielwerke.")
    page.locator("[name=source_id]").select_option(index=1)
    page.get_by_text("Hot", exact=True).click()
    for key in ("budget", "authority", "need", "time"):
        page.locator(f"[name=answer-{key}]").fill("Yes, and in writing.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("Power for the server room")
    page.get_by_role("button", name="Ready to offer").click()
    expect(page.locator("#leaks-partner_text")).to_contain_text("gives the contact away")
    page.locator("[name=partner_text]").fill("The room gets a second row of racks.")
    page.get_by_role("button", name="Ready to offer").click()
    expect(page.get_by_text("is ready to be offered")).to_be_visible()
    page.goto(f"/leads/{lead}")
    page.get_by_role("button", name="Offer to partners").click()
    expect(page.get_by_text("The lead is on offer to 1 firm.")).to_be_visible()


def test_bringing_a_list_in(live, plain, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("Lead ID;Company;Last Name;Country\n1;Muster GmbH;Muster;DE\n")
    page = plain(make_manager())
    page.goto("/imports/new")
    page.get_by_label("List of leads").set_input_files(path)
    page.get_by_role("button", name="Upload").click()
    page.get_by_label("System the list comes from").fill("plain")
    page.get_by_role("button", name="Import now").click()
    expect(page.get_by_text("The list is coming in")).to_be_visible()
    live.work()
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("The list is in.")).to_be_visible()


def test_editing_a_rule_and_looking_whom_it_finds(plain):
    make_partner()
    make_lead()
    page = plain(make_manager())
    page.goto("/rules")
    page.get_by_role("link", name="2. Everything else to firms nearby").click()
    page.get_by_label("Name").fill("To firms nearby")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("To firms nearby").first).to_be_visible()


def test_searching_the_board(plain):
    lead = make_lead(title="A very particular title")
    make_lead(title="Another one")
    page = plain(make_manager())
    page.goto("/board")
    page.get_by_role("searchbox").fill("particular")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#column-ready")).to_contain_text(lead.title)
    expect(page.locator("#column-ready")).not_to_contain_text("Another one")

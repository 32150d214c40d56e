"""At the desk: the next inquiry, a script that asks further, attempts, who else works on it."""

from __future__ import annotations

from playwright.sync_api import expect
from sqlalchemy import select, update

from portal.core import clock
from portal.core.db import session
from portal.leads.models import Lead, LeadState, LeadType, QualificationQuestion
from portal.leads.operations import ContactDraft, Draft, capture
from tests.browser.windows import DESK, PHONE
from tests.factories import make_partner, make_person, make_vendor

CADENCE = [
    {"when": "taken", "days": days, "kind": kind, "names": {"en": words}}
    for days, kind, words in (
        (1, "email", "Write, with two dates"),
        (2, "call", "Call the office"),
        (4, "call", "Call once more"),
        (7, "email", "Say good-bye, kindly"),
    )
]
OPTIONS = [
    {"key": "own", "names": {"en": "Own server room"}},
    {"key": "cloud", "names": {"en": "In the cloud"}},
]


def comes_in() -> int:
    """Take in an inquiry whose type has a cadence, prescribed attempts and a script of its own."""
    vendor = make_vendor()
    for name in ("Anna", "Ben"):
        make_person(vendor, "qualifier", name=f"{name} Arndt", email=f"{name}@desk.example")
    make_partner("Alpha Systems")
    own = session()
    own.execute(update(LeadType).values(cadence=CADENCE, attempts=2))
    definition = own.scalars(select(QualificationQuestion.definition_id)).first() or 0
    asked = {"definition_id": definition, "area": "own"}
    own.add_all(
        [
            QualificationQuestion(
                key="runs", sort="choice", options=OPTIONS, position=40,
                names={"en": "Where does it run today?"}, **asked,
            ),
            QualificationQuestion(
                key="racks", sort="number", position=41, shown_by="runs", shown_for=["own"],
                names={"en": "How many racks?"}, required=True, **asked,
            ),
        ]
    )  # fmt: skip
    own.execute(update(Lead).values(state=LeadState.DISQUALIFIED))
    contact = ContactDraft(company="Beispielwerke AG", last_name="Kern", phone="0511 1234560")
    draft = Draft(title="Racks", country="DE", city="Hannover", contact=contact)
    return capture(draft, clock.now()).id


def test_an_inquiry_is_tried_asked_further_and_made_ready_while_nobody_else_changes_it(
    live, windows
):
    lead = live.do(comes_in)
    anna_, ben_ = live.do(lambda: [make_person(make_vendor(), "qualifier") for _ in "ab"])
    anna = windows.open(live, anna_, width=DESK)
    anna.goto("/qualify")
    anna.get_by_role("button", name="Take the next one").click()
    work = anna.locator("#work")
    expect(work).to_contain_text("Yours while you work on it")
    expect(work).to_contain_text("Call the office")

    ben = windows.open(live, ben_, width=PHONE)
    ben.goto(f"/qualify/{lead}")
    expect(ben.locator("#work")).to_contain_text("works on it just now")

    anna.goto(f"/qualify/{lead}/disqualification")
    anna.get_by_text("Never answered").click()
    anna.get_by_role("button", name="Put aside").click()
    expect(anna.locator("#reason-errors")).to_contain_text("2 attempts are prescribed")

    anna.goto(f"/qualify/{lead}")
    work.get_by_text("No answer", exact=True).click()
    with anna.expect_response("**/attempts"):
        work.get_by_role("button", name="Note the attempt").click()
    expect(work).to_contain_text("1 attempt of 2")
    expect(work).not_to_contain_text("Call the office")

    # what is typed stays while the script asks further
    anna.locator("[name=title]").fill("Power for the server room")
    anna.get_by_text("Own server room").click()
    racks = anna.get_by_label("How many racks?")
    expect(racks).to_be_visible()
    expect(anna.locator("[name=title]")).to_have_value("Power for the server room")
    racks.fill("14")
    for key in ("budget", "authority", "need", "time"):
        anna.locator(f"[name=answer-{key}]").fill("Yes, and in writing.")
    anna.locator("[name=partner_text]").fill("The room gets a second row of racks.")
    anna.locator("[name=source_id]").select_option(index=1)
    anna.get_by_text("Hot", exact=True).click()
    anna.get_by_role("button", name="Ready to offer").click()
    expect(anna.get_by_text("is ready to be offered")).to_be_visible()
    ben.goto(f"/qualify/{lead}")
    expect(ben.locator("#work")).not_to_contain_text("works on it just now")

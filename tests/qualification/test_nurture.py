"""Nurture: kept warm until a day, written to in one's language, left by one press."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid, Refused
from portal.core.mail.models import OutgoingEmail
from portal.leads import archive, operations
from portal.leads.basis import Basis
from portal.leads.models import Lead, LeadState, Suppression
from portal.leads.operations import ContactDraft, Draft
from portal.qualification import desk, letters, nurture, queue
from portal.qualification.models import NurtureMail
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_manager,
    make_person,
    make_vendor,
    sign_in,
)

DAY = timedelta(days=1)
UNTIL = (AT + 30 * DAY).date()
MARIA = ContactDraft(first_name="Maria", company="Zoo", email="maria@zoo.example")


def write(mara: Actor, days: int, **over) -> NurtureMail:
    mail = NurtureMail(
        days=days, active=True,
        subjects={"en": f"After {days}", "de": f"Nach {days}"},
        texts={"en": "Hello {first_name|there}, {unknown}", "de": "Guten Tag {first_name|Sie}"},
    )  # fmt: skip
    return nurture.save_mail(mail, None, 0, mara, AT)


def inquiry(contact: ContactDraft = MARIA, basis: str | None = "consent", **over) -> Lead:
    given = Basis(basis) if basis else None
    return operations.capture(Draft(title="Racks", contact=contact, basis=given, **over), AT)


def mails() -> list[tuple[str, str]]:
    rows = session().execute(
        select(OutgoingEmail.to_address, OutgoingEmail.subject).order_by(OutgoingEmail.id)
    )
    return [(row[0], row[1]) for row in rows]


def run(until: timedelta) -> None:
    """Let the sweep run once a day."""
    for number in range(until.days + 1):
        at = AT + number * DAY
        for lead_id in nurture.due(at):
            nurture.attend(lead_id, at)
            nurture.attend(lead_id, at)


def test_who_is_not_ready_is_written_to_until_the_day_and_waits_to_be_qualified_again(ctx):
    anna = get_actor(make_person(make_vendor(), "qualifier").id)
    mara = get_actor(make_manager().id)
    for days in (7, 14, 60):
        write(mara, days)
    lead = inquiry(language="de")
    assert desk.take_next(anna, AT, queue.Filters()) is lead
    nurture.begin(lead.id, UNTIL, anna, AT)
    assert lead.state == LeadState.NURTURE
    run(20 * DAY)
    assert mails() == [("maria@zoo.example", "Nach 7"), ("maria@zoo.example", "Nach 14")]
    text = session().scalars(select(OutgoingEmail.text)).first() or ""
    assert text.startswith("Guten Tag Maria")
    assert "/no-more-mails/" in text
    run(31 * DAY)
    session().expire_all()
    assert lead.state == LeadState.CAPTURED
    assert nurture.find_nurture(lead.id) is None
    assert len(mails()) == 2


@pytest.mark.parametrize(
    ("contact", "basis", "why"),
    [
        (ContactDraft(company="Zoo", phone="+49511123456"), "consent", "no address"),
        (MARIA, None, "nobody knows why he may be approached"),
        (MARIA, "consent", "on the list of those nobody approaches"),
    ],
)
def test_some_are_never_written_to(ctx, contact, basis, why):
    mara = get_actor(make_manager().id)
    write(mara, 7)
    lead = inquiry(contact, basis)
    nurture.begin(lead.id, UNTIL, mara, AT)
    if "list" in why:
        session().add(Suppression(key="email:maria@zoo.example", reason="asked", created_at=AT))
        session().flush()
    run(10 * DAY)
    assert mails() == []


def test_a_dead_lead_in_the_archive_gets_the_mails_where_it_is(ctx):
    mara = get_actor(make_manager().id)
    write(mara, 7)
    lead = inquiry()
    operations.disqualify(lead.id, "bad_timing", "", mara, AT)
    archive.put_in(lead.id, None, "", mara, AT)
    nurture.begin(lead.id, UNTIL, mara, AT)
    run(40 * DAY)
    assert len(mails()) == 1
    assert lead.state == LeadState.DISQUALIFIED


def test_what_somebody_has_in_hand_meanwhile_is_not_written_to_and_a_late_mail_is_left_out(ctx):
    mara = get_actor(make_manager().id)
    write(mara, 7)
    lead, late = inquiry(), inquiry(ContactDraft(email="late@zoo.example"))
    for one in (lead, late):
        nurture.begin(one.id, UNTIL, mara, AT)
    operations.queue_again(lead.id, AT)
    for lead_id in nurture.due(AT + 12 * DAY):
        nurture.attend(lead_id, AT + 12 * DAY)
    assert mails() == []
    assert nurture.find_nurture(lead.id) is None
    assert nurture.find_nurture(late.id) is not None


def test_a_day_that_is_over_or_a_contact_that_wants_nothing_is_refused(ctx):
    mara, lead = get_actor(make_manager().id), inquiry()
    for day in (AT.date(), (AT + 4000 * DAY).date()):
        with pytest.raises(Invalid):
            nurture.begin(lead.id, day, mara, AT)
    lead.suppressed = True
    with pytest.raises(Refused):
        nurture.begin(lead.id, UNTIL, mara, AT)


def test_what_a_stranger_typed_as_a_name_brings_no_address_into_a_mail():
    assert letters.harmless("Maria https://evil.example") == ""
    assert letters.harmless("www.evil.example") == ""
    assert letters.harmless("Ma\r\nria") == "Ma ria"
    merged = letters.merge("{first_name} {0.__class__} {company|you}", {"first_name": "{company}"})
    assert merged == "{company} {0.__class__} you"


@factory
def in_nurture() -> tuple[int, str]:
    mara = get_actor(make_manager().id)
    lead = inquiry()
    nurture.begin(lead.id, UNTIL, mara, AT)
    return lead.id, letters.mark_of(lead.id)


def test_opening_the_way_out_changes_nothing_and_one_press_ends_the_mails_for_good(client):
    lead_id, mark = in_nurture()
    state = factory(lambda: session().get_one(Lead, lead_id).suppressed)
    assert "Write to me no more" in client.get(f"/no-more-mails/{mark}").text
    assert not state()
    # as a mail client does it: no cookie, no token
    pressed = client.post(
        f"/no-more-mails/{mark}", data={"List-Unsubscribe": "One-Click"}, headers={"Origin": "null"}
    )
    assert pressed.status_code == 200
    assert state()
    assert client.post(f"/no-more-mails/{mark}").status_code == 200
    assert client.get(f"/no-more-mails/{mark}x").status_code == 404
    assert client.post("/no-more-mails/nothing").status_code == 404
    assert factory(lambda: nurture.find_nurture(lead_id))() is None


def test_a_manager_writes_the_mails_of_nurture_in_both_languages(client):
    sign_in(client, factory(make_manager)())
    sent = {
        "csrf_token": csrf_of(client.get("/nurture-mails/new").text),
        "days": "7",
        "active": "y",
    }
    wrong = client.post("/nurture-mails/new", data={**sent, "subject_de": "Nur auf Deutsch"})
    assert wrong.status_code == 422
    assert "Nur auf Deutsch" in wrong.text
    sent |= {"subject_en": "Ten questions", "text_en": "Hello {first_name|there}"}
    assert client.post("/nurture-mails/new", data=sent).status_code == 303
    assert "English only" in client.get("/nurture-mails").text
    mail = factory(lambda: session().scalars(select(NurtureMail.id)).one())()
    assert "Hello Maria" in client.get(f"/nurture-mails/{mail}").text
    stale = client.post(f"/nurture-mails/{mail}", data={**sent, "version": "0"})
    assert stale.status_code == 409
    assert client.post(f"/nurture-mails/{mail}/removal", data=sent).status_code == 303
    assert "No mail yet" in client.get("/nurture-mails").text


def test_a_qualifier_puts_an_inquiry_into_nurture_and_ends_it(client):
    sign_in(client, factory(lambda: make_person(make_vendor(), "qualifier"))())
    lead_id = factory(lambda: inquiry().id)()
    page = client.get(f"/leads/{lead_id}/nurture").text
    sent = {"csrf_token": csrf_of(page)}
    assert client.post(f"/leads/{lead_id}/nurture", data=sent).status_code == 422
    day = (clock.now() + 40 * DAY).date().isoformat()
    assert client.post(f"/leads/{lead_id}/nurture", data={**sent, "until": day}).status_code == 303
    assert "In nurture since" in client.get(f"/leads/{lead_id}/nurture").text
    assert client.post(f"/leads/{lead_id}/nurture/end", data=sent).status_code == 303
    assert "In nurture since" not in client.get(f"/leads/{lead_id}/nurture").text

"""Mail with the customer: written in the dossier, answered to the lead's own address."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

import pytest
from sqlalchemy import func, select

from portal.accounts.queries import get_actor
from portal.core import jobs
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.mail import addresses, outbox, standing, transport
from portal.core.mail.models import OutgoingEmail
from portal.correspondence import operations, queries
from portal.correspondence.addresses import address_of
from portal.correspondence.models import Letter
from portal.correspondence.rules import MOST_ABOUT_A_LEAD, CannotWrite, check
from portal.inbound import lead_mails, parsing, pipeline, places
from portal.inbound.models import InboundMessage
from portal.inbound.unquoted import without_quote
from portal.leads import removal
from portal.leads.activities import load_activities
from portal.leads.attachments import load_attachments
from portal.leads.models import Lead
from portal.notifications import operations as notifications
from portal.partners.models import Absence
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.qualification import nurture
from tests.factories import (
    AT,
    CONTACT,
    contact_of,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)
from tests.inbound.replying import SERVER, hold, take_apart_here, told, vouching

MARIA, TEXT = (
    CONTACT["email"],
    "Dear #first_name,\nabout #number: C# and ##1.\n#my_name, #my_company",
)


@pytest.fixture
def inside(app, monkeypatch):
    """Open the application's context, and take mails apart in this process, which is quicker."""
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], authserv_id=SERVER))
    monkeypatch.setattr(parsing, "take_apart", take_apart_here)
    with app.app_context():
        yield app


@factory
def make_held():
    """Have a person hold a lead that somebody of the vendor answers for."""
    rep = make_person(make_partner("Alpha"), name='Ada; "x", Ämil', email="ada@alpha.example")
    owner = make_person(make_vendor(), "account_manager", email="mara@vendor.example")
    held = hold(make_offered_lead(language="de"), rep)
    lead = session().get_one(Lead, held.lead_id)
    lead.owner_id = owner.id
    make_person(rep.organisation, email="cora@alpha.example")
    told()
    return lead, held, rep, owner


def send(lead, rep, text=TEXT, subject="Your inquiry #number", once="m" * 26, at=AT):
    return operations.send(lead.id, subject, text, False, once, get_actor(rep.id), at)


def mail_of(letter):
    query = select(OutgoingEmail).where(OutgoingEmail.dedupe_key == letter.mail_key)
    return session().scalars(query).one()


def come(address, sender, text="Tuesday suits us.", verdict="pass", file=None, at=AT):
    """Have a mail come to an address of a lead, and read it."""
    made = EmailMessage()
    made["Authentication-Results"] = vouching(verdict, sender)
    made["From"], made["To"], made["Subject"] = sender, address, "Re: Your inquiry"
    made["Message-ID"] = f"<{abs(hash((text, sender, address))):x}@mail.example>"
    made.set_content(text)
    if file:
        made.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename=file)
    found = places.find(address)
    kept = pipeline.store(made.as_bytes(), "somebody@mail.example", found.name, "smtp", at)
    pipeline.read_message(kept, at)
    message = session().get_one(InboundMessage, kept, populate_existing=True)
    return message.state, message.reason


def timeline(lead, user):
    """Return what somebody reads of the e-mails about a lead, the newest first."""
    lead = session().get_one(Lead, lead.id, populate_existing=True)
    found = load_activities(lead, get_actor(user.id))
    return [one.text for one in found if one.kind == "email"]


def test_a_letter_goes_out_once_in_its_writers_name_and_counts_as_first_contact(inside):
    lead, held, rep, owner = make_held()
    letter = send(lead, rep)
    assert send(lead, rep).id == letter.id
    row = mail_of(letter)
    settings = inside.config["SETTINGS"]
    to, raw = transport.written(row, settings)
    mail = BytesParser(policy=policy.default).parsebytes(raw)
    (sender,) = mail["From"].addresses
    assert (to, sender.addr_spec) == (MARIA, f"leads@{settings.mail_domain}")
    assert sender.display_name == 'Ada; "x", Ämil (Alpha) via Firstcome'
    assert (mail["Reply-To"], mail["Auto-Submitted"]) == (address_of(lead, get_actor(rep.id)), "no")
    assert "X-Auto-Response-Suppress" not in mail
    assert mail["Subject"] == f"Your inquiry {lead.number}"
    body = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert f"Dear {CONTACT['first_name']},\nabout {lead.number}: C# and #1.\nAda" in body
    assert row.headers["Reply-To"].partition("+")[2] not in outbox.masked(row.headers["Reply-To"])
    assert (len(timeline(lead, rep)), timeline(lead, owner)) == (1, [])
    told()
    assert session().get_one(Pickup, held.id, populate_existing=True).first_contact_at == AT
    with pytest.raises(NotFound):
        send(lead, make_person(make_partner("Beta")))


def test_what_comes_to_a_leads_address_lands_where_it_belongs(inside):
    lead, held, rep, owner = make_held()
    mine = address_of(lead, get_actor(rep.id))
    theirs = address_of(lead, get_actor(owner.id))
    stranger = make_person(make_partner("Beta"))
    forged = mine[:-30] + ("1" if mine[-30] == "0" else "0") + mine[-29:]
    assert (places.find(forged), mine == theirs) == (None, False)

    def told_to():
        return sorted(one.to_address for one in told() if one.kind == "customer_wrote")

    taken, waits = ("taken", None), "not_understood"
    heard = [rep.email]
    for address, sender, verdict, result, hears in (
        (mine, MARIA, "pass", taken, heard),
        (mine.upper(), f"boss@{CONTACT['domain']}", "none", taken, heard),
        (mine, MARIA, "fail", (waits, "not_vouched"), []),
        (mine, rep.email, "none", (waits, "not_vouched"), []),
        (mine, owner.email, "none", (waits, "not_vouched"), []),
        (mine, "evil@evil.example", "pass", (waits, "stranger_to_lead"), []),
        (mine, stranger.email, "pass", (waits, "stranger_to_lead"), []),
        (mine, rep.email, "pass", taken, []),
        (mine, "cora@alpha.example", "pass", taken, []),
        (mine, owner.email, "pass", taken, []),
        (theirs, MARIA, "pass", taken, sorted([*heard, owner.email])),
    ):
        text = f"{sender} {verdict} {address}"
        assert (come(address, sender, text, verdict), told_to()) == (result, hears), text
    seen = timeline(lead, rep)
    assert len(seen) == 6  # not what the owner keeps to herself
    unsure = [one.split("@")[0] for one in seen if "(sender not confirmed)" in one]
    assert unsure == ["boss"]
    come(mine, MARIA, "With a plan.", file="plan.pdf")
    (heard_of,) = told()
    assert f"{MARIA} (cc: {mine})" in heard_of.text
    files = load_attachments(session().get_one(Lead, lead.id), get_actor(rep.id))
    assert [(one.name, one.author) for one in files] == [("plan.pdf", None)]
    # somebody says that the stranger writes for the customer
    waiting = select(InboundMessage.id).where(InboundMessage.reason == "stranger_to_lead")
    first = session().scalars(waiting.order_by(InboundMessage.id)).first()
    told()
    lead_mails.accept(first, get_actor(make_manager().id), AT)
    assert (any("evil@" in one for one in timeline(lead, rep)), told_to()) == (True, heard)
    # the address ends with the holding
    pickup.give_back(held.id, "duplicate", "", get_actor(rep.id), AT)
    assert come(mine, rep.email, "One more thing.") == (waits, "lead_moved")
    assert come(mine, MARIA, "Are you there?") == taken
    assert (any("Are you there?" in one for one in timeline(lead, owner)), told_to()) == (
        True,
        [owner.email],
    )


def test_what_she_writes_while_the_holder_is_away_reaches_who_stands_in(inside):
    lead, _held, rep, _owner = make_held()
    dele = make_person(rep.organisation, name="Dele")
    session().add(
        Absence(
            organisation_id=rep.organisation_id,
            user_id=rep.id,
            delegate_id=dele.id,
            starts_on=AT.date(),
            ends_on=AT.date(),
        )
    )
    session().flush()
    come(address_of(lead, get_actor(rep.id)), CONTACT["email"], "Please call me today.")
    assert [mail.user_id for mail in told() if mail.kind == "customer_wrote"] == [dele.id]


def test_a_letter_is_refused_in_words_where_none_may_go_out(inside):
    lead, _held, rep, _owner = make_held()
    contact = contact_of(lead.id)
    actor = get_actor(rep.id)

    def refusal():
        return operations.refusal_of(session().get_one(Lead, lead.id), contact, actor, AT)

    assert refusal() == ""
    for subject, text, field in (
        ("", "Hello", "subject"),
        ("Hello", "Dear #surname", "text"),
        ("Hello", "x" * 3601, "text"),
    ):
        with pytest.raises(Invalid) as refused:
            send(lead, rep, text, subject)
        assert list(refused.value.errors) == [field]
    assert "#last_name" in str(check("a", "#surname")["text"])
    for number in range(MOST_ABOUT_A_LEAD):
        send(lead, rep, once=f"{number:026d}")
    with pytest.raises(CannotWrite):
        send(lead, rep, once="z" * 26)
    later = AT + timedelta(days=2)
    first = session().scalars(select(Letter).order_by(Letter.id)).first()
    mail = mail_of(first)
    mail.status, mail.sent_at = "sent", AT
    session().flush()
    standing.note(mail.id, standing.Kind.HARD, "550 5.1.1", AT)
    jobs.run_now("correspondence.note_returns", {"id": first.id}, AT)
    assert [(one.kind, one.to_address) for one in told()] == [("letter_back", rep.email)]
    with pytest.raises(CannotWrite):
        send(lead, rep, once="y" * 26, at=later)
    standing.release(session().scalars(select(standing.MailAddress.id)).one(), AT)
    assert send(lead, rep, once="y" * 26, at=later)
    for change in ({"basis": None}, {"suppressed": True}):
        for name, value in change.items():
            setattr(session().get_one(Lead, lead.id), name, value)
        with pytest.raises(CannotWrite):
            send(lead, rep, once="x" * 26, at=later)
        session().get_one(Lead, lead.id).basis = "asked"


def test_a_holder_looks_at_a_letter_before_it_goes(app, client):
    with app.app_context():
        lead, _held, rep, _owner = make_held()
    page = sign_in(client, rep).get(f"/leads/{lead.id}")
    assert addresses.LEADS + "+" in page.text
    form = client.get(f"/leads/{lead.id}/letter")
    data = {"csrf_token": csrf_of(form.text), "once": "q" * 26, "subject": "Hello"}
    wrong = client.post(f"/leads/{lead.id}/letter/preview", data={**data, "text": "Hi #nobody"})
    assert (wrong.status_code, "Hi #nobody" in wrong.text) == (422, True)
    data["text"] = "Dear #first_name <b>"
    seen = client.post(f"/leads/{lead.id}/letter/preview", data=data)
    assert (seen.status_code, f"Dear {CONTACT['first_name']} &lt;b&gt;" in seen.text) == (200, True)
    for _press in range(2):
        assert client.post(f"/leads/{lead.id}/letter", data=data).status_code in (302, 303)
    # back in the browser something else is written, in the same form
    again = {**data, "text": "And {title}?"}
    assert client.post(f"/leads/{lead.id}/letter", data=again).status_code in (302, 303)
    with app.app_context():
        sent = session().scalars(select(OutgoingEmail.text).where(OutgoingEmail.lead_id == lead.id))
        assert [one.split("\n")[0] for one in sent if "Dear" in one or "And" in one] == [
            f"Dear {CONTACT['first_name']} <b>",
            "And {title}?",
        ]
        assert session().scalar(select(func.count()).select_from(Letter)) == 2


OURS = """Dear Zephyrine,
thank you for asking about our cabinets. May I call you on Thursday at ten, or is Friday better?
Kind regards
Ada"""
ATTRIBUTION = "On Mon, 16 Nov 2026 at 10:02, Ada <leads@in.firstcome.example> wrote:"
HEADERS = "From: Ada\nSent: Monday, 16 November 2026 10:02\nTo: Zephyrine\nSubject: Your inquiry"
MARKED = "".join(f"> {line}\n" for line in OURS.splitlines())


@pytest.mark.parametrize(
    "words",
    [
        "Tuesday suits us.\n\nBest regards\nMaria\n\nPS: please don't call before 10.",
        "Achtung, der Termin am Dienstag fällt aus!\n\nBitte rufen Sie an.",
        "Guten Tag,\nvon meinem Chef kam heute die Freigabe.",
        "Hi,\nDisclaimer: this information is confidential, our budget is 40,000.\nCall me.",
        "Here are my data:\nFrom: Monday\nTo: Friday\nSubject: visit of the plant\nOrder 14.",
        "Hello,\n---\nOrder 14 cabinets.\n-- \nMaria",
        "Yours is the best offer.\n> my boss says\n> we take 14\nDo you agree?",
        f"See what my boss writes.\n\n{ATTRIBUTION.replace('Ada', 'Boss')}\n> Order 14.",
    ],
)
def test_a_customers_words_stay_whole_and_what_he_quotes_of_ours_goes(words):
    for quoting in (
        words,
        f"{words}\n\n{ATTRIBUTION}\n{MARKED}",
        f"{words}\n\n-----Original Message-----\n{HEADERS}\n\n{OURS}",
        f"{words}\n\n________________________________\n{HEADERS}\n\n{OURS}\n",
        f"{ATTRIBUTION}\n{MARKED}\n{words}",
    ):
        assert without_quote(quoting, OURS) == words.replace("-- \n", "--\n")
    assert without_quote(words, "") == words.replace("-- \n", "--\n")


def test_whoever_wrote_hears_the_answer_and_nobody_is_left_out(inside):
    lead, held, rep, owner = make_held()
    boss = make_person(rep.organisation, "partner_manager", email="boss@alpha.example")
    karl = make_manager(email="karl@vendor.example")

    def heard(about, by, text):
        told()
        assert come(address_of(about, get_actor(by.id)), MARIA, text) == ("taken", None)
        return sorted(one.to_address for one in told() if one.kind == "customer_wrote")

    assert heard(lead, rep, "Nobody has called me.") == [rep.email]
    assert session().get_one(Pickup, held.id, populate_existing=True).first_contact_at is None
    letter = send(lead, boss)
    quoted = "".join(f"> {line}\n" for line in mail_of(letter).text.splitlines())
    mail_of(letter).text = ""  # as it is hours later
    assert heard(lead, boss, f"Yes, please.\n\n{ATTRIBUTION}\n{quoted}") == [rep.email, boss.email]
    assert any(one.endswith("\n\nYes, please.") for one in timeline(lead, rep))
    long = "x" * 3900 + "\nSee https://acme.example/invite/AbCdEfGh12 for the order." * 5
    assert heard(lead, boss, long) == [rep.email, boss.email]
    assert session().get_one(Pickup, held.id, populate_existing=True).first_contact_at == AT
    goes_on = "[The mail goes on; the rest is left out here.]"
    assert [one.endswith(goes_on) for one in timeline(lead, rep)].count(True) == 1
    free = make_lead()
    assert heard(free, karl, "Hello?") == [karl.email]
    session().get_one(Lead, free.id).owner_id = owner.id
    send(free, karl)  # by the mark of a form about another lead
    text = "See https://acme.example/m/AbCdEfGh12."
    assert heard(free, karl, text) == [karl.email, owner.email]
    assert any("/m/AbCdEfGh12" in one for one in timeline(free, karl))
    # while a partner holds the lead, the vendor's people don't read who it is
    named = f'"{MARIA}" <{MARIA}>'
    told()
    assert come(address_of(lead, get_actor(owner.id)), named, "For you.") == ("taken", None)
    assert not any(MARIA in one for one in timeline(lead, owner))


def test_a_letter_waits_no_longer_than_there_is_ground_for_it(inside):
    lead, held, rep, _owner = make_held()
    rep.name = "Max <max@bank.example>"
    letter, later = send(lead, rep), AT + timedelta(days=20)
    assert "bank.example>" not in str(mail_of(letter).headers["From"]).partition(" <leads@")[0]
    karl, free = make_manager(email="karl@vendor.example"), make_lead()
    told()

    def going():
        return [one.to_address for one in outbox.claim(later) if one.kind == "customer_letter"]

    mail_of(letter).status = "failed"
    pickup.give_back(held.id, "duplicate", "", get_actor(rep.id), AT)
    outbox.retry_failed(later)
    assert going() == []
    send(free, karl)
    nurture.leave(free.id, AT)
    assert going() == []
    for number in queries.list_came_back(AT):
        jobs.run_now("correspondence.note_returns", {"id": number}, AT)
    back = [one for one in told() if one.kind == "letter_back"]
    assert sorted(one.to_address for one in back) == [rep.email, karl.email]
    assert {"was not sent" in one.text for one in back} == {True}


def test_what_was_written_to_and_by_a_customer_lies_nowhere_when_it_is_of_no_use_any_more(inside):
    lead, _held, rep, _owner = make_held()
    said = "Offer for #first_name #last_name"
    letters = [send(lead, rep, subject=said, once=one * 26) for one in "ab"]
    come(address_of(lead, get_actor(rep.id)), MARIA, "My own words.")
    (wrote,) = (one for one in told() if one.kind == "customer_wrote")
    sent, failed = map(mail_of, letters)
    sent.status, sent.sent_at, failed.status, wrote.status = "sent", AT, "failed", "held"
    session().flush()
    notifications.forget_contacts(AT + timedelta(days=6))
    session().expire_all()
    assert (sent.subject, sent.text, sent.html) == ("", "", "")
    assert "My own words." in wrote.text, "it may still go out"
    notifications.forget_contacts(AT + timedelta(days=8))
    left = select(OutgoingEmail.kind)
    of_lead = left.where(OutgoingEmail.lead_id == lead.id)
    assert sorted(session().scalars(of_lead)) == ["customer_letter", "yours_now"]
    # with a lead goes what its customer wrote, also to people of ours
    karl, free = make_manager(email="karl@vendor.example"), make_lead()
    free.owner_id = karl.id
    come(address_of(free, get_actor(karl.id)), MARIA, "Once more.")
    assert "customer_wrote" in {one.kind for one in told()}
    removal.remove(free)
    assert not session().scalars(left.where(OutgoingEmail.lead_id == free.id)).all()

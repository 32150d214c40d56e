"""Mails of ours that come back: what reports say, what becomes of the address, who is told."""

from __future__ import annotations

import re
import smtplib
from contextlib import nullcontext
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.events import EventRow
from portal.core.mail import addresses, outbox, standing, transport
from portal.core.mail.models import MailAddress, MailReturn, OutgoingEmail
from portal.core.servers import free_port
from portal.inbound import bounces, mail_in, parsing, pipeline
from portal.inbound.delivery_reports import judge
from portal.inbound.models import InboundMessage
from portal.inbound.parsing import Mail, read
from portal.pickup import operations as pickup
from tests.core.posting import CONTEXT
from tests.factories import (
    AT,
    CONTACT,
    csrf_of,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)
from tests.inbound.test_mail_in import DOMAIN, TO

ADDRESS = "alice@alpha.example"
DAY = timedelta(days=1)


def dsn(status, action="failed", why="", text="This is the mail system.", kind="delivery-status"):
    """A report as RFC 3464 has it, with the mail that it is about, which could be answered."""
    return (
        "From: MAILER-DAEMON@mx.alpha.example (Mail Delivery System)\n"
        "Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        f"--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
        f"--b\nContent-Type: message/{kind}\n\nReporting-MTA: dns; mx.alpha.example\n"
        "Arrival-Date: Mon, 16 Nov 2026 09:00:00 +0100\n\n"
        f"Final-Recipient: rfc822; alice@alpha.example\nAction: {action}\nStatus: {status}\n"
        + (f"Diagnostic-Code: smtp; {why}\n" if why else "")
        + "\n--b\nContent-Type: message/rfc822\n\nFrom: leads@in.firstcome.example\n"
        f"Reply-To: fb+{'a' * 26}@{DOMAIN}\nSubject: L-1\n\nGEWONNEN 12000\n--b--\n"
    )


def plain(text, sender="MAILER-DAEMON@mx.alpha.example", subject="failure notice", head=""):
    return f"From: {sender}\nSubject: {subject}\n{head}\n{text}\n"


def arf(kind="abuse", sender="<b@x>"):
    """A complaint as RFC 5965 has it."""
    return (
        "From: feedback@isp.example\nSubject: abuse report\nContent-Type: multipart/report;"
        " report-type=feedback-report; boundary=b\n\n--b\nContent-Type: text/plain\n\nAbuse.\n"
        f"--b\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\n"
        f"User-Agent: ISP/1.0\nVersion: 1\nOriginal-Mail-From: {sender}\n\n"
        "--b\nContent-Type: message/rfc822\n\nFrom: leads@in.firstcome.example\n\nHi\n--b--\n"
    )


GREYLISTED = "450 4.7.1 Greylisting in action, please come back later"
QMAIL = (
    "Hi. This is the qmail-send program at mx.alpha.example.\nI'm afraid I wasn't able to deliver"
    " your message.\n\n<alice@alpha.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
    "--- Below this line is a copy of the message.\n\nReturn-Path: <b+x@in.firstcome.example>\n"
)
EXIM = (
    "A message that you sent could not be delivered to one or more of its\nrecipients.\n\n"
    "  alice@alpha.example\n    host mx.alpha.example [192.0.2.1]\n"
    "    SMTP error from remote mail server after RCPT TO:<alice@alpha.example>:\n    550 {}\n"
)
SENDMAIL = (
    "   ----- The following addresses had permanent fatal errors -----\n<alice@alpha.example>\n"
    "    (reason: 550 5.1.1 <alice@alpha.example>... User unknown)\n"
)
EXCHANGE_FULL = "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException"
OUTLOOK_BLOCKED = "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Block list"
JAPANESE = "宛先のメールアドレスが見つかりませんでした。\nメールは配信されませんでした。"
CHALLENGED = "To deliver your mail to Alice, click the link below to verify: https://x.test/1"
REPORTS = {
    "Postfix, nobody": (dsn("5.1.1", why="550 5.1.1 <alice>: User unknown"), "gone 5.1.1"),
    "Postfix, no domain": (dsn("5.4.4", why="Host or domain name not found"), "gone 5.4.4"),
    "Exchange, nobody": (dsn("5.1.10", why="550 5.1.10 RecipientNotFound"), "gone 5.1.10"),
    "Exchange, full": (dsn("5.2.2", why=EXCHANGE_FULL), "for_now 5.2.2"),
    "Gmail, nobody": (dsn("5.1.1", why="550-5.1.1 The email account does not exist"), "gone 5.1.1"),
    "Gmail, closed": (dsn("5.2.1", why="550-5.2.1 The account is disabled"), "gone 5.2.1"),
    "Gmail, full": (dsn("4.2.2", why="452-4.2.2 The recipient's inbox is out"), "for_now 4.2.2"),
    "Gmail, no SPF": (dsn("5.7.26", why="550-5.7.26 unauthenticated"), "for_now 5.7.26"),
    "Outlook.com, nobody": (dsn("5.5.0", why="550 5.5.0 mailbox unavailable"), "gone 5.1.1"),
    "Outlook.com, we are blocked": (dsn("5.7.1", why=OUTLOOK_BLOCKED), "for_now 5.7.1"),
    "status hidden in the diagnosis": (dsn("5.0.0", why="550 5.2.2 over quota"), "for_now 5.2.2"),
    "words alone": (dsn("5.0.0", why="554 Mailbox is full"), "for_now 5.2.2"),
    "too large": (dsn("5.3.4", why="552 5.3.4 message size exceeds"), "for_now 5.3.4"),
    "given up after days": (dsn("4.4.7", why="delivery time expired"), "for_now 4.4.7"),
    "greylisting": (dsn("4.7.1", why=GREYLISTED), "for_now 4.7.1"),
    "still tried": (dsn("4.4.1", action="delayed"), "still_tried"),
    "has arrived": (dsn("2.0.0", action="delivered"), "nothing"),
    "RFC 6533": (dsn("5.1.1", kind="global-delivery-status"), "gone 5.1.1"),
    "Japanese, with a status": (dsn("5.1.1", text=JAPANESE), "gone 5.1.1"),
    "Japanese, in words": (plain(JAPANESE, head="Content-Type: text/plain; charset=utf-8\n"),
                           "gone 5.1.1"),
    "qmail": (plain(QMAIL), "gone 5.1.1"),
    "Exim": (plain(EXIM.format("Unrouteable address"), head="X-Failed-Recipients: a@a.example\n"),
             "gone 5.1.1"),
    "Exim, full": (plain(EXIM.format("Mailbox quota exceeded")), "for_now 5.2.2"),
    "Exim, still tried": (plain("No action is required.", subject="Warning: message delayed"),
                          "still_tried"),
    "Sendmail": (plain(SENDMAIL, "Mail Delivery Subsystem <MAILER-DAEMON>"), "gone 5.1.1"),
    "says nothing": (plain("It did not work."), "for_now 450"),
    "a complaint": (arf(), "complaint"),
    "no complaint": (arf("not-spam"), "nothing"),
    "a challenge": (plain(CHALLENGED, "alice@alpha.example", "Please verify"), "challenge"),
    "somebody away": (plain("I am away until 550 people came.", "alice@alpha.example",
                            "Out of office"), None),
}  # fmt: skip


def parsed(text):
    return read(message_from_bytes(text.encode(), policy=policy.default))


@pytest.mark.parametrize("case", REPORTS)
def test_what_a_report_says(case):
    text, expected = REPORTS[case]
    mail = parsed(text)
    kind = mail["headers"].get("content-type", "")
    found = judge(mail["report"], mail["subject"], mail["text"], kind)
    if expected is None:
        assert found is None
        return
    told, _space, code = expected.partition(" ")
    assert (found.told, found.code.rpartition(" ")[2]) == (told, code or found.code)


@pytest.fixture
def alice(ctx, monkeypatch):
    """Somebody of a partner; what comes in is taken apart here, not in a process of its own."""
    monkeypatch.setattr(parsing, "take_apart", lambda raw: Mail(**parsed(raw.decode())))
    return make_person(make_partner("Alpha Systems"), name="Alice", email=ADDRESS)


@factory
def send(user, key, at=AT, headers=None, kind="password_changed", handed=True):
    """Post a mail and, unless it is held, hand it over; return it."""
    to = outbox.Recipient(user.id, user.email, user.name)
    outbox.post("password_reset", to, CONTEXT, at, dedupe_key=key, headers=headers)
    mail = session().scalars(select(OutgoingEmail).where(OutgoingEmail.dedupe_key == key)).one()
    mail.kind = kind
    session().flush()
    for one in outbox.claim(at) if handed else ():
        outbox.begin(one)
        outbox.note(one, outbox.done(one, at))
    session().refresh(mail)
    return mail


def come_back(mail, text, at=AT, place=None):
    """Have a text come to the sender of a mail, or to another address, and be read."""
    place = place or f"b+{mail.id}@{DOMAIN}"
    message_id = pipeline.store(text.encode(), "", place, "smtp", at)
    pipeline.read_message(message_id, at)
    return session().get_one(InboundMessage, message_id, populate_existing=True)


def told(name):
    return session().scalars(select(EventRow.data).where(EventRow.name == name)).all()


def heard_by(user):
    jobs.run_now("core.dispatch", {"here": True}, AT)
    mails = select(OutgoingEmail.subject).where(OutgoingEmail.user_id == user.id)
    return session().scalars(mails).one()


def test_an_address_nobody_has_is_marked_once_and_gets_only_what_is_asked_for(alice):
    mara = make_person(make_vendor(), "channel_manager", name="Mara")
    first = send(alice, "first")
    assert first.status == "sent"
    assert come_back(first, dsn("5.1.1")).reason == "report_gone"
    assert come_back(first, dsn("5.1.1", text="Again.")).reason == "told_before"
    assert come_back(first, plain("GEWONNEN", "alice@alpha.example")).state != "applied"
    (event,) = told("AddressMarked")
    assert (event["user_id"], event["code"]) == (alice.id, "returned: 550 5.1.1")
    held = send(alice, "second")
    assert set(standing.find_barred([ADDRESS, ADDRESS.upper()])) == {ADDRESS, ADDRESS.upper()}
    assert (held.status, held.error, held.attempts) == ("held", standing.HELD, 0)
    assert send(alice, "asked", kind="password_reset").status == "sent"
    bob = make_person(alice.organisation, name="Bob", email="bob@alpha.example")
    assert send(bob, "bob").status == "sent"
    row = session().scalars(select(MailAddress)).one()
    assert b"alice" not in row.address_hash
    assert bounces.release(row.id, AT)
    assert not bounces.release(row.id, AT), "released once"
    session().refresh(held)
    assert held.status == "queued"
    assert come_back(first, dsn("5.1.1", text="Late."), AT).reason == "told_before"
    assert heard_by(mara) == "Mails come back: Alice"


def test_a_server_that_says_at_once_that_nobody_has_an_address_marks_it(alice, monkeypatch):
    monkeypatch.setattr(outbox, "unit_of_work", nullcontext)
    said = iter(
        [
            transport.Never("recipient: 550 5.7.1"),
            transport.NotNow("recipient: 450 5.1.1"),
            transport.Never("recipient: 550 5.1.1"),
        ]
    )

    def refuse(_mail, _files):
        raise next(said)

    for key, marked in (("blocked", []), ("later", []), ("gone", ["returned: 550 5.1.1"])):
        send(alice, key, handed=False)
        outbox.send_batch(SimpleNamespace(send=refuse), outbox.claim(AT), AT, None)
        assert [event["code"] for event in told("AddressMarked")] == marked


def test_what_comes_back_from_where_she_forwards_to_is_not_for_good(alice):
    mail = send(alice, "first")
    text = dsn("5.1.1").replace(ADDRESS, "old-colleague@elsewhere.example")
    assert come_back(mail, text).reason == "report_gone"
    assert told("AddressMarked") == []
    assert session().scalars(select(MailReturn.kind)).all() == ["soft"]


def test_what_waited_until_it_was_for_nobody_any_more_is_not_sent(alice):
    rep = make_person(alice.organisation, email="rep@alpha.example")
    lead = make_offered_lead()
    held = pickup.claim(lead.id, get_actor(rep.id), AT).pickup_id
    left = send(alice, "left", handed=False)
    jobs.run_now("core.dispatch", {"here": True}, AT)
    accounts.deactivate(session().get_one(User, alice.id), AT)
    (yours,) = session().scalars(select(OutgoingEmail).where(OutgoingEmail.kind == "yours_now"))
    assert CONTACT["email"] in yours.text
    pickup.give_back(held, "no_capacity", None, get_actor(rep.id), AT)
    session().flush()
    assert {mail.to_address for mail in outbox.claim(AT)} == set()
    for mail_id in (left.id, yours.id):
        mail = session().get_one(OutgoingEmail, mail_id, populate_existing=True)
        assert (mail.status, mail.error) == ("failed", outbox.NOBODY)
    assert CONTACT["email"] not in mail.text + mail.html


def test_what_comes_back_for_now_marks_on_the_fourth_day_of_two_weeks(alice):
    sent = [(send(alice, f"{day}{n}", AT + day * DAY), day) for day in range(4) for n in "ab"]
    for mail, day in sent[:6]:
        come_back(mail, dsn("4.2.2", text=mail.dedupe_key), AT + day * DAY)
    assert not told("AddressMarked"), "several on one day count once"
    late = send(alice, "late", AT + 15 * DAY)
    come_back(late, dsn("4.2.2", text="late"), AT + 15 * DAY)
    assert not told("AddressMarked"), "the first days are forgotten by then"
    come_back(sent[6][0], plain(CHALLENGED, "alice@alpha.example"), AT + 3 * DAY + DAY / 8)
    come_back(sent[7][0], dsn("4.4.1", action="delayed"), AT + 5 * DAY)
    assert [event["code"] for event in told("AddressMarked")] == ["challenge"]


def test_without_a_sender_that_we_made_nothing_changes(alice):
    mail = send(alice, "first")
    forged = dsn("5.1.1")
    assert come_back(mail, forged, place=TO).reason == "automatic"
    assert come_back(mail, forged, place=f"fb+1@{DOMAIN}").reason == "automatic"
    assert come_back(mail, arf(sender=f"<b+1-{'0' * 25}@{DOMAIN}>"), place=TO).state == "ignored"
    waits = send(alice, "never out", handed=False)
    assert come_back(waits, dsn("5.1.1", text="Early.")).reason == "told_before"
    assert come_back(mail, dsn("5.1.1", text="Old."), AT + 40 * DAY).reason == "told_before"
    assert (
        not session().scalars(select(MailAddress).where(MailAddress.marked_at.is_not(None))).all()
    )


def test_a_complaint_stops_what_can_be_left_with_one_press_and_no_more(alice, app):
    mara = make_person(make_vendor(), "channel_manager", name="Mara")
    mail = send(alice, "first")
    own = addresses.bounce_address(mail.id, DOMAIN, app.config["SECRET_KEY"])
    assert come_back(mail, arf(sender=f"<{own.upper()}>"), place=TO).reason == "report_complaint"
    (event,) = told("MailComplainedOf")
    assert event["user_id"] == alice.id
    assert heard_by(mara) == "Complaint about a mail: Alice"
    digest = send(alice, "digest", headers={"List-Unsubscribe": "<https://x.test/stop>"})
    assert (digest.status, digest.error) == ("held", standing.STOPPED)
    assert send(alice, "offer").status == "sent"


@pytest.fixture
def marked(app):
    """Somebody of a partner whose address is marked."""
    with app.app_context():
        alice = make_person(make_partner("Alpha Systems"), name="Alice", email=ADDRESS)
        come_back(send(alice, "first", clock.now()), dsn("5.1.1"), clock.now())
        send(alice, "second", clock.now())
        session().commit()
    return alice


def test_the_person_is_told_and_releases_by_a_fresh_mail(app, client, marked):
    sign_in(client, marked)
    page = client.get("/account").text
    assert f"Mails to {ADDRESS} come back" in page
    for _again in "ab":
        sent = client.post("/address-check", data={"csrf_token": csrf_of(page)})
        assert sent.status_code == 303
    with app.app_context():
        query = select(OutgoingEmail.text).where(OutgoingEmail.kind == "address_check")
        text = session().scalars(query).one()
    path = re.search(r"(/address-check/\S+)", text)[1]
    assert path not in outbox.masked(text)
    assert client.get(path[:-3] + "xyz").status_code == 404
    token = {"csrf_token": csrf_of(client.get(path).text)}
    assert "come back" in client.get("/account").text, "opening releases nothing"
    assert "works again" in client.post(path, data=token).text
    assert client.post(path, data=token).status_code == 404
    assert "come back" not in client.get("/account").text
    with app.app_context():
        assert told("AddressReleased")[0]["checked"] is True


def test_staff_see_who_gets_no_mails_and_release(app, client, marked):
    admin = sign_in(app.test_client(), make_person(make_vendor(), "admin"))
    assert "mails to this address come back" in admin.get("/people?q=Alice").text
    sign_in(client, make_manager())
    page = client.get("/mail-health").text
    for said in ("Addresses that get no mails", "Alice", "Alpha Systems", "no such mailbox"):
        assert said in page
    assert ADDRESS not in page
    with app.app_context():
        row_id = session().scalars(select(MailAddress.id)).one()
    where = f"/mail-health/addresses/{row_id}/release"
    client.post(where, data={"csrf_token": csrf_of(page)})
    assert "Addresses that get no mails" not in client.get("/mail-health").text
    with app.app_context():
        assert told("AddressReleased")[0]["checked"] is False


def test_the_listener_takes_what_comes_back_to_a_sender_of_ours_alone(committed):
    port = free_port()
    with committed.app_context():
        own = addresses.bounce_address(7, DOMAIN, committed.config["SECRET_KEY"])
    report = EmailMessage()
    report["From"], report["Subject"] = "MAILER-DAEMON@mx.alpha.example", "failure notice"
    report.set_content(QMAIL)
    controller = mail_in.listen(committed, "127.0.0.1", port)
    try:
        with smtplib.SMTP("127.0.0.1", port) as server:
            server.send_message(report, "<>", [own.upper()])
            for forged in (f"b+7-{'0' * 25}@{DOMAIN}", f"b@{DOMAIN}", own.replace("in.", "on.")):
                with pytest.raises(smtplib.SMTPRecipientsRefused):
                    server.send_message(report, "<>", [forged])
    finally:
        controller.stop()
    with committed.app_context():
        (kept,) = session().scalars(select(InboundMessage)).all()
        assert kept.recipient == f"b+7@{DOMAIN}"

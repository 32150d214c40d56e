"""Mail to the lead address becomes an inquiry; a program's mail, a loop and hostile mail do not."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from portal.core import clock, jobs
from portal.core.db import session
from portal.core.events import EventRow
from portal.core.mail.models import OutgoingEmail
from portal.core.servers import free_port
from portal.inbound import keeping, mail_in, parsing, parsing_process, pipeline, turns
from portal.inbound.forwards import find_original
from portal.inbound.models import InboundMessage, InboundRaw
from portal.inbound.parsing import Unreadable, take_apart
from portal.leads.models import Lead
from portal.timeline.models import Activity, ActivityWords, Attachment
from portal.timeline.wall import open_notes
from tests.factories import (
    AT,
    contact_of,
    csrf_of,
    make_person,
    make_programme,
    make_vendor,
    sign_in,
)

DOMAIN = "in.firstcome.example"
TO = f"inquiries@{DOMAIN}"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


def make_mail(body="We need 14 cabinets.\n", sender="Eva Meier <eva@meier.example>", **headers):
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, TO
    mail["Subject"] = headers.pop("Subject", "AW: Cabinets for two halls")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail


def come_in(mail, envelope_from="eva@meier.example", at=AT):
    raw = mail if isinstance(mail, bytes) else mail.as_bytes()
    message_id = pipeline.store(raw, envelope_from, TO, "smtp", at)
    if message_id is None:
        return None
    pipeline.read_message(message_id, at)
    return session().get_one(InboundMessage, message_id, populate_existing=True)


def answered():
    jobs.run_now("core.dispatch", {"here": True}, AT)
    return session().scalars(select(OutgoingEmail).order_by(OutgoingEmail.id)).all()


def test_a_mail_becomes_an_inquiry_with_the_mail_in_its_timeline_and_is_thanked_once(ctx):
    vendor = make_vendor()
    mail = make_mail()
    mail.add_attachment(PNG, maintype="image", subtype="png", filename="../../hall.png")
    mail.add_attachment(b"MZ\x00\x90", maintype="application", subtype="exe", filename="a.exe")
    message = come_in(mail)
    assert (message.state, message.reason) == ("taken", "files_left:1")
    lead = session().get_one(Lead, message.lead_id)
    assert (lead.title, lead.source_system, lead.basis) == (
        "Cabinets for two halls",
        "mail",
        "asked",
    )
    contact = contact_of(lead.id)
    assert (contact.first_name, contact.last_name) == ("Eva", "Meier")
    assert (contact.email, contact.domain) == ("eva@meier.example", "meier.example")
    assert contact.note == "We need 14 cabinets."
    with open_notes(vendor.id) as opened:
        words = opened.scalars(
            select(ActivityWords).where(ActivityWords.subject_id == lead.id)
        ).one()
    assert "We need 14 cabinets." in words.text
    (file,) = session().scalars(select(Attachment).where(Attachment.subject_id == lead.id))
    assert (file.kind, file.author_id) == ("image/png", None)
    assert come_in(mail) is None, "the same mail again is the same mail"
    come_in(make_mail("And two more halls.\n"))
    thanks = answered()
    assert [(one.kind, one.to_address) for one in thanks] == [
        ("inquiry_thanks", "eva@meier.example")
    ]
    assert thanks[0].headers["Auto-Submitted"] == "auto-replied"
    told = str([row.data for row in session().scalars(select(EventRow))])
    assert "meier" not in told.lower()


def test_no_thanks_go_to_whom_a_forger_names_nor_say_what_he_calls_himself(ctx):
    make_vendor()
    settings = replace(ctx.config["SETTINGS"], authserv_id="mx.firstcome.example")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ctx.config, "SETTINGS", settings)
        for verdict in ("fail", "pass"):
            come_in(
                make_mail(
                    verdict,
                    f'"You won, see https://evil.example/prize" <eva@{verdict}.example>',
                    Authentication_Results=f"mx.firstcome.example; dmarc={verdict}"
                    f" header.from={verdict}.example",
                )
            )
    (thanks,) = answered()
    assert thanks.to_address == "eva@pass.example"
    assert "evil" not in thanks.text + thanks.html + thanks.to_name


def test_what_adorns_a_signature_is_no_file_of_the_lead():
    mail = make_mail()
    mail.add_alternative(
        '<p>Hi</p><img src="cid:logo@x"><img src="cid:hall%40x"><img src="cid:gone">',
        subtype="html",
    )
    shown = mail.get_body(("html",))
    png = {"maintype": "image", "subtype": "png"}
    shown.add_related(PNG * 100, **png, filename="logo.png", cid="<logo@x>")
    shown.add_related(PNG * 5000, **png, filename="photo.png", cid="<hall@x>")
    shown.add_related(PNG * 100, **png, filename="unshown.png", cid="<other@x>")
    mail.add_attachment(PNG, **png, filename="dot.png", disposition="inline")
    mail.add_attachment(PNG, **png, filename="attached.png")
    found = parsing.read(BytesParser(policy=policy.default).parsebytes(mail.as_bytes()))
    assert [one["name"] for one in found["files"]] == ["photo.png", "unshown.png", "attached.png"]
    assert found["left_out"] == 0


FORWARDS = {
    "outlook": "Please call.\n\nVon: Eva Meier <eva@meier.example>\nGesendet: Montag, 16. November"
    " 2026 09:12\nAn: Mara Lindner <mara@vendor.example>\nBetreff: Schränke\n\nWir brauchen 14.\n",
    "outlook bold": "*From:* Eva Meier [mailto:eva@meier.example]\n*Sent:* Monday\n*To:* Mara\n"
    "*Subject:* Schränke\n\nWir brauchen 14.\n",
    "gmail": "Please call.\n\n---------- Forwarded message ---------\nFrom: Eva Meier"
    " <eva@meier.example>\nDate: Mon, Nov 16\nSubject: Schränke\nTo: <m@v.example>\n\n\n"
    "Wir brauchen 14.",
    "gmail german": "---------- Weitergeleitete Nachricht ---------\nVon: *Eva Meier*"
    " <eva@meier.example>\nDate: Mo., 16. Nov. 2026\nSubject: Schränke\nTo: Mara <m@v.example>\n\n"
    "Wir brauchen 14.",
    "apple": "Begin forwarded message:\n\n> From: Eva Meier <eva@meier.example>\n"
    "> Subject: Schränke\n"
    "> Date: 16. November\n> To: m@v.example\n> \n> Wir brauchen 14.\n",
    "apple german": "Anfang der weitergeleiteten Nachricht:\n\n"
    "> Von: Eva Meier <eva@meier.example>\n"
    "> Betreff: Schränke\n> Datum: 16. November\n> An: m@v.example\n> \n> Wir brauchen 14.\n",
    "thunderbird": "-------- Forwarded Message --------\nSubject: \tSchränke\nDate: \tMon, 16 Nov\n"
    "From: \tEva Meier <eva@meier.example>\nTo: \tm@v.example\n\n\nWir brauchen 14.\n",
    "thunderbird german": "-------- Weitergeleitete Nachricht --------\nBetreff: \tSchränke\n"
    "Datum: \tMon, 16 Nov\nVon: \tEva Meier <eva@meier.example>\nAn: \tm@v.example\n\n"
    "Wir brauchen 14.\n",
}


@pytest.mark.parametrize("body", FORWARDS.values(), ids=FORWARDS.keys())
def test_who_wrote_what_is_forwarded_is_found(body):
    found = find_original(body)
    assert (found.name.strip("* "), found.address) == ("Eva Meier", "eva@meier.example")
    assert (found.subject, found.text) == ("Schränke", "Wir brauchen 14.")
    assert found.remark in ("", "Please call.")


def test_a_forward_of_ours_is_an_inquiry_of_who_wrote_and_the_forwarder_hears_the_number(ctx):
    mara = make_person(make_vendor(), "account_manager", email="mara@vendor.example")
    sender = "Mara <Mara@vendor.example>"
    message = come_in(make_mail(FORWARDS["gmail"], sender, Subject="Fwd: Schränke"))
    lead = session().get_one(Lead, message.lead_id)
    assert (contact_of(lead.id).email, lead.owner_id) == ("eva@meier.example", mara.id)
    inner = make_mail("Wir brauchen 14.", "Uwe Adler <uwe@adler.example>")
    as_file = make_mail("As a file.", sender, Subject="Fwd: see file")
    as_file.add_attachment(inner)
    other = come_in(as_file)
    assert contact_of(other.lead_id).email == "uwe@adler.example"
    lost = come_in(make_mail("I met somebody.", sender))
    assert (lost.state, lost.reason) == ("not_understood", "no_original")
    told = answered()
    assert [(one.kind, one.user_id) for one in told] == [("mail_taken", mara.id)] * 3
    assert f"/leads/{lead.id}" in told[0].text
    assert lead.number in told[0].subject


@pytest.mark.parametrize(
    ("over", "envelope", "state", "reason"),
    [
        ({"Auto_Submitted": "auto-replied"}, "e@m.example", "ignored", "automatic"),
        ({"Subject": "Abwesenheitsnotiz: Cabinets"}, "e@m.example", "ignored", "automatic"),
        ({"Precedence": "bulk"}, "e@m.example", "ignored", "automatic"),
        ({"List_Id": "<l.example>"}, "e@m.example", "ignored", "automatic"),
        ({"sender": "mailer-daemon@m.example"}, "e@m.example", "ignored", "automatic"),
        ({}, "", "ignored", "automatic"),
        ({"sender": f"leads@{DOMAIN}"}, "e@m.example", "ignored", "loop"),
        ({"Message_ID": f"<x@{DOMAIN}>"}, "e@m.example", "ignored", "loop"),
        ({"sender": "rep@partner.example"}, "e@m.example", "not_understood", "from_partner"),
    ],
)
def test_what_no_customer_sent_makes_no_inquiry_and_hears_nothing(
    ctx, over, envelope, state, reason
):
    make_programme()
    make_person(email="rep@partner.example")
    message = come_in(make_mail(**over), envelope)
    assert (message.state, message.reason, message.lead_id) == (state, reason, None)
    assert not session().scalar(select(func.count()).select_from(Lead))
    assert not answered()


HOSTILE = {
    "two senders": b"From: a@b.example\r\nFrom: c@d.example\r\n\r\nhi",
    "a victim before": b"From: victim@b.example <evil@c.example>\r\n\r\nhi",
    "a list": b"From: a@b.example, c@d.example\r\n\r\nhi",
    "a group": b"From: Group: a@b.example;\r\n\r\nhi",
    "no sender": b"Subject: hi\r\n\r\nhi",
    "kelvin": "From: \u212aate@b.example\r\n\r\nhi".encode(),
    "300 headers": b"".join(b"X-%d: y\r\n" % n for n in range(400)) + b"\r\nhi",
    "a long header": b"From: a@b.example\r\nReferences: " + b"<x@y> " * 5000 + b"\r\n\r\nhi",
    "many parts": b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    + b"\r\n--x\r\n\r\nhi" * 3000,
    "quotes": b"From: " + b'"' * 7000 + b"\r\n\r\nhi",
    "brackets": b"From: " + b"(" * 7000 + b"\r\n\r\nhi",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_mail_waits_for_people_and_stops_nobody(ctx, raw):
    make_programme()
    message = come_in(raw)
    assert message.state == "not_understood"
    assert message.processed_at == AT
    assert not answered()


def test_hidden_text_of_html_is_not_read_and_odd_charsets_are():
    html = (
        b"From: a@b.example\r\nContent-Type: text/html; charset=x-unknown\r\n\r\n"
        b"<style>p{}</style><p>We need <b>14</b></p><p style='display:none'>SECRET</p>"
        b"<div style='font-size:0'>SECRET</div><script>SECRET</script><p>soon \xe4</p>"
    )
    mail = take_apart(html)
    assert mail.text.split() == ["We", "need", "14", "soon", "ä"]
    with pytest.raises(Unreadable, match="too_large"):
        take_apart(b"x" * (15 * 1024 * 1024 + 1))


def test_a_mail_that_hangs_or_kills_its_reader_costs_itself_alone(monkeypatch):
    good = make_mail().as_bytes()
    part = b"--x\r\nContent-Disposition: a; filename=" + b'"' * 3900 + b"\r\n\r\nhi\r\n"
    slow = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" + part * 40
    with parsing_process.kept() as process:
        take_apart(good)
        first = process.pid
        monkeypatch.setattr(parsing, "SECONDS", 0.2)
        with pytest.raises(Unreadable):
            take_apart(slow)
        monkeypatch.undo()
        assert take_apart(good).text == "We need 14 cabinets."
        second = process.pid
        os.kill(second, signal.SIGKILL)
        assert take_apart(good).text == "We need 14 cabinets."
        assert len({first, second, process.pid}) == 3
    assert process.pid is None


def test_a_large_mail_is_read_for_a_web_process_whose_sockets_wait_for_nobody(monkeypatch):
    made = socket.socketpair

    def pair():
        ours, theirs = made()
        theirs.setblocking(False)
        return ours, theirs

    large = make_mail()
    plan = bytes(range(256)) * 8000
    large.add_attachment(plan, maintype="image", subtype="png", filename="plan.png")
    monkeypatch.setattr(socket, "socketpair", pair)
    assert [one.data for one in take_apart(large.as_bytes()).files] == [plan]


def test_who_looks_into_a_mail_leaves_alone_what_others_in_the_same_process_read(monkeypatch):
    good, reading, looked = make_mail().as_bytes(), threading.Event(), threading.Event()
    start = parsing_process.ParsingProcess._start

    def begin(self):
        door = start(self)
        if threading.current_thread() is slow:
            reading.set()
            looked.wait(10)
        return door

    def read(said):
        said.append(take_apart(good).text)

    said = []
    monkeypatch.setattr(parsing_process.ParsingProcess, "_start", begin)
    slow = threading.Thread(target=read, args=(said,))
    with parsing_process.kept() as process:
        slow.start()
        assert reading.wait(10)
        assert process.pid is None
        read(said)
        pid = process.pid
        looked.set()
        slow.join()
        assert said == ["We need 14 cabinets."] * 2
        assert process.pid == pid


def test_mails_stand_behind_a_wall_and_are_forgotten(ctx, monkeypatch):
    make_programme()
    message = come_in(make_mail())
    assert session().scalar(select(func.count()).select_from(InboundRaw)) == 0
    assert keeping.load_raw(message.id).sender == "eva@meier.example"
    later = AT + pipeline.KEPT + timedelta(days=1)
    # those that were forgotten before stay as rows, and are not found again
    monkeypatch.setattr(pipeline, "AT_ONCE", 1)
    others = [come_in(make_mail(f"{number} racks.\n"), at=later) for number in range(2)]
    assert [pipeline.forget_mails(later) for _time in range(2)] == [1, 0]
    assert keeping.load_raw(message.id) is None
    session().commit()
    jobs.run_now("inbound.forget_mails", at=later + pipeline.KEPT + timedelta(days=1))
    assert [keeping.load_raw(one.id) for one in others] == [None, None]


def test_people_look_into_what_was_not_understood_and_take_it_in(client):
    make_programme()
    boss = make_person(make_vendor(), "channel_manager", email="mara@vendor.example")
    with client.application.app_context():
        sent = make_mail("Call Eva: eva@meier.example <script>", "Mara <mara@vendor.example>")
        ids = [come_in(sent).id, come_in(make_mail("Nothing.", "Mara <mara@vendor.example>")).id]
        session().commit()
    sign_in(client, boss)
    listed = client.get("/mail-health")
    assert f"/mail-health/incoming/{ids[0]}" in listed.text
    page = client.get(f"/mail-health/incoming/{ids[0]}")
    assert "eva@meier.example &lt;script&gt;" in page.text
    sent = {"csrf_token": csrf_of(page.text), "email": "eva at meier", "name": "Eva Meier"}
    address = f"/mail-health/incoming/{ids[0]}/inquiry"
    assert client.post(address, data=sent).status_code == 422
    taken = client.post(address, data={**sent, "email": "eva@meier.example"})
    assert taken.status_code == 303
    assert client.post(address, data=sent).status_code == 404
    client.post(f"/mail-health/incoming/{ids[1]}/removal", data=sent)
    assert "/mail-health/incoming/" not in client.get("/mail-health").text


def test_the_listener_keeps_what_is_for_us_and_refuses_the_rest(committed, caplog):
    caplog.set_level("INFO")
    port = free_port()
    controller = mail_in.listen(committed, "127.0.0.1", port)
    try:
        with smtplib.SMTP("127.0.0.1", port) as server:
            mail = make_mail()
            server.send_message(mail, "eva@meier.example", [TO.upper().replace("IES@", "IES+X@")])
            server.send_message(mail, "eva@meier.example", [TO])
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                server.send_message(mail, "eva@meier.example", ["else@firstcome.example"])
            assert refused.value.recipients["else@firstcome.example"][0] == 550
        with smtplib.LMTP("127.0.0.1", port) as server:
            server.send_message(make_mail("Another.\n"), "", [TO])
    finally:
        controller.stop()
    assert "meier" not in caplog.text.lower()
    with committed.app_context():
        found = session().scalars(select(InboundMessage).order_by(InboundMessage.id)).all()
        assert [one.adapter for one in found] == ["smtp", "lmtp"]
        senders = [keeping.load_raw(one.id).envelope_from for one in found]
        assert senders == ["eva@meier.example", ""]
        assert all(one.processed_at is None for one in found)
        assert turns.list_next(clock.now()) == [one.id for one in found]
        assert session().scalar(select(func.count()).select_from(Activity)) == 0


def test_whatever_goes_wrong_is_told_each_recipient_and_nothing_of_it_to_the_sender(
    committed, monkeypatch
):
    def boom(*_args):
        raise RuntimeError("of eva@meier.example")

    port = free_port()
    controller = mail_in.listen(committed, "127.0.0.1", port)
    try:
        with smtplib.LMTP("127.0.0.1", port) as server:
            server.ehlo()
            assert server.docmd("MAIL", "FROM:<e\0va@meier.example>")[0] == 553
            long, large = b"x" * 2000 + b"\r\n", (b"x" * 900 + b"\r\n") * 18_000
            for mail, broken, code in (
                (b"hi\r\n", None, 250),
                (b"hi\r\n", (pipeline, "store"), 451),
                (b"hi\r\n", (mail_in.Keeper, "keep"), 451),
                (long, None, 500),
                (large, None, 552),
            ):
                server.rset()
                assert server.mail("eva@meier.example")[0] == 250
                assert server.rcpt(f"fb+\0@{DOMAIN}")[0] == 550
                assert [server.rcpt(to)[0] for to in (TO, f"fb@{DOMAIN}")] == [250, 250]
                assert server.docmd("DATA")[0] == 354
                with monkeypatch.context() as patched:
                    if broken:
                        patched.setattr(*broken, boom)
                    server.send(mail + b".\r\n")
                    assert [server.getreply()[0] for _each in range(2)] == [code] * 2
                # the next answer is to what comes next
                assert server.docmd("VRFY", "nobody")[0] == 252
            with monkeypatch.context() as patched:
                patched.setattr(mail_in.places, "find", boom)
                server.rset()
                server.mail("eva@meier.example")
                assert server.rcpt(TO) == (451, b"4.3.0 please try again later")
    finally:
        controller.stop()


def test_mails_at_once_are_kept_one_after_the_other_with_rests_between(committed, monkeypatch):
    keep, kept = mail_in.Keeper.keep, []

    def watched(self, *mail):
        began = time.monotonic()
        said = keep(self, *mail)
        kept.append((began, time.monotonic()))
        return said

    def send(number):
        with smtplib.SMTP("127.0.0.1", port) as server:
            server.send_message(make_mail(f"{number} cabinets.\n"), "eva@meier.example", [TO])

    monkeypatch.setattr(mail_in.Keeper, "keep", watched)
    port = free_port()
    controller = mail_in.listen(committed, "127.0.0.1", port)
    try:
        with ThreadPoolExecutor(6) as senders:
            list(senders.map(send, range(6)))
    finally:
        controller.stop()
    assert len(kept) == 6
    for (began, ended), (next_began, _next_ended) in pairwise(kept):
        assert next_began - ended >= min(ended - began, mail_in.MOST_REST) * 0.9
    with committed.app_context():
        assert session().scalar(select(func.count()).select_from(InboundMessage)) == 6

"""Mail fetched from a mailbox, a real Dovecot: each one once, none lost, none stops the others."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from sqlalchemy import select, text

from portal.core import clock
from portal.core.config import SettingsMissing
from portal.core.db import db, session
from portal.core.mail import replies
from portal.inbound import imap_in, keeping, mailboxes, pipeline
from portal.inbound.envelopes import read_envelope
from portal.inbound.mailboxes import Door, Trouble, read_url
from portal.inbound.models import InboundMessage, LeftMail
from portal.inbound.parsing import LARGEST
from tests.factories import AT, make_offered_lead, make_partner, make_person, make_programme
from tests.inbound.replying import DOMAIN, ask, hold, token_of
from tests.mail_servers import PASSWORD, TLS, USER, Dovecot, until

LEAD = f"inquiries@{DOMAIN}"


@pytest.fixture(scope="module")
def running():
    home = Path(tempfile.mkdtemp(prefix="firstcome-mail-"))
    server = Dovecot(home)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(home)


@pytest.fixture
def server(running, monkeypatch):
    """The mail server, trusted, with an empty mailbox."""
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))
    yield running
    with running.open() as client:
        client.delete_messages(client.search())
        client.expunge()
        for _flags, _separator, name in client.list_folders():
            if name != "INBOX":
                client.delete_folder(name)


def mail(subject, *trace, to=LEAD, body="We need 14 cabinets."):
    lines = [*trace, "From: Eva Meier <eva@meier.example>", f"To: {to}", f"Subject: {subject}"]
    return ("\r\n".join([*lines, "", body]) + "\r\n").encode()


def look(app, url, **changes):
    """Look into the mailbox once."""
    account = replace(read_url(url), **changes)
    with imap_in.opened(account) as box:
        return imap_in.Fetcher(app, account).look(box, threading.Event())


def kept():
    query = select(InboundMessage).order_by(InboundMessage.id)
    return session().scalars(query.execution_options(populate_existing=True)).all()


def test_mails_in_a_mailbox_are_kept_as_they_are_then_marked_and_moved(ctx, server):
    make_programme()
    first = mail("first", "Return-Path: <eva@meier.example>", "Received: by here")
    server.put(first, mail("second"), mail("huge", body="x" * LARGEST))
    with server.open() as client:
        client.add_flags([client.search()[1]], [b"\\Seen"])
    for _again in range(2):
        look(ctx, server.url)
    one, two, huge = kept()
    assert [(m.adapter, m.recipient, m.state) for m in (one, two, huge)] == [
        ("imap", LEAD, "received"),
        ("imap", LEAD, "received"),
        ("imap", LEAD, "not_understood"),
    ]
    raw = keeping.load_raw(one.id)
    assert (bytes(raw.raw), raw.envelope_from) == (first, "eva@meier.example")
    assert (huge.reason, huge.size > LARGEST) == ("too_large", True)
    assert keeping.look_into(huge).sender == "eva@meier.example", "people see who wrote"
    assert server.subjects() == []
    assert server.subjects("Processed") == ["first", "second"]
    assert server.subjects("Failed") == ["huge"]


def test_a_mailbox_whose_server_counts_anew_is_read_again_and_nothing_kept_twice(ctx, server):
    make_programme()
    mails = [mail("first"), mail("second")]
    for more in ((), (mail("third"),)):
        with server.open() as client:
            client.create_folder("Leads")
        server.put(*mails, *more, folder="Leads")
        # nothing is moved: only the mark says what was taken
        look(ctx, server.url + "/Leads?done=&failed=")
        assert len(server.subjects("Leads")) == 2 + len(more)
        with server.open() as client:
            client.delete_folder("Leads")
    assert len(kept()) == 3


def test_a_mail_that_cannot_be_kept_stops_no_other_and_is_given_up_at_last(
    ctx, server, monkeypatch
):
    make_programme()
    store, now = pipeline.store, clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)

    def refuse(raw, *rest):
        if b"poison" in raw:
            session().execute(text("SELECT 1 / 0"))
        return store(raw, *rest)

    whole = imap_in.Box.whole

    def broken(box, uid):
        raw = whole(box, uid)
        if b"broken" in raw:
            raise IMAPClientError("it can't be read on the server's disk")
        return raw

    monkeypatch.setattr(pipeline, "store", refuse)
    monkeypatch.setattr(imap_in.Box, "whole", broken)
    server.put(mail("poison"), mail("broken"), mail("good"))
    look(ctx, server.url)
    assert server.subjects() == ["poison", "broken"]
    assert server.subjects("Processed") == ["good"]
    for wait in mailboxes.WAITS:
        now += wait + timedelta(seconds=1)
        look(ctx, server.url)
    left = session().scalars(select(LeftMail).order_by(LeftMail.uid)).all()
    tries = len(mailboxes.WAITS) + 1
    assert [(one.code, one.tries, one.due_at) for one in left] == [
        ("not_kept", tries, None),
        ("refused", tries, None),
    ]
    assert server.subjects("Failed") == ["poison", "broken"]
    assert len(kept()) == 1
    mailboxes.forget(now + mailboxes.KEPT + timedelta(days=1))
    assert session().scalars(select(LeftMail)).all() == []


ODD = {
    "no size": (b"SIZE", None),
    "a size below zero": (b"SIZE", b"-1"),
    "a size that is no number": (b"SIZE", b"0120"),
    "no body": (b"BODY", None),
    "an empty body": (b"BODY", b""),
    "a body that is a number": (b"BODY", 12345),
    "a body that is a list": (b"BODY", (b"a", b"b")),
    "not a word of it": (b"BODY", "nothing"),
    "not a word at all": (b"SIZE", "nothing"),
    "more than there is room for": (b"BODY", MemoryError()),
    "more than there are numbers for": (b"SIZE", OverflowError()),
}
"""What a server may answer, in place of a mail's size or of the mail."""


def answering_oddly(monkeypatch, answers, most):
    """Have the server answer oddly when it is asked for these mails, and with few numbers only."""
    fetch, search = IMAPClient.fetch, IMAPClient.search

    def fetch_oddly(client, uids, asked):
        kind, odd = answers.get(uids[0], (None, None))
        if kind is None or kind not in asked[0]:
            return fetch(client, uids, asked)
        if isinstance(odd, Exception):
            raise odd
        return {} if odd == "nothing" else {uids[0]: {asked[0].replace(b".PEEK", b""): odd}}

    def search_little(client, *criteria):
        found = search(client, *criteria)
        assert len(found) <= most
        return found

    monkeypatch.setattr(IMAPClient, "fetch", fetch_oddly)
    monkeypatch.setattr(IMAPClient, "search", search_little)


def test_of_whatever_a_server_says_oddly_nothing_is_lost_and_the_others_come(
    ctx, server, monkeypatch
):
    make_programme()
    monkeypatch.setattr(imap_in, "MANY", 5)
    server.put(mail("first"), *map(mail, ODD), mail("last"))
    with server.open() as client:
        uids = client.search()
    answering_oddly(monkeypatch, dict(zip(uids[1:], ODD.values(), strict=False)), 5)
    for _again in range(len(ODD)):
        with contextlib.suppress(imap_in.Unreachable):
            look(ctx, server.url)
    monkeypatch.undo()
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))
    assert server.subjects("Processed") == ["first", "last"]
    assert server.subjects() == list(ODD)
    left = session().scalars(select(LeftMail)).all()
    assert {one.code for one in left} == {"refused"}
    assert (len(left), len(kept())) == (len(ODD), 2)
    # what lay there and is gone once it is tried again was taken away by somebody
    with server.open() as client:
        client.delete_messages(uids[1])
        client.expunge()
    now = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: now)
    look(ctx, server.url)
    assert session().scalars(select(LeftMail)).all() == []
    assert len(kept()) == len(ODD) + 1


class OneTry(threading.Event):
    """Has a fetcher stop before it tries again."""

    def wait(self, timeout=None):
        self.set()


def test_people_hear_of_a_mailbox_of_which_nothing_can_be_read(ctx, server, monkeypatch):
    def stumble(*_args):
        raise ValueError("unexpected message list format")

    fetcher = imap_in.Fetcher(ctx, read_url(server.url))
    with monkeypatch.context() as patched:
        patched.setattr(IMAPClient, "search", stumble)
        fetcher.run(OneTry())
    session().expire_all()
    told = mailboxes.look_at(fetcher.name, clock.now())
    assert (told.trouble, told.silent) == (Trouble.REFUSED, False)


def test_a_fetcher_that_still_counts_as_the_server_did_before_notes_nothing(ctx):
    mailboxes.open_at("box", 1)
    assert mailboxes.claim("box", 1, 499)
    assert mailboxes.open_at("box", 2) == (0, frozenset())
    for late in (mailboxes.leave, mailboxes.give_up):
        assert not late("box", 1, 500, "broke_off", clock.now())
    assert not mailboxes.claim("box", 1, 501)
    assert mailboxes.open_at("box", 2) == (0, frozenset())
    assert not mailboxes.list_given_up("box")


def test_for_whom_a_mail_in_a_mailbox_was_says_its_own_server_first(ctx):
    rep = make_person(make_partner())
    held = hold(make_offered_lead(), rep)
    token = token_of(ask(held, rep))
    own, answers = f"fb+{token}@{DOMAIN}", f"fb+{replies.find(token).id}@{DOMAIN}"
    forged = f"fb+{'a' * 26}@{DOMAIN}"
    once_more = token_of(ask(held, rep, AT + timedelta(days=1)))
    second, others = f"fb+{once_more}@{DOMAIN}", f"fb+{replies.find(once_more).id}@{DOMAIN}"
    table = [
        ([], LEAD, LEAD),
        ([], "Sales <sales@vendor.example>", LEAD),
        ([f"Delivered-To: {own}", "Received: by here"], LEAD, answers),
        ([f"X-Original-To: {own.upper()}", f"Delivered-To: {USER}"], LEAD, answers),
        ([f"Envelope-To: {USER}", "Received: by here"], f"{USER}, <{own}>", answers),
        # below the line that its server wrote anybody may have written
        (["Received: by here", f"Delivered-To: {own}"], "sales@vendor.example", LEAD),
        ([f"Delivered-To: {LEAD}", "Received: x", f"X-Original-To: {own}"], LEAD, LEAD),
        # of an address that is in no mail of ours nobody knows
        ([f"Delivered-To: {forged}", "Received: by here"], LEAD, f"fb@{DOMAIN}"),
        ([f"Delivered-To: b+forged@{DOMAIN}", "Received: by here"], LEAD, LEAD),
        # a header over two lines, another that is none
        (["Delivered-To:\r\n " + own, "no header", "Received: by here"], LEAD, answers),
        # it is named behind many others, or together with another one of ours
        ([], ", ".join([*(f"p{n}@customer.example" for n in range(50)), own]), answers),
        ([], f"{LEAD}, {own}, {second}, {own}", f"{answers} {others}"),
        ([f"Delivered-To: {second}", "Received: by here"], f"{own}, {second}", others),
    ]
    for trace, to, names in table:
        found = imap_in.find_places(read_envelope(mail("x", *trace, to=to)))
        assert " ".join(one.name for one in found) == names, (trace, to)
    fetcher = imap_in.Fetcher(ctx, read_url("imap://u:p@127.0.0.1"))
    box = SimpleNamespace(uid_validity=1)
    mailboxes.open_at(fetcher.name, 1)
    both = mail("x", to=f"{own}, {second}")
    assert [len(fetcher.keep(box, uid, both, len(both))) for uid in (1, 2)] == [2, 0]
    assert [one.recipient for one in kept()] == [answers, others]
    senders = {
        "": None,
        "Return-Path: <>": "",
        "Return-Path:": "",
        "Return-Path: <MAILER-DAEMON>": "",
        "Return-Path: a@b.example": "a@b.example",
        # somebody is there, and it is no report
        'Return-Path: <"eva meier"@b.example>': None,
        "Return-Path: <eva@[10.0.0.1]>": None,
        "Return-Path: <root>": None,
        "Return-Path: <ö@b.example>": None,
    }
    for trace, sender in senders.items():
        assert read_envelope(mail("x", *([trace] if trace else []))).sender == sender, trace


def test_which_mailbox_is_meant_and_what_is_refused():
    account = read_url("imaps://leads%40v.example:a%3Ab@imap.v.example/Leads%20in?failed=")
    assert (account.user, account.password, account.port) == ("leads@v.example", "a:b", 993)
    assert (account.folder, account.done, account.failed) == ("Leads in", "Processed", "")
    assert "a:b" not in f"{account} {account.name}"
    assert read_url("imap://u:p@imap.v.example?starttls=1").door == Door.STARTTLS
    assert read_url("imap://u:p@127.0.0.1").port == 143
    for wrong in ("", "imap://u:p@imap.v.example", "https://u:p@h", "imaps://h", "imaps://u:p@[h"):
        with pytest.raises(SettingsMissing) as told:
            read_url(wrong)
        assert "u:p" not in str(told.value)


def die_before_marking(app, url):
    """Look into the mailbox in a process of its own that is killed between keeping and marking."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    imap_in.Box.list_unmarked = lambda *_args: os.kill(os.getpid(), signal.SIGKILL)
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose(close=False)
    look(app, url)
    os._exit(0)


def test_whatever_is_killed_or_away_each_mail_is_kept_once(committed, server, monkeypatch):
    server.put(mail("first"), mail("second"))
    assert os.WTERMSIG(die_before_marking(committed, server.url)) == signal.SIGKILL
    assert server.subjects() == ["first", "second"], "kept, not marked yet"
    account, stop = read_url(server.url), threading.Event()

    def state(name):
        with committed.app_context():
            found = mailboxes.find(account.name)
            return found and getattr(found, name)

    def count():
        with committed.app_context():
            return len(kept())

    wrong = {
        Trouble.NOT_LET_IN: {"password": PASSWORD + "!"},
        Trouble.NO_FOLDER: {"folder": "Nowhere"},
        Trouble.UNREACHABLE: {"port": 1},
    }
    for trouble, changes in wrong.items():
        with (
            pytest.raises(imap_in.Unreachable) as told,
            imap_in.opened(replace(account, **changes)),
        ):
            pass
        assert told.value.trouble == trouble
    with monkeypatch.context() as nobody:
        nobody.delenv("SSL_CERT_FILE")
        with pytest.raises(imap_in.Unreachable) as told, imap_in.opened(account):
            pass
    assert told.value.trouble == Trouble.CERTIFICATE
    monkeypatch.setattr(imap_in, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(imap_in, "GLANCE", 0.2)
    server.stop()
    # two at once do no harm
    fetchers = [imap_in.Fetcher(committed, account) for _each in range(2)]
    fetching = [threading.Thread(target=one.run, args=(stop,)) for one in fetchers]
    for one in fetching:
        one.start()
    try:
        assert until(lambda: state("trouble")) == Trouble.UNREACHABLE
        server.start()
        until(lambda: state("trouble") is None)
        until(lambda: len(server.subjects("Processed")) >= 2 and not server.subjects())
        assert server.subjects("Processed") == ["first", "second"]
        assert count() == 2
        # by ourselves we would look after a minute: its server wakes us
        server.put(mail("third"))
        until(lambda: count() == 3)
    finally:
        stop.set()
        for one in fetching:
            one.join(10)
    assert not any(one.is_alive() for one in fetching)
    assert count() == 3

"""Outgoing mail against a real SMTP server: written once, sent once, tried again, given up."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from itertools import product

import pytest
from aiosmtpd.smtp import AuthResult
from sqlalchemy import select, text, update

from portal.core import clock, jobs
from portal.core.db import session, unit_of_work
from portal.core.mail import addresses, outbox, replies, transport
from portal.core.mail.models import OutgoingEmail
from portal.core.mail.replies import Reply
from portal.core.servers import free_port
from tests.core.posting import ALICE, drain, only, post, sending_to, serving
from tests.factories import AT

KEY = "a secret for tests"
ANSWER = Reply("a" * 26, "question", 418)


# it is long enough, or not ASCII, so that the standard library writes it
HIDDEN = (
    "=?utf-8?q?Hi=0D=0AX-Evil:_yes=0D=0A=0D=0A<b>words</b>?=",
    "=?utf-8?b?SGkNClgtRXZpbDogeWVzDQo=?=",
    "=?iso-8859-1?q?=0AX-Evil:_yes?=",
)
AROUND = ("%s", "%s Größe", "Größe %s", "%s" + " and so on" * 20)


@pytest.mark.parametrize("name", ["Subject", "From", "References"])
def test_no_text_of_strangers_makes_a_header_of_its_own(name):
    for hidden, around in product(HIDDEN, AROUND):
        said = around % hidden
        value = addresses.written(said, "alice@alpha.example") if name == "From" else said
        line = transport.header(name, value)
        read = message_from_bytes(line + b"\r\n", policy=policy.default)
        assert read.keys() == [name], said
        assert read.get_payload() == ""


def test_what_looks_encoded_in_a_subject_is_read_as_it_was_typed():
    line = transport.header("Subject", "=?utf-8?q?Gr=C3=B6=C3=9Fe?=")
    assert line == b"Subject: = ?utf-8?q?Gr=C3=B6=C3=9Fe?=\r\n"


def test_a_mail_is_written_once_per_reason(ctx):
    for key in ("offer:1:7", "offer:1:7", "offer:2:7"):
        post(key)
    assert len(session().scalars(select(OutgoingEmail)).all()) == 2


def test_a_mail_arrives_with_all_its_headers(ctx):
    with serving(ctx) as server:
        post("offer:1:7", lead_id=418, answers=[ANSWER])
        drain()
        (mail,) = server.mails
    assert only().status == "sent"
    assert only().sent_at is not None
    assert mail["To"] == "Alice Ainsworth <alice@alpha.example>"
    assert mail["From"] == "Firstcome <leads@in.firstcome.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Date"].datetime == AT
    assert mail["Message-ID"] == only().message_id
    assert mail["Reply-To"] == f"fb+{ANSWER.token}@in.firstcome.example"
    assert replies.find(ANSWER.token.upper()).lead_id == 418
    assert f"Ref: fb-{ANSWER.token}" in mail.get_body(("plain",)).get_content()
    bounce, to = server.envelopes[0]
    assert addresses.read_token(bounce.partition("+")[2].partition("@")[0], KEY) == [only().id]
    assert to == ["alice@alpha.example"]
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    assert "http://127.0.0.1:8000/reset/abc" in mail.get_body(("plain",)).get_content()


def test_a_token_that_was_changed_is_nobodys(ctx):
    made = addresses.bounce_address(418, "in.firstcome.example", KEY)
    token = made.partition("+")[2].partition("@")[0]
    assert len(made.partition("@")[0]) <= 64
    for wrong in ("bd" + token[2:], token[:-1], "", "-", token + "-0", "bc-ä"):
        assert addresses.read_token(wrong, KEY) is None
    assert addresses.read_token(token, "another secret") is None


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("x, evil@evil.example", "alice@alpha.example"),
        ("Alice\r\nBcc: evil@evil.example", "alice@alpha.example"),
        ('"Alice" <evil@evil.example>', "alice@alpha.example"),
        ("Zoë Ärger-Müller" * 6, "alice@alpha.example"),
        ("", "alice@älpha.example"),
    ],
)
def test_a_name_never_makes_a_second_recipient(ctx, name, address):
    with serving(ctx) as server:
        post(to=replace(ALICE, name=name, address=address))
        drain()
    (mail,) = server.mails
    assert len(mail["To"].addresses) == 1
    assert mail["Bcc"] is None
    assert server.envelopes[0][1] == [address.replace("älpha", "xn--lpha-koa")]


def test_long_ids_stay_whole(ctx):
    ids = " ".join(f"<{n}{'a' * 80}@mail.example>" for n in range(20))
    with serving(ctx) as server:
        post(headers={"References": ids, "List-Unsubscribe": f"<https://a.example/{'b' * 90}>"})
        drain()
        (mail,) = server.mails
    _to, raw = transport.written(only_row(), ctx.config["SETTINGS"])
    assert b"=?" not in raw.partition(b"\r\n\r\n")[0]
    assert mail["References"] == ids
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998 + len("References: ") + 1000


def only_row():
    return session().execute(select(OutgoingEmail.__table__)).one()


def test_many_mails_go_over_one_connection(ctx):
    with serving(ctx) as server:
        for number in range(120):
            post(f"k{number}")
        drain()
    assert len(server.mails) == 120
    assert server.connections == 1
    assert {m.status for m in session().scalars(select(OutgoingEmail))} == {"sent"}


def test_a_refused_recipient_fails_at_once_and_the_others_go_on(ctx):
    with serving(ctx) as server:
        server.rcpt["gone@alpha.example"] = "550 5.1.1 no gone@alpha.example here"
        post("a", to=replace(ALICE, address="gone@alpha.example"))
        post("b")
        drain()
    rows = {row.dedupe_key: row for row in session().scalars(select(OutgoingEmail))}
    assert (rows["a"].status, rows["b"].status) == ("failed", "sent")
    assert rows["a"].error == "recipient: 550 5.1.1"


def test_a_mail_that_is_wanted_later_climbs_the_ladder_and_is_given_up_at_its_end(ctx):
    at = AT
    with serving(ctx) as server:
        server.rcpt[ALICE.address] = "451 4.7.1 greylisted"
        post()
        for wait in outbox.LADDER:
            drain(at)
            assert only().status == "queued"
            assert only().next_attempt_at == at + wait
            drain(at + wait - timedelta(seconds=1))
            at += wait
        drain(at)
        assert only().status == "failed"
        assert only().error == "recipient: 451 4.7.1"
        server.rcpt.clear()
        assert outbox.retry_failed(at) == 1
        drain(at)
        assert only().status == "sent"
        assert len(server.mails) == 1


def test_a_refused_text_fails_and_a_refused_sender_waits(ctx):
    with serving(ctx) as server:
        server.data = "554 5.7.1 looks like spam"
        post()
        drain()
    assert only().status == "failed"
    assert only().error == "message: 554 5.7.1"


def test_while_the_server_is_away_every_mail_waits_and_loses_nothing(ctx):
    with sending_to(ctx, f"smtp://127.0.0.1:{free_port()}"):
        for number in range(3):
            post(f"k{number}")
        drain()
    rows = session().scalars(select(OutgoingEmail).execution_options(populate_existing=True)).all()
    assert {(row.status, row.attempts) for row in rows} == {("queued", 0)}
    with serving(ctx) as server:
        drain(AT + outbox.SERVER_AWAY)
    assert len(server.mails) == 3


def test_a_server_that_closes_over_one_mail_gets_that_one_later(ctx):
    with serving(ctx) as server:
        server.rcpt["b@alpha.example"] = "421 4.3.2 going down"
        for name in "abc":
            post(name, to=replace(ALICE, address=f"{name}@alpha.example"))
        drain()
        # the next one has another connection, and b its turn
        assert sorted(mail["To"].addresses[0].username for mail in server.mails) == ["a", "c"]
        server.rcpt.clear()
        drain(AT + outbox.LADDER[0])
    assert sorted(mail["To"].addresses[0].username for mail in server.mails) == ["a", "b", "c"]


def test_a_mail_whose_worker_died_goes_again_once_and_no_more(ctx):
    with serving(ctx) as server:
        post()
        for due in (clock.now() + outbox.LEASE * 2, clock.now() + outbox.LEASE * 4):
            session().execute(
                update(OutgoingEmail).values(
                    status="sending", next_attempt_at=due - timedelta(seconds=1), handed_at=AT
                )
            )
            if server.mails:
                session().execute(update(OutgoingEmail).values(error=outbox.INTERRUPTED))
            drain(due)
        assert len(server.mails) == 1
    assert only().status == "failed"
    assert only().error == outbox.INTERRUPTED


def test_a_mail_in_the_hands_of_a_living_worker_is_left_to_it(ctx):
    with serving(ctx) as server:
        post()
        (claimed,) = outbox.claim(AT)
        drain(AT)
        assert server.mails == []
        outbox.note(claimed, outbox.done(claimed, AT))
    assert only().status == "sent"


def test_who_lost_his_claim_changes_nothing_any_more(ctx):
    post()
    (late,) = outbox.claim(AT)
    outbox.take_back_interrupted(clock.now() + outbox.LEASE * 2)
    outbox.claim(clock.now() + outbox.LEASE * 2)
    outbox.note(late, outbox.over("too late"))
    assert only().status == "sending"


def test_two_drains_share_the_mails(committed):
    def work():
        with committed.app_context():
            jobs.run_now("mail.drain", {"all": True}, AT)

    with serving(committed) as server:
        with committed.app_context(), unit_of_work():
            for number in range(150):
                post(f"k{number}")
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.mails) == 150
        assert len({mail["Message-ID"] for mail in server.mails}) == 150


def test_signing_in_at_the_server_with_odd_characters_in_the_password(ctx):
    seen = []

    def authenticator(_server, _session, _envelope, _mechanism, data):
        seen.append((data.login, data.password))
        return AuthResult(success=True)

    with serving(ctx, authenticator=authenticator, auth_require_tls=False) as server:
        host = ctx.config["SETTINGS"].smtp_url.removeprefix("smtp://")
        with sending_to(ctx, f"smtp://us%40er:p%2F%3Aw@{host}"):
            post()
            drain()
    assert len(server.mails) == 1
    assert seen[0] == (b"us@er", b"p/:w")


def test_a_wrong_password_loses_no_mail(ctx):
    with serving(
        ctx,
        authenticator=lambda *_: AuthResult(success=False, handled=False),
        auth_require_tls=False,
    ):
        host = ctx.config["SETTINGS"].smtp_url.removeprefix("smtp://")
        with sending_to(ctx, f"smtp://user:wrong@{host}"):
            post()
            drain()
    assert only().status == "queued"
    assert only().attempts == 0
    assert session().scalar(text("SELECT error FROM outgoing_emails")) == "server: 535 5.7.8"


def test_neither_address_nor_text_stands_in_the_log(ctx, capfd):
    with serving(ctx) as server:
        server.rcpt[ALICE.address] = f"550 5.1.1 <{ALICE.address}> is nobody"
        post()
        drain()
    with sending_to(ctx, f"smtp://127.0.0.1:{free_port()}"):
        post("other")
        drain()
    assert ALICE.address not in capfd.readouterr().err


def test_a_posted_mail_wakes_the_drain_after_the_commit(committed):
    with committed.app_context():
        with unit_of_work():
            post()
            assert not jobs.client().keys("rq:job:mail_drain*")
        assert jobs.client().keys("rq:job:mail_drain")

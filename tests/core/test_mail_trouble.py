"""The mail queue when something breaks: servers in every mood, killed workers, crowds, TLS.

In this folder's `tls` lie an authority and a server's key that nothing but these tests trusts.
"""

from __future__ import annotations

import os
import signal
import ssl
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select, update

from portal.core import clock, jobs
from portal.core.db import session, unit_of_work
from portal.core.mail import outbox, transport
from portal.core.mail.models import OutgoingEmail
from portal.core.servers import free_port
from tests import nursery
from tests.core.moods import moody
from tests.core.posting import ALICE, Server, drain, only, post, sending_to, serving
from tests.factories import AT

TLS = Path(__file__).parent / "tls"
STEPS = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "text")


def rows():
    return (
        session()
        .scalars(
            select(OutgoingEmail)
            .order_by(OutgoingEmail.id)
            .execution_options(populate_existing=True)
        )
        .all()
    )


@pytest.fixture
def impatient(monkeypatch):
    """Wait for a hanging server shortly; what it returns waits long again, for one that is well."""
    with monkeypatch.context() as hurry:
        hurry.setattr(transport, "SECONDS", 0.3)
        yield hurry.undo


@pytest.mark.parametrize("pipelining", [False, True], ids=["in turn", "pipelining"])
@pytest.mark.parametrize("how", ["450 4.2.0", "closes", "hangs"])
@pytest.mark.parametrize("step", STEPS)
def test_whatever_a_server_does_at_any_step_each_mail_arrives_once_it_is_well(
    ctx, impatient, step, how, pipelining
):
    with moody(ctx, (step, how), pipelining) as server:
        for name in "abc":
            post(name, to=replace(ALICE, address=f"{name}@alpha.example"))
        drain()
        assert server.mails == []
        assert {row.status for row in rows()} == {"queued"}
        assert all(row.error for row in rows())
        assert not any(ALICE.name in row.error or "@" in row.error for row in rows())
        server.kind.mood = None
        impatient()
        drain(AT + outbox.LADDER[0])
        assert {row.status for row in rows()} == {"sent"}
        assert len(server.mails) == len({mail["Message-ID"] for mail in server.mails}) == 3


@pytest.mark.parametrize("pipelining", [False, True], ids=["in turn", "pipelining"])
@pytest.mark.parametrize("step", STEPS)
def test_a_no_for_ever_fails_the_mail_only_where_it_is_about_the_mail(ctx, step, pipelining):
    with moody(ctx, (step, "550 5.7.1"), pipelining) as server:
        post()
        drain()
        about_it = step in ("RCPT", "DATA", "text")
        assert only().status == ("failed" if about_it else "queued")
        assert only().error.endswith(": 550 5.7.1") or step in ("greeting", "EHLO")
        server.kind.mood = None
        if about_it:
            assert outbox.retry_failed(AT) == 1
        drain(AT + outbox.LADDER[0])
        assert only().status == "sent"
        assert len(server.mails) == 1


def test_a_hanging_server_costs_one_mail_a_rung_and_the_others_nothing(ctx, impatient):
    with moody(ctx, ("text", "hangs")) as server:
        for number in range(5):
            post(f"k{number}")
        drain()
        assert server.connections == 1
    assert [row.attempts for row in rows()] == [1, 0, 0, 0, 0]


def test_a_refusal_in_the_middle_of_a_pipeline_leaves_the_connection_fit_for_the_next(ctx):
    with moody(ctx, None, pipelining=True) as server:
        server.rcpt["b@alpha.example"] = "550 5.1.1 gone"
        for name in "abc":
            post(name, to=replace(ALICE, address=f"{name}@alpha.example"))
        drain()
        assert server.connections == 1
        assert len(server.mails) == 2
    assert [row.status for row in rows()] == ["sent", "failed", "sent"]


def test_a_server_that_takes_only_so_many_mails_on_a_connection_gets_them_on_more(ctx):
    with moody(ctx, None) as server:

        async def close_after_ten(_smtp, session, envelope, address, _options):
            session.count = getattr(session, "count", 0) + 1
            if session.count > 10:
                return "421 4.7.0 too many mails on this connection"
            envelope.mail_from = address
            return "250 OK"

        server.handle_MAIL = close_after_ten
        for number in range(35):
            post(f"k{number}")
        drain()
        assert server.connections == 4
        assert len(server.mails) == 35
        assert {row.status for row in rows()} == {"sent"}
        assert {row.attempts for row in rows()} == {1}


def test_one_mail_that_a_server_always_closes_over_does_not_hold_up_the_others(ctx):
    with serving(ctx) as server:
        server.rcpt["a@alpha.example"] = "421 4.3.2 not for this one"
        for name in "abc":
            post(name, to=replace(ALICE, address=f"{name}@alpha.example"))
        drain()
        assert [row.status for row in rows()] == ["queued", "sent", "sent"]
        assert rows()[0].attempts == 1


def test_a_slow_server_keeps_a_drain_no_longer_than_its_time_and_loses_nothing(ctx, monkeypatch):
    monkeypatch.setattr(outbox, "AT_MOST", -1.0)
    with serving(ctx) as server:
        for number in range(3):
            post(f"k{number}")
        drain()
        assert server.mails == []
    assert {(row.status, row.attempts, row.next_attempt_at) for row in rows()} == {
        ("queued", 0, AT)
    }
    assert jobs.client().exists("rq:job:mail_drain")


# -- killed ---------------------------------------------------------------------------------

DRAIN = (
    "from portal.core import jobs; from portal.factory import create_app; app = create_app(); "
    "app.app_context().push(); jobs.run_now('mail.drain')"
)


class Killer(Server):
    """Kills the process that sends, when it has got as far as `step` of the mail for `victim`."""

    def __init__(self, step, victim):
        super().__init__()
        self.step, self.victim, self.pid = step, victim, None

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.pid = None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.pid and self.step == "RCPT" and address == self.victim:
            self.kill()
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server, session, envelope):
        said = await super().handle_DATA(server, session, envelope)
        if self.pid and self.step == "yes" and envelope.rcpt_tos == [self.victim]:
            self.kill()
        return said


def start_draining(app, url):
    settings = app.config["SETTINGS"]
    return nursery.start(
        "-c",
        DRAIN,
        log=settings.var_dir / "draining.log",
        env={
            "PATH": os.environ["PATH"],
            "FIRSTCOME_LOCAL": "1",
            "FIRSTCOME_TESTING": "1",
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "SECRET_KEY": settings.secret_key,
            "SMTP_URL": url,
            "VAR_DIR": str(settings.var_dir),
        },
    )


def kill_at(app, server, url):
    """Let a process drain until the server kills it; then the lease of the dead is over."""
    child = start_draining(app, url)
    server.pid = child.pid
    assert child.wait(30) == -signal.SIGKILL
    with app.app_context(), unit_of_work() as on:
        on.execute(
            update(OutgoingEmail)
            .where(OutgoingEmail.status == "sending")
            .values(next_attempt_at=clock.now())
        )


@contextmanager
def killing(app, step, victim="b@alpha.example"):
    server = Killer(step, victim)
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    url = f"smtp://127.0.0.1:{controller.port}"
    try:
        with app.app_context(), unit_of_work():
            for name in "abc":
                post(name, to=replace(ALICE, address=f"{name}@alpha.example"))
        with sending_to(app, url):
            yield server, url
    finally:
        controller.stop()


def seen(server):
    """Return how often each address got its mail, and how many Message-IDs there were."""
    to = sorted(mail["To"].addresses[0].username for mail in server.mails)
    return "".join(to), len({mail["Message-ID"] for mail in server.mails})


def drain_all(app):
    with app.app_context():
        jobs.run_now("mail.drain", {}, clock.now())


def states(app):
    with app.app_context():
        return [row.status for row in rows()]


def test_killed_after_the_servers_yes_one_mail_goes_twice_with_the_same_id_and_no_other(committed):
    with killing(committed, "yes") as (server, url):
        kill_at(committed, server, url)
        assert states(committed) == ["sent", "sending", "sending"]
        drain_all(committed)
        assert seen(server) == ("abbc", 3)
    assert states(committed) == ["sent", "sent", "sent"]


def test_killed_before_the_text_every_mail_goes_once(committed):
    with killing(committed, "RCPT") as (server, url):
        kill_at(committed, server, url)
        drain_all(committed)
        assert seen(server) == ("abc", 3)
    assert states(committed) == ["sent", "sent", "sent"]


def test_a_mail_that_kills_its_worker_twice_waits_for_a_person_and_the_others_go(committed):
    with killing(committed, "yes") as (server, url):
        kill_at(committed, server, url)
        kill_at(committed, server, url)
        drain_all(committed)
        drain_all(committed)
        assert seen(server) == ("abbc", 3)
    assert states(committed) == ["sent", "failed", "sent"]


# -- pace -----------------------------------------------------------------------------------


@contextmanager
def pace(app, mails):
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(before, mail_per_domain=mails)
    try:
        yield
    finally:
        app.config["SETTINGS"] = before


def to_domain(domain, count, prefix=""):
    for number in range(count):
        post(f"{prefix}{domain}{number}", to=replace(ALICE, address=f"p{number}@{domain}"))


def arrived(server):
    found = {}
    for mail in server.mails:
        domain = mail["To"].addresses[0].domain
        found[domain] = found.get(domain, 0) + 1
    return found


def a_minute_passes():
    session().execute(update(OutgoingEmail).values(tried_at=OutgoingEmail.tried_at - outbox.MINUTE))


def test_no_domain_gets_more_than_the_setting_a_minute_and_others_overtake(ctx):
    with serving(ctx) as server, pace(ctx, 10):
        to_domain("Slow.example", 25)
        to_domain("other.example", 8)
        drain()
        assert arrived(server) == {"Slow.example": 10, "other.example": 8}
        drain()
        assert arrived(server)["Slow.example"] == 10
        for expected in (20, 25):
            a_minute_passes()
            drain()
            assert arrived(server)["Slow.example"] == expected
    assert {row.attempts for row in rows()} == {1}


def test_two_drains_at_once_keep_the_pace_together(committed):
    with serving(committed) as server, pace(committed, 40):
        with committed.app_context(), unit_of_work():
            to_domain("slow.example", 120)
            to_domain("other.example", 30)

        def work():
            with committed.app_context():
                jobs.run_now("mail.drain", {"all": True}, AT)

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert arrived(server) == {"slow.example": 40, "other.example": 30}


# -- secrets --------------------------------------------------------------------------------


def test_the_secrets_of_links_stand_in_the_mail_and_no_longer_in_its_row(ctx):
    secret, stop = "S3cret_" * 6 + "a", "St0p-_" * 7 + "b"
    with serving(ctx) as server:
        outbox.post(
            "password_reset",
            ALICE,
            {"name": "Alice", "path": f"/reset/{secret}", "until": AT},
            AT,
            dedupe_key="k",
            headers={"List-Unsubscribe": f"<http://127.0.0.1:8000/m/{stop}/stop>"},
        )
        assert secret in only().text
        drain()
        (mail,) = server.mails
    assert secret in mail.get_body(("plain",)).get_content()
    assert secret in mail.get_body(("html",)).get_content()
    assert stop in mail["List-Unsubscribe"]
    row = only()
    for kept in (row.text, row.html, str(row.headers)):
        assert secret not in kept
        assert stop not in kept
    assert "/reset/…" in row.text
    assert row.headers["List-Unsubscribe"] == "<http://127.0.0.1:8000/m/…/stop>"


def test_every_kind_of_secret_is_masked_and_nothing_else():
    word = "aB3_-" * 9
    said = (
        f"https://x.example/m/{word}?s=won /invite/{word}. %2Freset%2F{word}&x /leads/12 /m/short"
    )
    assert outbox.masked(said) == (
        "https://x.example/m/…?s=won /invite/…. %2Freset%2F…&x /leads/12 /m/short"
    )


def test_a_mail_that_waits_or_failed_keeps_its_links_because_it_may_still_go(ctx):
    with serving(ctx) as server:
        server.rcpt[ALICE.address] = "550 5.1.1 gone"
        post()
        drain()
    assert only().status == "failed"
    assert "/reset/abc" in only().text


# -- TLS ------------------------------------------------------------------------------------


@pytest.fixture
def certificate():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "server.pem")
    return context


@pytest.fixture
def trusting(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))


def test_starttls_is_spoken_where_it_is_asked_for(ctx, certificate, trusting):
    with serving(ctx, tls_context=certificate, require_starttls=True):
        post()
        drain()
        assert only().status == "queued"
        assert only().error == "sender: 530"
    with serving(ctx, tls_context=certificate, require_starttls=True) as server:
        with sending_to(ctx, ctx.config["SETTINGS"].smtp_url + "/?starttls=1"):
            drain(AT + outbox.LADDER[0])
        assert len(server.mails) == 1
    assert only().status == "sent"


def test_smtps_is_spoken_from_the_first_byte(ctx, certificate, trusting):
    with serving(ctx, ssl_context=certificate) as server:
        port = ctx.config["SETTINGS"].smtp_url.rpartition(":")[2]
        with sending_to(ctx, f"smtps://127.0.0.1:{port}"):
            post()
            drain()
        assert len(server.mails) == 1


def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(ctx, certificate):
    with serving(ctx, tls_context=certificate, require_starttls=True) as server:
        with sending_to(ctx, ctx.config["SETTINGS"].smtp_url + "/?starttls=1"):
            post()
            drain()
        assert server.mails == []
    assert only().status == "queued"
    assert only().attempts == 0
    assert only().error == "no mail server (SSLCertVerificationError)"


def test_a_server_without_starttls_gets_nothing_in_the_clear(ctx):
    with serving(ctx) as server:
        with sending_to(ctx, ctx.config["SETTINGS"].smtp_url + "/?starttls=1"):
            post()
            drain()
        assert server.mails == []
    assert only().error == "no mail server (SMTPNotSupportedError)"

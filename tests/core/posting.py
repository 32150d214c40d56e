"""A mail to Alice and a mail server that does as it is told."""

from __future__ import annotations

import email
from contextlib import contextmanager
from dataclasses import replace
from email import policy

from aiosmtpd.controller import Controller
from sqlalchemy import select

from portal.core import jobs
from portal.core.db import session
from portal.core.mail import outbox
from portal.core.mail.models import OutgoingEmail
from portal.core.servers import free_port
from tests.factories import AT

CONTEXT = {"name": "Alice", "path": "/reset/abc", "until": AT}
ALICE = outbox.Recipient(7, "alice@alpha.example", "Alice Ainsworth")


class Server:
    """An SMTP server that does as it is told; `answers` by recipient, `first` on connection."""

    def __init__(self):
        self.mails = []
        self.envelopes = []
        self.connections = 0
        self.rcpt = {}
        self.data = "250 2.0.0 taken"

    async def handle_EHLO(self, _server, session, _envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        answer = self.rcpt.get(address, "250 2.1.5 fine")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server, _session, envelope):
        if self.data.startswith("250"):
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
            self.mails.append(email.message_from_bytes(envelope.content, policy=policy.default))
        return self.data


@contextmanager
def serving(app, **options):
    server = Server()
    controller = Controller(server, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        with sending_to(app, f"smtp://127.0.0.1:{controller.port}"):
            yield server
    finally:
        controller.stop()


@contextmanager
def sending_to(app, url):
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(before, smtp_url=url)
    try:
        yield
    finally:
        app.config["SETTINGS"] = before


def post(key="k", to=ALICE, at=AT, **over):
    return outbox.post("password_reset", to, CONTEXT, at, dedupe_key=key, **over)


def drain(at=AT):
    session().flush()
    jobs.run_now("mail.drain", {}, at)


def only():
    return session().scalars(select(OutgoingEmail).execution_options(populate_existing=True)).one()

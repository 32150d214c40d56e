"""The listener for mail that comes in: SMTP and LMTP on one port, `python worker.py mail-in`.

It keeps a mail whole before it says yes, and does nothing else: 451 while the database is away and
after whatever else goes wrong, 550 at once for an address that is not ours. Behind a mail server;
it listens on this machine only. A flood waits with who sends it: mails are kept one at a time, and
half of the time none is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, syntax
from flask import Flask

from portal.core import circumstances, clock, jobs, logs, mishaps
from portal.core.config import Settings
from portal.core.db import db, unit_of_work
from portal.core.processes import YIELDS
from portal.inbound import pipeline, places
from portal.inbound.parsing import LARGEST
from portal.inbound.places import Where

log = logs.get(__name__)

NO_SUCH = "550 5.1.1 no such address here"
NOBODY = "553 5.1.7 no such sender"
LATER = "451 4.3.0 please try again later"
MOST_RECIPIENTS = 20
IDLE_SECONDS = 60
MOST_REST = 0.1
"""Seconds that pass at most between two mails although the next one waits."""


class Door(SMTP):
    """SMTP, and LMTP for who greets so: an answer for each recipient then."""

    answers = 1
    """So often the next answer is given."""

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802
        """Greet a mail server that hands over for several recipients."""
        cast(Any, self.session).speaks_lmtp = True
        await self.smtp_EHLO(hostname)

    async def push(self, status: Any) -> None:
        """Answer; what becomes of a mail is told for each of its recipients, whatever it is."""
        here = cast(Any, self)
        times, self.answers = self.answers, 1
        if status.startswith("354") and getattr(here.session, "speaks_lmtp", False):
            self.answers = len(here.envelope.rcpt_tos)
        await super().push("\r\n".join([status] * times))

    async def handle_exception(self, error: Exception) -> str:
        """Let a mail come again; what went wrong here is for our own log."""
        log.error("mail not taken", error=mishaps.describe(error))
        return LATER


class Keeper:
    """What aiosmtpd calls for each recipient and each mail."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.turn = asyncio.Lock()
        self.rests_until = 0.0

    async def handle_MAIL(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take whatever a sender calls himself, but for what no database keeps."""
        if "\0" in address:
            return NOBODY
        envelope.mail_from = address
        return "250 2.1.0 ok"

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take our addresses, in whatever case; one that no mail of ours ever had is nobody's."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        found = await asyncio.to_thread(self.look_up, address)
        if isinstance(found, str):
            return found
        envelope.rcpt_tos.append(address)
        vars(envelope).setdefault("places", {})[found] = None
        return "250 2.1.5 ok"

    def look_up(self, address: str) -> Where | str:
        """Return which address of ours this is, or what is said of one that is none."""
        with self.app.app_context():
            try:
                return NO_SUCH if "\0" in address else places.find(address) or NO_SUCH
            except Exception as trouble:  # noqa: BLE001 – who sends it shall try again
                log.error("address not looked up", error=mishaps.describe(trouble))
                return LATER
            finally:
                db.session.remove()

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a mail in its turn; what came twice is kept once."""
        lmtp = getattr(session, "speaks_lmtp", False)
        async with self.turn:
            await asyncio.sleep(max(self.rests_until - time.monotonic(), 0))
            began = time.monotonic()
            said = await asyncio.to_thread(
                self.keep,
                envelope.original_content,
                # what servers report has none
                (envelope.mail_from or "").strip("<>"),
                "lmtp" if lmtp else "smtp",
                tuple(envelope.places),
            )
            ended = time.monotonic()
            self.rests_until = ended + min(ended - began, MOST_REST)
        return said

    def keep(self, raw: bytes, envelope_from: str, adapter: str, places: tuple[Where, ...]) -> str:
        """Keep a mail in a transaction of its own and hurry the worker."""
        with self.app.app_context(), circumstances.under(channel="mail"):
            try:
                with unit_of_work():
                    kept = [
                        pipeline.store(
                            raw, envelope_from, one.name, adapter, clock.now(), one.token_id
                        )
                        for one in places
                    ]
            except Exception as trouble:  # noqa: BLE001 – who sends it shall try again
                log.error("mail not kept", error=mishaps.describe(trouble))
                return LATER
            finally:
                db.session.remove()
            if any(kept):
                jobs.wake("inbound.read_waiting")
        log.info("mail came in", messages=kept, size=len(raw))
        return "250 2.0.0 kept"


class MailIn(Controller):
    """The listener in a thread of its own."""

    def factory(self) -> SMTP:
        return Door(
            self.handler,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=False,
            ident="Firstcome",
            timeout=IDLE_SECONDS,
        )


def listen(app: Flask, host: str, port: int) -> Any:
    """Start to listen and return the controller; its `stop()` ends it."""
    # it would write down who writes to whom
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    controller = MailIn(Keeper(app), hostname=host, port=port)
    controller.start()
    return controller


def main(app: Flask) -> None:
    """Take mail in until told to stop."""
    settings: Settings = app.config["SETTINGS"]
    os.nice(YIELDS)
    stop = {signal.SIGTERM, signal.SIGINT}
    # before the thread starts, so that it inherits the mask and `sigwait` gets the signal
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    controller = listen(app, "127.0.0.1", settings.mail_in_port)
    log.info("mail-in listens", port=settings.mail_in_port)
    signal.sigwait(stop)
    with contextlib.suppress(RuntimeError):
        controller.stop()

"""The listener for mail that comes in: SMTP and LMTP on one port, `python worker.py mail-in`.

It keeps a mail whole before it says yes, and does nothing else: 451 while the database is away, 550
at once for an address that is not ours. Behind a mail server; it listens on this machine only.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from dataclasses import dataclass
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, syntax
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from portal.core import circumstances, clock, jobs, logs, mishaps
from portal.core.config import Settings
from portal.core.db import db, unit_of_work
from portal.core.mail import addresses, replies
from portal.inbound import bounces, pipeline
from portal.inbound.parsing import LARGEST

log = logs.get(__name__)

NO_SUCH = "550 5.1.1 no such address here"
LATER = "451 4.3.0 please try again later"
MOST_RECIPIENTS = 20
IDLE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Where:
    """An address of ours without its secret, and the row of it if it is one for answers."""

    name: str
    token_id: int | None = None


class Door(SMTP):
    """SMTP, and LMTP for who greets so: an answer for each recipient then."""

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802
        """Greet a mail server that hands over for several recipients."""
        cast(Any, self.session).speaks_lmtp = True
        await self.smtp_EHLO(hostname)


class Keeper:
    """What aiosmtpd calls for each recipient and each mail."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        settings: Settings = app.config["SETTINGS"]
        self.address = settings.lead_address.lower()
        self.domain = settings.inbound_domain

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take our addresses, in whatever case and with whatever behind a plus.

        An address for answers that was never in a mail of ours is nobody's, nor is a sender that no
        mail of ours had.
        """
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        local, _at, domain = address.lower().rpartition("@")
        local, _plus, token = local.strip('"').partition("+")
        if f"{local}@{domain}" == self.address:
            found: Where | str = Where(self.address)
        elif local == addresses.BOUNCES:
            with self.app.app_context():
                place = bounces.place_of(address)
            found = Where(place) if place else NO_SUCH
        elif local == replies.LOCAL and domain == self.domain:
            found = await asyncio.to_thread(self.look_up, token)
        else:
            found = NO_SUCH
        if isinstance(found, str):
            return found
        envelope.rcpt_tos.append(address)
        vars(envelope).setdefault("places", {})[found] = None
        return "250 2.1.5 ok"

    def look_up(self, token: str) -> Where | str:
        """Return whose address for answers this is; of an address without token nobody knows."""
        if not token:
            return Where(f"{replies.LOCAL}@{self.domain}")
        with self.app.app_context():
            try:
                found = replies.find(token)
            except (SQLAlchemyError, PoolTimeout) as trouble:
                log.error("address not looked up", error=mishaps.describe(trouble))
                return LATER
            finally:
                db.session.remove()
        return Where(f"{replies.LOCAL}+{found.id}@{self.domain}", found.id) if found else NO_SUCH

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a mail; what came twice is kept once."""
        lmtp = getattr(session, "speaks_lmtp", False)
        said = await asyncio.to_thread(
            self.keep,
            envelope.original_content,
            envelope.mail_from or "",
            "lmtp" if lmtp else "smtp",
            tuple(envelope.places),
        )
        return "\r\n".join([said] * len(envelope.rcpt_tos)) if lmtp else said

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
            except (SQLAlchemyError, PoolTimeout) as trouble:
                log.error("mail not kept", error=mishaps.describe(trouble))
                return LATER
            finally:
                db.session.remove()
            for found in filter(None, kept):
                jobs.enqueue("inbound.read_mail", {"id": found}, f"read-mail-{found}")
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
    stop = {signal.SIGTERM, signal.SIGINT}
    # before the thread starts, so that it inherits the mask and `sigwait` gets the signal
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    controller = listen(app, "127.0.0.1", settings.mail_in_port)
    log.info("mail-in listens", port=settings.mail_in_port)
    signal.sigwait(stop)
    with contextlib.suppress(RuntimeError):
        controller.stop()

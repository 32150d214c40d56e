"""A mail server in a mood: it refuses, hangs or closes at one step of the dialogue."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from portal.core.servers import free_port
from tests.core.posting import Server, sending_to


class MoodySMTP(SMTP):
    """A server that at one step of the dialogue does what its mood says."""

    mood: tuple[str, str] | None = None
    doors = []

    @classmethod
    async def hang_up(cls, listening):
        """Take no more connections and close every one there is, whatever hangs on it."""
        listening.close()
        for _turn in range(5):
            await asyncio.sleep(0)
        for door in cls.doors:
            door.abort()
        for _turn in range(5):
            await asyncio.sleep(0)

    async def _moody(self, step):
        """Return True where the step must not go its usual way."""
        if type(self).mood is None or type(self).mood[0] != step:
            return False
        how = type(self).mood[1]
        if how == "hangs":
            await asyncio.Event().wait()
        if how == "closes":
            self.transport.close()
        else:
            await self.push(f"{how} the mood at {step}")
        return True

    def connection_made(self, transport):
        super().connection_made(transport)
        self.doors.append(transport)
        if type(self).mood == ("greeting", "closes"):
            transport.close()

    async def _handle_client(self):
        if not await self._moody("greeting"):
            await super()._handle_client()

    async def smtp_EHLO(self, arg):
        if not await self._moody("EHLO"):
            await super().smtp_EHLO(arg)

    async def smtp_HELO(self, arg):
        if not await self._moody("EHLO"):
            await super().smtp_HELO(arg)

    async def smtp_MAIL(self, arg):
        if not await self._moody("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg):
        if not await self._moody("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg):
        if not await self._moody("DATA"):
            await super().smtp_DATA(arg)


class MoodyController(Controller):
    def factory(self):
        return self.kind(self.handler, enable_SMTPUTF8=True)


class MoodyServer(Server):
    """Takes mails, in the mood of `kind`, with or without PIPELINING."""

    def __init__(self, kind, pipelining):
        super().__init__()
        self.kind, self.pipelining = kind, pipelining

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        said = await super().handle_EHLO(server, session, envelope, hostname, responses)
        return [*said[:-1], "250-PIPELINING", said[-1]] if self.pipelining else said

    async def handle_DATA(self, server, session, envelope):
        if self.kind.mood and self.kind.mood[0] == "text":
            how = self.kind.mood[1]
            if how == "hangs":
                await asyncio.Event().wait()
            if how == "closes":
                server.transport.close()
                return "250 nobody hears it"
            return f"{how} the mood at text"
        return await super().handle_DATA(server, session, envelope)


@contextmanager
def moody(app, mood, pipelining=False):
    kind = type("OneMood", (MoodySMTP,), {"doors": []})
    server = MoodyServer(kind, pipelining)
    controller = MoodyController(server, hostname="127.0.0.1", port=free_port())
    controller.kind = kind
    controller.start()
    kind.mood = mood  # aiosmtpd says hello to itself at the start
    try:
        with sending_to(app, f"smtp://127.0.0.1:{controller.port}"):
            yield server
    finally:
        asyncio.run_coroutine_threadsafe(kind.hang_up(controller.server), controller.loop).result(
            10
        )
        controller.stop()

"""An SMTP server that takes every mail and throws it away, a process of its own.

Prints its port; on standard input's end prints how many mails and bytes it has taken.
"""

from __future__ import annotations

import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from portal.core.servers import free_port


class Sink:
    """Counts, offers PIPELINING as real servers do."""

    def __init__(self) -> None:
        self.mails = self.size = 0

    async def handle_EHLO(self, _server: SMTP, session, _envelope, hostname, responses):  # noqa: N802
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(self, _server: SMTP, _session, envelope):  # noqa: N802
        self.mails += 1
        self.size += len(envelope.content)
        return "250 2.0.0 taken"


def main() -> None:
    """Serve until nobody listens any more."""
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    print(controller.port, flush=True)
    sys.stdin.read()
    controller.stop()
    print(sink.mails, sink.size, flush=True)


if __name__ == "__main__":
    main()

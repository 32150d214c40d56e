"""An SMTP server that takes every mail and throws it away, a process of its own.

It looks for no more than the lines of the dialogue and the end of each text, so that it costs the
machine as little as a server elsewhere would. Prints its port; on standard input's end prints how
many mails and bytes it has taken.
"""

from __future__ import annotations

import asyncio
import sys

END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """One connection; offers PIPELINING as real servers do."""

    mails = size = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.waiting, self.in_text = transport, bytearray(), False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer every whole line and every whole text."""
        self.waiting += data
        answers = []
        while (found := self.waiting.find(END if self.in_text else b"\r\n")) >= 0:
            said = bytes(self.waiting[:found])
            del self.waiting[: found + (len(END) if self.in_text else 2)]
            answers.append(self.taken(said) if self.in_text else self.answer(said))
        self.transport.write(b"".join(answers))

    def taken(self, text: bytes) -> bytes:
        """Count a mail."""
        self.in_text = False
        Sink.mails += 1
        Sink.size += len(text)
        return b"250 2.0.0 taken\r\n"

    def answer(self, line: bytes) -> bytes:
        """Return the answer to a line of the dialogue."""
        verb = line[:4].upper()
        if verb == b"EHLO":
            return b"250-sink\r\n250-SIZE 33554432\r\n250 PIPELINING\r\n"
        if verb == b"DATA":
            self.in_text = True
            return b"354 go on\r\n"
        if verb == b"QUIT":
            return b"221 bye\r\n"
        return b"250 2.1.0 ok\r\n" if verb in (b"MAIL", b"RCPT", b"RSET") else b"500 what\r\n"


async def main() -> None:
    """Serve until nobody listens any more."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(Sink.mails, Sink.size, flush=True)


if __name__ == "__main__":
    asyncio.run(main())

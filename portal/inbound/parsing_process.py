"""The process in which mails are taken apart, as seen by who hands them in: started, kept, killed.

Who reads many mails keeps it (`kept`); anybody else has one of his own for a mail. What happens in
it stands in `parsing_child`.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

BEGUN = b"+"
"""What is said before a mail is looked at: who says no more after it fell over the mail."""
PIECE = 1024 * 1024
_ROOT = Path(__file__).resolve().parents[2]


class NoProcess(OSError):
    """No process could be had to read a mail in, which is not the mail's fault."""


class ParsingProcess:
    """A process that forks for each mail; started when it is first needed, or needed again."""

    def __init__(self) -> None:
        self._door: socket.socket | None = None
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Return its process id; None where it does not run."""
        return self._child.pid if self._child else None

    def ask(self, raw: bytes, seconds: float) -> bytes:
        """Return what is said of a mail; nothing where it can't be read within these seconds.

        Raises `NoProcess`.
        """
        for _try in range(2):  # it may have been killed since the last mail
            said = self._hear(raw, seconds)
            if said.startswith(BEGUN):
                return said[len(BEGUN) :]
            self.stop()
        raise NoProcess()

    def stop(self) -> None:
        """Kill it and whoever of it reads a mail still."""
        if self._door is not None:
            self._door.close()
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        self._door = self._child = None

    def _hear(self, raw: bytes, seconds: float) -> bytes:
        """Hand a mail in and return all that is said then."""
        ours, theirs = socket.socketpair()
        said, ends = bytearray(), time.monotonic() + seconds
        with ours:
            try:
                with theirs:
                    socket.send_fds(self._door or self._start(), [BEGUN], [theirs.fileno()])
                ours.settimeout(seconds)
                ours.sendall(raw)
                ours.shutdown(socket.SHUT_WR)
                while part := ours.recv(PIECE):
                    said += part
                    ours.settimeout(max(ends - time.monotonic(), 0.001))
            except OSError:  # the time is over, or it ended
                self.stop()
                return bytes(said[: len(BEGUN)])
        return bytes(said)

    def _start(self) -> socket.socket:
        self._door, theirs = socket.socketpair()
        with theirs:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "portal.inbound.parsing_child"],
                cwd=_ROOT,
                # nothing of ours: no secret, no address of a server
                env={"PATH": os.defpath},
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # killed with its forks, and out of reach of a terminal's Ctrl-C
                start_new_session=True,
            )
        return self._door


# of who keeps it alone: others in this process at the same time have their own
_kept: contextvars.ContextVar[ParsingProcess | None] = contextvars.ContextVar("kept", default=None)


@contextlib.contextmanager
def kept() -> Iterator[ParsingProcess]:
    """Keep one process for all mails that are taken apart inside, and end it behind."""
    process = ParsingProcess()
    before = _kept.set(process)
    try:
        yield process
    finally:
        _kept.reset(before)
        process.stop()


def ask(raw: bytes, seconds: float) -> bytes:
    """Return what is said of a mail by the process that is kept, or by one for this mail alone."""
    process = _kept.get()
    if process is not None:
        return process.ask(raw, seconds)
    own = ParsingProcess()
    try:
        return own.ask(raw, seconds)
    finally:
        own.stop()

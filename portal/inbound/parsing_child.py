"""The process in which mails are taken apart: `python -m portal.inbound.parsing_child`.

It reads no mail itself: for each that is handed in it forks, and the fork reads that one within its
limits of memory and time, says in JSON what it found, and ends. So nothing of a mail is there when
the next is read, and one that kills its reader kills nothing else. It ends with who started it.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import sys
from email import policy
from email.parser import BytesParser

from portal.inbound.parsing import CPU_SECONDS, LARGEST, MEMORY, TROUBLE, read
from portal.inbound.parsing_process import BEGUN


def serve(door: socket.socket) -> None:
    """Fork for each mail that is handed in, until nobody can hand one in any more."""
    # nobody waits for those who read: who handed a mail in hears them, or their silence
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        _word, handed, _flags, _sender = socket.recv_fds(door, 1, 1)
        if not handed:
            return
        if os.fork() == 0:
            try:
                door.close()
                read_one(handed[0])
            finally:
                os._exit(0)
        os.close(handed[0])


def blocking(number: int) -> socket.socket:
    """Return a socket at which one waits; those of a web process with greenlets don't."""
    here = socket.socket(fileno=number)
    here.setblocking(True)
    return here


def read_one(handed: int) -> None:
    """Read the mail that comes in there, and say there what stands in it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    with blocking(handed) as here, here.makefile("rwb") as stream:
        stream.write(BEGUN)
        stream.flush()
        try:
            mail = BytesParser(policy=policy.default).parsebytes(stream.read(LARGEST + 1))
            stream.write(json.dumps(read(mail)).encode("ascii"))
        except TROUBLE:
            return


if __name__ == "__main__":
    with blocking(sys.stdin.fileno()) as given:
        serve(given)

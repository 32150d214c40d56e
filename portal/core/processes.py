"""What processes of the product have in common: how nice they are, and that no child is left."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

YIELDS = 5
"""So much nicer than others is a process that nobody waits for at his screen."""


def die_with_parent(signum: int) -> Callable[[], None]:
    """Make a `preexec_fn` after which the kernel sends `signum` to a child whose parent is gone.

    Linux only, elsewhere it does nothing. The kernel ties it to the thread that forks, so children
    are started from the main thread.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def in_child() -> None:
        # until it runs its program, the child would answer with the handlers of its parent
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(each) != signal.SIG_IGN:
                signal.signal(each, signal.SIG_DFL)
        libc.prctl(1, signum, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return in_child

"""The processes beside the web: `python worker.py worker | scheduler | catcher`.

Nothing here may patch the standard library; RQ forks, and gevent stays with the web.
"""

import sys
from collections.abc import Callable

from portal import wiring
from portal.core import jobs
from portal.core.mail import catcher
from portal.factory import create_app


def _worker() -> None:
    jobs.run_worker(create_app())


def _scheduler() -> None:
    jobs.run_scheduler(create_app(), wiring.SCHEDULE)


ROLES: dict[str, Callable[[], None]] = {
    "worker": _worker,
    "scheduler": _scheduler,
    "catcher": catcher.main,
}


def main(words: list[str]) -> int:
    """Run the one role named in `words` until a signal ends it; 2 when none is named."""
    if len(words) != 1 or words[0] not in ROLES:
        print(f"Say which: python worker.py {' | '.join(ROLES)}", file=sys.stderr)
        return 2
    ROLES[words[0]]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

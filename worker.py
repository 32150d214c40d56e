"""The processes beside the web: `python worker.py worker | scheduler | catcher`.

Each loads only what it needs, so that it is there at once. Nothing here may patch the standard
library: RQ forks, and gevent stays with the web.
"""

import sys
from collections.abc import Callable


def work() -> None:
    """Do the queued jobs."""
    from portal.core import jobs  # noqa: PLC0415
    from portal.factory import create_app  # noqa: PLC0415

    jobs.run_worker(create_app())


def schedule() -> None:
    """Queue each sweep when it is due."""
    from portal import wiring  # noqa: PLC0415
    from portal.core import jobs  # noqa: PLC0415
    from portal.factory import create_app  # noqa: PLC0415

    jobs.run_scheduler(create_app(), wiring.SCHEDULE)


def catch() -> None:
    """Catch the mails of a local run."""
    from portal.core.mail import catcher  # noqa: PLC0415

    catcher.main()


ROLES: dict[str, Callable[[], None]] = {"worker": work, "scheduler": schedule, "catcher": catch}


def main(words: list[str]) -> int:
    """Run the one role named in `words` until a signal ends it; 2 when none is named."""
    if len(words) != 1 or words[0] not in ROLES:
        print(f"Say which: python worker.py {' | '.join(ROLES)}", file=sys.stderr)
        return 2
    ROLES[words[0]]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The processes beside the web: `python worker.py` and one word of these.

`worker [queue …] | scheduler | catcher | mail-in | mail-fetch`.

A worker without queues serves all of them; a second one for `bulk` keeps imports from delaying
mails.

Each loads only what it needs, so that it is there at once. Nothing here may patch the standard
library: RQ forks, and gevent stays with the web.
"""

import sys
from collections.abc import Callable

from portal.core.config import SettingsMissing


def work(queues: list[str]) -> None:
    """Do the queued jobs of these queues, or of all."""
    from portal.core import jobs, worker  # noqa: PLC0415
    from portal.factory import create_app  # noqa: PLC0415

    worker.run_worker(create_app(), queues=queues or jobs.QUEUES)


def schedule(_words: list[str]) -> None:
    """Queue each sweep when it is due; run those that tick."""
    from portal import wiring  # noqa: PLC0415
    from portal.core import worker  # noqa: PLC0415
    from portal.factory import create_app  # noqa: PLC0415

    worker.run_scheduler(create_app(), wiring.SCHEDULE, wiring.TICKING)


def catch(_words: list[str]) -> None:
    """Catch the mails of a local run."""
    from portal.core.mail import catcher  # noqa: PLC0415

    catcher.main()


def take_mail_in(_words: list[str]) -> None:
    """Take in mail for the lead address."""
    from portal.factory import create_app  # noqa: PLC0415
    from portal.inbound import mail_in  # noqa: PLC0415

    mail_in.main(create_app())


def fetch_mail(_words: list[str]) -> None:
    """Take in mail that lies in a mailbox."""
    from portal.factory import create_app  # noqa: PLC0415
    from portal.inbound import imap_in  # noqa: PLC0415

    imap_in.main(create_app())


# those of `core.jobs`, said again so that a wrong word is told before anything is loaded
QUEUES = {"now", "mail", "incoming", "bulk"}
ROLES: dict[str, Callable[[list[str]], None]] = {
    "worker": work,
    "scheduler": schedule,
    "catcher": catch,
    "mail-in": take_mail_in,
    "mail-fetch": fetch_mail,
}


def main(words: list[str]) -> int:
    """Run the one role named in `words` until a signal ends it; 2 when none is named."""
    more = words[1:]
    if not words or words[0] not in ROLES or not set(more) <= QUEUES:
        print(f"Say which: python worker.py {' | '.join(ROLES)}", file=sys.stderr)
        return 2
    try:
        ROLES[words[0]](more)
    except SettingsMissing as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

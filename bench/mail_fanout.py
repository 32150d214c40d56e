"""One lead for a thousand people: their mails written and handed to an SMTP server, by one worker.

Counted from the event to the server's last yes: reading who hears of it, rendering both parts in
the reader's language, the queue with its commits, the dialogue with the server.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import update

from bench import data
from bench.house import ROOT, House
from bench.table import Measured
from portal.core import clock, jobs
from portal.core.db import session, unit_of_work
from portal.matching.models import DistributionRule
from portal.offers import operations as offers

PEOPLE = 1_000
GOAL = 100.0


@contextmanager
def sink() -> Iterator[tuple[int, Callable[[], tuple[int, int]]]]:
    """Run the mail server; yield its port and what stops it and says what it has taken."""
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.mail_sink"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    port = int(child.stdout.readline())

    def stop() -> tuple[int, int]:
        said, _ = child.communicate(timeout=20)
        mails, size = said.split()
        return int(mails), int(size)

    try:
        yield port, stop
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()


def measure(house: House) -> Measured:
    """Return the mails a second that one worker writes and sends."""
    with house.database("fanout") as database, sink() as (port, stop):
        app = database.app
        app.config["SETTINGS"] = replace(
            app.config["SETTINGS"], smtp_url=f"smtp://127.0.0.1:{port}", mail_per_domain=0
        )
        with database.connect() as link:
            data.add_firms(link, PEOPLE)
            data.add_reps(link, app, PEOPLE, each=1)
            first, second = data.add_leads(link, 2, state="qualified")
            link.execute(data.ANSWERS)
        database.settle()
        with app.app_context():
            # to the few whom the rule allows, so that nothing is done for the first time later
            offer(first)
            written(), sent()
            warm_up = database.value("SELECT count(*) FROM outgoing_emails")
            with unit_of_work():
                session().execute(update(DistributionRule).values(most=None))
            offer(second)
            writing, sending = timed(written), timed(sent)
        mails, size = stop()
        found = database.value("SELECT count(*) FROM outgoing_emails WHERE status = 'sent'")
    count = mails - int(str(warm_up))
    if mails != found or count != PEOPLE:
        raise RuntimeError(f"{mails} mails arrived, {found} are noted as sent, {PEOPLE} were due")
    rate = count / (writing.seconds + sending.seconds)
    return Measured(
        "mail_fanout",
        rate,
        "mails/s",
        n=count,
        c=1,
        goal=f"at least {GOAL:.0f}/s",
        met=rate >= GOAL,
        notes=[
            (
                f"written {count / writing.seconds:,.0f}/s ({writing.spent / count * 1000:.1f} ms "
                f"of Python each), sent {count / sending.seconds:,.0f}/s "
                f"({sending.spent / count * 1000:.1f} ms each), {size / mails / 1024:.0f} KB each"
            )
        ],
    )


def offer(lead_id: int) -> None:
    """Offer a lead to whom the rules name."""
    with unit_of_work():
        offers.offer(lead_id, clock.now())


def written() -> None:
    """Do all that events have caused: the mails stand in the queue."""
    jobs.run_now("core.dispatch", {"here": True})
    if "notifications.send_notices" in jobs.JOBS:
        jobs.run_now("notifications.send_notices")


def sent() -> None:
    """Empty the queue of mails."""
    jobs.run_now("mail.drain", {"all": True})


@dataclass(frozen=True)
class Timed:
    """Seconds by the clock, and of this process's processor time."""

    seconds: float
    spent: float


def timed(work: Callable[[], None]) -> Timed:
    """Do something and say how long it took."""
    began, used = time.perf_counter(), time.process_time()
    work()
    return Timed(time.perf_counter() - began, time.process_time() - used)

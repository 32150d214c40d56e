"""What is done with mail that came in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from portal.core import jobs
from portal.core.db import unit_of_work
from portal.core.jobs import Payload, job, long_job
from portal.core.mail import standing
from portal.inbound import mailboxes, parsing_process, pipeline, turns

QUEUE = "incoming"
AT_LEAST, BRIEFLY = 25, timedelta(seconds=2)
"""So many mails are read in a row, and so long, where other work waits for this worker.

After that time, rests between mails are as long as it took to read them, up to `LONGEST_REST`.
"""
LONGEST_REST = timedelta(seconds=1)
AT_MOST = timedelta(seconds=30)


@job("inbound.read_mail", queue=QUEUE)
def read_mail(payload: Payload, at: datetime) -> None:
    """Take one mail apart and in."""
    pipeline.try_to_read(int(payload["id"]), at)


@long_job("inbound.read_waiting", queue=QUEUE, timeout=180)
def read_waiting(_payload: Payload, at: datetime) -> None:
    """Read the mails that wait, each line's in turn, until none is left or it is others' turn.

    A mail that raises is noted as a failure of `inbound.read_mail`, and tried again once it is due.
    """
    began, tried = time.monotonic(), set[int]()

    def spent() -> timedelta:
        return timedelta(seconds=time.monotonic() - began)

    def is_over() -> bool:
        if spent() > BRIEFLY and len(tried) >= AT_LEAST and jobs.others_wait(QUEUE):
            return True
        return spent() > AT_MOST

    def waiting() -> Iterator[int]:
        while True:
            with unit_of_work():
                found = turns.list_next(at + spent(), tried)
            if not found:
                return
            for message_id in found:
                if is_over():
                    jobs.wake("inbound.read_waiting")
                    return
                tried.add(message_id)
                at_work = time.monotonic()
                yield message_id
                if spent() > BRIEFLY:
                    # people at their screens have half of what a flood would take
                    rest = time.monotonic() - at_work
                    time.sleep(min(rest, LONGEST_REST.total_seconds()))

    with parsing_process.kept():
        jobs.each(
            "inbound.read_mail",
            waiting(),
            lambda message_id, _at: pipeline.try_to_read(message_id, at + spent()),
            at,
        )


@long_job("inbound.forget_mails")
def forget_mails(_payload: Payload, at: datetime) -> None:
    """Forget mails as they came, what was given up, and what came back long ago."""
    with unit_of_work():
        mailboxes.forget(at)
        standing.forget(at)
    forgotten = True
    while forgotten:
        with unit_of_work():
            forgotten = pipeline.forget_mails(at) > 0

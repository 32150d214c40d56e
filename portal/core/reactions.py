"""Reactions to events: registered by name, run by the dispatcher and the drains of the queues.

Deliveries that are due are claimed in batches; each reaction and its mark are one transaction.
Which reactions an event has, `wiring.REACTIONS` says; how deliveries are written and claimed,
`core.events`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import redis.exceptions
from rq.timeouts import BaseTimeoutException
from sqlalchemy import text

from portal.core import chain, events, jobs, logs, mishaps
from portal.core.db import db, unit_of_work

log = logs.get(__name__)

# deliveries that are claimed at a time, and seconds after which others get their turn
BATCH, DELIVERING = 50, 20.0


@dataclass(frozen=True, slots=True)
class Reaction:
    """A registered reaction to events. `run(event, at)` works in one unit of work with its mark."""

    run: Callable[[Any, datetime], None]
    queue: str


REACTIONS: dict[str, Reaction] = {}


def reaction(
    name: str, queue: str = "now"
) -> Callable[[Callable[[Any, datetime], None]], Callable[[Any, datetime], None]]:
    """Register a function `(event, at)` that wiring may name as the reaction to an event."""

    def register(
        function: Callable[[Any, datetime], None],
    ) -> Callable[[Any, datetime], None]:
        REACTIONS[name] = Reaction(function, queue)
        return function

    return register


@jobs.long_job("core.dispatch", queue="now", timeout=120)
def dispatch(payload: jobs.Payload, at: datetime) -> None:
    """Run the reactions that are due now, and wake those of the other queues.

    With `{"here": true}` all of them run in this process, as a command needs it.
    """
    here = bool(payload.get("here"))
    began = time.monotonic()
    _dispatch_due(at, here)
    if not here and _await_end_of_window():
        _dispatch_due(at + timedelta(seconds=time.monotonic() - began), here)
    chain.link_waiting()


# a drain whose worker was killed is not always tried again: another may have done its work
FORGET_DELIVERED = text(
    """
    DELETE FROM job_failures
    WHERE name = :job AND NOT EXISTS (
      SELECT FROM deliveries
      WHERE done_at IS NULL AND failed_at IS NULL AND reaction = ANY(:names)
    )
    """
)


def _dispatch_due(at: datetime, here: bool) -> None:
    # an unknown reaction is tried here and now, so that its failure is seen
    elsewhere = {} if here else {queue: reactions_of(queue) for queue in ("mail", "bulk")}
    _deliver_due(at, without=frozenset().union(*elsewhere.values()))
    for queue, names in elsewhere.items():
        job_name = f"core.deliver-{queue}"
        with unit_of_work() as on:
            due = events.is_due(at, names)
            if not due:
                on.execute(FORGET_DELIVERED, {"job": job_name, "names": sorted(names)})
        if due:
            jobs.wake(job_name)


def reactions_of(queue: str) -> frozenset[str]:
    """Return the names of the reactions that run on a queue."""
    return frozenset(name for name, reaction in REACTIONS.items() if reaction.queue == queue)


def _deliver_due(
    at: datetime, *, only: Collection[str] | None = None, without: Collection[str] = ()
) -> None:
    """Claim what is due and run it, batch by batch, until nothing is left or it takes too long."""
    began = time.monotonic()
    while (spent := time.monotonic() - began) < DELIVERING:
        with unit_of_work():
            claimed = events.claim_deliveries(
                at + timedelta(seconds=spent), BATCH, only=only, without=without
            )
        if not claimed:
            return
        deliver(claimed, at)


def _await_end_of_window() -> bool:
    """Wait until commits nudge again; True where some may have trusted in this dispatcher."""
    try:
        left = int(jobs.client().pttl("nudge"))
    except redis.exceptions.RedisError:
        return False
    if left <= 0:
        return False
    time.sleep(min(left / 1000, jobs.NUDGE_WINDOW))
    return True


def deliver(delivery_ids: Sequence[int], at: datetime) -> None:
    """Run the reactions of the named deliveries, each with its mark in one transaction."""
    for delivery_id in delivery_ids:
        try:
            with unit_of_work():
                found = events.open_delivery(delivery_id)
                if found is None:
                    continue
                delivery, event = found
                REACTIONS[delivery.reaction].run(event, at)
                delivery.done_at = at
        except BaseTimeoutException:
            raise
        except Exception as error:
            log.error("reaction failed", delivery=delivery_id, exc_info=error)
            db.session.rollback()
            with unit_of_work():
                events.delivery_failed(delivery_id, mishaps.describe(error), at)


def _drain_of(queue: str) -> Callable[[jobs.Payload, datetime], None]:
    # one job that works off what it finds, never one for each dispatch: under load they would heap
    # up, and a fork with a connection of its own costs more than most reactions
    def deliver_all(_payload: jobs.Payload, at: datetime) -> None:
        names = reactions_of(queue)
        _deliver_due(at, only=names)
        with unit_of_work():
            more = events.is_due(at, names)
        if more:
            jobs.wake(f"core.deliver-{queue}")

    return deliver_all


for _queue in ("mail", "bulk"):
    jobs.long_job(f"core.deliver-{_queue}", queue=_queue, timeout=600)(_drain_of(_queue))

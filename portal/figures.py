"""`/metrics`: figures for Prometheus.

Open to who asks from this machine without a proxy between, and to who knows `METRICS_TOKEN`. What
processes count stands in `core.metrics`; here is read what database and queue know, when asked.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable, Iterator

import redis.exceptions
from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.values import ValueClass
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from portal.core import clock, jobs, metrics
from portal.core.config import Settings
from portal.core.db import db, session
from portal.core.errors import NotFound
from portal.core.events import GIVEN_UP, OPEN, Delivery
from portal.core.jobs import JobFailure
from portal.core.mail import health
from portal.core.mail.models import OutgoingEmail
from portal.web.access import public

blueprint = Blueprint("figures", __name__)

# who sends one of these has come through a proxy, whoever the proxy is
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")


@blueprint.get("/metrics", endpoint="metrics")
@public
def metrics_page() -> ResponseReturnValue:
    if not (from_here() or knows_token()):
        raise NotFound()
    known = CollectorRegistry()
    known.register(Known())
    counted = REGISTRY
    if in_shared_files():
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    return Response(
        generate_latest(counted) + generate_latest(known), content_type=CONTENT_TYPE_LATEST
    )


def from_here() -> bool:
    """True where the request has come straight from this machine."""
    if any(name in request.headers for name in FORWARDED):
        return False
    peer = request.environ.get("werkzeug.proxy_fix.orig", {}).get("REMOTE_ADDR")
    try:
        return all(
            ipaddress.ip_address(address).is_loopback
            for address in (request.remote_addr or "", peer or request.remote_addr or "")
        )
    except ValueError:
        return False


def knows_token() -> bool:
    """True where the request carries the token of the settings."""
    settings: Settings = current_app.config["SETTINGS"]
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    if not settings.metrics_token or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode(), settings.metrics_token.encode())


def in_shared_files() -> bool:
    """True where this process counts into files that it shares with others."""
    return bool(getattr(ValueClass, "_multiprocess", False))


class Known(Collector):
    """What database and queue know, read when asked."""

    def collect(self) -> Iterable[Metric]:
        yield from queue_figures()
        try:
            found = [*mail_figures(), *work_figures()]
        except SQLAlchemyError:
            db.session.rollback()
            found = []
        yield from found
        up = GaugeMetricFamily("firstcome_database_up", "1 where the database answers.")
        up.add_metric([], float(bool(found)))
        yield up


def queue_figures() -> Iterator[Metric]:
    """Yield queues, workers, the scheduler, and what jobs have counted."""
    state = jobs.look_at_queue()
    up = GaugeMetricFamily("firstcome_redis_up", "1 where Redis answers.")
    up.add_metric([], float(state.reachable))
    yield up
    if not state.reachable:
        return
    lengths = GaugeMetricFamily("firstcome_queue_jobs", "Jobs that wait.", labels=["queue"])
    for name, length in sorted(state.lengths.items()):
        lengths.add_metric([name], length)
    yield lengths
    workers = GaugeMetricFamily("firstcome_workers", "Living workers.")
    workers.add_metric([], state.workers)
    yield workers
    if state.scheduler_seen_at:
        seen = GaugeMetricFamily(
            "firstcome_scheduler_seen_seconds", "When the scheduler gave its last sign."
        )
        seen.add_metric([], state.scheduler_seen_at.timestamp())
        yield seen
    try:
        counted = metrics.read_jobs(jobs.client())
    except redis.exceptions.RedisError:
        return
    labels = ["job", "outcome"]
    count = CounterMetricFamily("firstcome_jobs", "Jobs that are over.", labels=labels)
    spent = CounterMetricFamily("firstcome_job_seconds", "Time that jobs took.", labels=labels)
    last = GaugeMetricFamily("firstcome_job_last_seconds", "When a job last ended.", labels=labels)
    families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {
        "count": count,
        "seconds": spent,
        "last": last,
    }
    for (what, name, outcome), value in sorted(counted.items()):
        # names come from Redis: only those that the code knows become labels
        if name in jobs.JOBS and what in families:
            families[what].add_metric([name, outcome], value)
    yield from families.values()


def mail_figures() -> Iterator[Metric]:
    """Yield the queue of mails by state, its age, its refusals by code, and what was sent."""
    at = clock.now()
    queue = health.look(at)
    mails = GaugeMetricFamily("firstcome_mails", "Mails that are not sent.", labels=["state"])
    ages = GaugeMetricFamily(
        "firstcome_mail_oldest_seconds", "Age of the oldest mail of a state.", labels=["state"]
    )
    for state in ("due", "later", "sending", "failed"):
        pile: health.Pile = getattr(queue, state)
        mails.add_metric([state], pile.count)
        age = (at - pile.since).total_seconds() if pile.since else 0.0
        ages.add_metric([state], max(age, 0.0))
    yield mails
    yield ages
    sent = CounterMetricFamily("firstcome_mails_sent", "Mails that were sent.", labels=["kind"])
    for kind, count in session().execute(
        select(OutgoingEmail.kind, func.count())
        .where(OutgoingEmail.status == "sent")
        .group_by(OutgoingEmail.kind)
    ):
        sent.add_metric([kind], count)
    yield sent
    refusals = GaugeMetricFamily(
        "firstcome_mail_refusals", "Mails that wait or failed, by reason.", labels=["reason"]
    )
    for reason, count in by_class(health.list_reasons(200)).items():
        refusals.add_metric([reason], count)
    yield refusals
    if queue.last_sent_at:
        last = GaugeMetricFamily("firstcome_mail_last_sent_seconds", "When the last mail was sent.")
        last.add_metric([], queue.last_sent_at.timestamp())
        yield last


def by_class(reasons: list[health.Reason]) -> dict[str, int]:
    """Return how many mails wait or failed for each kind of reason; kinds are a closed list."""
    found: dict[str, int] = {}
    for one in reasons:
        reason = health.class_of(one.code)
        found[reason] = found.get(reason, 0) + one.waiting + one.failed
    return found


def work_figures() -> Iterator[Metric]:
    """Yield reactions that are open or were given up, and jobs that failed."""
    opened = GaugeMetricFamily(
        "firstcome_deliveries", "Reactions to events that are not done.", labels=["state"]
    )
    for state, condition in (("open", OPEN), ("failed", GIVEN_UP)):
        query = select(func.count()).select_from(Delivery).where(condition)
        opened.add_metric([state], session().scalar(query) or 0)
    yield opened
    failures = GaugeMetricFamily(
        "firstcome_job_failures", "Jobs that raised and have not succeeded since."
    )
    query = select(func.count()).select_from(JobFailure)
    failures.add_metric([], session().scalar(query) or 0)
    yield failures

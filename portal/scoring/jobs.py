"""What scoring follows: news of a lead, signals, new rules, time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portal.core import jobs
from portal.core.db import unit_of_work
from portal.core.jobs import Payload, job, long_job
from portal.core.reactions import reaction
from portal.leads.events import LeadQualified, SignalSeen
from portal.scoring import cooling, operations, records
from portal.scoring.events import ScoreRulesChanged

BATCH = 1000


@reaction("scoring.weigh", queue="bulk")
def weigh(event: Any, at: datetime) -> None:
    """React to news of a lead: it came in, its answers changed."""
    if event.lead_id is not None:
        operations.score_many([event.lead_id], at)


@reaction("scoring.heed")
def heed(event: SignalSeen, at: datetime) -> None:
    if event.lead_id is not None:
        operations.heed(event.lead_id, event.kind, at)


@reaction("scoring.keep_choice", queue="bulk")
def keep_choice(event: LeadQualified, _at: datetime) -> None:
    if event.lead_id is not None:
        operations.keep_choice(event.lead_id, event.user_id, event.at)


@reaction("scoring.keep_complaint", queue="bulk")
def keep_complaint(event: Any, _at: datetime) -> None:
    """React to a lead that a firm declined or gave back (in rooms above)."""
    operations.keep_complaint(event.lead_id, event.reason_id, event.organisation_id, event.at)


@reaction("scoring.weigh_all", queue="bulk")
def weigh_all(event: ScoreRulesChanged, _at: datetime) -> None:
    jobs.soon("scoring.score_open", {}, job_id=f"score-rules-{event.rules_id}")


@reaction("scoring.weigh_import", queue="bulk")
def weigh_import(event: Any, _at: datetime) -> None:
    """React to a file of leads that came in (in a room above)."""
    jobs.soon(
        "scoring.score_open",
        {"import_id": event.import_id},
        job_id=f"score-import-{event.import_id}",
    )


@long_job("scoring.score_open")
def score_open(payload: Payload, at: datetime) -> None:
    """Weigh all leads that can still become something, or those of one file, some at a time."""
    only = [int(payload["import_id"])] if "import_id" in payload else []
    after = 0
    with unit_of_work():
        operations.begin(at)
    while True:
        with unit_of_work():
            ids = operations.unscored(after, BATCH, only)
            operations.score_many(ids, at)
        if len(ids) < BATCH:
            return
        after = ids[-1]


@long_job("scoring.cool")
def cool(_payload: Payload, at: datetime) -> None:
    """Mark leads colder of which nothing was heard, some at a time."""
    after: int | None = 0
    while after is not None:
        with unit_of_work():
            after = cooling.cool_many(at, after)


@job("scoring.count_records", queue="bulk")
def count_records(_payload: Payload, at: datetime) -> None:
    records.count(at)

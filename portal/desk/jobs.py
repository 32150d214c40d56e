"""The administrators' page about work behind the scenes: what failed, what waits, who works.

Shows no mail text, no address and no contact data: names of jobs, ids, codes and ages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select

from portal.accounts.permissions import Permission
from portal.core import clock, jobs
from portal.core import events as core_events
from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.events import Delivery, EventRow
from portal.core.jobs import JobFailure
from portal.core.mail import health, outbox
from portal.core.mail.models import OutgoingEmail
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("jobs", __name__, url_prefix="/jobs")

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Failed:
    """One thing that failed, as the page lists it."""

    id: int
    what: str
    about: str
    error: str
    attempts: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is open in the database, and since when the oldest."""

    deliveries: int
    deliveries_since: datetime | None
    mails: int
    mails_since: datetime | None


@blueprint.get("", endpoint="jobs")
@requires(Permission.JOBS_MANAGE)
def jobs_page() -> ResponseReturnValue:
    return render_template(
        "desk/jobs.html",
        failed_jobs=failed_jobs(),
        failed_deliveries=failed_deliveries(),
        failed_mails=failed_mails(),
        waiting=waiting(),
        queue=jobs.look_at_queue(),
        shown=SHOWN,
    )


@blueprint.post("/failures/<int:failure_id>/retry")
@requires(Permission.JOBS_MANAGE)
def retry_job(failure_id: int) -> ResponseReturnValue:
    failure = session().get(JobFailure, failure_id)
    if failure is None:
        raise NotFound(_("It has succeeded in the meantime."))
    return told(1 if run_again(failure) else 0)


@blueprint.post("/deliveries/<int:delivery_id>/retry")
@requires(Permission.JOBS_MANAGE)
def retry_delivery(delivery_id: int) -> ResponseReturnValue:
    return told(core_events.retry_deliveries(clock.now(), delivery_id))


@blueprint.post("/mails/<int:mail_id>/retry")
@requires(Permission.JOBS_MANAGE)
def retry_mail(mail_id: int) -> ResponseReturnValue:
    return told(outbox.retry_failed(clock.now(), mail_id))


@blueprint.post("/retry-all")
@requires(Permission.JOBS_MANAGE)
def retry_all() -> ResponseReturnValue:
    at = clock.now()
    again = sum(run_again(failure) for failure in session().scalars(select(JobFailure)))
    again += core_events.retry_deliveries(at)
    again += outbox.retry_failed(at)
    return told(again)


def told(count: int) -> ResponseReturnValue:
    """Say how many things are tried again and go back to the page."""
    if count:
        flash(ngettext("%(num)d is tried again.", "%(num)d are tried again.", count), "success")
    else:
        flash(_("There was nothing to try again."))
    return go(url_for("jobs.jobs"))


def run_again(failure: JobFailure) -> bool:
    """Push a failed job; its note goes when it succeeds. An unknown one goes now."""
    if failure.name not in jobs.JOBS:
        session().delete(failure)
        return False
    jobs.soon(failure.name, failure.payload, job_id=f"again-{failure.id}")
    return True


def failed_jobs() -> list[Failed]:
    """Return jobs and items of sweeps that raised, the latest first."""
    rows = session().scalars(
        select(JobFailure).order_by(JobFailure.last_failed_at.desc()).limit(SHOWN)
    )
    return [
        Failed(row.id, row.name, ids_in(row.payload), row.error, row.attempts, row.last_failed_at)
        for row in rows
    ]


def failed_deliveries() -> list[Failed]:
    """Return reactions to events that were given up, the latest first."""
    rows = session().execute(
        select(Delivery, EventRow.name)
        .join(EventRow, EventRow.id == Delivery.event_id)
        .where(core_events.GIVEN_UP)
        .order_by(Delivery.failed_at.desc())
        .limit(SHOWN)
    )
    return [
        Failed(
            row.id,
            row.reaction,
            f"{name} {row.event_id}",
            row.error or "",
            row.attempts,
            row.failed_at or row.due_at,
        )
        for row, name in rows
    ]


def failed_mails() -> list[Failed]:
    """Return mails that were given up, the latest first, without whom they were for."""
    return [
        Failed(row.id, row.kind, "", row.error or "", row.attempts, row.created_at)
        for row in health.list_failed(SHOWN)
    ]


def waiting() -> Waiting:
    """Count what is open."""
    deliveries = (
        session()
        .execute(
            select(func.count(), func.min(EventRow.at))
            .select_from(Delivery)
            .join(EventRow, EventRow.id == Delivery.event_id)
            .where(core_events.OPEN)
        )
        .one()
    )
    mails = (
        session()
        .execute(
            select(func.count(), func.min(OutgoingEmail.created_at)).where(
                OutgoingEmail.status.in_(("queued", "sending"))
            )
        )
        .one()
    )
    return Waiting(deliveries[0], deliveries[1], mails[0], mails[1])


def ids_in(payload: dict[str, Any]) -> str:
    """Return the numbers of a payload in words; other values may be anything."""
    return ", ".join(f"{k} {v}" for k, v in sorted(payload.items()) if isinstance(v, int))

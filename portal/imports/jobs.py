"""Jobs of imports: a file comes in batch by batch; files and refused rows are forgotten in time."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.models import User
from portal.core import clock, jobs
from portal.core.config import Settings
from portal.core.db import session, unit_of_work
from portal.core.errors import DomainError
from portal.core.jobs import Payload, long_job, sweep
from portal.imports import operations
from portal.imports.intake import Counts, Intake, TakenOver, read_counts, read_known
from portal.imports.models import LeadImport
from portal.imports.operations import ImportState
from portal.imports.reading import Table, UnreadableFile, open_table
from portal.leads.intake.mapping import Mapping

Say = Callable[[int, int], None]
ORPHANS_AFTER = timedelta(days=1)


def settings() -> Settings:
    """Return the settings of the running application."""
    found: Settings = current_app.config["SETTINGS"]
    return found


def upload_folder() -> Path:
    """Return where uploaded files lie, readable by nobody else."""
    folder = settings().var_dir / "imports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def job_id(row: LeadImport) -> str:
    """Return the name under which an import is in the queue at most once."""
    return f"import-{row.id}-{'dry' if row.dry_run else 'real'}"


def push(row: LeadImport) -> None:
    """Have an import run once this unit of work has committed."""
    jobs.soon("imports.run", {"import_id": row.id}, job_id=job_id(row))


@long_job("imports.run", queue="bulk", timeout=4 * 3600)
def run_import(payload: Payload, at: datetime) -> None:
    """Bring an uploaded file in, or try it; a run that was killed goes on where it stopped."""
    import_id = int(payload["import_id"])
    with unit_of_work():
        row = operations.get_import(import_id)
        if row.state not in (ImportState.QUEUED, ImportState.RUNNING, ImportState.FAILED):
            return
        locale = session().scalar(select(User.locale).where(User.id == row.created_by))
        path = row.path
    with force_locale(locale or settings().default_locale):
        try:
            with Path(path).open("rb") as file:
                work_through(import_id, file, at)
        except TakenOver:
            return
        except (DomainError, OSError) as refusal:
            words = refusal.message if isinstance(refusal, DomainError) else ""
            stop(import_id, words or _("The file is no longer here. Please upload it again."))
        except Exception:
            stop(import_id, _("Something went wrong on our side. What is in stays in; try again."))
            raise


def stop(import_id: int, words: str) -> None:
    """Mark an import as stopped."""
    with unit_of_work():
        operations.fail(import_id, words, clock.now())


def work_through(import_id: int, file: BinaryIO, at: datetime, say: Say | None = None) -> Counts:
    """Run an import, one transaction per batch; `say` hears rows and bytes after each."""
    table = open_table(file)
    with unit_of_work():
        row = operations.begin(import_id, at)
        if list(table.headers) != operations.headers_of(row):
            raise UnreadableFile(_("The file is not the one that was uploaded."))
        intake = Intake(
            table,
            operations.mapping_of(row),
            read_known(settings().currency),
            row.started_at or at,
            import_id=import_id,
            dry=row.dry_run,
            counts=read_counts(row.report),
            after=int(row.report.get("last_row", 0)),
        )
    take_all(intake, say)
    with unit_of_work():
        operations.finish(import_id, intake.counts, clock.now())
    return intake.counts


def try_out(table: Table, mapping: Mapping, at: datetime, say: Say | None = None) -> Counts:
    """Count what an import would do, without leaving a trace."""
    with unit_of_work():
        known = read_known(settings().currency)
    intake = Intake(table, mapping, known, at, dry=True)
    take_all(intake, say)
    return intake.counts


def take_all(intake: Intake, say: Say | None) -> None:
    """Take every batch in a transaction of its own."""
    for batch in intake.batches():
        with unit_of_work():
            intake.take(batch)
        if say:
            say(intake.counts.rows, batch.bytes_read)


@sweep("imports.push", operations.waiting_imports, queue="bulk")
def push_import(import_id: int, _at: datetime) -> None:
    """Queue an import again that the queue has lost, or never got."""
    row = operations.get_import(import_id)
    if row.state == ImportState.QUEUED:
        push(row)


def forgettable(at: datetime) -> Sequence[int]:
    """Return imports that have something to forget; removes files that belong to none."""
    remove_orphans(at)
    return operations.forgettable_imports(at)


def remove_orphans(at: datetime) -> None:
    """Remove files of uploads that never became an import."""
    for entry in os.scandir(upload_folder()):
        old = at.timestamp() - entry.stat().st_mtime > ORPHANS_AFTER.total_seconds()
        if old and not session().scalar(
            select(LeadImport.id).where(LeadImport.path == str(Path(entry.path)))
        ):
            Path(entry.path).unlink(missing_ok=True)


@sweep("imports.forget_files", forgettable, queue="bulk")
def forget_files(import_id: int, at: datetime) -> None:
    operations.forget(import_id, at)

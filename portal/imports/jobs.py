"""Jobs of imports: a file comes in batch by batch; files and refused rows are forgotten in time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

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
from portal.core.reactions import reaction
from portal.imports import files, operations, undoing
from portal.imports.intake import Counts, Intake, TakenOver, read_counts, read_known
from portal.imports.mappings import headers_of, mapping_of
from portal.imports.models import LeadImport
from portal.imports.reading import Table, UnreadableFile
from portal.imports.states import ImportState, get_import, hold_import
from portal.imports.workbook import SECONDS
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


JOB_OF = {
    ImportState.READING: "imports.read",
    ImportState.QUEUED: "imports.run",
    ImportState.UNDOING: "imports.undo",
}
"""Which job an import waits for, by how it stands."""


def push(row: LeadImport) -> None:
    """Have the worker do what an import waits for once this unit of work has committed.

    The same work is in the queue at most once; what goes on behind a pause is not the same.
    """
    name = JOB_OF[ImportState(row.state)]
    job_id = f"{name.replace('.', '-')}-{row.id}-{'dry' if row.dry_run else 'real'}-{row.rows_done}"
    jobs.soon(name, {"import_id": row.id}, job_id=job_id)


@contextmanager
def spoken_for(row_id: int) -> Iterator[None]:
    """Speak the language of who made an import, and stop the import with a sentence if it fails."""
    with unit_of_work():
        by = get_import(row_id).created_by
        locale = session().scalar(select(User.locale).where(User.id == by))
    with force_locale(locale or settings().default_locale):
        try:
            yield
        except TakenOver:
            return
        except (DomainError, OSError) as refusal:
            words = refusal.message if isinstance(refusal, DomainError) else ""
            stop(row_id, words or _("The file is no longer here. Please upload it again."))
        except Exception:
            stop(row_id, _("Something went wrong on our side. What is in stays in; try again."))
            raise


@long_job("imports.run", queue="bulk", timeout=4 * 3600)
def run_import(payload: Payload, at: datetime) -> None:
    """Bring an uploaded file in, or try it; a run that was killed goes on where it stopped."""
    import_id = int(payload["import_id"])
    with unit_of_work():
        row = get_import(import_id)
        if row.state not in (ImportState.QUEUED, ImportState.RUNNING, ImportState.FAILED):
            return
        path = row.path
    with spoken_for(import_id), Path(path).open("rb") as file:
        work_through(import_id, file, at)


@long_job("imports.read", queue="bulk", timeout=3600)
def read_workbook(payload: Payload, _at: datetime) -> None:
    """Make a sheet of a long workbook into a list."""
    import_id = int(payload["import_id"])
    with spoken_for(import_id), unit_of_work():
        row = hold_import(import_id)
        if row.state == ImportState.READING:
            files.read_sheet(row, files.chosen_sheet(row), SECONDS)


@long_job("imports.undo", queue="bulk", timeout=4 * 3600)
def undo_import(payload: Payload, _at: datetime) -> None:
    """Take an import back, some leads at a time; one that was killed goes on where it stopped."""
    import_id = int(payload["import_id"])
    more = True
    with spoken_for(import_id):
        while more:
            with unit_of_work():
                more = undoing.undo_batch(import_id, clock.now())


def stop(import_id: int, words: str) -> None:
    """Mark an import as stopped."""
    with unit_of_work():
        operations.fail(import_id, words, clock.now())


def work_through(import_id: int, file: BinaryIO, at: datetime, say: Say | None = None) -> Counts:
    """Run an import, one transaction per batch; `say` hears rows and bytes after each."""
    with unit_of_work():
        row = operations.begin(import_id, at)
        table = files.table_of(row, file)
        if list(table.headers) != headers_of(row):
            raise UnreadableFile(_("The file is not the one that was uploaded."))
        intake = Intake(
            table,
            mapping_of(row),
            read_known(settings().currency),
            row.started_at or at,
            import_id=import_id,
            dry=row.dry_run,
            counts=read_counts(row.report),
            kept=row.report.get("kept"),
            states=row.report.get("states"),
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
    row = get_import(import_id)
    if row.state in JOB_OF:
        push(row)


@reaction("imports.forget_lead")
def forget_lead(event: Any, _at: datetime) -> None:
    """Forget the rows of files that a deleted lead came from."""
    if event.lead_id is not None:
        operations.forget_lead(event.lead_id)


def forgettable(at: datetime) -> Sequence[int]:
    """Return imports that have something to forget; removes files that belong to none."""
    remove_orphans(at)
    return operations.forgettable_imports(at)


def remove_orphans(at: datetime) -> None:
    """Remove files of uploads that never became an import."""
    for entry in os.scandir(upload_folder()):
        old = at.timestamp() - entry.stat().st_mtime > ORPHANS_AFTER.total_seconds()
        path = str(Path(entry.path)).removesuffix(files.WORKBOOK).removesuffix(files.HEADS)
        if old and not session().scalar(select(LeadImport.id).where(LeadImport.path == path)):
            Path(entry.path).unlink(missing_ok=True)


@sweep("imports.forget_files", forgettable, queue="bulk")
def forget_files(import_id: int, at: datetime) -> None:
    operations.forget(import_id, at)

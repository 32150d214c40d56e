"""The row about an import: mapped, queued, running, stopped, done, forgotten.

Flush only. Not here: its file (files), what becomes of the file's rows (intake), taking it all back
(undoing), commits (jobs, routes, command).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import and_, delete, or_, select

from portal.accounts.models import User
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import record
from portal.imports.constants import constant_problems
from portal.imports.events import ImportCancelled, LeadsImported
from portal.imports.files import remove_file
from portal.imports.intake import Counts, TakenOver
from portal.imports.mappings import headers_of, keep_mapping, mapping_data
from portal.imports.models import ImportChange, ImportRow, LeadImport
from portal.imports.states import (
    CAN_STOP,
    ENDED,
    GOES_ON,
    UNDER_WAY,
    ImportState,
    ImportUnderWay,
    NotUnderWay,
    editable,
    hold_import,
)
from portal.imports.wall import open_to
from portal.leads import own_fields
from portal.leads import wall as contact_wall
from portal.leads.intake.mapping import Mapping, check_mapping, own_targets

MAX_BYTES = 100 * 1024 * 1024
# Files and refused rows hold contact data: they stay for corrections, not for ever.
KEEP_FILE = timedelta(days=3)
KEEP_UNUSED = timedelta(days=7)
KEEP_REFUSED = timedelta(days=30)
# A command that was killed can't say so.
GIVEN_UP_AFTER = timedelta(hours=6)


def list_imports(limit: int, offset: int = 0) -> Sequence[tuple[LeadImport, str | None]]:
    """Return imports with the name of who made them, the latest first."""
    rows = session().execute(
        select(LeadImport, User.name)
        .outerjoin(User, User.id == LeadImport.created_by)
        .order_by(LeadImport.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [(row, name) for row, name in rows]


def list_rows(import_id: int, state: str, limit: int, offset: int = 0) -> Sequence[ImportRow]:
    """Return the kept rows of an import that are in a state."""
    with open_to(import_id) as own:
        return own.scalars(
            select(ImportRow)
            .where(ImportRow.import_id == import_id, ImportRow.state == state)
            .order_by(ImportRow.row_number, ImportRow.id)
            .limit(limit)
            .offset(offset)
        ).all()


def save_mapping(import_id: int, mapping: Mapping, by: int | None, at: datetime) -> LeadImport:
    """Keep the mapping, with the import and for the next list of the same source.

    Raises `Invalid` naming headers, `NotFound`, `ImportUnderWay`."""
    row = editable(import_id)
    if row.state == ImportState.PAUSED:
        raise ImportUnderWay(
            _("A part of this list is in already, so its columns stay as they are.")
        )
    problems = check_mapping(mapping, headers_of(row), own_targets(own_fields.in_use()))
    problems = {**constant_problems(mapping), **problems}
    if problems:
        raise Invalid(problems)
    keep_mapping(mapping, headers_of(row), by, at)
    row.mapping = mapping_data(mapping)
    row.state = ImportState.MAPPED
    session().flush()
    return row


def queue_import(import_id: int, dry_run: bool) -> LeadImport:
    """Put an import in line from its first row. Raises `NotFound`, `ImportUnderWay`."""
    row = editable(import_id)
    goes_on = row.state in GOES_ON and (row.dry_run, dry_run) == (False, False)
    row.state, row.dry_run, row.error = ImportState.QUEUED, dry_run, None
    if not goes_on:
        start_over(row)
    session().flush()
    return row


def start_over(row: LeadImport) -> None:
    """Forget what an earlier pass counted."""
    kept = ("headers", "encoding", "delimiter", "workbook")
    row.report = {name: row.report[name] for name in kept if name in row.report}
    row.rows_done, row.bytes_done, row.started_at, row.ended_at = 0, 0, None, None
    forget_rows(row)


def forget_rows(row: LeadImport) -> None:
    """Forget what is kept of the rows of an import; leads that are in stay."""
    if row.keeps_rows:
        with open_to(row.id):
            session().execute(delete(ImportRow).where(ImportRow.import_id == row.id))
        row.keeps_rows = False


def forget_changes(row: LeadImport) -> None:
    """Forget what leads were before an import; it can't be undone any more."""
    with open_to(row.id):
        session().execute(delete(ImportChange).where(ImportChange.import_id == row.id))


def forget_lead(lead_id: int) -> None:
    """Forget the rows of files that a lead came from, and what it was before."""
    with contact_wall.open_for([lead_id]) as own:
        for table in (ImportRow, ImportChange):
            own.execute(delete(table).where(table.lead_id == lead_id))


def pause(import_id: int) -> LeadImport:
    """Have an import stop behind the rows that are in, to go on later. Raises `NotUnderWay`."""
    row = _stoppable(import_id)
    row.state = ImportState.PAUSED
    session().flush()
    return row


def cancel(import_id: int, at: datetime) -> LeadImport:
    """Have an import end here; what is in stays in, and can be undone. Raises `NotUnderWay`."""
    row = hold_import(import_id)
    if row.state not in (*CAN_STOP, *GOES_ON) or (row.dry_run and row.state in GOES_ON):
        raise NotUnderWay(_("This import has ended already."))
    if row.dry_run:
        row.state, row.dry_run = ImportState.MAPPED, False
        start_over(row)
        session().flush()
        return row
    row.state, row.ended_at, row.error = ImportState.CANCELLED, at, None
    session().flush()
    record(ImportCancelled(at=at, import_id=row.id, rows=row.rows_done))
    return row


def _stoppable(import_id: int) -> LeadImport:
    row = hold_import(import_id)
    if row.state not in CAN_STOP:
        raise NotUnderWay(_("This import has ended already."))
    if row.dry_run or not row.path:
        raise NotUnderWay(_("This can only be cancelled."))
    return row


def begin(import_id: int, at: datetime) -> LeadImport:
    """Mark an import as running; one that was interrupted goes on where it stopped."""
    row = hold_import(import_id)
    if row.state not in (ImportState.UPLOADED, *CAN_STOP, ImportState.FAILED):
        raise TakenOver(_("Somebody has stopped this import."))
    row.state, row.error = ImportState.RUNNING, None
    row.started_at = row.started_at or at
    session().flush()
    return row


def finish(import_id: int, counts: Counts, at: datetime) -> None:
    """Mark an import as done and record the event of it."""
    row = hold_import(import_id)
    if row.state != ImportState.RUNNING:
        return
    row.state, row.ended_at, row.bytes_done = ImportState.DONE, at, row.size
    row.report = {**row.report, **counts.as_dict()}
    session().flush()
    if not row.dry_run:
        record(
            LeadsImported(
                at=at,
                import_id=row.id,
                user_id=row.created_by,
                rows=counts.rows,
                imported=counts.imported,
                unchanged=counts.unchanged,
                refused=counts.refused,
                disqualified=counts.disqualified,
            )
        )


def fail(import_id: int, message: str, at: datetime) -> None:
    """Mark an import as stopped, with a sentence for people."""
    row = hold_import(import_id)
    if row.state in UNDER_WAY:
        if row.state == ImportState.READING:
            remove_file(row)
        row.state, row.error, row.ended_at = ImportState.FAILED, message[:500], at
        session().flush()


def waiting_imports(at: datetime) -> Sequence[int]:
    """Return imports that wait longer than a queue would let them."""
    return (
        session()
        .scalars(
            select(LeadImport.id).where(
                LeadImport.state.in_(
                    (ImportState.READING, ImportState.QUEUED, ImportState.UNDOING)
                ),
            )
        )
        .all()
    )


def forgettable_imports(at: datetime) -> Sequence[int]:
    """Return imports whose file or refused rows have been kept long enough, or that died."""
    done = and_(LeadImport.state.in_(ENDED), ~LeadImport.dry_run)
    return (
        session()
        .scalars(
            select(LeadImport.id)
            .where(
                or_(
                    and_(LeadImport.path != "", done, LeadImport.ended_at < at - KEEP_FILE),
                    and_(
                        LeadImport.path != "",
                        LeadImport.state.not_in(UNDER_WAY),
                        LeadImport.created_at < at - KEEP_UNUSED,
                    ),
                    and_(
                        LeadImport.keeps_rows,
                        LeadImport.state.not_in(UNDER_WAY),
                        LeadImport.created_at < at - KEEP_REFUSED,
                    ),
                    and_(
                        LeadImport.state == ImportState.RUNNING,
                        LeadImport.path == "",
                        LeadImport.started_at < at - GIVEN_UP_AFTER,
                    ),
                )
            )
            .order_by(LeadImport.id)
        )
        .all()
    )


def forget(import_id: int, at: datetime) -> None:
    """Remove what an import has kept long enough: the file, after a month the refused rows."""
    row = hold_import(import_id)
    if row.state == ImportState.RUNNING and not row.path:
        fail(import_id, _("The command was stopped before the end."), at)
    if row.created_at < at - KEEP_REFUSED and row.state not in UNDER_WAY:
        forget_rows(row)
        forget_changes(row)
    ended = row.ended_at if row.state in ENDED and not row.dry_run else None
    old = row.created_at < at - KEEP_UNUSED or (ended is not None and ended < at - KEEP_FILE)
    if old and row.state not in UNDER_WAY:
        remove_file(row)


def discard(import_id: int) -> None:
    """Remove the file and the refused rows of an import at once. Raises `ImportUnderWay`."""
    row = hold_import(import_id)
    if row.state in UNDER_WAY:
        raise ImportUnderWay(_("This import is under way; please wait until it is done."))
    forget_rows(row)
    remove_file(row)
    session().flush()

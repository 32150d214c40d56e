"""The row about an import and its file: uploaded, mapped, queued, running, done, forgotten.

Flush only. Not here: what becomes of the file's rows (intake), commits (jobs, routes, command).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, delete, exists, or_, select

from portal.accounts.models import User
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.events import record
from portal.imports.events import LeadsImported
from portal.imports.intake import Counts
from portal.imports.models import LeadImport, RefusedRow
from portal.imports.reading import TableShape
from portal.leads import own_fields
from portal.leads.intake.mapping import (
    Mapping,
    check_mapping,
    dump_mapping,
    load_mapping,
    own_targets,
)

MAX_BYTES = 100 * 1024 * 1024
LABEL_LENGTH = 120
# Files and refused rows hold contact data: they stay for corrections, not for ever.
KEEP_FILE = timedelta(days=3)
KEEP_UNUSED = timedelta(days=7)
KEEP_REFUSED = timedelta(days=30)
# A command that was killed can't say so.
GIVEN_UP_AFTER = timedelta(hours=6)


class ImportState(StrEnum):
    UPLOADED = "uploaded"
    MAPPED = "mapped"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


UNDER_WAY = (ImportState.QUEUED, ImportState.RUNNING)


class ImportUnderWay(Conflict):
    """The import waits or runs already."""

    code = "import_under_way"


def name_label(name: str | None) -> str:
    """Return a file's name as a label: no path, no signs that hide or turn the rest."""
    shown = "".join(
        char
        for char in unicodedata.normalize("NFC", name or "")
        if unicodedata.category(char)[0] != "C"
    )
    shown = shown.replace("\\", "/").rpartition("/")[2].strip(" .")
    if len(shown) > LABEL_LENGTH:
        shown = shown[: LABEL_LENGTH // 2] + "…" + shown[-LABEL_LENGTH // 2 :]
    return shown or "list.csv"


def add_import(
    name: str | None, path: str, shape: TableShape, mapping: Mapping, at: datetime, by: int | None
) -> LeadImport:
    """Write the row about a file; `path` is empty where the file stays with its owner."""
    row = LeadImport(
        file_name=name_label(name),
        path=path,
        size=shape.size,
        mapping=mapping_data(mapping),
        state=ImportState.UPLOADED,
        dry_run=False,
        created_by=by,
        created_at=at,
        report={
            "headers": list(shape.headers),
            "encoding": shape.encoding,
            "delimiter": shape.delimiter,
        },
    )
    session().add(row)
    session().flush()
    return row


def mapping_data(mapping: Mapping) -> dict[str, Any]:
    """Return a mapping as it is kept."""
    data: dict[str, Any] = json.loads(dump_mapping(mapping))
    return data


def mapping_of(row: LeadImport) -> Mapping:
    """Return the mapping that is kept with an import, its columns in the file's order."""
    kept = load_mapping(json.dumps(row.mapping))
    ordered = {name: kept.columns[name] for name in headers_of(row) if name in kept.columns}
    return Mapping(kept.source_system, ordered, kept.constants)


def headers_of(row: LeadImport) -> list[str]:
    """Return the file's headers in order."""
    return [str(name) for name in row.report.get("headers", [])]


def get_import(import_id: int) -> LeadImport:
    """Return an import or raise `NotFound`."""
    row = session().get(LeadImport, import_id)
    if row is None:
        raise NotFound()
    return row


def hold_import(import_id: int) -> LeadImport:
    """Lock an import and return it fresh, or raise `NotFound`."""
    row = session().get(
        LeadImport, import_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if row is None:
        raise NotFound()
    return row


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


def list_refused(import_id: int, limit: int) -> Sequence[RefusedRow]:
    """Return the first refused rows of an import."""
    return (
        session()
        .scalars(
            select(RefusedRow)
            .where(RefusedRow.import_id == import_id)
            .order_by(RefusedRow.row_number, RefusedRow.id)
            .limit(limit)
        )
        .all()
    )


def save_mapping(import_id: int, mapping: Mapping) -> LeadImport:
    """Keep the mapping. Raises `Invalid` naming headers, `NotFound`, `ImportUnderWay`."""
    row = _editable(import_id)
    problems = check_mapping(mapping, headers_of(row), own_targets(own_fields.in_use()))
    if problems:
        raise Invalid(problems)
    row.mapping = mapping_data(mapping)
    row.state = ImportState.MAPPED
    session().flush()
    return row


def queue_import(import_id: int, dry_run: bool) -> LeadImport:
    """Put an import in line from its first row. Raises `NotFound`, `ImportUnderWay`."""
    row = _editable(import_id)
    goes_on = row.state == ImportState.FAILED and not row.dry_run and not dry_run
    row.state, row.dry_run, row.error = ImportState.QUEUED, dry_run, None
    if not goes_on:
        start_over(row)
    session().flush()
    return row


def start_over(row: LeadImport) -> None:
    """Forget what an earlier pass counted."""
    kept = ("headers", "encoding", "delimiter")
    row.report = {name: row.report[name] for name in kept if name in row.report}
    row.rows_done, row.bytes_done, row.started_at, row.ended_at = 0, 0, None, None
    session().execute(delete(RefusedRow).where(RefusedRow.import_id == row.id))


def _editable(import_id: int) -> LeadImport:
    row = hold_import(import_id)
    if row.state in UNDER_WAY:
        raise ImportUnderWay(_("This import is under way; please wait until it is done."))
    if row.state == ImportState.DONE and not row.dry_run:
        raise ImportUnderWay(_("This list is in already. Upload the file once more to bring news."))
    if not row.path:
        raise NotFound(_("The file of this import is no longer here. Please upload it again."))
    return row


def begin(import_id: int, at: datetime) -> LeadImport:
    """Mark an import as running; one that was interrupted goes on where it stopped."""
    row = hold_import(import_id)
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
        row.state, row.error, row.ended_at = ImportState.FAILED, message[:500], at
        session().flush()


def waiting_imports(at: datetime) -> Sequence[int]:
    """Return imports that wait longer than a queue would let them."""
    return (
        session()
        .scalars(
            select(LeadImport.id).where(
                LeadImport.state == ImportState.QUEUED, LeadImport.path != ""
            )
        )
        .all()
    )


def forgettable_imports(at: datetime) -> Sequence[int]:
    """Return imports whose file or refused rows have been kept long enough, or that died."""
    done = and_(LeadImport.state == ImportState.DONE, ~LeadImport.dry_run)
    has_refused = exists(select(RefusedRow.id).where(RefusedRow.import_id == LeadImport.id))
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
                    and_(has_refused, LeadImport.created_at < at - KEEP_REFUSED),
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
    if row.created_at < at - KEEP_REFUSED:
        session().execute(delete(RefusedRow).where(RefusedRow.import_id == row.id))
    ended = row.ended_at if row.state == ImportState.DONE and not row.dry_run else None
    old = row.created_at < at - KEEP_UNUSED or (ended is not None and ended < at - KEEP_FILE)
    if old and row.state not in UNDER_WAY:
        remove_file(row)


def discard(import_id: int) -> None:
    """Remove the file and the refused rows of an import at once. Raises `ImportUnderWay`."""
    row = hold_import(import_id)
    if row.state in UNDER_WAY:
        raise ImportUnderWay(_("This import is under way; please wait until it is done."))
    session().execute(delete(RefusedRow).where(RefusedRow.import_id == row.id))
    remove_file(row)
    session().flush()


def remove_file(row: LeadImport) -> None:
    """Remove the uploaded file of an import; leads that are in stay."""
    if row.path:
        Path(row.path).unlink(missing_ok=True)
        row.path = ""

"""An import is taken back: leads that it made go, those it changed are again what they were.

Only leads that nobody has worked on since; the others stay, and the import's page lists them. Who
was put on the suppression list stays there: that is what the person wished, not the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, TextClause, exists, func, select, text
from sqlalchemy.exc import IntegrityError

from portal.core.db import session
from portal.core.errors import Conflict
from portal.core.events import record
from portal.imports.events import ImportUndone
from portal.imports.intake import WRITTEN, untouched
from portal.imports.models import ImportChange, LeadImport
from portal.imports.operations import KEEP_REFUSED
from portal.imports.states import ImportState, hold_import
from portal.imports.wall import open_to
from portal.leads import removal, wall
from portal.leads.models import Lead, LeadContact

BATCH = 500


def _back(table: str, key: str, part: str, names: Sequence[str], more: str = "") -> TextClause:
    """Return the statement that gives rows of a table back what is kept of them."""
    # names of tables and columns, all of them ours
    columns = ", ".join(names)
    was = f"SELECT {columns} FROM jsonb_populate_record({table}, c.before -> '{part}')"  # noqa: S608
    return text(
        f"UPDATE {table} SET {more}({columns}) = ({was}) "  # noqa: S608
        f"FROM import_changes c WHERE {table}.{key} = c.lead_id "
        "AND c.import_id = :import_id AND c.lead_id = ANY(:leads)"
    )


CONTACT = tuple(
    each.name for each in LeadContact.__table__.c if not (each.primary_key or each.computed)
)
BACK_LEADS = _back("leads", "id", "lead", WRITTEN, "version = leads.version + 1, ")
BACK_CONTACTS = _back("lead_contacts", "lead_id", "contact", CONTACT)
NO_FIELDS = text(
    "DELETE FROM lead_fields f USING import_changes c "
    "WHERE f.lead_id = c.lead_id AND c.import_id = :import_id AND c.lead_id = ANY(:leads)"
)
BACK_FIELDS = text(
    "INSERT INTO lead_fields (lead_id, custom) SELECT c.lead_id, c.before -> 'own' "
    "FROM import_changes c WHERE jsonb_typeof(c.before -> 'own') = 'object' "
    "AND c.import_id = :import_id AND c.lead_id = ANY(:leads)"
)
FORGET = text(
    "DELETE FROM import_changes c WHERE c.import_id = :import_id AND c.lead_id = ANY(:leads)"
)


class CannotUndo(Conflict):
    """The import can't be taken back, or not any more."""

    code = "cannot_undo"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an undo would do now: leads that would go, be what they were, and stay."""

    gone: int
    restored: int
    kept: int


def may_undo(row: LeadImport, at: datetime) -> bool:
    """Say whether an import can still be taken back."""
    ended = row.state in (ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED)
    took_in = bool(row.report.get("imported"))
    return ended and not row.dry_run and took_in and row.created_at >= at - KEEP_REFUSED


def changed_by(import_id: int) -> ColumnElement[bool]:
    """Return the condition that a lead was here before the import changed it."""
    return exists(
        select(ImportChange.lead_id).where(
            ImportChange.import_id == import_id, ImportChange.lead_id == Lead.id
        )
    )


def look_ahead(import_id: int) -> Outlook:
    """Count what an undo would do now."""
    with open_to(import_id) as own:
        of_it = select(func.count(Lead.id)).where(Lead.import_id == import_id)
        whole = own.scalar(of_it) or 0
        gone = own.scalar(of_it.where(untouched(), ~changed_by(import_id))) or 0
        restored = own.scalar(of_it.where(untouched(), changed_by(import_id))) or 0
    return Outlook(gone, restored, whole - gone - restored)


def list_kept(import_id: int, limit: int, offset: int = 0) -> Sequence[tuple[int, str]]:
    """Return ids and numbers of leads of an import that somebody has worked on."""
    rows = session().execute(
        select(Lead.id, Lead.number)
        .where(Lead.import_id == import_id, ~untouched())
        .order_by(Lead.id)
        .limit(limit)
        .offset(offset)
    )
    return [(each.id, each.number) for each in rows]


def queue_undo(import_id: int, by: int, at: datetime) -> LeadImport:
    """Have an import taken back by the worker. Raises `NotFound`, `CannotUndo`."""
    row = hold_import(import_id)
    if not may_undo(row, at):
        raise CannotUndo(_("This import can’t be undone, or not any more."))
    row.state, row.error = ImportState.UNDOING, None
    row.rows_done, row.bytes_done = 0, 0
    row.report = {
        **row.report,
        "undo": {"by": by, "last": 0, "removed": 0, "restored": 0, "kept": 0},
    }
    session().flush()
    return row


def undo_batch(import_id: int, at: datetime) -> bool:
    """Take back some leads of an import; say whether there are more. The last ends the undo."""
    row = hold_import(import_id)
    if row.state != ImportState.UNDOING:
        return False
    done = dict(row.report["undo"])
    here = list(
        session().scalars(
            select(Lead.id)
            .where(Lead.import_id == import_id, Lead.id > done["last"])
            .order_by(Lead.id)
            .limit(BATCH)
        )
    )
    if not here:
        row.state, row.ended_at = ImportState.UNDONE, at
        session().flush()
        record(
            ImportUndone(
                at=at,
                import_id=import_id,
                user_id=done["by"],
                removed=done["removed"],
                restored=done["restored"],
                kept=done["kept"],
            )
        )
        return False
    removed, restored = _take_back(import_id, here)
    done["last"] = here[-1]
    done["removed"] += removed
    done["restored"] += restored
    done["kept"] += len(here) - removed - restored
    row.rows_done += len(here)
    row.report = {**row.report, "undo": done}
    session().flush()
    return True


def _take_back(import_id: int, lead_ids: list[int]) -> tuple[int, int]:
    free = list(
        session().scalars(
            select(Lead.id)
            .where(Lead.id.in_(lead_ids), Lead.import_id == import_id, untouched())
            .order_by(Lead.id)
            .with_for_update()
        )
    )
    if not free:
        return 0, 0
    with open_to(import_id) as own:
        changed = set(
            own.scalars(
                select(ImportChange.lead_id).where(
                    ImportChange.import_id == import_id, ImportChange.lead_id.in_(free)
                )
            )
        )
    made = [lead_id for lead_id in free if lead_id not in changed]
    restored = _restore(import_id, [each for each in free if each in changed])
    return _remove(made), restored


def _remove(lead_ids: list[int]) -> int:
    """Delete leads, all at once where nothing holds them; return how many are gone."""
    if not lead_ids:
        return 0
    try:
        with session().begin_nested():
            removal.remove_fresh(lead_ids)
    except IntegrityError:
        if len(lead_ids) == 1:
            # something hangs on it that no event told of: it counts as worked on
            return 0
        half = len(lead_ids) // 2
        return _remove(lead_ids[:half]) + _remove(lead_ids[half:])
    return len(lead_ids)


def _restore(import_id: int, lead_ids: list[int]) -> int:
    """Give leads back what they were before the import."""
    if not lead_ids:
        return 0
    which = {"import_id": import_id, "leads": lead_ids}
    with open_to(import_id), wall.open_to_intake() as own:
        for statement in (BACK_LEADS, BACK_CONTACTS, NO_FIELDS, BACK_FIELDS, FORGET):
            own.execute(statement, which)
    return len(lead_ids)

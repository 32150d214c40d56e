"""How an import stands, and the locks under which that changes."""

from __future__ import annotations

from enum import StrEnum

from flask_babel import gettext as _

from portal.core.db import session
from portal.core.errors import Conflict, NotFound
from portal.imports.models import LeadImport


class ImportState(StrEnum):
    READING = "reading"
    UPLOADED = "uploaded"
    MAPPED = "mapped"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


UNDER_WAY = (ImportState.READING, ImportState.QUEUED, ImportState.RUNNING, ImportState.UNDOING)
CAN_STOP = (ImportState.QUEUED, ImportState.RUNNING)
GOES_ON = (ImportState.FAILED, ImportState.PAUSED)
"""Where an import that has begun goes on behind the last row that it took."""
ENDED = (ImportState.DONE, ImportState.CANCELLED, ImportState.UNDONE)


class ImportUnderWay(Conflict):
    """The import waits or runs already."""

    code = "import_under_way"


class NotUnderWay(Conflict):
    """The import neither waits nor runs, so that it can't be stopped."""

    code = "import_not_under_way"


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


def editable(import_id: int) -> LeadImport:
    """Lock an import whose file is here and with which nothing happens, or say why not."""
    row = hold_import(import_id)
    if row.state in UNDER_WAY:
        raise ImportUnderWay(_("This import is under way; please wait until it is done."))
    if row.state in ENDED and not row.dry_run:
        raise ImportUnderWay(_("This list is in already. Upload the file once more to bring news."))
    if not row.path:
        raise NotFound(_("The file of this import is no longer here. Please upload it again."))
    return row

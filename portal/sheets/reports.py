"""What became of a sheet that came back, as it is told and as it is mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _

from portal.imports.workbook_child import FORMULA
from portal.sheets import queries
from portal.sheets.columns import BY_KEY
from portal.sheets.contents import Again
from portal.sheets.models import SheetReturn
from portal.sheets.rules import NOT_TAKEN, Fate


@dataclass(frozen=True, slots=True)
class RowReport:
    """What became of a row, `said` in words. Pickup and lead are None where it names none."""

    number: int
    fate: Fate
    said: str
    pickup_id: int | None = None
    feedback_id: int | None = None
    lead_id: int | None = None
    lead_number: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a sheet that came back.

    `problem` says why the file was refused as a whole; of that nothing is kept. `again`: this very
    file came back before, and this is the report of then.
    """

    return_id: int | None = None
    rows: Sequence[RowReport] = ()
    again: bool = False
    problem: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def not_taken(self) -> Sequence[RowReport]:
        """Return the rows that there is something to look at."""
        return [row for row in self.rows if row.fate in NOT_TAKEN]


def report_of(found: SheetReturn, *, again: bool = False) -> Report:
    """Return the report of a sheet that came back, in the words of then."""
    rows = queries.list_rows(found.id)
    leads = queries.titles_of({row.pickup_id for row in rows if row.pickup_id is not None})
    return Report(
        return_id=found.id,
        rows=[
            RowReport(
                row.number,
                Fate(row.fate),
                row.said,
                row.pickup_id,
                row.feedback_id,
                *leads.get(row.pickup_id or 0, (None, "", "")),
            )
            for row in rows
        ],
        again=again,
        counts=counts_of(found),
    )


def counts_of(found: SheetReturn) -> Mapping[str, int]:
    """Return how many rows of a returned sheet became what, by fate."""
    return {
        Fate.APPLIED: found.applied,
        Fate.UNCHANGED: found.unchanged,
        Fate.REFUSED: found.refused,
        Fate.CONFLICT: found.conflicts,
    }


def to_mend(return_id: int) -> Mapping[int, Again]:
    """Return the rows of a return that were not taken, by pickup, for a corrected sheet.

    A formula is not given back: there is nothing of it to mend. What came too late stands beside
    what was answered meanwhile, and not where it would be given as an answer to that.
    """
    again: dict[int, Again] = {}
    for row in queries.list_rows(return_id):
        if row.pickup_id is None or row.fate not in NOT_TAKEN:
            continue
        typed = {key: str(said) for key, said in row.typed.items() if said != FORMULA}
        if row.fate == Fate.CONFLICT:
            wrote = _(
                "Your sheet said: %(answer)s.",
                answer=", ".join(typed[one] for one in BY_KEY if one in typed),
            )
            again[row.pickup_id] = Again({}, f"{row.said} {wrote}")
        else:
            again[row.pickup_id] = Again(typed, row.said)
    return again

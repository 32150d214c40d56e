"""From the rows of a file to leads: set by set, with the same result however often it runs.

`Intake` reads and cleans outside of any transaction (`batches`) and writes one batch in the
caller's (`take`). Imported leads are inquiries: captured or disqualified, never on offer.
Not here: what a file (reading) or a cell (leads.intake) means, the row about the import
itself (operations).
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Mapping as DictOf
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    any_,
    case,
    column,
    exists,
    func,
    literal,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy import Table as DatabaseTable
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import Text

from portal.catalog import places
from portal.catalog.models import CustomField, Industry, Product, SizeBand, Source, ValueBand
from portal.catalog.queries import Book, book, short_key
from portal.catalog.seed import REASONS, Purpose
from portal.core.db import session
from portal.core.errors import Conflict
from portal.core.events import EventRow, record
from portal.duplicates.entrance import find_known
from portal.duplicates.likeness import of_row
from portal.imports.constants import OfTheList, read_constants
from portal.imports.models import ImportChange, ImportRow, LeadImport
from portal.imports.reading import BrokenRow, Row, Table
from portal.imports.wall import open_to
from portal.leads import own_fields, wall
from portal.leads.events import ContactSuppressed
from portal.leads.intake.cleaning import (
    Cleaner,
    CleanRow,
    RefusedValues,
    Vocabularies,
    bands,
    suppression_keys,
)
from portal.leads.intake.mapping import Mapping
from portal.leads.intake.normalise import (
    industry_vocabulary,
    reason_vocabulary,
    source_vocabulary,
    spelling_key,
)
from portal.leads.levels import for_all
from portal.leads.models import (
    LEAD_NUMBERS,
    Lead,
    LeadContact,
    LeadFields,
    LeadState,
    Suppression,
)
from portal.leads.queries import get_definition

BATCH_ROWS = 1_000
# Rows may be long: a batch ends early rather than fill the memory.
BATCH_BYTES = 4 * 1024 * 1024
# An import may change a lead only as long as nobody has worked on it.
UNTOUCHED = (LeadState.CAPTURED, LeadState.DISQUALIFIED)
BY_MACHINE = ("LeadCaptured", "LeadCooled")
"""Events of a lead that are nobody's work."""
DO_NOT_CALL = "do_not_call"
# So many rows of each state are kept to be looked at; of those refused, all.
KEPT_OF_EACH = 200
ALIKE = 3
WHOLE_ROW = "row"
WRITTEN = (
    *("import_digest", "import_id", "kind", "type_id", "status_id", "state", "state_since"),
    *("title", "partner_text", "expectation", "temperature", "country", "subdivision", "city"),
    *("latitude", "longitude", "time_zone", "brand_id", "product_ids", "industry_id"),
    *("industry_original", "size_band_id", "people", "value_band_id", "target_amount"),
    *("source_id", "source_original", "disqualified_reason_id", "disqualified_original"),
    *("suppressed", "captured_at", "campaign_id", "basis", "basis_words", "basis_at"),
)
"""What a row of a list says of a lead."""
KEPT_UNLESS_SAID = ("campaign_id", "basis", "basis_words", "basis_at")

_LEADS = cast(DatabaseTable, Lead.__table__)
_CONTACTS = cast(DatabaseTable, LeadContact.__table__)
_OWN = cast(DatabaseTable, LeadFields.__table__)
_SUPPRESSIONS = cast(DatabaseTable, Suppression.__table__)
_ROWS = cast(DatabaseTable, ImportRow.__table__)
_CHANGES = cast(DatabaseTable, ImportChange.__table__)
_SEPARATORS = re.compile(r"[,;|/\n]")


class TakenOver(Conflict):
    """Another process works on this import."""

    code = "import_taken_over"


@dataclass(slots=True)
class Counts:
    """What became of the rows: `rows` = `imported` + `unchanged` + `refused`.

    `updated`, `disqualified` and `suppressed` are parts of `imported`; `repeated` (the same row
    again in the file), `left_alone` (somebody has worked on the lead) and `left_out` (a duplicate
    that was not wanted) are parts of `unchanged`. `duplicates` counts new rows whose contact
    another lead is about, or an earlier row. `on_offer` counts leads of people who must not be
    called but are on offer just now.
    """

    rows: int = 0
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    disqualified: int = 0
    suppressed: int = 0
    repeated: int = 0
    left_alone: int = 0
    on_offer: int = 0
    duplicates: int = 0
    left_out: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


def read_counts(report: dict[str, Any]) -> Counts:
    """Read the counts out of an import's report."""
    return Counts(**{f.name: int(report.get(f.name, 0)) for f in fields(Counts)})


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that could not come in: its cells in the file's order, and a message per field."""

    number: int
    cells: tuple[str, ...]
    reasons: dict[str, str]


def untouched() -> ColumnElement[bool]:
    """Return the condition that nobody has worked on a lead since it came in."""
    worked_on = exists(
        select(EventRow.id).where(EventRow.lead_id == Lead.id, EventRow.name.not_in(BY_MACHINE))
    )
    return Lead.state.in_(UNTOUCHED) & Lead.merged_into.is_(None) & (Lead.round == 0) & ~worked_on


class RowState(StrEnum):
    """What becomes of a row; the first that fits, from below."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LEFT_ALONE = "left_alone"
    REPEATED = "repeated"
    SUPPRESSED = "suppressed"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


@dataclass(slots=True)
class Fate:
    """A row as it stands in the file, and what becomes of it.

    `alike` are leads and customers that might be the same, each with how likely that is: kind, id,
    and up to 100 points. They are looked for among the rows that a preview shows.
    """

    number: int
    cells: tuple[str, ...]
    state: RowState = RowState.UNCHANGED
    lead_id: int | None = None
    twin_id: int | None = None
    twin_row: int | None = None
    alike: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def is_twin(self) -> bool:
        return self.twin_id is not None or self.twin_row is not None


@dataclass(slots=True)
class Batch:
    """Some rows, read and cleaned. `last` is the number of the last row, `bytes_read` how far.

    `fates` are those of `rows`, by the number in its system; `repeated` says nothing new.
    """

    rows: list[CleanRow] = field(default_factory=list)
    fates: dict[str, Fate] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    repeated: list[Fate] = field(default_factory=list)
    last: int = 0
    bytes_read: int = 0

    @property
    def size(self) -> int:
        return len(self.rows) + len(self.refused) + len(self.repeated)


@dataclass(frozen=True, slots=True)
class Known:
    """The catalogue and the lead definition as an import uses them, read once."""

    vocabularies: Vocabularies
    ids: dict[tuple[str, str], int]
    brands: dict[str, int]
    products: dict[str, int]
    brand_of: dict[int, int | None]
    basis_of: dict[int, str | None]
    own: Sequence[CustomField] = ()


def read_known(currency: str) -> Known:
    """Read what rows are matched with. Raises NotFound where no programme was founded."""
    # without a definition nothing runs
    get_definition()
    entries = book()
    return Known(
        vocabularies=vocabularies_of(entries, currency),
        ids={key: entry.id for key, entry in entries.by_key.items()},
        brands=_spellings(entries, "brand"),
        products=_spellings(entries, "product"),
        brand_of={e.id: e.brand_id for e in entries.active("product") if isinstance(e, Product)},
        basis_of={e.id: e.basis for e in entries.active("source") if isinstance(e, Source)},
        own=own_fields.in_use(),
    )


@dataclass(frozen=True, slots=True)
class Begin:
    """How a new lead begins."""

    type_id: int
    status_id: int
    priority: int
    importance: int


def read_begin() -> dict[str, Begin]:
    """Return how a new lead of each kind begins: as the first type of it in the definition says."""
    definition = get_definition()
    begin: dict[str, Begin] = {}
    for lead_type in definition.types.values():
        begin.setdefault(
            lead_type.kind,
            Begin(
                lead_type.id,
                definition.first_status(lead_type).id,
                lead_type.priority,
                lead_type.importance,
            ),
        )
    return begin


def vocabularies_of(entries: Book, currency: str) -> Vocabularies:
    """Build the vocabularies from the catalogue as people edited it."""
    first_spellings = {r.key: r.spellings for r in REASONS if r.purpose is Purpose.DISQUALIFY}
    return Vocabularies(
        industry_vocabulary(
            (e.key, (*e.names.values(), *(e.synonyms or ())))
            for e in entries.active("industry")
            if isinstance(e, Industry)
        ),
        source_vocabulary(
            (e.key, (*e.names.values(), *(e.synonyms or ())))
            for e in entries.active("source")
            if isinstance(e, Source)
        ),
        reason_vocabulary(
            (short_key(r), (*r.names.values(), *first_spellings.get(short_key(r), ())))
            for r in entries.reasons("disqualify")
        ),
        bands(
            (e.key, e.low or Decimal(0))
            for e in entries.active("size_band")
            if isinstance(e, SizeBand)
        ),
        bands(
            (e.key, e.low or Decimal(0))
            for e in entries.active("value_band")
            if isinstance(e, ValueBand)
        ),
        currency,
    )


def _spellings(entries: Book, kind: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for entry in entries.active(kind):
        for name in (entry.key, *entry.names.values()):
            found.setdefault(spelling_key(name), entry.id)
    return found


class SeenNumbers:
    """Which numbers stood in the file already, and who must not be called (for a dry run).

    Kept in a scratch file that nobody else sees, so that a long list needs no more memory than a
    short one. The first row with a number counts: were it the last, a second run would change
    leads back and forth.
    """

    def __init__(self) -> None:
        self._scratch = sqlite3.connect("", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA cache_size = -8000",
            "CREATE TABLE rows (number TEXT PRIMARY KEY, digest TEXT, row INTEGER) WITHOUT ROWID",
            "CREATE TABLE kept_away (key TEXT PRIMARY KEY) WITHOUT ROWID",
            "CREATE TABLE contacts (key TEXT PRIMARY KEY, row INTEGER) WITHOUT ROWID",
            "BEGIN",
        ):
            self._scratch.execute(statement)

    def earlier(self, row: CleanRow, number: int) -> tuple[int, bool] | None:
        """Note a row; return the earlier row with its number and whether it says the same."""
        noted = self._scratch.execute(
            "INSERT OR IGNORE INTO rows VALUES (?, ?, ?)", (row.external_id, row.digest, number)
        )
        if noted.rowcount:
            return None
        first, digest = self._scratch.execute(
            "SELECT row, digest FROM rows WHERE number = ?", (row.external_id,)
        ).fetchone()
        return int(first), digest == row.digest

    def same_contact(self, row: CleanRow, number: int) -> int | None:
        """Note a row's contact; return an earlier row of the same one.

        Who has an e-mail address is known by it alone: a telephone may be that of a whole house.
        """
        known_by = row.email or row.phone_e164
        if not known_by:
            return None
        ask = "SELECT row FROM contacts WHERE key = ?"
        found = self._scratch.execute(ask, (known_by,)).fetchone()
        keys = [(key, number) for key in (row.email, row.phone_e164) if key]
        self._scratch.executemany("INSERT OR IGNORE INTO contacts VALUES (?, ?)", keys)
        return int(found[0]) if found else None

    def keep_away(self, keys: Iterable[str]) -> None:
        """Note keys of people who must not be called."""
        self._scratch.executemany(
            "INSERT OR IGNORE INTO kept_away VALUES (?)", ((key,) for key in keys)
        )

    def kept_away(self, keys: Collection[str]) -> set[str]:
        """Return those of the keys that were noted."""
        ask = "SELECT 1 FROM kept_away WHERE key = ?"
        return {key for key in keys if self._scratch.execute(ask, (key,)).fetchone()}

    def close(self) -> None:
        """Throw the scratch file away."""
        self._scratch.close()


class Intake:
    """One pass over a file. `import_id` None leaves no trace (a dry run of the command).

    `after` is the number of the last row that an earlier, interrupted pass has taken; `counts`
    what it had counted until there.
    """

    def __init__(
        self,
        table: Table,
        mapping: Mapping,
        known: Known,
        at: datetime,
        *,
        import_id: int | None = None,
        dry: bool = False,
        counts: Counts | None = None,
        kept: DictOf[str, int] | None = None,
        states: DictOf[str, int] | None = None,
        after: int = 0,
    ) -> None:
        # In the file's order, wherever the mapping was kept: what fills one field together must
        # come out the same in every run.
        columns = {name: mapping.columns[name] for name in table.headers if name in mapping.columns}
        self._said: OfTheList = read_constants(mapping)
        self._table = table
        self._system = mapping.source_system.strip()
        self._cleaner = Cleaner(
            Mapping(self._system, columns, mapping.constants), at, known.vocabularies, known.own
        )
        self._known = known
        self._begin: dict[str, Begin] = {}
        self._at = at
        self._import_id = import_id
        self._dry = dry
        self._after = after
        self._places: dict[tuple[str, str, str | None], places.Place | None] = {}
        self.counts = counts or Counts()
        self.kept: dict[str, int] = dict(kept or {})
        self.states: Counter[str] = Counter(states or {})

    # -- reading: no transaction is open ------------------------------------------------------

    def batches(self) -> Iterator[Batch]:
        """Read, clean and collect rows; touches no database."""
        seen = self._seen = SeenNumbers()
        batch, start = Batch(), 0
        try:
            for row in self._table:
                self._sort(row, batch, seen)
                if row.number <= self._after:
                    batch = Batch()
                    continue
                batch.last = row.number
                here = self._table.bytes_read
                if batch.size >= BATCH_ROWS or here - start >= BATCH_BYTES:
                    batch.bytes_read = start = here
                    yield batch
                    batch = Batch()
            if batch.size:
                batch.bytes_read = self._table.bytes_read
                yield batch
        finally:
            seen.close()

    def _sort(self, row: Row | BrokenRow, batch: Batch, seen: SeenNumbers) -> None:
        if isinstance(row, BrokenRow):
            batch.refused.append(Refused(row.number, row.cells, {WHOLE_ROW: row.message}))
            return
        cleaned = self._cleaner.clean(row.values)
        if isinstance(cleaned, RefusedValues):
            reasons = cleaned.by_field()
            batch.refused.append(Refused(row.number, tuple(row.values.values()), reasons))
            return
        cells = tuple(row.values.values())
        earlier = seen.earlier(cleaned, row.number)
        if earlier is None:
            batch.rows.append(cleaned)
            fate = batch.fates[cleaned.external_id] = Fate(row.number, cells)
            fate.twin_row = seen.same_contact(cleaned, row.number)
            return
        first, same = earlier
        if same:
            batch.repeated.append(Fate(row.number, cells, RowState.REPEATED, twin_row=first))
            return
        reason = _(
            "Row %(row)s has the same number and says something else. Which one is right?",
            row=first,
        )
        batch.refused.append(Refused(row.number, cells, {"external_id": reason}))

    # -- writing: one batch in the caller's transaction ---------------------------------------

    def take(self, batch: Batch) -> None:
        """Write one batch, or on a dry run only count it. Raises `TakenOver`."""
        import_row = self._hold_import()
        # anew for each batch: another version of the definition may be active by now
        self._begin = read_begin()
        if not self._dry:
            # One batch of a source system at a time: whoever imports the same list, too, waits.
            session().execute(select(func.pg_advisory_xact_lock(func.hashtext(self._system), 2)))
        counts = self.counts
        counts.rows += batch.size
        counts.refused += len(batch.refused)
        counts.repeated += len(batch.repeated)
        counts.unchanged += len(batch.repeated)
        keys = {row.external_id: suppression_keys(row, self._system) for row in batch.rows}
        away = self._kept_away(batch.rows, keys)
        waiting: Sequence[CleanRow] = batch.rows
        lead_ids: dict[str, int] = {}
        with wall.open_to_intake():
            while waiting:
                # A lead that someone captures at this very moment is met in the next turn.
                waiting = self._settle(waiting, keys, away, lead_ids, batch.fates)
            if not self._dry:
                self._suppress(batch.rows, keys, lead_ids)
        if import_row is None:
            return
        self._keep_rows(import_row, batch)
        import_row.rows_done = counts.rows
        import_row.bytes_done = batch.bytes_read
        import_row.report = {
            **import_row.report,
            **counts.as_dict(),
            "last_row": batch.last,
            "kept": self.kept,
            "states": self.states,
        }
        session().flush()

    def _keep_rows(self, import_row: LeadImport, batch: Batch) -> None:
        """Keep what was refused, and of the other rows the first of each state."""
        rows = [_refusal(import_row.id, refused) for refused in batch.refused]
        looked_at: list[Fate] = []
        for fate in (*batch.fates.values(), *batch.repeated):
            self.states[fate.state] += 1
            if self.kept.get(fate.state, 0) < KEPT_OF_EACH:
                self.kept[fate.state] = self.kept.get(fate.state, 0) + 1
                looked_at.append(fate)
        if self._dry:
            _find_alike(batch, [fate for fate in looked_at if fate.state == RowState.NEW])
        rows += [_kept(import_row.id, fate) for fate in looked_at]
        if rows:
            import_row.keeps_rows = True
            with open_to(import_row.id):
                session().execute(from_records(_ROWS, rows))

    def _hold_import(self) -> LeadImport | None:
        if self._import_id is None:
            return None
        row = session().get_one(LeadImport, self._import_id, with_for_update={"key_share": True})
        if row.state != "running" or row.rows_done != self.counts.rows:
            raise TakenOver(_("Somebody else runs this import already."))
        return row

    def _kept_away(
        self, rows: Sequence[CleanRow], keys: dict[str, tuple[str, ...]]
    ) -> frozenset[str]:
        """Return which of the rows' keys are on the suppression list, or come to it now."""
        asked = [key for each in keys.values() for key in each]
        listed = session().scalars(
            select(Suppression.key).where(Suppression.key == any_(_texts(asked)))
        )
        new = [key for row in rows if row.do_not_call for key in keys[row.external_id]]
        if not self._dry:
            return frozenset(listed).union(new)
        self._seen.keep_away(new)
        return frozenset(listed).union(self._seen.kept_away(asked))

    def _settle(
        self,
        rows: Sequence[CleanRow],
        keys: dict[str, tuple[str, ...]],
        away: frozenset[str],
        lead_ids: dict[str, int],
        fates: dict[str, Fate],
    ) -> Sequence[CleanRow]:
        """Insert, update or leave alone; return the rows whose lead came up in between."""
        found = {
            each.external_id: each
            for each in session().execute(
                select(Lead.id, Lead.external_id, Lead.import_digest, Lead.suppressed).where(
                    Lead.source_system == self._system,
                    Lead.external_id.is_not(None),
                    Lead.external_id == any_(_texts([row.external_id for row in rows])),
                )
            )
        }
        new = [row for row in rows if row.external_id not in found]
        changed = {
            found[row.external_id].id: row
            for row in rows
            if row.external_id in found and found[row.external_id].import_digest != row.digest
        }
        untouched = self._untouched(changed)
        hit = {row.external_id for row in rows if not away.isdisjoint(keys[row.external_id])}

        left_out = self._find_twins(new, fates)
        new = [row for row in new if row.external_id not in left_out]
        made, beaten = self._insert(new, hit)
        self._update({lead_id: changed[lead_id] for lead_id in untouched}, hit)
        late = [
            each.id
            for number, each in found.items()
            if number in hit and not each.suppressed and each.id not in untouched
        ]
        self._mark_suppressed(late)

        lead_ids.update({number: each.id for number, each in found.items()})
        lead_ids.update(made)
        taken_new = [row for row in new if row not in beaten] if beaten else new
        counts = self.counts
        for row in (*taken_new, *(changed[lead_id] for lead_id in untouched)):
            counts.imported += 1
            counts.disqualified += row.disqualified
            counts.suppressed += row.external_id in hit
        counts.updated += len(untouched)
        counts.unchanged += len(found) - len(untouched) + len(left_out)
        counts.left_alone += len(changed) - len(untouched)
        counts.left_out += len(left_out)
        counts.duplicates += len(left_out)
        for row in taken_new:
            fate = fates[row.external_id]
            fate.lead_id = made.get(row.external_id)
            fate.state = RowState.SUPPRESSED if row.external_id in hit else RowState.NEW
            if fate.is_twin:
                fate.state = RowState.DUPLICATE
                counts.duplicates += 1
        for number, each in found.items():
            fate, fate.lead_id = fates[number], each.id
            if each.id in changed:
                fate.state = RowState.LEFT_ALONE
        for lead_id in untouched:
            number = changed[lead_id].external_id
            fates[number].state = RowState.SUPPRESSED if number in hit else RowState.CHANGED
        return beaten

    def _find_twins(self, rows: Sequence[CleanRow], fates: dict[str, Fate]) -> frozenset[str]:
        """Note which new rows are about a contact that is known; return those to be left out."""
        mails = [row.email for row in rows if row.email]
        phones = [row.phone_e164 for row in rows if row.phone_e164 and not row.email]
        if not (mails or phones):
            return frozenset()
        theirs = session().execute(
            select(LeadContact.lead_id, LeadContact.email, LeadContact.phone_e164)
            .join(Lead, Lead.id == LeadContact.lead_id)
            .where(
                (LeadContact.email == any_(_texts(mails)))
                | (LeadContact.phone_e164 == any_(_texts(phones))),
                Lead.merged_into.is_(None),
            )
            .order_by(LeadContact.lead_id)
        )
        by_mail: dict[str | None, int] = {}
        by_phone: dict[str | None, int] = {}
        for lead_id, email, phone in theirs:
            by_mail.setdefault(email, lead_id)
            by_phone.setdefault(phone, lead_id)
        for row in rows:
            fate = fates[row.external_id]
            if row.email:
                fate.twin_id = by_mail.get(row.email)
            elif row.phone_e164:
                fate.twin_id = by_phone.get(row.phone_e164)
        if not self._said.leave_out:
            return frozenset()
        left_out = frozenset(row.external_id for row in rows if fates[row.external_id].is_twin)
        for number in left_out:
            fates[number].state = RowState.DUPLICATE
        return left_out

    def _untouched(self, changed: dict[int, CleanRow]) -> list[int]:
        """Return (and hold) those leads that nobody has worked on since they came in."""
        if not changed:
            return []
        query = select(Lead.id).where(Lead.id.in_(list(changed)), untouched()).order_by(Lead.id)
        if not self._dry:
            query = query.with_for_update(key_share=True)
        return list(session().scalars(query))

    def _insert(
        self, rows: Sequence[CleanRow], hit: Collection[str]
    ) -> tuple[dict[str, int], list[CleanRow]]:
        """Insert leads with their contacts; return ids by number, and rows that came too late."""
        if not rows or self._dry:
            return {}, []
        numbers = session().scalars(
            select(LEAD_NUMBERS.next_value()).select_from(func.generate_series(1, len(rows)))
        )
        numbering = for_all().numbering
        values = [
            {
                **self._columns(row, row.external_id in hit),
                "number": numbering.write(number),
                "source_system": self._system,
                "external_id": row.external_id,
                "state_since": self._at,
                "created_at": self._at,
                "priority": self._begin[row.kind].priority,
                "importance": self._begin[row.kind].importance,
                "round": 0,
                "version": 1,
            }
            for row, number in zip(rows, numbers, strict=True)
        ]
        statement = (
            from_records(_LEADS, values)
            .on_conflict_do_nothing(
                index_elements=["source_system", "external_id"],
                index_where=_LEADS.c.external_id.is_not(None),
            )
            .returning(_LEADS.c.external_id, _LEADS.c.id)
        )
        made = {each.external_id: each.id for each in session().execute(statement)}
        contacts = [
            {"lead_id": made[row.external_id], **self._contact(row)}
            for row in rows
            if row.external_id in made
        ]
        if contacts:
            session().execute(from_records(_CONTACTS, contacts))
        self._keep_own({made[row.external_id]: row for row in rows if row.external_id in made})
        return made, [row for row in rows if row.external_id not in made]

    def _update(self, changed: dict[int, CleanRow], hit: Collection[str]) -> None:
        """Bring leads that nobody has touched to what the file says now."""
        if not changed or self._dry:
            return
        self._remember([*changed])
        values = [
            {"id": lead_id, **self._columns(row, row.external_id in hit)}
            for lead_id, row in changed.items()
        ]
        news = records(_LEADS, values)
        # Who must not be called stays so, whatever a later list says.
        special = {
            "suppressed": _LEADS.c.suppressed | news.c.suppressed,
            # what this list does not say of itself an earlier one may have said
            **{name: func.coalesce(news.c[name], _LEADS.c[name]) for name in KEPT_UNLESS_SAID},
            "state_since": case(
                (_LEADS.c.state == news.c.state, _LEADS.c.state_since),
                else_=literal(self._at, _LEADS.c.state_since.type),
            ),
            "version": _LEADS.c.version + 1,
        }
        plain = {name: news.c[name] for name in values[0] if name not in ("id", *special)}
        session().execute(update(_LEADS).where(_LEADS.c.id == news.c.id).values(**plain, **special))
        contacts = [{"lead_id": each, **self._contact(row)} for each, row in changed.items()]
        upsert = from_records(_CONTACTS, contacts)
        session().execute(
            upsert.on_conflict_do_update(
                index_elements=["lead_id"],
                set_={name: upsert.excluded[name] for name in contacts[0] if name != "lead_id"},
            )
        )
        self._keep_own(changed)

    def _remember(self, lead_ids: Sequence[int]) -> None:
        """Keep what the leads are before they change, so that the import can be undone."""
        if self._import_id is None:
            return
        lead, contact, own = _LEADS.alias("lead"), _CONTACTS.alias("contact"), _OWN.alias("own")
        before = func.jsonb_build_object(
            *("lead", func.to_jsonb(literal_column("lead"))),
            *("contact", func.to_jsonb(literal_column("contact"))),
            *("own", own.c.custom),
        )
        found = (
            select(literal(self._import_id, _CHANGES.c.import_id.type), lead.c.id, before)
            .select_from(lead)
            .outerjoin(contact, contact.c.lead_id == lead.c.id)
            .outerjoin(own, own.c.lead_id == lead.c.id)
            .where(lead.c.id == any_(literal(list(lead_ids), ARRAY(BigInteger))))
        )
        with open_to(self._import_id):
            session().execute(
                postgresql.insert(_CHANGES)
                .from_select(["import_id", "lead_id", "before"], found)
                .on_conflict_do_nothing()
            )

    def _keep_own(self, leads: dict[int, CleanRow]) -> None:
        """Keep what the file says of the programme's own fields, and no more where it is empty."""
        said: list[dict[str, Any]] = [
            {"lead_id": lead_id, "custom": dict(row.own)}
            for lead_id, row in leads.items()
            if row.own
        ]
        if not said:
            return
        news = records(_OWN, said)
        upsert = postgresql.insert(_OWN).from_select(
            ["lead_id", "custom"],
            select(news.c.lead_id, func.jsonb_strip_nulls(news.c.custom)),
        )
        # what is empty in the file is nowhere in `excluded`: the keys that it fills go first
        filled = literal(list(said[0]["custom"]), ARRAY(Text))
        kept = _OWN.c.custom.op("-")(filled).op("||")(upsert.excluded.custom)
        session().execute(
            upsert.on_conflict_do_update(index_elements=["lead_id"], set_={"custom": kept})
        )

    def _suppress(
        self,
        rows: Sequence[CleanRow],
        keys: dict[str, tuple[str, ...]],
        lead_ids: dict[str, int],
    ) -> None:
        """Put who must not be called on the list, and mark the leads that are theirs already."""
        entries = {
            key: {
                "key": key,
                "reason": DO_NOT_CALL,
                "created_at": self._at,
                "lead_id": lead_ids[row.external_id],
            }
            for row in rows
            if row.do_not_call
            for key in keys[row.external_id]
        }
        if not entries:
            return
        statement = (
            from_records(_SUPPRESSIONS, [entries[key] for key in sorted(entries)])
            .on_conflict_do_nothing()
            .returning(_SUPPRESSIONS.c.key)
        )
        listed = session().scalars(statement).all()
        mails = [key.removeprefix("email:") for key in listed if key.startswith("email:")]
        phones = [key.removeprefix("phone:") for key in listed if key.startswith("phone:")]
        if not listed:
            return
        theirs = session().scalars(
            select(Lead.id)
            .join(LeadContact, LeadContact.lead_id == Lead.id)
            .where(
                ~Lead.suppressed,
                (LeadContact.email == any_(_texts(mails)))
                | (LeadContact.phone_e164 == any_(_texts(phones))),
            )
        )
        own = {lead_ids[row.external_id] for row in rows if row.do_not_call}
        on_offer = self._mark_suppressed([*own.union(theirs)])
        if on_offer:
            self.counts.on_offer += len(on_offer)
            record(ContactSuppressed(at=self._at, reason=DO_NOT_CALL, marked=[], on_offer=on_offer))

    def _mark_suppressed(self, lead_ids: Sequence[int]) -> list[int]:
        """Mark leads of people on the list; return those on offer, which stay as they are.

        People withdraw an offer, no list does; the list then keeps the lead from coming back.
        """
        if not lead_ids or self._dry:
            return []
        rows = (
            session()
            .execute(
                select(Lead.id, Lead.state)
                .where(Lead.id.in_(lead_ids), ~Lead.suppressed)
                .order_by(Lead.id)
                .with_for_update(key_share=True)
            )
            .all()
        )
        free = [lead_id for lead_id, state in rows if state != LeadState.OFFERED]
        if free:
            session().execute(update(_LEADS).where(_LEADS.c.id.in_(free)).values(suppressed=true()))
        return [lead_id for lead_id, state in rows if state == LeadState.OFFERED]

    # -- what a row is in our words -----------------------------------------------------------

    def _columns(self, row: CleanRow, suppressed: bool) -> dict[str, Any]:
        known, ids, begin = self._known, self._known.ids, self._begin[row.kind]
        place = self._place(row)
        products = self._products(row)
        brand_id = known.brands.get(spelling_key(row.brand)) if row.brand else None
        if brand_id is None and products:
            makers = {known.brand_of.get(product) for product in products}
            brand_id = makers.pop() if len(makers) == 1 else None
        source_id = ids.get(("source", row.source_key or "")) or self._said.source_id
        basis = self._said.basis or known.basis_of.get(source_id or 0)
        return {
            "import_digest": row.digest,
            "import_id": self._import_id,
            "kind": row.kind,
            "type_id": begin.type_id,
            "status_id": begin.status_id,
            "state": LeadState.DISQUALIFIED if row.disqualified else LeadState.CAPTURED,
            "title": row.title,
            "partner_text": row.partner_text,
            "expectation": row.expectation,
            "temperature": row.temperature,
            "country": row.country,
            "subdivision": row.subdivision or (place.subdivision if place else None),
            "city": row.city or None,
            "latitude": place.latitude if place else None,
            "longitude": place.longitude if place else None,
            "time_zone": place.zone if place else row.time_zone,
            "brand_id": brand_id,
            "product_ids": products,
            "industry_id": ids.get(("industry", row.industry_key or "")),
            "industry_original": row.industry or None,
            "size_band_id": ids.get(("size_band", row.size_band or "")),
            "people": row.people,
            "value_band_id": ids.get(("value_band", row.value_band or "")),
            "target_amount": row.value if self._is_own_currency(row) else None,
            "source_id": source_id,
            "source_original": row.source or None,
            "disqualified_reason_id": ids.get(("reason", f"disqualify.{row.disqualified_key}")),
            "disqualified_original": row.disqualified_original or None,
            "suppressed": suppressed,
            "captured_at": row.created_at or self._at,
            "campaign_id": self._said.campaign_id,
            "basis": basis,
            "basis_words": self._said.basis_words if basis else None,
            "basis_at": (row.created_at or self._at) if basis else None,
        }

    def _contact(self, row: CleanRow) -> dict[str, Any]:
        return {
            "company": row.company or None,
            "first_name": row.first_name or None,
            "last_name": row.last_name or None,
            "role": row.role or None,
            "phone": row.phone or None,
            "phone_e164": row.phone_e164,
            "email": row.email,
            "domain": row.domain,
            "street": row.street or None,
            "postcode": row.postcode or None,
            "note": self._note(row) or None,
        }

    def _note(self, row: CleanRow) -> str:
        """Return the row's note and what has no place of its own, so that nothing gets lost."""
        lines = [row.full_note]
        if row.stage and not row.disqualified:
            lines.append(_("Stage in the list: %(stage)s", stage=row.stage))
        if row.reference:
            lines.append(_("Number elsewhere: %(number)s", number=row.reference))
        if row.value is not None and not self._is_own_currency(row):
            lines.append(
                _("Value: %(amount)s %(currency)s", amount=row.value, currency=row.currency)
            )
        if row.brand and spelling_key(row.brand) not in self._known.brands:
            lines.append(_("Brand: %(name)s", name=row.brand))
        if row.product and any(
            spelling_key(name) not in self._known.products for name in _parts(row.product)
        ):
            lines.append(_("Products: %(names)s", names=row.product))
        return "\n".join(filter(None, lines))

    def _is_own_currency(self, row: CleanRow) -> bool:
        return row.currency == self._known.vocabularies.currency

    def _place(self, row: CleanRow) -> places.Place | None:
        if not (row.city and row.country):
            return None
        asked = (row.city, row.country, row.subdivision)
        if asked not in self._places:
            if len(self._places) > 5_000:
                self._places.clear()
            self._places[asked] = places.find_city(*asked)
        return self._places[asked]

    def _products(self, row: CleanRow) -> list[int]:
        if not row.product:
            return []
        found = (self._known.products.get(spelling_key(name)) for name in _parts(row.product))
        return list(dict.fromkeys(each for each in found if each is not None))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in _SEPARATORS.split(text) if part.strip()]


def records(table: DatabaseTable, rows: Sequence[dict[str, Any]]) -> TableValuedAlias:
    """Send rows as one JSON parameter and read them as rows of `table`.

    A parameter for every value costs ten times as much, most of it in taking statements apart.
    """
    sent = literal(json.dumps(rows, default=str), Text)
    return func.json_populate_recordset(
        literal_column(f"NULL::{table.name}"), cast_to(sent, JSON)
    ).table_valued(*(column(name, table.c[name].type) for name in rows[0]), name="sent")


def from_records(table: DatabaseTable, rows: Sequence[dict[str, Any]]) -> postgresql.Insert:
    """Insert rows that are sent as one JSON parameter."""
    sent = records(table, rows)
    names = list(rows[0])
    return postgresql.insert(table).from_select(names, select(*(sent.c[name] for name in names)))


def _texts(values: Sequence[str]) -> Any:
    return literal(list(values), ARRAY(Text))


def _refusal(import_id: int, refused: Refused) -> dict[str, Any]:
    return {
        "import_id": import_id,
        "row_number": refused.number,
        "state": RowState.REFUSED,
        "raw": {"cells": [storable(cell) for cell in refused.cells]},
        "reasons": refused.reasons,
        "lead_id": None,
        "twin_id": None,
        "twin_row": None,
    }


def _find_alike(batch: Batch, fates: Sequence[Fate]) -> None:
    """Note whom new rows might be the same as; that is for people to say, and hinders nothing."""
    rows, chosen = {row.external_id: row for row in batch.rows}, {id(fate) for fate in fates}
    asked = [
        (fate, of_row(rows[number], rows[number].phone_e164))
        for number, fate in batch.fates.items()
        if id(fate) in chosen
    ]
    for (fate, _who), matches in zip(asked, find_known([who for _fate, who in asked]), strict=True):
        fate.alike = [(each.kind, each.id, each.likeness.score) for each in matches[:ALIKE]]


def _kept(import_id: int, fate: Fate) -> dict[str, Any]:
    return {
        "import_id": import_id,
        "row_number": fate.number,
        "state": fate.state,
        "raw": {"cells": [storable(cell) for cell in fate.cells], "alike": fate.alike},
        "reasons": {},
        "lead_id": fate.lead_id,
        "twin_id": fate.twin_id,
        "twin_row": fate.twin_row,
    }


def storable(text: str) -> str:
    """Return a text without what a database can't keep."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()

"""`portal import-leads`: a list of leads is brought in from the shell."""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click
from flask.cli import with_appcontext
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError

from portal.core import circumstances, clock
from portal.core.db import unit_of_work
from portal.core.errors import DomainError, NotFound
from portal.imports import files, jobs
from portal.imports.constants import constant_problems
from portal.imports.intake import Counts
from portal.imports.reading import Table, UnreadableFile, open_table
from portal.imports.workbook import SECONDS, convert, is_workbook
from portal.leads import own_fields
from portal.leads.intake.mapping import (
    MAX_NAME,
    Mapping,
    TargetField,
    UnreadableMapping,
    check_mapping,
    load_mapping,
    own_targets,
    propose_mapping,
)

TOLD = (
    "rows",
    "imported",
    "unchanged",
    "refused",
    "disqualified",
    "suppressed",
    "updated",
    "duplicates",
)


@click.command("import-leads")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--mapping", "mapping_file", type=click.Path(path_type=Path), help="JSON file.")
@click.option("--system", default="", help="Name of the system the list comes from.")
@click.option("--sheet", default="", help="Sheet of a workbook, where several hold rows.")
@click.option("--dry-run", is_flag=True, help="Count only, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@with_appcontext
def import_leads(
    file: Path, mapping_file: Path | None, system: str, sheet: str, dry_run: bool, as_json: bool
) -> None:
    """Import the leads of a CSV file or a workbook (.xlsx). What it is made of is found out.

    A second import of the same list changes nothing. Refused rows don't stop the others.
    """
    started = time.monotonic()
    try:
        with open_list(file, sheet) as opened, circumstances.under(channel="system"):
            table = open_table(opened)
            own = own_targets(own_fields.in_use())
            mapping = find_mapping(table, mapping_file, system, file, own)
            import_id, counts = run(opened, table, mapping, file, dry_run)
    except NotFound as refusal:
        give_up(refusal.message or _("There is no programme yet. Please start Firstcome once."))
    except DomainError as refusal:
        give_up(refusal.message)
    except OSError as error:
        where = error.filename or file
        give_up(_("%(file)s can't be read: %(why)s", file=where, why=error.strerror or error))
    except OperationalError:
        give_up(_("The database does not answer. Is Firstcome running here?"))
    told = {name: getattr(counts, name) for name in TOLD}
    seconds = round(time.monotonic() - started, 2)
    if as_json:
        facts = {**told, "dry_run": dry_run, "import_id": import_id, "seconds": seconds}
        click.echo(json.dumps(facts))
    else:
        print_table(counts, dry_run, seconds)


@contextmanager
def open_list(file: Path, sheet: str) -> Iterator[BinaryIO]:
    """Open a file; of a workbook the sheet, written as CSV. Raises `UnreadableFile`, `OSError`."""
    if not is_workbook(file):
        with file.open("rb") as opened:
            yield opened
        return
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "sheet"
        book = convert(file.resolve(), written, sheet, SECONDS)
        if book.sheet != (sheet or book.sheet) or not book.sheet:
            names = ", ".join(f"“{one.name}”" for one in book.sheets)
            raise UnreadableFile(
                _("Please name one of its sheets with --sheet: %(names)s", names=names)
            )
        with written.open("rb") as opened:
            yield opened


def give_up(message: str) -> Any:
    """Say in one line why it can't be done and end."""
    click.echo(" ".join(str(message).split()), err=True)
    raise SystemExit(1)


def find_mapping(
    table: Table,
    mapping_file: Path | None,
    system: str,
    file: Path,
    own: Sequence[TargetField] = (),
) -> Mapping:
    """Return the mapping that was given, or the one that the headers propose."""
    if mapping_file is not None:
        try:
            given = load_mapping(mapping_file.read_text(encoding="utf-8-sig"))
        except UnicodeDecodeError:
            raise UnreadableMapping(_("The mapping is no readable JSON.")) from None
        mapping = Mapping(system or given.source_system, given.columns, given.constants)
    else:
        mapping = propose_mapping(table.headers, system, own).mapping
        if not mapping.source_system and mapping.columns:
            name = re.sub(r"[^\w.-]+", "-", file.stem).strip("-")[:MAX_NAME] or "list"
            mapping = Mapping(name, mapping.columns, mapping.constants)
            click.echo(
                _("The list counts as one of “%(name)s”; --system NAME names another.", name=name),
                err=True,
            )
    problems = check_mapping(mapping, table.headers, own) or constant_problems(mapping)
    if problems:
        raise UnreadableMapping(
            _("The columns can't be matched: %(why)s", why=" ".join(problems.values()))
            if mapping.columns
            else _("None of the columns says what it is. Please name a mapping with --mapping.")
        )
    return mapping


def run(
    opened: BinaryIO, table: Table, mapping: Mapping, file: Path, dry_run: bool
) -> tuple[int | None, Counts]:
    """Run the import here and now; return its id, None on a dry run, and the counts."""
    at = clock.now()
    say = show_progress(table.shape.size) if sys.stderr.isatty() else None
    if dry_run:
        return None, jobs.try_out(table, mapping, at, say)
    with unit_of_work():
        import_id = files.add_import(file.name, "", table.shape, mapping, at, None).id
    try:
        return import_id, jobs.work_through(import_id, opened, at, say)
    except BaseException as error:
        words = error.message if isinstance(error, DomainError) else ""
        jobs.stop(import_id, words or _("The command was stopped before the end."))
        raise


def show_progress(size: int) -> jobs.Say:
    """Return what keeps one line of the terminal up to date."""

    def say(rows: int, done: int) -> None:
        share = min(100, done * 100 // max(size, 1))
        ending = "\n" if done >= size else ""
        click.echo(f"\r{share:3d} %  {rows:,}{ending}", err=True, nl=False)

    return say


def print_table(counts: Counts, dry_run: bool, seconds: float) -> None:
    """Print the counts for people."""
    lines = [
        (_("Rows"), counts.rows, ""),
        (_("Imported"), counts.imported, ""),
        (_("  of them known and brought up to date"), counts.updated, "part"),
        (_("  of them disqualified in the list"), counts.disqualified, "part"),
        (_("  of them not to be called"), counts.suppressed, "part"),
        (_("  of them duplicates of others"), counts.duplicates, "part"),
        (_("Unchanged"), counts.unchanged, ""),
        (_("  of them left alone: somebody works on them"), counts.left_alone, "part"),
        (_("Refused"), counts.refused, ""),
    ]
    for words, number, kind in lines:
        if number or not kind:
            click.echo(f"{words:<50}{number:>10,}")
    if counts.on_offer:
        click.echo(
            _(
                "%(num)s of those not to be called are on offer just now: please look at them.",
                num=counts.on_offer,
            )
        )
    if dry_run:
        click.echo(_("This was a try: nothing was written."))
    click.echo(_("%(seconds)s seconds", seconds=seconds))

"""`portal import-leads`, `definition` and `policies`: what is brought in and out from the shell."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import click
from flask.cli import with_appcontext
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError

from portal.core import circumstances, clock
from portal.core.db import session, unit_of_work
from portal.core.errors import DomainError, Invalid, NotFound
from portal.deadlines import file as policy_file
from portal.deadlines.queries import list_policies
from portal.leads import definition_file, imports, jobs, own_fields, versions
from portal.leads import policies as policies_of_leads
from portal.leads.activation import activate as activate_draft
from portal.leads.activation import look_ahead
from portal.leads.definition_around import read_around
from portal.leads.definition_rules import Difference, differences
from portal.leads.importing import Counts
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
from portal.leads.intake.reading import Table, open_table

TOLD = (
    "rows",
    "imported",
    "unchanged",
    "refused",
    "disqualified",
    "suppressed",
    "updated",
)


@click.command("import-leads")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--mapping", "mapping_file", type=click.Path(path_type=Path), help="JSON file.")
@click.option("--system", default="", help="Name of the system the list comes from.")
@click.option("--dry-run", is_flag=True, help="Count only, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@with_appcontext
def import_leads(
    file: Path, mapping_file: Path | None, system: str, dry_run: bool, as_json: bool
) -> None:
    """Import the leads of a CSV file. What it is made of is found out.

    A second import of the same list changes nothing. Refused rows don't stop the others.
    """
    started = time.monotonic()
    try:
        with file.open("rb") as opened, circumstances.under(channel="system"):
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
    problems = check_mapping(mapping, table.headers, own)
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
        import_id = imports.add_import(file.name, "", table.shape, mapping, at, None).id
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


SIGNS = {"added": "+", "removed": "-", "retired": "-", "changed": "~", "moved": "~"}


@click.group("definition")
def definition() -> None:
    """Take the lead definition out as a file, or bring one in."""


@definition.command("export")
@click.option("--version", "version_id", type=int, help="Its id; the active one when left out.")
@with_appcontext
def export(version_id: int | None) -> None:
    """Print a version as YAML."""
    with unit_of_work():
        found = versions.find_active() if version_id is None else versions.get_version(version_id)
        if found is None:
            raise click.ClickException("There is no active lead definition.")
        click.echo(definition_file.write(found.name, versions.content_of(found)), nl=False)


@definition.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Compare only, write nothing.")
@click.option("--replace", is_flag=True, help="Have the draft that there is say this instead.")
@click.option("--activate", is_flag=True, help="Make it the active version at once.")
@click.option(
    "--to",
    "places",
    multiple=True,
    metavar="TYPE/STATUS=TYPE/STATUS",
    help="Where leads go that would have no place in it.",
)
@with_appcontext
def bring_in(
    file: Path, dry_run: bool, replace: bool, activate: bool, places: tuple[str, ...]
) -> None:
    """Compare a file with the active version and make a draft of it.

    All of it happens in one transaction: what can't be used is refused whole, with the reasons.
    """
    at = clock.now()
    try:
        name, content = definition_file.read(file.read_bytes())
        mapping = dict(_place(one) for one in places)
        with circumstances.under(channel="system"), unit_of_work():
            active = versions.find_active()
            found = (
                differences(versions.content_of(active), content, read_around()) if active else []
            )
            draft = versions.bring_in(name, content, replace, None, at)
            outlook = look_ahead(draft)
            if activate:
                activate_draft(draft.id, draft.version, mapping, None, at)
            if dry_run:
                session().rollback()
    except Invalid as error:
        reasons = "\n".join(f"  {place}: {said}" for place, said in error.errors.items())
        raise click.ClickException(f"Nothing was changed.\n{reasons}") from error
    except DomainError as refusal:
        facts = [
            str(one) for each in refusal.facts.values() if isinstance(each, list) for one in each
        ]
        reasons = "\n".join([refusal.message, *(f"  {one}" for one in facts)])
        raise click.ClickException(f"Nothing was changed. {reasons}") from refusal
    for one in found:
        click.echo(_line(one))
    click.echo(f"{len(found)} differences from the active version.")
    if not activate:
        for finding in outlook.findings:
            click.echo(f"Missing: {finding.said}")
        for stranded in outlook.stranded:
            best = "/".join(stranded.best) if stranded.best else "…"
            click.echo(
                f"{stranded.standing.count} leads without a place: "
                f"--to {stranded.standing.place}={best}"
            )
    done = "would be" if dry_run else "is"
    click.echo(f"It {done} {'active' if activate else 'the draft'} now.")


def _place(given: str) -> tuple[str, tuple[str, str]]:
    before, _equals, after = given.partition("=")
    type_key, slash, status_key = after.partition("/")
    if not before or not slash:
        raise click.BadParameter(f"{given} is not TYPE/STATUS=TYPE/STATUS", param_hint="--to")
    return before, (type_key, status_key)


def _line(one: Difference) -> str:
    details = "; ".join(one.details)
    return f"{SIGNS[one.kind]} {one.place} {one.name}{': ' if details else ''}{details}"


@click.group("policies")
def policies() -> None:
    """Take the deadline policies out as a file, or bring one in."""


@policies.command("export")
@with_appcontext
def export_policies() -> None:
    """Print all policies in use as YAML."""
    with unit_of_work():
        click.echo(policy_file.write(list_policies()), nl=False)


@policies.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Compare only, write nothing.")
@with_appcontext
def bring_in_policies(file: Path, dry_run: bool) -> None:
    """Have the policies be as a file says; one that it does not name is retired.

    All of it happens in one transaction: what can't be used is refused whole, with the reasons.
    """
    at = clock.now()
    try:
        described = policy_file.read(file.read_bytes())
        with circumstances.under(channel="system"), unit_of_work():
            changes = (
                policies_of_leads.compare(described)
                if dry_run
                else policies_of_leads.bring_in(described, None, at)
            )
    except Invalid as error:
        reasons = "\n".join(f"  {place}: {said}" for place, said in error.errors.items())
        raise click.ClickException(f"Nothing was changed.\n{reasons}") from error
    for one in changes:
        parts = f": {', '.join(one.parts)}" if one.parts else ""
        click.echo(f"{SIGNS[one.kind]} {one.key}{parts}")
    click.echo(f"{len(changes)} policies {'would be' if dry_run else 'are'} different.")

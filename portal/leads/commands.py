"""`portal definition`: what is brought in and out from the shell."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext

from portal.core import circumstances, clock
from portal.core.db import session, unit_of_work
from portal.core.errors import DomainError, Invalid
from portal.leads import definition_file, versions
from portal.leads.activation import activate as activate_draft
from portal.leads.activation import look_ahead
from portal.leads.definition_around import read_around
from portal.leads.definition_rules import Difference, differences

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

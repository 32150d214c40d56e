"""`portal fields`: the programme's own fields as a file, out and in from the shell."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext

from portal.catalog import field_bringing, field_file
from portal.catalog.queries import read_book
from portal.core import circumstances, clock
from portal.core.db import unit_of_work
from portal.core.errors import Invalid

SIGNS = {"added": "+", "changed": "~", "retired": "-"}


@click.group("fields")
def fields() -> None:
    """Take the programme's own fields out as a file, or bring one in."""


@fields.command("export")
@with_appcontext
def export() -> None:
    """Print all own fields as YAML."""
    with unit_of_work():
        click.echo(field_file.write(read_book().fields), nl=False)


@fields.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Compare only, write nothing.")
@with_appcontext
def bring_in(file: Path, dry_run: bool) -> None:
    """Have all own fields be as a file says; one that it does not name is retired.

    All of it happens in one transaction: what can't be used is refused whole, with the reasons.
    """
    at = clock.now()
    try:
        described = field_file.read(file.read_bytes())
        with circumstances.under(channel="system"), unit_of_work():
            changes = (
                field_bringing.compare(described)
                if dry_run
                else field_bringing.bring_in(described, None, at)
            )
    except Invalid as error:
        reasons = "\n".join(f"  {place}: {said}" for place, said in error.errors.items())
        raise click.ClickException(f"Nothing was changed.\n{reasons}") from error
    for one in changes:
        parts = f": {', '.join(one.parts)}" if one.parts else ""
        click.echo(f"{SIGNS[one.kind]} {one.place}{parts}")
    click.echo(f"{len(changes)} fields {'would be' if dry_run else 'are'} different.")

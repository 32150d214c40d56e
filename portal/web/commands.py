"""Files of a part of the programme, out and in from the shell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from portal.core import circumstances, clock
from portal.core.db import unit_of_work
from portal.core.errors import Invalid
from portal.core.kept_files import KeptFile

SIGNS = {"added": "+", "changed": "~", "retired": "-"}


def commands(kept: KeptFile[Any]) -> click.Group:
    """Return `export` and `import` of a part, for the shell."""
    group = click.Group(kept.called, help=f"Take the {kept.called} out as a file, or bring one in.")

    @group.command("export", help=f"Print all {kept.called} as YAML.")
    @with_appcontext
    def export() -> None:
        with unit_of_work():
            click.echo(kept.write(), nl=False)

    @group.command("import")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--dry-run", is_flag=True, help="Compare only, write nothing.")
    @with_appcontext
    def bring_in(file: Path, dry_run: bool) -> None:
        """Have all be as a file says; what it does not name is retired.

        It happens in one transaction: what can't be used is refused whole, with the reasons.
        """
        try:
            with circumstances.under(channel="system"), unit_of_work():
                changes = kept.take(file.read_bytes(), None, clock.now(), only=dry_run)
        except Invalid as error:
            reasons = "\n".join(f"  {place}: {said}" for place, said in error.errors.items())
            raise click.ClickException(f"Nothing was changed.\n{reasons}") from error
        for one in changes:
            parts = f": {', '.join(one.parts)}" if one.parts else ""
            click.echo(f"{SIGNS[one.kind]} {one.place}{parts}")
        different = "would be" if dry_run else "are"
        click.echo(f"{len(changes)} {kept.called} {different} different.")

    return group

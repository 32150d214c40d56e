"""Files of a part of the programme, out and in: what their pages and their commands share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from flask import Response, request
from flask.cli import with_appcontext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage

from portal.core import circumstances, clock
from portal.core.db import unit_of_work
from portal.core.errors import Invalid
from portal.core.kept_files import Change, KeptFile
from portal.web.forms import Form

SIGNS = {"added": "+", "changed": "~", "retired": "-"}


class FileForm(Form):
    """A file that somebody brings."""

    file = FileField(_l("File"))


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a file: `changes` where it was only compared, `wrong` by place, or neither."""

    form: FileForm
    changes: Sequence[Change] | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)

    @property
    def taken(self) -> bool:
        """True where all is as the file says now."""
        return self.changes is None and not self.form.file.errors


def take_sent(kept: KeptFile[Any], by: int) -> Sent:
    """Take the file of the form that was sent; with `then=compare` only say what would differ."""
    form = FileForm()
    sent = form.file.data
    if not form.validate() or not isinstance(sent, FileStorage) or not sent.filename:
        form.file.errors = [_("Please choose a file.")]
        return Sent(form)
    only = request.form.get("then") == "compare"
    try:
        file = sent.stream.read(kept.most_bytes + 1)
        changes = kept.take(file, by, clock.now(), only=only)
    except Invalid as error:
        form.file.errors = [_("This file can’t be used as it is; nothing was changed.")]
        return Sent(form, wrong=error.errors)
    return Sent(form, changes if only else None)


def give(kept: KeptFile[Any]) -> Response:
    """Answer with the file of all there is."""
    answer = Response(kept.write(), mimetype="application/yaml")
    answer.headers["Content-Disposition"] = f"attachment; filename={kept.file_name}"
    return answer


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

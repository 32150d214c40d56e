"""Files of a part of the programme, out and in: what their pages share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage

from portal.core import clock
from portal.core.errors import Invalid
from portal.core.kept_files import Change, KeptFile
from portal.web.forms import Form


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

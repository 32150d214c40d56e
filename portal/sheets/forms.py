"""The shape of what is sent about sheets: a file."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField

from portal.web.forms import Form


class SheetForm(Form):
    """A sheet that comes back."""

    file = FileField(_l("The filled-in sheet"))

"""The shape of what is sent about sheets: a file, and when one shall come."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import RadioField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from portal.web.forms import Form


class SheetForm(Form):
    """A sheet that comes back."""

    file = FileField(_l("The filled-in sheet"))


class WishForm(Form):
    """On which day a sheet comes by mail, and as what."""

    weekday = SelectField(_l("Day"))
    kind = RadioField(
        _l("As"),
        choices=[
            SelectChoice("xlsx", _l("a workbook, for Excel or LibreOffice")),
            SelectChoice("csv", _l("CSV")),
        ],
    )

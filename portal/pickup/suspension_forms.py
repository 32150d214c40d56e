"""The form that suspends a firm by hand."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import Length, Optional

from portal.web.forms import DayField, Form


class SuspensionForm(Form):
    last_day = DayField(_l("Last day of the pause"), [Optional()])
    note = TextAreaField(
        _l("Why"), [Optional(), Length(max=300)], description=_l("The firm reads it.")
    )

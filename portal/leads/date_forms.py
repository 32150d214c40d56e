"""The form of the key dates of a lead."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms.validators import Optional

from portal.web.forms import DayField, Form


class DatesForm(Form):
    started_on = DayField(_l("Work began"), [Optional()])
    estimated_on = DayField(
        _l("Estimated end"), [Optional()], description=_l("As it looked when the work began.")
    )
    expected_on = DayField(
        _l("Expected end"),
        [Optional()],
        description=_l("As it looks now. Move it as often as needed."),
    )

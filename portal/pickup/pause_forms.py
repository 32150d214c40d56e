"""The form with which a lead in hand rests."""

from __future__ import annotations

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.validators import Optional

from portal.catalog.queries import book, short_key
from portal.web.forms import DayField, Form


class PauseForm(Form):
    reason = SelectField(_l("Why?"), [Optional()], choices=[])
    until = DayField(_l("On which day does it go on?"), [Optional()])

    def offer(self) -> None:
        """Fill the reasons to choose from."""
        locale = str(get_locale())
        reasons = [(short_key(one), one.label(locale)) for one in book().reasons("pause")]
        self.reason.choices = [("", _("Please choose")), *reasons]

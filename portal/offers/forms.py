"""The form that offers a lead to a unit of the vendor."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import SelectField

from portal.web.forms import Choices, Form, needed

DAYS = (1, 3, 7, 14)


class UnitForm(Form):
    unit_id = SelectField(
        _l("Unit"), [needed(_l("Please choose a unit."))], choices=[], validate_choice=False
    )
    days = SelectField(_l("On offer for"), [needed()], choices=[])

    def offer(self, units: Choices) -> None:
        """Fill the lists to choose from."""
        self.unit_id.choices = [("", _("Please choose")), *units]
        self.days.choices = [
            (str(days), ngettext("%(num)d day", "%(num)d days", days)) for days in DAYS
        ]

    @property
    def chosen(self) -> int | None:
        """Return the unit that was chosen."""
        raw = self.unit_id.data or ""
        return int(raw) if raw.isdecimal() and len(raw) < 15 else None

    @property
    def hours(self) -> int:
        """Return for how many hours."""
        return 24 * int(self.days.data)

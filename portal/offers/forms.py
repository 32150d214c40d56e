"""Forms of offering: to own people, by hand to partners, for longer; who may decide."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import BooleanField, RadioField, SelectField
from wtforms.validators import ValidationError

from portal.leads.contest_words import span_in_words
from portal.offers.deciding import LETTABLE
from portal.web.forms import Choices, Form, TicksField, WholeField, needed

DAYS = (1, 3, 7, 14)
MINUTES = (30, 60, 120, 240, 480, 1440)


class UnitForm(Form):
    unit_id = SelectField(
        _l("Unit"), [needed(_l("Please choose a unit."))], choices=[], validate_choice=False
    )
    days = SelectField(_l("On offer for"), [needed()], choices=[])

    def offer(self, units: Choices) -> None:
        """Fill the lists to choose from."""
        self.unit_id.choices = [("", _("Please choose")), *units]
        self.days.choices = days_to_choose()

    @property
    def chosen(self) -> int | None:
        """Return the unit that was chosen."""
        raw = self.unit_id.data or ""
        return int(raw) if raw.isdecimal() and len(raw) < 15 else None

    @property
    def hours(self) -> int:
        """Return for how many hours."""
        return 24 * int(self.days.data)


class HandForm(Form):
    """How a lead is offered to who was chosen."""

    whom = SelectField(_l("For whom of the firm"), choices=[], validate_choice=False)
    way = RadioField(_l("How they come by it"), choices=[])
    minutes = SelectField(_l("Each has it alone for"), choices=[])
    days = SelectField(_l("On offer for"), [needed()], choices=[])

    def offer(self, parts: Choices) -> None:
        """Fill the lists to choose from; `parts` are units and people of the one firm."""
        self.whom.choices = [("", _("Everybody there who picks up leads")), *parts]
        self.way.choices = [
            ("race", _("All see it at once, the first to pick it up gets it")),
            ("turn", _("One after the other, in this order")),
        ]
        self.minutes.choices = [(str(minutes), span_in_words(minutes)) for minutes in MINUTES]
        self.days.choices = days_to_choose()

    def leave_way(self) -> None:
        """Take the first way where nothing was asked: there is one firm alone."""
        self.way.data, self.minutes.data = "race", str(MINUTES[0])

    def validate_whom(self, field: SelectField) -> None:
        """Refuse what names nobody: it is not everybody there for that."""
        if field.data and self.person is None and self.unit is None:
            raise ValidationError(_("Please choose from the list."))

    @property
    def person(self) -> int | None:
        """Return the person for whom alone it is."""
        return self._named("person")

    @property
    def unit(self) -> int | None:
        """Return the unit for whose people alone it is."""
        return self._named("unit")

    def _named(self, sort: str) -> int | None:
        named, _dash, raw = (self.whom.data or "").partition("-")
        return int(raw) if named == sort and raw.isdecimal() and len(raw) < 15 else None


class LongerForm(Form):
    """For how much longer a lead is on offer."""

    days = SelectField(_l("Longer by"), [needed()], choices=[])

    def offer(self) -> None:
        """Fill the list to choose from."""
        self.days.choices = days_to_choose()


class AllocationForm(Form):
    """Who may decide to whom leads are offered, and who hears of them first."""

    roles = TicksField(_l("Who decides besides channel managers"), choices=[])
    pass_on = BooleanField(_l("Distributors may offer on to their own resellers"))
    first_minutes = WholeField(_l("Minutes until colleagues hear, too"), [needed()])

    def offer(self, words: dict[str, str]) -> None:
        """Fill the list of roles."""
        self.roles.choices = [(role, words[role]) for role in LETTABLE]


def days_to_choose() -> Choices:
    """Return for how many days a lead can be on offer."""
    return [(str(days), ngettext("%(num)d day", "%(num)d days", days)) for days in DAYS]


class FirstHeardForm(Form):
    """How many minutes apart those hear who hear first; their places are fields of their own."""

    minutes = WholeField(_l("Minutes between one and the next"), [needed()])

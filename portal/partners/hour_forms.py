"""Forms of working hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, SelectField, StringField
from wtforms.validators import Length, Optional, ValidationError

from portal.catalog import places
from portal.deadlines.business_time import Week
from portal.partners.forms import countries, zones
from portal.partners.hours import Hours, read_day, write_day
from portal.web.forms import DayField, Form, TicksField, needed


def is_hours(_form: Any, field: Field) -> None:
    """Refuse what can't be read as the hours of a day."""
    try:
        read_day(field.data or "")
    except ValueError:
        raise ValidationError(
            _("Please write it like “9:00–12:30, 13:30–17:00”, or leave it empty.")
        ) from None


def day_field(name: Any) -> Any:
    """Return the field of a day's hours."""
    return StringField(name, [Optional(), Length(max=80), is_hours])


class HoursForm(Form):
    day0 = day_field(_l("Monday"))
    day1 = day_field(_l("Tuesday"))
    day2 = day_field(_l("Wednesday"))
    day3 = day_field(_l("Thursday"))
    day4 = day_field(_l("Friday"))
    day5 = day_field(_l("Saturday"))
    day6 = day_field(_l("Sunday"))
    zone = SelectField(_l("Time zone"), [needed()], choices=[])
    holidays = BooleanField(_l("Nobody works on public holidays"))
    days_off = TicksField(_l("Further days off"), choices=[])
    day_off = DayField(_l("One more day off"), [Optional()])

    @property
    def days(self) -> list[Field]:
        """Return the fields of the days from Monday on."""
        return [self[f"day{number}"] for number in range(7)]

    def offer(self, found: Hours) -> None:
        """Fill the lists to choose from."""
        self.zone.choices = [(zone, zone) for zone in zones(found.zone)]
        self.days_off.choices = [
            (day.isoformat(), format_date(day, "full")) for day in found.days_off
        ]

    def show(self, found: Hours) -> None:
        """Fill the form with hours."""
        for field, spans in zip(self.days, found.week.days, strict=True):
            field.data = write_day(spans)
        self.zone.data, self.holidays.data = found.zone, found.holidays
        self.days_off.data = [day.isoformat() for day in found.days_off]

    def chosen(self) -> Hours:
        """Return the hours as they were typed."""
        kept = [date.fromisoformat(day) for day in self.days_off.data or []]
        more = [self.day_off.data] if self.day_off.data else []
        return Hours(
            week=Week(tuple(read_day(field.data or "") for field in self.days)),
            zone=self.zone.data,
            holidays=bool(self.holidays.data),
            days_off=[*kept, *more],
        )


class PlacedHoursForm(HoursForm):
    """The hours of an organisation without a profile, which says here whose holidays it has."""

    country = SelectField(_l("Public holidays of"), [Optional()], choices=[])
    subdivision = SelectField(_l("State or region"), [Optional()], choices=[])

    def offer(self, found: Hours) -> None:
        super().offer(found)
        self.country.choices = [("", "–"), *countries()]
        states = list(places.subdivisions(self.country.data or found.country or "").items())
        self.subdivision.choices = [("", "–"), *states]
        if self.subdivision.data and self.subdivision.data not in dict(states):
            # the country was changed along with it: the operation says so at the field
            self.subdivision.choices.append((self.subdivision.data, self.subdivision.data))

    def show(self, found: Hours) -> None:
        super().show(found)
        self.country.data, self.subdivision.data = found.country or "", found.subdivision or ""

    def chosen(self) -> Hours:
        said = super().chosen()
        return replace(
            said, country=self.country.data or None, subdivision=self.subdivision.data or None
        )

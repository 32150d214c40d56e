"""The form of what somebody wishes to hear by mail; on her page, and behind the link of a mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from babel.dates import get_day_names
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length

from portal.accounts.actor import Actor
from portal.accounts.permissions import (
    HAVE_SHEETS,
    HEAR_OF_FAIRNESS,
    PICKING_ROLES,
    READ_REPORTS,
    ROLES,
    Permission,
)
from portal.accounts.words import ROLE_NAMES
from portal.catalog.queries import book
from portal.core.errors import Conflict
from portal.hearing.models import Extent, Hears
from portal.hearing.rules import BY_CALENDAR, COLLECTED, HEARD_BY, Unchosen, mark_of
from portal.hearing.words import BRIEFLY, EXTENTS, RHYTHMS, SUBJECTS, hour_of, words_of
from portal.leads.models import Temperature
from portal.leads.queries import get_definition
from portal.partners.forms import split_codes
from portal.scoring.words import TEMPERATURES
from portal.web.forms import AmountField, Form, TicksField

HOURS = [SelectChoice(str(hour), hour_of(hour)) for hour in range(24)]
ON = "on_"
BY_ROLE = tuple(one.name for one in fields(Unchosen))
WHICH = ("temperatures", "type_ids", "product_ids", "regions", "value_from", "value_to")


class HearingForm(Form):
    """What to hear by mail, and when; the hours are those of the person's zone.

    Of what a person never hears she is not asked: those fields are left out.
    """

    hears = RadioField(
        _l("When shall we write to you?"),
        [InputRequired(_l("Please choose when you want to hear."))],
        choices=[SelectChoice(rhythm.value, words) for rhythm, words in RHYTHMS.items()],
    )
    digest_hour = SelectField(_l("Daily and weekly mails come at"), choices=HOURS, default="8")
    digest_weekday = SelectField(_l("Weekly ones on"), default="1")
    quiet_from = SelectField(_l("Quiet from"), default="")
    quiet_until = SelectField(_l("Quiet until"), default="")
    on_new_leads = SelectField(default="")
    on_answers = SelectField(default="")
    on_my_leads = SelectField(default="")
    on_late = SelectField(default="")
    on_decide = SelectField(default="")
    on_answered_for = SelectField(default="")
    on_programme = SelectField(default="")
    extent = RadioField(
        _l("How much of a lead shall stand in a mail?"),
        choices=[SelectChoice(extent.value, words) for extent, words in EXTENTS.items()],
        default="full",
        description=_l("Whom to call never stands there: that you read once the lead is yours."),
    )
    temperatures = TicksField(_l("Temperature"), choices=[])
    type_ids = TicksField(_l("Kind of lead"), choices=[])
    product_ids = TicksField(_l("Products and services"), choices=[])
    regions = StringField(
        _l("Regions"),
        [Length(max=2000)],
        description=_l("Codes of countries or states, as DE, AT, US-CA. Empty: everywhere."),
    )
    value_from = AmountField(_l("Expected value from"))
    value_to = AmountField(_l("Expected value up to"))
    mondays = BooleanField(_l("Send me the list of the overdue"))
    report = BooleanField(_l("Send me the report of the week"))
    fairness = BooleanField(_l("Send me the figures about fairness"))
    sheet_weekday = SelectField(_l("My feedback sheet by mail"), default="")
    sheet_kind = SelectField(
        _l("As"),
        choices=[
            SelectChoice("xlsx", _l("a workbook, for Excel or LibreOffice")),
            SelectChoice("csv", _l("CSV")),
        ],
        default="xlsx",
    )

    def __init__(
        self, actor: Actor, values: Mapping[str, Any], *, shown: bool = False, **kwargs: Any
    ) -> None:
        """Make the form for a person, filled with what holds for her where it is `shown`."""
        if shown:
            kwargs |= {"formdata": None, "data": typed_of(values)}
        super().__init__(**kwargs)
        locale = str(get_locale())
        for field in (self.quiet_from, self.quiet_until):
            field.choices = [SelectChoice("", _("not at all")), *HOURS]
        self.digest_weekday.choices = week_days()
        self.sheet_weekday.choices = sheet_days()
        for subject, (name, hint) in SUBJECTS.items():
            field = self[ON + subject]
            field.label.text, field.description = name, hint
            field.choices = [
                SelectChoice(
                    "",
                    _("As chosen above, at most once a day")
                    if subject in COLLECTED
                    else _("As chosen above"),
                ),
                *(SelectChoice(rhythm.value, words) for rhythm, words in BRIEFLY.items()),
            ]
        self.temperatures.choices = [(one.value, TEMPERATURES[one]) for one in Temperature]
        self.type_ids.choices = [
            (str(one.id), one.names.get(locale) or one.names.get("en") or one.key)
            for one in get_definition().types.values()
        ]
        self.product_ids.choices = book().choices("product", locale, values["product_ids"])
        self._leave_out(actor)

    def _leave_out(self, actor: Actor) -> None:
        for subject, permissions in HEARD_BY.items():
            if not any(map(actor.may, permissions)):
                del self[ON + subject]
        if not actor.may(Permission.PICKUPS_CLAIM):
            for name in ("extent", *WHICH):
                del self[name]
        if not actor.may(Permission.BOARD_SEE):
            del self.mondays
        if not any(map(actor.may, HEAR_OF_FAIRNESS)):
            del self.fairness
        if not any(map(actor.may, READ_REPORTS)):
            del self.report
        if not any(map(actor.may, HAVE_SHEETS)):
            del self.sheet_weekday, self.sheet_kind

    @property
    def subjects(self) -> list[Any]:
        """Return the fields of the subjects that a person hears of."""
        return [self[ON + subject] for subject in SUBJECTS if ON + subject in self]

    @property
    def narrows(self) -> bool:
        """Say whether not all leads are wanted, or something about them was typed wrongly."""
        return any(name in self and (self[name].data or self[name].errors) for name in WHICH)

    def values(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was chosen, by column; of what was not asked what held before."""
        said = {name: field.data for name, field in self._fields.items()}
        by_subject = {
            subject: said.get(ON + subject, kept)
            for subject in SUBJECTS
            if (kept := before["by_subject"].get(subject)) or ON + subject in said
        }
        values = {
            "hears": said["hears"],
            "by_subject": {str(name): how for name, how in by_subject.items() if how},
            "digest_hour": int(said["digest_hour"]),
            "digest_weekday": int(said["digest_weekday"]),
            "quiet_from": int(said["quiet_from"]) if said["quiet_from"] else None,
            "quiet_until": int(said["quiet_until"]) if said["quiet_until"] else None,
        }
        if "extent" in said:
            values |= {
                "extent": said["extent"],
                "temperatures": said["temperatures"] or [],
                "type_ids": [int(one) for one in said["type_ids"] or ()],
                "product_ids": [int(one) for one in said["product_ids"] or ()],
                "regions": split_codes(said["regions"]),
                "value_from": said["value_from"],
                "value_to": said["value_to"],
            }
        by_calendar = {name: said[name] for name in BY_CALENDAR if name in said}
        if "sheet_weekday" in said:
            day = said["sheet_weekday"]
            by_calendar["sheet_weekday"] = int(day) if day else None
        return {**before, **values, **by_calendar}


def sheet_days() -> list[SelectChoice]:
    """Return the days on which a feedback sheet can come, 1 is Monday; empty: not by mail."""
    names = get_day_names("wide", "stand-alone", get_locale())
    days = (SelectChoice(str(day + 1), _("%(day)s at 7:00", day=names[day])) for day in range(7))
    return [SelectChoice("", _("not by mail")), *days]


@dataclass(frozen=True, slots=True)
class OfRole:
    """The fields of a role by their columns, what it is called, and in words how it hears now."""

    role: str
    name: Any
    now: str
    fields: Mapping[str, Any]

    @property
    def wrong(self) -> bool:
        """Say whether something of it is to be looked at again."""
        return any(field.errors for field in self.fields.values())


class DefaultsForm(Form):
    """How roles hear by mail as long as a person has chosen nothing.

    What a role never hears it is not asked: how much of a lead, where it picks up none; the sheet,
    where it has none.
    """

    defaults: ClassVar[Mapping[str, Unchosen]] = {}

    @classmethod
    def of_roles(cls, defaults: Mapping[str, Unchosen]) -> type[DefaultsForm]:
        """Return the form with the fields of all roles, filled with what holds."""
        seen = HiddenField(default=mark_of(defaults))
        fields: dict[str, Any] = {"defaults": defaults, "seen": seen}
        days, hours = week_days(), [SelectChoice("", _("not at all")), *HOURS]
        for role, may in ROLES.items():
            now = defaults.get(role, Unchosen())
            asked: list[tuple[str, Any, Any]] = [
                ("hears", _("When"), list_of(BRIEFLY)),
                ("digest_hour", _("Daily and weekly mails come at"), HOURS),
                ("digest_weekday", _("Weekly ones on"), days),
                ("quiet_from", _("Quiet from"), hours),
                ("quiet_until", _("Quiet until"), hours),
            ]
            if role in PICKING_ROLES:
                asked.append(("extent", _("How much of a lead"), list_of(EXTENTS)))
            if not may.isdisjoint(HAVE_SHEETS):
                asked.append(("sheet_weekday", _("Feedback sheet"), sheet_days()))
            for column, label, choices in asked:
                held = getattr(now, column)
                fields[f"{column}_{role}"] = SelectField(
                    label, choices=choices, default="" if held is None else str(held)
                )
        return type(cls.__name__, (cls,), fields)

    @property
    def roles(self) -> list[OfRole]:
        """Return each role with its fields."""
        found = []
        for role in ROLES:
            fields = {
                column: self._fields[f"{column}_{role}"]
                for column in BY_ROLE
                if f"{column}_{role}" in self._fields
            }
            words = words_of(self.defaults.get(role, Unchosen()), picks="extent" in fields)
            found.append(OfRole(role, ROLE_NAMES[role], words, fields))
        return found

    def show_again(self, error: Conflict) -> None:
        """Show what was typed beside what is set by now, and why it was not saved."""
        self.form_errors.append(error.message)
        self._fields["seen"].data = mark_of(self.defaults)

    def values(self) -> dict[str, Unchosen]:
        """Return what was chosen, by role."""
        chosen = {}
        for one in self.roles:
            said = {name: field.data for name, field in one.fields.items()}
            chosen[one.role] = Unchosen(
                Hears(said["hears"]),
                number_of(said.get("sheet_weekday")),
                Extent(said.get("extent") or Extent.FULL),
                int(said["digest_hour"]),
                int(said["digest_weekday"]),
                number_of(said["quiet_from"]),
                number_of(said["quiet_until"]),
            )
        return chosen


def number_of(typed: str | None) -> int | None:
    """Return a number of a list, or none where nothing is chosen."""
    return int(typed) if typed else None


def list_of(words: Mapping[Any, Any]) -> list[SelectChoice]:
    """Return what can be chosen, with its words."""
    return [SelectChoice(one.value, text) for one, text in words.items()]


def week_days() -> list[SelectChoice]:
    """Return the days of the week, 1 is Monday."""
    names = get_day_names("wide", locale=get_locale())
    return [SelectChoice(str(day + 1), names[day]) for day in range(7)]


def typed_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what holds as the fields of the form show it."""
    return {
        **values,
        **{ON + subject: values["by_subject"].get(subject, "") for subject in SUBJECTS},
        **{name: str(values[name]) for name in ("digest_hour", "digest_weekday")},
        "sheet_weekday": str(values["sheet_weekday"] or ""),
        **{
            name: "" if values[name] is None else str(values[name])
            for name in ("quiet_from", "quiet_until")
        },
        **{name: [str(one) for one in values[name]] for name in ("type_ids", "product_ids")},
        "regions": ", ".join(values["regions"]),
    }

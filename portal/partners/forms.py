"""Forms of partner profiles and absences."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any
from zoneinfo import available_timezones

import pycountry
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FloatField, SelectField, StringField
from wtforms.fields import TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from portal.accounts.permissions import ROLES_OF_KIND
from portal.accounts.queries import find_person, list_staff
from portal.accounts.words import ROLES_EXPLAINED
from portal.catalog import field_forms, places
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book
from portal.partners.models import Partner, PartnerCertification
from portal.partners.operations import LISTS
from portal.partners.rep_profiles import Skills
from portal.web.forms import Choices, DayField, Form, PlainField, TicksField, WholeField, needed

LANGUAGES = ("en", "de", "fr", "it", "es", "nl", "pl", "cs", "da", "sv", "pt", "tr", "hu", "ro")


class DegreesField(PlainField, FloatField):
    """A coordinate in degrees; a comma is as good as a point."""

    unreadable = _l("Please give a number, as 52.37.")

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([value.replace(",", ".") for value in valuelist])


class OwnProfileForm(Form):
    """What a firm says of itself: where it is, whom it serves, how many it is."""

    country = SelectField(_l("Country"), [needed()], choices=[])
    subdivision = SelectField(_l("State or region"), [Optional()], choices=[])
    city = StringField(
        _l("City"),
        [Optional(), Length(max=120)],
        description=_l("The coordinates follow from it, if you leave them empty."),
    )
    latitude = DegreesField(_l("Latitude"), [Optional()])
    longitude = DegreesField(_l("Longitude"), [Optional()])
    zone = SelectField(_l("Time zone"), [needed()], choices=[])
    industry_ids = TicksField(
        _l("Industries"), choices=[], description=_l("None ticked: serves all.")
    )
    size_band_ids = TicksField(
        _l("Sizes of customers"), choices=[], description=_l("None ticked: serves all.")
    )
    languages = TicksField(_l("Languages"), choices=[])
    people = WholeField(_l("People at the firm"), [Optional(), NumberRange(0, 10_000_000)])
    website = StringField(_l("Web site"), [Optional(), Length(max=200)])

    def offer(self, partner: Partner) -> None:
        """Fill the lists to choose from; what is out of use stays where it is chosen already."""
        locale = str(get_locale())
        self.country.choices = countries()
        country = self.country.data or partner.country
        states = list(places.subdivisions(country).items())
        self.subdivision.choices = [("", "–"), *states]
        if self.subdivision.data and self.subdivision.data not in dict(states):
            # the country was changed along with it: the operation says so at the field
            self.subdivision.choices.append((self.subdivision.data, self.subdivision.data))
        self.zone.choices = [(zone, zone) for zone in zones(partner.organisation.timezone)]
        for name in self.lists():
            chosen = set(getattr(partner, name))
            self[name].choices = [
                (str(entry.id), entry.label(locale))
                for entry in book().by_kind.get(LISTS[name], [])
                if entry.active or entry.id in chosen
            ]
        self.languages.choices = language_choices(partner.languages)

    def lists(self) -> list[str]:
        """Return the lists of the catalogue that the form asks."""
        return [name for name in LISTS if name in self]

    def show(self, partner: Partner) -> None:
        """Fill the form with a profile."""
        for name in ("country", "city", "latitude", "longitude", "people", "website", "languages"):
            self[name].data = getattr(partner, name)
        self.subdivision.data = partner.subdivision or ""
        self.zone.data = partner.organisation.timezone
        for name in self.lists():
            self[name].data = [str(i) for i in getattr(partner, name)]

    def values(self, partner: Partner) -> dict[str, Any]:
        """Return what was typed, as `operations.save_profile` takes it.

        Coordinates that were there before and don't belong to the new city are looked up anew.
        """
        values: dict[str, Any] = {
            name: self[name].data or None for name in ("city", "subdivision", "website")
        }
        values["country"] = self.country.data
        for name in ("latitude", "longitude", "people"):
            values[name] = self[name].data
        moved = (values["city"], values["country"]) != (partner.city, partner.country)
        untouched = (values["latitude"], values["longitude"]) == (
            partner.latitude,
            partner.longitude,
        )
        if moved and untouched:
            values["latitude"] = values["longitude"] = None
        values["languages"] = list(self.languages.data or ())
        for name in self.lists():
            values[name] = [int(i) for i in self[name].data or ()]
        values["zone"] = self.zone.data
        return values


class ProfileForm(OwnProfileForm):
    """All of a profile, as the vendor's people keep it."""

    territories = StringField(
        _l("Serves the regions"),
        [Optional(), Length(max=2000)],
        description=_l("Codes of countries or states, as DE, AT, US-CA. Empty: everywhere."),
    )
    level_id = SelectField(_l("Level"), [Optional()], choices=[])
    brand_ids = TicksField(_l("Brands"), choices=[])
    product_ids = TicksField(_l("Products and services"), choices=[])
    specialisation_ids = TicksField(_l("Specialisations"), choices=[])
    capacity = WholeField(_l("Leads the firm may hold at once"), [needed(), NumberRange(0, 10_000)])
    rep_capacity = WholeField(
        _l("Leads one person may hold at once"), [needed(), NumberRange(0, 10_000)]
    )
    account_manager_id = SelectField(
        _l("Account manager"),
        [Optional()],
        choices=[],
        description=_l("Answers for this partner and for the leads that it holds."),
    )
    note = TextAreaField(_l("Note for the vendor's people"), [Optional(), Length(max=4000)])

    def offer(self, partner: Partner) -> None:
        super().offer(partner)
        levels = book().choices("partner_level", str(get_locale()), [partner.level_id])
        self.level_id.choices = [("", "–"), *levels]
        staff = {str(user.id): user.name for user in list_staff()}
        self.account_manager_id.choices = [("", _("Nobody yet")), *staff.items()]
        named = find_person(partner.organisation.account_manager_id)
        if named is not None and not named.active:
            # who left stays until somebody else is chosen
            self.account_manager_id.choices.append((str(named.id), named.name))

    def show(self, partner: Partner) -> None:
        super().show(partner)
        for name in ("capacity", "rep_capacity", "note"):
            self[name].data = getattr(partner, name)
        self.account_manager_id.data = str(partner.organisation.account_manager_id or "")
        self.territories.data = ", ".join(partner.territories)
        self.level_id.data = str(partner.level_id or "")
        own = field_forms.shown(book().fields_of(FieldSubject.PARTNER), partner.custom)
        for name, data in own.items():
            if name in self:
                self[name].data = data

    def account_manager(self) -> int | None:
        """Return who was chosen to answer for the partner."""
        return int(self.account_manager_id.data) if self.account_manager_id.data else None

    def values(self, partner: Partner) -> dict[str, Any]:
        return {
            **super().values(partner),
            "note": self.note.data or None,
            "capacity": self.capacity.data,
            "rep_capacity": self.rep_capacity.data,
            "territories": split_codes(self.territories.data),
            "level_id": int(self.level_id.data) if self.level_id.data else None,
            "custom": field_forms.typed(self, book().fields_of(FieldSubject.PARTNER)),
        }


def profile_form(partner: Partner, *, fresh: bool = False) -> ProfileForm:
    """Return the form of a profile with the programme's own fields, filled where `fresh`."""
    kind = field_forms.with_own(ProfileForm, FieldSubject.PARTNER, partner.custom, demanded=True)
    form = kind(formdata=None) if fresh else kind()
    if fresh:
        form.show(partner)
    form.offer(partner)
    return form


def own_profile_form(partner: Partner, *, fresh: bool = False, **more: Any) -> OwnProfileForm:
    """Return the form in which a firm keeps its own part of the profile, filled where `fresh`.

    `more` goes to the form.
    """
    form = OwnProfileForm(formdata=None, **more) if fresh else OwnProfileForm(**more)
    if fresh:
        form.show(partner)
    form.offer(partner)
    return form


class SkillsForm(Form):
    """What somebody of a partner is good at."""

    product_ids = TicksField(_l("Products and services"), choices=[])
    specialisation_ids = TicksField(_l("Specialisations"), choices=[])
    territories = StringField(
        _l("Regions"),
        [Optional(), Length(max=2000)],
        description=_l("Codes of countries or states, as DE, AT, US-CA. Empty: everywhere."),
    )
    languages = TicksField(_l("Languages"), choices=[])

    def offer(self, kept: Skills) -> None:
        """Fill the lists to choose from; what is said so far stays, out of use or not."""
        locale = str(get_locale())
        self.product_ids.choices = book().choices("product", locale, kept.product_ids)
        self.specialisation_ids.choices = book().choices(
            "specialisation", locale, kept.specialisation_ids
        )
        self.languages.choices = language_choices()

    def show(self, skills: Skills) -> None:
        """Fill the form with what is said so far."""
        self.product_ids.data = [str(one) for one in skills.product_ids]
        self.specialisation_ids.data = [str(one) for one in skills.specialisation_ids]
        self.territories.data = ", ".join(skills.territories)
        self.languages.data = list(skills.languages)

    def skills(self) -> Skills:
        """Return what was said."""
        return Skills(
            specialisation_ids=[int(one) for one in self.specialisation_ids.data or ()],
            product_ids=[int(one) for one in self.product_ids.data or ()],
            territories=split_codes(self.territories.data),
            languages=list(self.languages.data or ()),
        )


def split_codes(text: str | None) -> list[str]:
    """Return the codes of a typed list, upper case, each once."""
    return list(dict.fromkeys(code.upper() for code in re.split(r"[\s,;]+", text or "") if code))


def language_choices(named: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Return the languages to tick and those `named` already, by name in the reader's language."""
    names = get_locale().languages
    found = [(code, str(names.get(code, code))) for code in {*LANGUAGES, *named}]
    return sorted(found, key=lambda choice: choice[1])


def countries() -> list[tuple[str, str]]:
    """Return every country, by its name in the reader's language."""
    names = get_locale().territories
    found = [
        (entry.alpha_2, str(names.get(entry.alpha_2, entry.name))) for entry in pycountry.countries
    ]
    return sorted(found, key=lambda choice: choice[1])


def zones(current: str) -> list[str]:
    """Return the zones to choose from, the one in use included."""
    return sorted({name for name in available_timezones() if "/" in name} | {current})


class CertificationsForm(Form):
    """Which certifications a firm holds, and until when; its fields follow the catalogue."""

    def read(self, formdata: Any) -> tuple[dict[int, date | None], dict[int, str]]:
        """Return the last day by certification, and what is wrong with a day."""
        held: dict[int, date | None] = {}
        errors: dict[int, str] = {}
        for entry in book().by_kind.get("certification", []):
            if not formdata.get(f"held-{entry.id}"):
                continue
            raw = str(formdata.get(f"until-{entry.id}", "")).strip()
            try:
                held[entry.id] = date.fromisoformat(raw) if raw else None
            except ValueError:
                errors[entry.id] = _("Please give a date, as 2026-11-30.")
        return held, errors


def certification_lines(
    held: list[PartnerCertification], formdata: Any, errors: dict[int, str]
) -> list[dict[str, Any]]:
    """Return a line per certification: what was typed, else what is stored."""
    until = {row.certification_id: row.expires_on for row in held}
    lines = []
    for entry in book().by_kind.get("certification", []):
        if not entry.active and entry.id not in until:
            continue
        stored = until.get(entry.id)
        lines.append(
            {
                "id": entry.id,
                "name": entry.label(str(get_locale())),
                "held": bool(formdata.get(f"held-{entry.id}")) if formdata else entry.id in until,
                "until": formdata.get(f"until-{entry.id}", "")
                if formdata
                else (stored.isoformat() if stored else ""),
                "error": errors.get(entry.id),
            }
        )
    return lines


class AbsenceForm(Form):
    user_id = SelectField(_l("Who is away"), [Optional()], choices=[])
    starts_on = DayField(_l("First day"), [Optional()])
    ends_on = DayField(_l("Last day"), [Optional()])
    absence_note = StringField(_l("Note"), [Optional(), Length(max=200)])

    def offer(self, people: Choices) -> None:
        """Fill the list of who may be away."""
        self.user_id.choices = [("", _("The whole firm")), *people]


class OwnAbsenceForm(Form):
    """The absence of one person, with who stands in for her."""

    starts_on = DayField(_l("First day"), [Optional()])
    ends_on = DayField(_l("Last day"), [Optional()])
    delegate_id = SelectField(
        _l("Who stands in?"),
        [Optional()],
        choices=[],
        description=_l(
            "She or he sees the leads in hand with whom to call, reports on them and is reminded "
            "meanwhile. It ends by itself."
        ),
    )
    absence_note = StringField(_l("Note"), [Optional(), Length(max=200)])

    def offer(self, colleagues: Choices) -> None:
        """Fill the list of who may stand in."""
        self.delegate_id.choices = [("", _("Nobody: the manager is reminded")), *colleagues]


class InviteForm(Form):
    invited_name = StringField(_l("Name"), [needed(), Length(max=120)])
    email = StringField(
        _l("E-mail"), [needed(), Length(max=254)], render_kw={"type": "email", "inputmode": "email"}
    )
    roles = TicksField(_l("Roles"), [needed(_l("Please choose at least one role."))], choices=[])

    def offer(self, kind: str) -> None:
        """Fill the roles that people of this kind of firm can have."""
        self.roles.choices = [(role, ROLES_EXPLAINED[role]) for role in ROLES_OF_KIND[kind]]


FUNCTIONS = (
    ("sales", _l("Sales")),
    ("marketing", _l("Marketing")),
    ("technical", _l("Technical")),
    ("management", _l("Management")),
)


class ContactForm(Form):
    """Whom to call at a partner for what."""

    name = StringField(_l("Name"), [needed()])
    function = SelectField(_l("Function"), [needed()], choices=[])
    email = StringField(_l("E-mail"), [Optional()])
    phone = StringField(_l("Phone"), [Optional()])
    for_leads = BooleanField(_l("Takes responsibility for leads"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.function.choices = list(FUNCTIONS)

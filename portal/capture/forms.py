"""The forms of an inquiry that a person brings."""

from __future__ import annotations

from typing import Any

import pycountry
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField, TextAreaField

from portal.campaigns.queries import list_running
from portal.catalog.queries import book
from portal.leads import operations, rules, script
from portal.leads.basis import CHOICES, Basis, BasisKind
from portal.leads.definition import Sort
from portal.leads.models import Lead, LeadKind, LeadType, QualificationQuestion
from portal.leads.operations import ContactDraft
from portal.leads.queries import Definition
from portal.web.forms import Choices, Form


def countries() -> Choices:
    """Return every country, by its name in the reader's language."""
    names = get_locale().territories
    found = [(one.alpha_2, str(names.get(one.alpha_2, one.name))) for one in pycountry.countries]
    return sorted(found, key=lambda choice: choice[1])


def bases() -> Choices:
    """Return the legal bases to choose from."""
    return [(key, str(words)) for key, words in CHOICES.items()]


def area(rows: int) -> dict[str, Any]:
    return {"rows": rows}


def off(**more: str) -> dict[str, str]:
    """Keep the browser from filling in whose desk it stands on."""
    return {"autocomplete": "off", **more}


class ContactForm(Form):
    """Whom to call, as far as it is known."""

    company = StringField(_l("Company"), render_kw=off())
    first_name = StringField(_l("First name"), render_kw=off())
    last_name = StringField(_l("Last name"), render_kw=off())
    phone = StringField(_l("Phone"), render_kw=off(inputmode="tel"))
    email = StringField(_l("E-mail"), render_kw=off(inputmode="email"))
    country = SelectField(_l("Country"), validate_choice=False)
    basis = SelectField(_l("Legal basis"), validate_choice=False, default=BasisKind.ASKED)
    title = StringField(_l("What is wanted, in a few words"), render_kw=off())
    note = TextAreaField(_l("Note, for us only"), render_kw=area(4))

    def offer_countries(self) -> None:
        """Fill the lists of countries and legal bases."""
        self.country.choices = [("", _("not known")), *countries()]
        self.basis.choices = [("", _("not known")), *bases()]

    def errors_of_contact(self) -> dict[str, str]:
        """Return what of the contact can't be understood, or that there is none."""
        errors, country = {}, self.country.data or None
        if country and country not in dict(countries()):
            errors["country"] = _("Please choose a country of the list.")
            country = None
        if self.phone.data and not operations.phone_of(self.phone.data[:400], country):
            errors["phone"] = rules.phone_refusal(country)
        if not any((self.company.data, self.last_name.data, self.phone.data, self.email.data)):
            errors["company"] = _("Please name the company or the person, or how to reach them.")
        return errors

    def as_contact(self) -> ContactDraft:
        """Return the contact as it was typed."""
        return ContactDraft(
            company=self.company.data or "",
            first_name=self.first_name.data or "",
            last_name=self.last_name.data or "",
            phone=self.phone.data or "",
            email=self.email.data or "",
            note=self.note.data or "",
        )

    def as_basis(self) -> Basis | None:
        """Return the legal basis that was chosen."""
        return Basis(self.basis.data) if self.basis.data else None


class CaptureForm(ContactForm):
    """An inquiry taken down by hand."""

    type_key = RadioField(_l("Who asks"), validate_choice=False)
    source_key = SelectField(_l("Where it comes from"), validate_choice=False)
    campaign_id = SelectField(_l("Campaign"), validate_choice=False)

    def offer_choices(self, definition: Definition) -> None:
        """Fill the lists."""
        locale = str(get_locale())
        types = list(definition.types.values())
        self.type_key.choices = [
            (one.key, one.names.get(locale[:2]) or one.names.get("en") or one.key) for one in types
        ]
        self.offer_countries()
        running = [(str(one.id), one.name) for one in list_running()]
        self.campaign_id.choices = [("", _("none")), *running]
        self.source_key.choices = [
            ("", _("not known")),
            *((one.key, one.label(locale)) for one in book().active("source")),
        ]
        if not self.type_key.data and types:
            self.type_key.data = types[0].key


class FindForm(ContactForm):
    """What somebody of a partner found himself; fields `answer-…` hold the script's questions."""

    city = StringField(_l("City"), render_kw=off())
    note = TextAreaField(_l("Note"), render_kw=area(4))

    @property
    def answers(self) -> dict[str, str]:
        """Return what was answered, by the key of the question."""
        return {
            name.removeprefix("answer-"): str(field.data or "")
            for name, field in self._fields.items()
            if name.startswith("answer-")
        }


def type_of_finds(definition: Definition) -> LeadType:
    """Return the type that a partner's own find has: the first of end customers."""
    types = [one for one in definition.types.values() if one.kind == LeadKind.END_CUSTOMER]
    types.sort(key=lambda one: one.key != "organisation")
    return types[0] if types else next(iter(definition.types.values()))


def find_form(lead_type: LeadType, **given: Any) -> tuple[FindForm, list[QualificationQuestion]]:
    """Return the form of a find with the questions that are asked of such leads."""
    questions = operations.questions_of(Lead(type_id=lead_type.id))
    kind = type("FindForm", (FindForm,), {f"answer-{one.key}": _field(one) for one in questions})
    form: FindForm = kind(**given)
    form.offer_countries()
    return form, questions


def _field(one: QualificationQuestion) -> Any:
    label = script.name_of(one)
    if one.sort == Sort.CHOICE:
        choices = [("", str(_("not known"))), *script.options_of(one)]
        return SelectField(label, choices=choices, validate_choice=False)
    if one.sort == Sort.TEXT:
        return TextAreaField(label, render_kw=area(2))
    return StringField(label, render_kw=off())

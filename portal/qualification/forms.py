"""Forms of qualification: what is typed, and how it becomes a `Qualification`.

What can't be understood is said by the operation; the form only carries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import pycountry
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField

from portal.catalog import field_forms
from portal.catalog.fields import Values
from portal.catalog.places import subdivisions
from portal.catalog.queries import book
from portal.core.errors import Invalid
from portal.leads import own_fields, script
from portal.leads.allowed import choices_for
from portal.leads.basis import CHOICES, WORDS
from portal.leads.definition import Sort
from portal.leads.intake.cleaning import find_amount, find_people
from portal.leads.levels import for_all
from portal.leads.models import Lead, LeadContact, QualificationQuestion
from portal.leads.operations import ContactDraft, Qualification, answers_of, questions_of
from portal.web.forms import Choices, Form, TicksField

CONTACT_FIELDS = (
    *("company", "first_name", "last_name", "role", "phone", "email", "domain"),
    *("street", "postcode", "note"),
)
CATALOGUE = {
    "brand_id": "brand",
    "industry_id": "industry",
    "size_band_id": "size_band",
    "value_band_id": "value_band",
    "source_id": "source",
    "category_id": "category",
}
LEVELS = ("priority", "importance")


def countries() -> Choices:
    """Return every country, by its name in the reader's language."""
    names = get_locale().territories
    found = [(one.alpha_2, str(names.get(one.alpha_2, one.name))) for one in pycountry.countries]
    return sorted(found, key=lambda choice: choice[1])


def bases(kept: str | None = None) -> Choices:
    """Return the legal bases to choose from, with the one that is kept."""
    known = {kept: WORDS[kept]} if kept in WORDS and kept not in CHOICES else {}
    return [(key, str(words)) for key, words in {**known, **CHOICES}.items()]


def area(rows: int) -> dict[str, Any]:
    return {"rows": rows}


def off(**more: Any) -> dict[str, Any]:
    """Return the marks of a field that the browser must not fill with the qualifier's own data."""
    return {"autocomplete": "off", **more}


class QualifyForm(Form):
    """Everything on the qualify page; the questions of the script are added to a subclass."""

    version = HiddenField()
    company = StringField(_l("Company"), render_kw=off())
    first_name = StringField(_l("First name"), render_kw=off())
    last_name = StringField(_l("Last name"), render_kw=off())
    role = StringField(_l("Role"), render_kw=off())
    phone = StringField(_l("Phone"), render_kw=off(inputmode="tel"))
    email = StringField(_l("E-mail"), render_kw=off(inputmode="email"))
    domain = StringField(_l("Web site"), render_kw=off(inputmode="url"))
    street = StringField(_l("Street"), render_kw=off())
    postcode = StringField(_l("Postcode"), render_kw=off())
    note = TextAreaField(_l("Note, for us only"), render_kw=area(3))
    country = SelectField(_l("Country"), validate_choice=False)
    subdivision = SelectField(_l("State or region"), validate_choice=False)
    city = StringField(_l("City"), render_kw=off())
    industry_id = SelectField(_l("Industry"), validate_choice=False)
    size_band_id = SelectField(_l("Size"), validate_choice=False)
    people = StringField(_l("Number of people"), render_kw=off(inputmode="numeric"))
    value_band_id = SelectField(_l("Expected value"), validate_choice=False)
    target_amount = StringField(_l("Amount, if known"), render_kw=off(inputmode="decimal"))
    brand_id = SelectField(_l("Brand"), validate_choice=False)
    product_ids = TicksField(_l("Products"), validate_choice=False)
    category_id = SelectField(_l("Category"), validate_choice=False)
    source_id = SelectField(_l("Where it comes from"), validate_choice=False)
    basis = SelectField(_l("Legal basis"), validate_choice=False)
    time_frame = StringField(_l("Time frame"), render_kw=off())
    priority = SelectField(_l("Priority"), validate_choice=False)
    importance = SelectField(_l("Importance"), validate_choice=False)
    temperature = RadioField(_l("Temperature"), validate_choice=False)
    title = StringField(_l("Title"), render_kw=off())
    expectation = StringField(_l("Expectation"), render_kw=off())
    partner_text = TextAreaField(_l("Text for partners"), render_kw=area(6))

    def offer_choices(self, lead: Lead | None) -> None:
        """Fill the lists; what the lead has stays choosable although the catalogue dropped it."""
        locale, entries = str(get_locale()), book()
        none = ("", _("not known"))
        self.country.choices = [none, *countries()]
        known = subdivisions(self.country.data) if self.country.data else {}
        self.subdivision.choices = [none, *known.items()]
        for name, kind in CATALOGUE.items():
            choices = choices_for(lead, kind) if lead else entries.choices(kind, locale)
            kept = getattr(lead, name, None)
            if kept and str(kept) not in dict(choices):
                choices.append((str(kept), entries.label(kept, locale)))
            self[name].choices = [none, *choices]
        products = choices_for(lead, "product") if lead else entries.choices("product", locale)
        products += [
            (str(kept), entries.label(kept, locale))
            for kept in (lead.product_ids if lead else None) or []
            if str(kept) not in dict(products)
        ]
        self.product_ids.choices = products
        said = for_all()
        for name in LEVELS:
            self[name].choices = said.choices(name, getattr(lead, name, None))
        self.basis.choices = [("", _("not known")), *bases(lead.basis if lead else None)]
        self.temperature.choices = [("hot", _("Hot")), ("warm", _("Warm")), ("cold", _("Cold"))]

    def read(self) -> Qualification:
        """Return what was typed. Raises `Invalid` for a number that is none."""
        errors = {}
        people, amount = self._number("people"), self._amount("target_amount")
        if people is None and self.people.data:
            errors["people"] = _("Please give a number of people.")
        if amount is None and self.target_amount.data:
            errors["target_amount"] = _("Please give an amount, such as 25000 or 25k.")
        if errors:
            raise Invalid(errors)
        return self.as_typed(people, amount)

    def as_typed(self, people: int | None = None, amount: Decimal | None = None) -> Qualification:
        """Return what was typed, numbers that are none left out: enough for a preview."""
        ids = (number(raw) for raw in self.product_ids.data or [])
        return Qualification(
            title=self.title.data or "",
            partner_text=self.partner_text.data or "",
            expectation=self.expectation.data or "",
            temperature=self.temperature.data or None,
            country=self.country.data or None,
            subdivision=self.subdivision.data or None,
            city=self.city.data or "",
            product_ids=tuple(one for one in ids if one is not None),
            brand_id=number(self.brand_id.data),
            industry_id=number(self.industry_id.data),
            size_band_id=number(self.size_band_id.data),
            value_band_id=number(self.value_band_id.data),
            source_id=number(self.source_id.data),
            category_id=number(self.category_id.data),
            priority=number(self.priority.data),
            importance=number(self.importance.data),
            basis=self.basis.data or None,
            people=people,
            target_amount=amount,
            time_frame=self.time_frame.data or "",
            contact=ContactDraft(**{name: self[name].data or "" for name in CONTACT_FIELDS}),
            answers={
                name.removeprefix("answer-"): field.data or ""
                for name, field in self._fields.items()
                if name.startswith("answer-")
            },
            custom=field_forms.typed(self, own_fields.in_use()),
        )

    def _number(self, name: str) -> int | None:
        text = self[name].data or ""
        return find_people(text) if text and len(text) <= 40 else None

    def _amount(self, name: str) -> Decimal | None:
        text = self[name].data or ""
        return find_amount(text) if text and len(text) <= 40 else None

    def take_known(self, known: str) -> bool:
        """Put an address or number that is known already into its field; say whether it did."""
        name, _colon, value = known.partition(":")
        if name not in ("email", "phone") or not value:
            return False
        self[name].data = value.replace("\x00", "").strip()
        return True

    def take_missing(self, error: Invalid) -> None:
        """Show what an operation missed at the form's fields."""
        self.take(Invalid({at_field(name): said for name, said in error.errors.items()}))


def number(raw: Any) -> int | None:
    """Read an id that was sent; anything odd is none."""
    return int(raw) if isinstance(raw, str) and raw.isdecimal() and len(raw) < 16 else None


def at_field(name: str) -> str:
    """Return the form's field for a field of the lead definition."""
    return "phone" if name == "contact.reachable" else name.removeprefix("contact.")


def qualify_form(
    questions: Sequence[QualificationQuestion], lead: Lead, data: Mapping[str, Any] | None = None
) -> QualifyForm:
    """Return the form with the script's questions and the programme's own fields.

    As sent, or with `data` for a first look.
    """
    kept = answers_of(lead.id)
    asked = {f"answer-{one.key}": answer_field(one, kept.get(one.id, "")) for one in questions}
    own = field_forms.asked(own_fields.in_use(), own_fields.read(lead.id))
    kind = type("QualifyFormWithScript", (QualifyForm,), {**asked, **own})
    form = kind() if data is None else kind(formdata=None, data=data)
    form.offer_choices(lead)
    offer_answers(form, questions, kept)
    return cast(QualifyForm, form)


class ScriptForm(Form):
    """The questions of the script alone, added to a subclass."""

    def typed(self) -> dict[str, str]:
        """Return what was answered, by the key of the question; what was not asked is left out."""
        return {
            name.removeprefix("answer-"): str(field.data or "")
            for name, field in self._fields.items()
            if name.startswith("answer-") and (field.raw_data or field.data)
        }


def script_form(lead: Lead, data: Mapping[str, Any] | None = None) -> ScriptForm:
    """Return the form of the script of a lead: as sent, or with `data` for a first look."""
    questions, kept = questions_of(lead), answers_of(lead.id)
    asked = {f"answer-{one.key}": answer_field(one, kept.get(one.id, "")) for one in questions}
    kind = type("ScriptFormOfLead", (ScriptForm,), asked)
    form = kind() if data is None else kind(formdata=None, data=data)
    offer_answers(form, questions, kept)
    return cast(ScriptForm, form)


def offer_answers(
    form: Form, questions: Sequence[QualificationQuestion], kept: Mapping[int, str]
) -> None:
    """Fill the lists of the questions that are answered with one of several answers."""
    none = ("", _("not known"))
    for one in questions:
        if one.sort == Sort.CHOICE:
            choices, field = script.options_of(one, kept.get(one.id, "")), form[f"answer-{one.key}"]
            field.choices = [*choices, none] if field.type == "RadioField" else [none, *choices]


FEW = 5
"""So many answers stand beside each other; of more one is chosen from a list."""


def answer_field(one: QualificationQuestion, kept: str) -> Any:
    """Return the field in which a question of the script is answered."""
    words = script.name_of(one)
    if one.sort == Sort.CHOICE:
        few = len(script.options_of(one, kept)) <= FEW
        return (RadioField if few else SelectField)(words, validate_choice=False)
    if one.sort == Sort.DATE:
        return StringField(words, render_kw=off(type="date"))
    if one.sort in (Sort.NUMBER, Sort.MONEY):
        return StringField(words, render_kw=off(inputmode="decimal"))
    return TextAreaField(words, render_kw=area(2))


def values_of(
    lead: Lead,
    contact: LeadContact | ContactDraft,
    questions: Sequence[QualificationQuestion],
    answers: Mapping[int, str],
    own: Values,
) -> dict[str, Any]:
    """Return what the form shows of a lead at first."""
    amount = lead.target_amount
    return {
        "version": str(lead.version),
        **{name: getattr(contact, name) or "" for name in CONTACT_FIELDS},
        **{name: str(getattr(lead, name) or "") for name in CATALOGUE},
        **{name: str(getattr(lead, name)) for name in LEVELS},
        "basis": lead.basis or "",
        "country": lead.country or "",
        "subdivision": lead.subdivision or "",
        "city": lead.city or "",
        "people": str(lead.people) if lead.people else "",
        "target_amount": f"{amount:f}".removesuffix(".00") if amount is not None else "",
        "product_ids": [str(one) for one in lead.product_ids or []],
        "time_frame": lead.time_frame or "",
        "temperature": lead.temperature or "",
        "title": lead.title,
        "expectation": lead.expectation,
        "partner_text": lead.partner_text,
        **{f"answer-{one.key}": answers.get(one.id, "") for one in questions},
        **field_forms.shown(own_fields.in_use(), own),
    }

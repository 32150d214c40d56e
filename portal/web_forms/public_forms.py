"""The form that everybody fills in, made of what a web form asks."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import pycountry
from babel import Locale
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    EmailField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length, Optional

from portal.catalog import field_forms
from portal.catalog import fields as custom_fields
from portal.catalog.fields import place_of
from portal.catalog.queries import book
from portal.core.errors import Invalid
from portal.leads import own_fields
from portal.leads.intake.cleaning import find_email
from portal.leads.operations import phone_of
from portal.leads.rules import MOST, phone_refusal
from portal.web.forms import Choices, Form, needed
from portal.web_forms import rules
from portal.web_forms.models import WebForm
from portal.web_forms.rules import Asked, ExtraKind

AUTOCOMPLETE = {
    "company": "organization",
    "first_name": "given-name",
    "last_name": "family-name",
    "role": "organization-title",
    "email": "email",
    "phone": "tel",
    "street": "street-address",
    "postcode": "postal-code",
    "city": "address-level2",
    "country": "country",
}
LONGEST_ANSWER = 2000


class PublicForm(Form):
    """What everybody's form has; the fields that are asked are added to a subclass."""

    class Meta(Form.Meta):
        csrf = False

    consent = BooleanField(_l("What you agree to"))

    def typed(self) -> dict[str, Any]:
        """Return what was typed, by name of the field; what is empty is left out."""
        return {
            name: each.data
            for name, each in self._fields.items()
            if name != "consent" and each.data
        }

    def look_at(self, asked: list[Asked]) -> dict[str, str]:
        """Return what can't be understood, by field."""
        errors = {}
        names = {one.name for one in asked}
        email = self.email.data if "email" in names else ""
        if email and not find_email(email):
            errors["email"] = _("This is no e-mail address. It looks like name@company.com.")
        country = (self.country.data or None) if "country" in names else None
        if country and pycountry.countries.get(alpha_2=country) is None:
            errors["country"] = _("Please choose a country of the list.")
        phone = self.phone.data if "phone" in names else ""
        if phone and not phone_of(phone, country):
            errors["phone"] = phone_refusal(country)
        product = self.product.data if "product" in names else ""
        if product and product not in dict(products()):
            errors["product"] = _("Please choose one of the list.")
        for one in asked:
            if one.kind == ExtraKind.CHOICE and one.name.startswith(rules.EXTRA):
                chosen = self[one.name].data
                if chosen and chosen not in {each.value for each in self[one.name].choices}:
                    errors[one.name] = _("Please choose one of the list.")
        own = {one.key: one for one in own_fields.in_use() if place_of(one.key) in names}
        typed = field_forms.typed(self, own.values())
        return errors | custom_fields.take(list(own.values()), typed, {})[1]


def products() -> Choices:
    """Return the products and services in use, by key."""
    locale = str(get_locale())
    return [(one.key, one.label(locale)) for one in book().active("product")]


def countries() -> Choices:
    """Return every country, by its name in the visitor's language."""
    return _countries(str(get_locale()))


@lru_cache(maxsize=20)
def _countries(locale: str) -> Choices:
    names = Locale.parse(locale).territories
    found = [(one.alpha_2, str(names.get(one.alpha_2, one.name))) for one in pycountry.countries]
    return sorted(found, key=lambda choice: choice[1])


def public_form(web_form: WebForm, *, sent: bool) -> PublicForm:
    """Return the form to fill in, or as it was `sent`."""
    locale = str(get_locale())
    fields = {
        one.name: _input(one, locale)
        for one in rules.asked_of(web_form.fields)
        if not one.name.startswith(rules.OWN)
    }
    chosen = {one.name: one for one in rules.asked_of(web_form.fields)}
    own = [one for one in own_fields.in_use() if place_of(one.key) in chosen]
    fields |= field_forms.asked(own)
    kind = type(
        "PublicFormAsked", (PublicForm,), {name: fields[name] for name in chosen if name in fields}
    )
    form = cast(PublicForm, kind() if sent else kind(formdata=None))
    for name, one in chosen.items():
        if one.required and name in form:
            form[name].validators = [needed(), *form[name].validators]
            form[name].flags.required = True
    return form


def _input(one: Asked, locale: str) -> Any:
    if one.name.startswith(rules.EXTRA):
        return _extra(one, locale)
    label = rules.STANDARD[one.name]
    shape: dict[str, Any] = {"autocomplete": AUTOCOMPLETE.get(one.name, "off")}
    if one.name == "country":
        choices = one_of(countries())
        return SelectField(
            label, [Optional()], choices=choices, validate_choice=False, render_kw=shape
        )
    if one.name == "product":
        choices = one_of(products())
        return SelectField(label, [Optional()], choices=choices, validate_choice=False)
    if one.name == "message":
        return TextAreaField(label, [Optional(), longest(5000)], render_kw={"rows": 4})
    kind = {"email": EmailField, "phone": TelField}.get(one.name, StringField)
    return kind(label, [Optional(), longest(MOST[one.name])], render_kw=shape)


def _extra(one: Asked, locale: str) -> Any:
    label = one.label(locale)
    if one.kind == ExtraKind.CHOICE:
        words = [rules.said(choice, locale) for choice in one.choices]
        choices = one_of([(word, word) for word in words])
        return SelectField(label, [Optional()], choices=choices, validate_choice=False)
    if one.kind == ExtraKind.YES_NO:
        answers = one_of([(str(word), str(word)) for word in (_("Yes"), _("No"))])
        return SelectField(label, [Optional()], choices=answers, validate_choice=False)
    if one.kind == ExtraKind.LONG_TEXT:
        return TextAreaField(label, [Optional(), longest(LONGEST_ANSWER)], render_kw={"rows": 3})
    return StringField(
        label, [Optional(), longest(LONGEST_ANSWER)], render_kw={"autocomplete": "off"}
    )


def one_of(choices: Choices) -> list[SelectChoice]:
    """Return choices behind the word that asks to choose."""
    return [SelectChoice(*each) for each in (("", _("Please choose")), *choices)]


def longest(most: int) -> Length:
    """Refuse a longer text with a sentence."""
    return Length(max=most, message=_l("Please keep it shorter."))


def agree(form: PublicForm, required: bool) -> None:
    """Raise nothing and write down that the box has to be ticked."""
    if required and not form.consent.data:
        form.take(Invalid({"consent": _("Please tick this box, or we may not write to you.")}))

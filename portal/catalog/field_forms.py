"""Forms of the programme's own fields: the field itself, and its values in any other form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField
from wtforms.fields import TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length, Optional

from portal.catalog.field_operations import LONGEST_HINT, LONGEST_NAME, FieldDraft, Names
from portal.catalog.fields import CHOOSING, Typed, Values, choices_of, place_of
from portal.catalog.models import CustomField, FieldKind, FieldSubject
from portal.catalog.queries import book
from portal.web.forms import Form, TicksField, needed

AnyForm = TypeVar("AnyForm", bound=Form)

KINDS: dict[FieldKind, Any] = {
    FieldKind.TEXT: _l("Text"),
    FieldKind.LONG_TEXT: _l("Long text"),
    FieldKind.WHOLE: _l("Whole number"),
    FieldKind.DECIMAL: _l("Number with decimals"),
    FieldKind.YES_NO: _l("Yes or no"),
    FieldKind.DAY: _l("Date"),
    FieldKind.ONE: _l("One of a list"),
    FieldKind.SEVERAL: _l("Several of a list"),
    FieldKind.WEB: _l("Web address"),
}
SUBJECTS: dict[FieldSubject, Any] = {
    FieldSubject.LEAD: _l("Leads"),
    FieldSubject.PARTNER: _l("Partners"),
    FieldSubject.CUSTOMER: _l("Customers"),
}

CHANGES = {"added": _l("new"), "changed": _l("changed"), "retired": _l("retired")}
"""What a file makes of fields."""

# -- values in other forms --------------------------------------------------------------------


def asked(
    fields: Iterable[CustomField], kept: Values | None = None, *, demanded: bool = False
) -> dict[str, Any]:
    """Return the form's fields by name, for a subclass of the form; `kept` is what is chosen.

    `demanded`: the form says which are required, and asks for them.
    """
    locale = str(get_locale())
    return {
        place_of(one.key): _input(
            one, (kept or {}).get(one.key), locale, [needed()] if demanded and one.required else []
        )
        for one in fields
    }


def with_own(
    form: type[AnyForm], subject: str, kept: Values | None = None, *, demanded: bool = False
) -> type[AnyForm]:
    """Return a form that asks for the programme's own fields about a subject, too."""
    own = asked(book().fields_of(subject), kept, demanded=demanded)
    return type(f"{form.__name__}WithOwn", (form,), own)


def _input(one: CustomField, kept: Any, locale: str, checks: list[Any]) -> Any:
    kind = FieldKind(one.kind)
    said: dict[str, Any] = {"description": one.hint(locale)}
    label = one.label(locale)
    if kind == FieldKind.SEVERAL:
        choices = [SelectChoice(*each) for each in choices_of(one, locale, kept)]
        return TicksField(label, checks, choices=choices, validate_choice=False, **said)
    if kind in (FieldKind.ONE, FieldKind.YES_NO):
        known = (
            choices_of(one, locale, kept)
            if kind == FieldKind.ONE
            else [("yes", _("Yes")), ("no", _("No"))]
        )
        choices = [SelectChoice(*each) for each in (("", _("not known")), *known)]
        return SelectField(label, checks, choices=choices, validate_choice=False, **said)
    if kind == FieldKind.LONG_TEXT:
        return TextAreaField(label, checks, render_kw={"rows": 3}, **said)
    shape = {
        FieldKind.WHOLE: {"inputmode": "numeric"},
        FieldKind.DECIMAL: {"inputmode": "decimal"},
        FieldKind.DAY: {"type": "date"},
        FieldKind.WEB: {"inputmode": "url"},
    }.get(kind, {})
    return StringField(label, checks, render_kw={"autocomplete": "off", **shape}, **said)


def shown(fields: Iterable[CustomField], values: Values) -> dict[str, Any]:
    """Return what a form shows of values at first, by name of the form's field."""
    return {place_of(one.key): _typed(values.get(one.key)) for one in fields}


def _typed(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, list) else "" if value is None else str(value)


def typed(form: Form, fields: Iterable[CustomField]) -> Typed:
    """Return what was written, by key of the field."""
    return {
        one.key: form[place_of(one.key)].data or "" for one in fields if place_of(one.key) in form
    }


# -- a field itself ---------------------------------------------------------------------------


class FieldForm(Form):
    """A field; of one that there is the choices are added to a subclass."""

    version = HiddenField()
    name_en = StringField(_l("Name in English"), [needed(), Length(max=LONGEST_NAME)])
    name_de = StringField(_l("Name in German"), [Optional(), Length(max=LONGEST_NAME)])
    hint_en = StringField(
        _l("Help in English"),
        [Optional(), Length(max=LONGEST_HINT)],
        description=_l("Stands below the field, where one fills it in."),
    )
    hint_de = StringField(_l("Help in German"), [Optional(), Length(max=LONGEST_HINT)])
    kind = RadioField(_l("What stands in it"), [Optional()], choices=[], validate_choice=False)
    choices = TextAreaField(
        _l("Choices"),
        [Optional(), Length(max=40_000)],
        description=_l("One a line, German behind a bar: “Rented | Gemietet”."),
    )
    required = BooleanField(_l("Required"))
    teaser = BooleanField(
        _l("Partners read it before pickup"),
        description=_l(
            "It goes through the same check as the text for partners. Leads that are ready or on "
            "offer show it once they were completed again."
        ),
    )

    def fit(self, subject: str, found: CustomField | None) -> None:
        """Keep what a field about this subject has; the kind is chosen once."""
        self.kind.choices = [(kind.value, label) for kind, label in KINDS.items()]
        self.required.description = {
            FieldSubject.LEAD: _("A lead is offered only with it."),
            FieldSubject.PARTNER: _("A profile is saved only with it."),
            FieldSubject.CUSTOMER: _("A customer’s data are saved by hand only with it."),
        }[FieldSubject(subject)]
        if subject != FieldSubject.LEAD:
            del self.teaser
        if found is None:
            return
        del self.kind
        if found.kind not in CHOOSING:
            del self.choices
        else:
            self.choices.label.text = _("Further choices")

    def draft(self, found: CustomField | None) -> FieldDraft:
        """Return what was typed."""
        choices = [
            (
                choice["key"],
                _texts(*(self[f"choice-{choice['key']}-{code}"].data for code in ("en", "de"))),
                bool(self[f"choice-{choice['key']}-active"].data),
            )
            for choice in (found.choices if found else ())
        ]
        lines = ((self.choices.data or "") if "choices" in self else "").splitlines()
        new = [
            ("", _texts(english, german), True)
            for english, _bar, german in (line.partition("|") for line in lines if line.strip())
        ]
        return FieldDraft(
            names=_texts(self.name_en.data, self.name_de.data),
            hints=_texts(self.hint_en.data, self.hint_de.data),
            kind=found.kind if found else self.kind.data or "",
            choices=[*choices, *new],
            required=bool(self.required.data),
            teaser=bool("teaser" in self and self.teaser.data),
        )

    def choice_rows(self, found: CustomField | None) -> Sequence[tuple[Any, Any, Any]]:
        """Return the fields of each choice that there is: English, German, in use."""
        return [
            tuple(self[f"choice-{choice['key']}-{part}"] for part in ("en", "de", "active"))
            for choice in (found.choices if found and found.kind in CHOOSING else ())
        ]


def _texts(english: str | None, german: str | None) -> Names:
    return {code: said.strip() for code, said in (("en", english), ("de", german)) if said}


def field_form(subject: str, found: CustomField | None, *, fresh: bool = False) -> FieldForm:
    """Return the form of a field, filled with it where `fresh`."""
    rows: dict[str, Any] = {}
    data: dict[str, Any] = {}
    if found is not None:
        data = {
            "version": str(found.version),
            "required": found.required,
            "teaser": found.teaser,
            **{f"name_{code}": said for code, said in found.names.items()},
            **{f"hint_{code}": said for code, said in found.hints.items()},
        }
    for choice in found.choices if found else ():
        place = f"choice-{choice['key']}"
        name = choice["names"]["en"]
        longest = [Length(max=LONGEST_NAME)]
        rows[f"{place}-en"] = StringField(_("%(name)s, in English", name=name), longest)
        rows[f"{place}-de"] = StringField(_("%(name)s, in German", name=name), longest)
        rows[f"{place}-active"] = BooleanField(_("%(name)s is in use", name=name))
        data |= {f"{place}-{code}": said for code, said in choice["names"].items()}
        data[f"{place}-active"] = choice["active"]
    kind = type("FieldFormWithChoices", (FieldForm,), rows)
    form: FieldForm = kind(formdata=None, data=data) if fresh else kind()
    form.fit(subject, found)
    return form

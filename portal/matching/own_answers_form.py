"""The inputs of forms that ask for answers in the programme's own fields.

Of a field with choices they are boxes to tick, of a number or a day where it begins and where it
ends. What the names of inputs begin with tells those about leads from those about partners.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from wtforms import StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Optional

from portal.catalog import field_answers, fields
from portal.catalog.models import CustomField, FieldKind, FieldSubject
from portal.catalog.queries import book, retired
from portal.web.forms import TicksField

IF = "if_"
"""What the name of an input begins with that asks of the lead."""


def spanned(named: Collection[str] = ()) -> list[CustomField]:
    """Return the programme's own fields about partners that are numbers or days.

    One that is out of use is among them where its key is `named`.
    """
    return [
        one
        for one in book().fields.get(FieldSubject.PARTNER, ())
        if one.kind in field_answers.SPANNED and (one.active or one.key in named)
    ]


def called(field: CustomField) -> str:
    """Return what an input is called that asks for answers in an own field."""
    label = field.label(str(get_locale()))
    return label if field.active else retired(label)


def names_of(begin: str, field: CustomField) -> list[str]:
    """Return what the inputs are called that ask for answers in an own field."""
    place = f"{begin}{fields.place_of(field.key)}"
    return [place] if field.kind in field_answers.CLOSED else [f"{place}-from", f"{place}-to"]


def inputs(begin: str, field: CustomField, named: Collection[str] = ()) -> dict[str, Any]:
    """Return the inputs for an own field, by name; answers `named` already stay, out of use too."""
    locale, names, label = str(get_locale()), names_of(begin, field), called(field)
    if field.kind in field_answers.CLOSED:
        choices = field_answers.choices(field, locale)
        known = dict(choices)
        gone = [one for one in dict.fromkeys(named) if one not in known]
        told = ((one, field_answers.words(field, one, locale) or one) for one in gone)
        choices += [(one, retired(words)) for one, words in told]
        return {names[0]: TicksField(label, choices=[SelectChoice(*each) for each in choices])}
    shape = {"type": "date"} if field.kind == FieldKind.DAY else {"inputmode": "decimal"}
    ends = (_("%(what)s, from", what=label), _("%(what)s, to", what=label))
    return {
        name: StringField(words, [Optional()], render_kw={"autocomplete": "off", **shape})
        for name, words in zip(names, ends, strict=False)
    }


def show(form: Any, begin: str, field: CustomField, answers: Sequence[str]) -> None:
    """Have the inputs of an own field show the answers that are asked for."""
    names = names_of(begin, field)
    if field.kind in field_answers.CLOSED:
        form[names[0]].data = list(answers)
    for answer in answers if field.kind in field_answers.SPANNED else ():
        for name, end in zip(names, field_answers.read_span(answer), strict=True):
            form[name].data = end


def answers(form: Any, begin: str, field: CustomField) -> list[str]:
    """Return what is asked for in an own field, as rules keep it."""
    names = names_of(begin, field)
    if field.kind in field_answers.CLOSED:
        return list(form[names[0]].data or ())
    ends = [_end(field, form[name].data) for name in names]
    answer = field_answers.write_span(*ends)
    return [answer] if answer else []


def _end(field: CustomField, typed: str | None) -> Any:
    try:
        return fields.read(field, typed or "")
    except fields.Unreadable:
        return None


def check_span(form: Any, begin: str, field: CustomField) -> bool:
    """Check that both ends can be read, and that it ends behind where it begins."""
    names, good = names_of(begin, field), True
    for name in names:
        try:
            fields.read(field, form[name].data or "")
        except fields.Unreadable as refusal:
            form[name].errors = [refusal.said]
            good = False
    (answer,) = answers(form, begin, field) or [""]
    if good and answer and not field_answers.is_possible(field, answer):
        form[names[1]].errors = [_("It can’t end before it begins.")]
        good = False
    return good


# -- the inputs of a criterion that asks for answers of partners ------------------------------


def inputs_of_clause(named: Collection[str]) -> dict[str, Any]:
    """Return the inputs that such a criterion has besides its boxes to tick, by name.

    `named` are answers that are asked for already: their fields stay when they are out of use.
    """
    found: dict[str, Any] = {}
    for field in spanned([one.partition("=")[0] for one in named]):
        found |= inputs("", field)
    return found


def spans_of(form: Any) -> list[Any]:
    """Return these inputs of a line."""
    return [form[name] for field in _asked(form) for name in names_of("", field)]


def _asked(form: Any) -> list[CustomField]:
    """Return the fields that a line has inputs for."""
    every = spanned([one.key for one in book().fields.get(FieldSubject.PARTNER, ())])
    return [field for field in every if names_of("", field)[0] in form]


def is_span(answer: str) -> bool:
    """Say whether an answer that criteria keep is typed, and not ticked."""
    known = {one.key: one for one in book().fields.get(FieldSubject.PARTNER, ())}
    field, _answer = field_answers.find(known, answer)
    return field is not None and field.kind in field_answers.SPANNED


def read_clause(form: Any) -> tuple[str, ...]:
    """Return the answers that a line asks for, as criteria keep them."""
    spans = (
        f"{field.key}={answer}" for field in _asked(form) for answer in answers(form, "", field)
    )
    return (*(form.own.data or ()), *spans)


def clause_as_typed(own: Sequence[str]) -> Mapping[str, Any]:
    """Return answers as the inputs of a line show them."""
    known = {one.key: one for one in book().fields.get(FieldSubject.PARTNER, ())}
    ticked: list[str] = []
    typed: dict[str, Any] = {}
    for one in own:
        field, answer = field_answers.find(known, one)
        if field is not None and field.kind in field_answers.SPANNED:
            names = names_of("", field)
            typed |= dict(zip(names, field_answers.read_span(answer), strict=True))
        else:
            ticked.append(one)
    return {"own": ticked, **typed}


def check_clause(form: Any) -> bool:
    """Check the spans of a line."""
    wrong = [field for field in _asked(form) if not check_span(form, "", field)]
    return not wrong

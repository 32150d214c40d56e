"""The typed door to WTForms: the base form and a few fields that several rooms need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    DecimalField,
    Field,
    FieldList,
    IntegerField,
    PasswordField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from portal.core.amounts import fits
from portal.core.errors import Invalid
from portal.web.filters import number


class Form(FlaskForm):  # type: ignore[misc]
    """Base of every form: strips white space, takes errors from operations."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            filters = list(unbound_field.kwargs.get("filters", []))
            field_class = unbound_field.field_class
            # a password is taken as it was typed
            if issubclass(field_class, StringField) and not issubclass(field_class, PasswordField):
                filters.append(strip)
            return unbound_field.bind(form=form, filters=filters, **options)

    def take(self, error: Invalid) -> None:
        """Show an operation's refusal at the fields it names."""
        for name, message in error.errors.items():
            field = self._fields.get(name)
            if field is None:
                self.form_errors.append(message)
            else:
                field.errors = [*field.errors, message]


class Lines(FieldList):  # type: ignore[type-arg]
    """A list of lines, told apart by their number in the names of what is sent.

    What only looks like a number ("²"), or is longer than any, is none.
    """

    LONGEST_NAME = 200

    def _extract_indices(self, prefix: str, formdata: Iterable[str]) -> Iterator[int]:
        names = [one for one in formdata if one.isascii() and len(one) <= self.LONGEST_NAME]
        found: Iterator[int] = super()._extract_indices(prefix, names)  # type: ignore[misc]
        return found


def strip(value: Any) -> Any:
    """Strip white space and NUL bytes, which PostgreSQL refuses."""
    return value.replace("\x00", "").strip() if isinstance(value, str) else value


class needed:  # noqa: N801 (reads as a word in form definitions)
    """Refuse an empty field with a sentence instead of "this field is required"."""

    field_flags = {"required": True}

    def __init__(self, message: Any = None) -> None:
        self.message = message

    def __call__(self, form: Any, field: Field) -> None:
        data = field.data
        if data is None or data == "" or data == [] or (isinstance(data, str) and not data.strip()):
            field.errors = []
            raise StopValidation(str(self.message or _("Please fill this in.")))


class PlainField(Field):
    """A field that says in plain words what it could not read, and says only that."""

    unreadable: Any = ""

    def process_formdata(self, valuelist: list[str]) -> None:
        if not "".join(valuelist).strip():
            # left empty: whether it may be is for the validators to say
            self.data = None
            return
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(str(self.unreadable)) from error

    def pre_validate(self, form: Any) -> None:
        if self.process_errors:
            raise StopValidation()


class WholeField(PlainField, IntegerField):
    """A whole number up to `largest`, or as far below 0; what is beyond fits into no column."""

    unreadable = _l("Please give a whole number.")

    def __init__(self, *args: Any, largest: int = 10**9, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.largest = largest

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        _bound(self)


class AmountField(PlainField, DecimalField):
    """A number with or without decimals, up to `largest`, or as far below 0."""

    unreadable = _l("Please give a number.")

    def __init__(self, *args: Any, largest: int = 10**12 - 1, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.largest = largest

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if self.data is not None and not fits(self.data):
            self.data = None
            raise ValueError(str(self.unreadable))
        _bound(self)


def _bound(field: Any) -> None:
    if field.data is not None and abs(field.data) > field.largest:
        field.data = None
        raise ValueError(_("Please give a number up to %(most)s.", most=number(field.largest)))


class DayField(PlainField, DateField):
    """A day; the browser's calendar sends it as 2026-11-30."""

    unreadable = _l("Please give a date, as 2026-11-30.")


class TickInput(CheckboxInput):
    """One box of several; `required` at each would have browsers ask for all of them."""

    validation_attrs = ["disabled"]


class TicksField(SelectMultipleField):
    """Several of a list, as boxes to tick: easier on a phone than a list of many choices."""

    widget = ListWidget(prefix_label=False)
    option_widget = TickInput()


Choices = Sequence[tuple[str, str]]

"""Forms of imports: the upload, and what the columns of a file mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from portal.imports.workbook import Sheet
from portal.leads.basis import CHOICES, LONGEST_WORDS
from portal.leads.intake.mapping import (
    BASIS,
    BASIS_WORDS,
    CAMPAIGN,
    DATE_ORDER,
    DUPLICATES,
    FIELDS,
    LEAVE_OUT,
    MAX_NAME,
    Mapping,
    TargetField,
)
from portal.leads.intake.normalise import find_country
from portal.web.forms import Form, needed

CONSTANTS = ("country", "source", DATE_ORDER, CAMPAIGN, BASIS, BASIS_WORDS, DUPLICATES)


class UploadForm(Form):
    file = FileField(_l("List of leads (CSV or Excel)"))


class MappingForm(Form):
    source_system = StringField(
        _l("System the list comes from"),
        [needed()],
        description=_l(
            "Always the same name for lists of the same system: its leads are known again by it."
        ),
        render_kw={"maxlength": MAX_NAME, "autocomplete": "off"},
    )
    country = StringField(
        _l("Country of every row"),
        description=_l("Only where the list has no country, for example DE or Germany."),
    )
    source = SelectField(
        _l("Source of every row"),
        description=_l("Only where the list does not say where its inquiries come from."),
    )
    date_order = SelectField(_l("Dates like 3/4/2026"))
    campaign = SelectField(
        _l("Campaign of every row"),
        description=_l("What the list was bought or collected for; its cost counts for its leads."),
    )
    basis = SelectField(
        _l("Why its contacts may be approached"),
        description=_l("Without a legal basis a lead can be qualified, but not offered."),
    )
    basis_words = StringField(
        _l("What they agreed to"),
        description=_l("Where they agreed: the name of the card, form or sentence."),
        render_kw={"maxlength": LONGEST_WORDS, "autocomplete": "off"},
    )
    duplicates = SelectField(
        _l("New rows of contacts who are known already"),
        description=_l("Known by the e-mail address, or where a row has none by the telephone."),
    )

    def mapping(self, headers: Sequence[str]) -> Mapping:
        """Return what was typed as a mapping."""
        columns = {
            header: field.data
            for header, field in zip(headers, self.column_fields(headers), strict=True)
            if field.data
        }
        constants = {name: self[name].data for name in CONSTANTS if self[name].data}
        return Mapping(self.source_system.data or "", columns, constants)

    def column_fields(self, headers: Sequence[str]) -> list[Any]:
        """Return the fields of the columns, in the file's order."""
        return [self[f"column_{number}"] for number in range(len(headers))]

    def take_problems(self, problems: dict[str, str], headers: Sequence[str]) -> None:
        """Show each problem at the field it is about."""
        places = {header: f"column_{number}" for number, header in enumerate(headers)}
        for place, message in problems.items():
            name = places.get(place, place)
            if name in self:
                self[name].errors = [*self[name].errors, message]
            else:
                self.form_errors.append(message)

    def check_country(self) -> bool:
        """Say whether the country is one, and at its field if it isn't."""
        if not self.country.data or find_country(self.country.data):
            return True
        self.country.errors = [_("We don't know this country. DE, or Germany, would do.")]
        return False


def choices(*pairs: tuple[str, str]) -> list[SelectChoice]:
    """Return the choices of a list to choose from."""
    return [SelectChoice(value, label) for value, label in pairs]


def mapping_form(
    headers: Sequence[str],
    sources: Sequence[str],
    own: Sequence[TargetField] = (),
    campaigns: Sequence[tuple[str, str]] = (),
) -> type[MappingForm]:
    """Make the form for a file with these headers.

    `sources` are the catalogue's names, `own` the programme's own fields, `campaigns` keys and
    names.
    """
    targets = choices(
        ("", _("– leave out –")), *((each.name, str(each.label)) for each in (*FIELDS, *own))
    )
    columns = {
        f"column_{number}": SelectField(header, choices=targets)
        for number, header in enumerate(headers)
    }
    form: type[MappingForm] = type("FileMappingForm", (MappingForm,), columns)
    form.source = SelectField(
        _("Source of every row"),
        choices=choices(("", _("– as the list says –")), *((name, name) for name in sources)),
        description=_("Only where the list does not say where its inquiries come from."),
    )
    form.date_order = SelectField(
        _("Dates like 3/4/2026"),
        choices=choices(
            ("", _("– find out –")),
            ("dmy", _("3 April (day first)")),
            ("mdy", _("4 March (month first)")),
        ),
    )
    form.campaign = _chosen(form.campaign, choices(("", _("– none –")), *campaigns))
    form.basis = _chosen(
        form.basis,
        choices(("", _("– not known –")), *((kind, str(words)) for kind, words in CHOICES.items())),
    )
    form.duplicates = _chosen(
        form.duplicates,
        choices(("", _("Bring in and mark as duplicates")), (LEAVE_OUT, _("Leave out"))),
    )
    return form


def _chosen(field: Any, offered: list[SelectChoice]) -> SelectField:
    """Return a field of the form with what can be chosen."""
    # what was sent is checked with the mapping, wherever that comes from
    given = {**field.kwargs, "choices": offered, "validate_choice": False}
    return SelectField(*field.args, **given)


def sheet_form(sheets: Sequence[Sheet]) -> type[Form]:
    """Make the form that asks which sheet of a workbook is the list."""
    offered = [(str(number), sheet.name) for number, sheet in enumerate(sheets)]
    field = RadioField(_l("Sheet"), [needed()], choices=choices(*offered))
    made: type[Form] = type("SheetForm", (Form,), {"sheet": field})
    return made

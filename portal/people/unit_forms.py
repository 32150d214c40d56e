"""Forms of units and of who works in one."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import Length, Optional

from portal.accounts.administration import LONGEST
from portal.accounts.models import Organisation, OrganisationKind, Unit
from portal.accounts.queries import list_people
from portal.accounts.tree import list_units
from portal.people import units
from portal.people.regions import read_regions
from portal.web.forms import Form, needed


class UnitForm(Form):
    name = StringField(_l("Name"), [needed(), Length(max=LONGEST["name"])])
    parent_id = SelectField(_l("Part of"), [Optional()], choices=[])
    manager_id = SelectField(
        _l("Manager"),
        [Optional()],
        choices=[],
        description=_l("Answers for what the people of the unit answer for."),
    )
    territories = StringField(
        _l("Territories"),
        [Optional(), Length(max=2000)],
        description=_l(
            "Countries or states, by name or code, with commas: Austria, Bavaria, US-CA. "
            "The people of the unit answer for the partners there."
        ),
    )

    def offer(self, firm: Organisation, unit: Unit | None = None) -> None:
        """Fill the lists to choose from; only the vendor's units have territories."""
        parents = units.list_possible_parents(firm.id, unit)
        self.parent_id.choices = [("", "–"), *((str(one.id), one.name) for one in parents)]
        people = list_people(firm.id)
        self.manager_id.choices = [("", _("nobody")), *((str(one.id), one.name) for one in people)]
        if firm.kind != OrganisationKind.VENDOR:
            del self.territories

    def show(self, unit: Unit) -> None:
        """Fill the form with what is noted."""
        self.name.data = unit.name
        self.parent_id.data = str(unit.parent_id or "")
        self.manager_id.data = str(unit.manager_id or "")
        if "territories" in self:
            self.territories.data = ", ".join(unit.territories)

    @property
    def parent(self) -> int | None:
        """Return the unit that it shall be a part of."""
        return int(self.parent_id.data) if self.parent_id.data else None

    @property
    def manager(self) -> int | None:
        """Return who shall manage it."""
        return int(self.manager_id.data) if self.manager_id.data else None

    def regions(self, unit: Unit | None) -> list[str]:
        """Return the codes of the territories, what is noted where none may be typed.

        Raises `Invalid`.
        """
        if "territories" in self:
            return read_regions(self.territories.data or "")
        return list(unit.territories) if unit else []


class MemberForm(Form):
    person_id = SelectField(
        _l("Person"), [needed(_l("Please choose a person."))], choices=[], validate_choice=False
    )

    def offer(self, unit: Unit) -> None:
        """Fill the people of the firm who work elsewhere, or in no unit."""
        names = {one.id: one.name for one in list_units(unit.organisation_id)}
        others = [one for one in list_people(unit.organisation_id) if one.unit_id != unit.id]
        self.ids = {str(one.id) for one in others}
        self.person_id.choices = [
            ("", _("Please choose")),
            *(
                (str(one.id), " · ".join(filter(None, (one.name, names.get(one.unit_id or 0)))))
                for one in others
            ),
        ]

    @property
    def chosen(self) -> int | None:
        """Return who was chosen; nobody where it is none of the list."""
        raw = self.person_id.data
        return int(raw) if raw and raw in self.ids else None

"""Forms of who administers people and firms."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import SelectField, StringField
from wtforms.fields import TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length, Optional

from portal.accounts.administration import LONGEST, Particulars, Place
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import ROLES_OF_KIND
from portal.accounts.queries import list_people
from portal.accounts.tree import list_units
from portal.accounts.words import ROLE_NAMES, ROLES_EXPLAINED
from portal.partners.forms import zones
from portal.web.forms import Form, TicksField, needed

LANGUAGE_NAMES = [SelectChoice("en", "English"), SelectChoice("de", "Deutsch")]


class RolesForm(Form):
    roles = TicksField(_l("Roles"), [needed(_l("Please choose at least one role."))], choices=[])

    def offer_roles(self, kind: str) -> None:
        """Fill the roles that people of this kind of firm can have."""
        self.roles.choices = [(role, ROLES_EXPLAINED[role]) for role in ROLES_OF_KIND[kind]]


class PlaceForm(RolesForm):
    """What somebody is in a firm, and where."""

    unit_id = SelectField(_l("Unit"), [Optional()], choices=[])
    manager_id = SelectField(_l("Reports to"), [Optional()], choices=[])

    def offer(self, person: User) -> None:
        """Fill the lists to choose from."""
        self.offer_roles(person.organisation.kind)
        units = list_units(person.organisation_id)
        self.unit_id.choices = [("", _("none")), *((str(unit.id), unit.name) for unit in units)]
        others = [one for one in list_people(person.organisation_id) if one.id != person.id]
        self.manager_id.choices = [("", _("nobody")), *((str(one.id), one.name) for one in others)]

    def show(self, person: User) -> None:
        """Fill the form with what is noted."""
        self.roles.data = person.roles
        self.unit_id.data = str(person.unit_id or "")
        self.manager_id.data = str(person.manager_id or "")

    def place(self) -> Place:
        """Return what was chosen."""
        return Place(
            roles=tuple(self.roles.data or ()),
            unit_id=int(self.unit_id.data) if self.unit_id.data else None,
            manager_id=int(self.manager_id.data) if self.manager_id.data else None,
        )


class PersonForm(PlaceForm):
    name = StringField(_l("Name"), [needed(), Length(max=LONGEST["name"])])
    phone = StringField(
        _l("Phone"),
        [Optional(), Length(max=LONGEST["phone"])],
        render_kw={"type": "tel", "inputmode": "tel"},
    )
    locale = SelectField(_l("Language"), choices=LANGUAGE_NAMES)
    timezone = SelectField(_l("Time zone"), choices=[])

    def offer(self, person: User) -> None:
        super().offer(person)
        self.timezone.choices = [(zone, zone.replace("_", " ")) for zone in zones(person.timezone)]

    def show(self, person: User) -> None:
        super().show(person)
        for name in ("name", "phone", "locale", "timezone"):
            self[name].data = getattr(person, name)

    def particulars(self) -> Particulars:
        """Return what was typed."""
        return Particulars(
            name=self.name.data or "",
            phone=self.phone.data or None,
            locale=self.locale.data,
            timezone=self.timezone.data,
            place=self.place(),
        )


class MoveForm(RolesForm):
    """To which firm a person moves, and what she is there."""

    def offer(self, organisation: Organisation) -> None:
        """Fill the roles of the new firm."""
        self.offer_roles(organisation.kind)


class PartnerListForm(Form):
    """A list of partners, as a file or pasted."""

    file = FileField(_l("A file (CSV or a workbook)"))
    pasted = TextAreaField(
        _l("Or paste the rows here"),
        [Optional()],
        description=_l("From a spreadsheet, with the row of headings."),
    )


class ListForm(Form):
    """A list of people, as a file or pasted, and what holds where it says nothing."""

    file = FileField(_l("A file (CSV)"))
    pasted = TextAreaField(
        _l("Or paste the rows here"),
        [Optional()],
        description=_l("From a spreadsheet, with the row of headings."),
    )
    firm = StringField(
        _l("Firm, where the list names none"), [Optional(), Length(max=LONGEST["name"])]
    )
    role = SelectField(_l("Role, where the list names none"), [Optional()], choices=[])

    def offer(self) -> None:
        """Fill the roles."""
        self.role.choices = [("", _("as the list says")), *ROLE_NAMES.items()]

    def defaults(self) -> dict[str, str]:
        """Return what holds where the list says nothing."""
        return {"firm": self.firm.data or "", "roles": self.role.data or ""}

"""Forms of firms."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import Length, Optional

from portal.accounts.administration import LONGEST
from portal.accounts.models import PARTNER_KINDS, Organisation, OrganisationKind
from portal.accounts.words import KIND_NAMES
from portal.partners.forms import countries, zones
from portal.people import firms
from portal.people.forms import LANGUAGE_NAMES, RolesForm
from portal.web.forms import Form, needed

NEW_KINDS = (OrganisationKind.RESELLER, OrganisationKind.DISTRIBUTOR, OrganisationKind.AGENCY)


class FirmFields(Form):
    name = StringField(_l("Name"), [needed(), Length(max=LONGEST["name"])])
    parent_id = SelectField(_l("Stands below"), [Optional()], choices=[])
    domain = StringField(
        _l("Mail domain"),
        [Optional(), Length(max=200)],
        description=_l("What stands behind the @ of its people, as example.com."),
    )
    locale = SelectField(_l("Language"), choices=LANGUAGE_NAMES)
    timezone = SelectField(_l("Time zone"), choices=[])


class NewFirmForm(FirmFields):
    kind = SelectField(_l("Kind"), choices=[])
    country = SelectField(_l("Country"), choices=[])

    def offer(self) -> None:
        """Fill the lists to choose from."""
        vendor = firms.find_vendor()
        self.kind.choices = [(kind.value, KIND_NAMES[kind]) for kind in NEW_KINDS]
        parents = firms.list_parents(OrganisationKind.RESELLER)
        self.parent_id.choices = [(str(one.id), one.name) for one in parents]
        self.timezone.choices = [
            (zone, zone.replace("_", " "))
            for zone in zones(vendor.timezone if vendor else "Europe/Berlin")
        ]
        self.country.choices = countries()
        if not self.timezone.data and vendor:
            self.timezone.data, self.locale.data = vendor.timezone, vendor.locale
        if not self.country.data:
            self.country.data = "DE"


class FirmForm(FirmFields):
    account_manager_id = SelectField(_l("Account manager"), [Optional()], choices=[])

    def offer(self, firm: Organisation) -> None:
        """Fill the lists to choose from."""
        parents = [one for one in firms.list_parents(firm.kind) if one.id != firm.id]
        self.parent_id.choices = [(str(one.id), one.name) for one in parents]
        if firm.parent is not None and firm.parent not in parents:
            self.parent_id.choices.append((str(firm.parent_id), firm.parent.name))
        if firm.parent_id is None:
            self.parent_id.choices.insert(0, ("", "–"))
        self.timezone.choices = [(zone, zone.replace("_", " ")) for zone in zones(firm.timezone)]
        self.account_manager_id.choices = [("", "–")]
        if firm.kind in PARTNER_KINDS:
            self.account_manager_id.choices += [
                (str(one.id), one.name) for one in firms.list_account_managers()
            ]

    def show(self, firm: Organisation) -> None:
        """Fill the form with what is noted."""
        for name in ("name", "domain", "locale", "timezone"):
            self[name].data = getattr(firm, name)
        self.parent_id.data = str(firm.parent_id or "")
        self.account_manager_id.data = str(firm.account_manager_id or "")


class InviteForm(RolesForm):
    invited_name = StringField(_l("Name"), [needed(), Length(max=LONGEST["name"])])
    email = StringField(
        _l("E-mail"), [needed(), Length(max=254)], render_kw={"type": "email", "inputmode": "email"}
    )

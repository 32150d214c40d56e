"""Forms of firms that ask to become partners, and of who decides."""

from __future__ import annotations

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.fields import TextAreaField
from wtforms.validators import Length, Optional

from portal.accounts.models import OrganisationKind
from portal.accounts.words import KIND_NAMES
from portal.catalog.queries import book
from portal.partners.forms import countries
from portal.people import firms
from portal.people.models import SignUpRequest
from portal.people.sign_up import LONGEST, Asking
from portal.web.forms import Form, needed


class AskingForm(Form):
    """`fax` is for robots: people don't see it."""

    company = StringField(
        _l("Your firm"),
        [needed(), Length(max=LONGEST["company"])],
        render_kw={"autocomplete": "organization"},
    )
    country = SelectField(
        _l("Country"), [needed()], choices=[], render_kw={"autocomplete": "country"}
    )
    name = StringField(
        _l("Your name"),
        [needed(), Length(max=LONGEST["name"])],
        render_kw={"autocomplete": "name"},
    )
    email = StringField(
        _l("E-mail"),
        [needed(), Length(max=254)],
        render_kw={
            "type": "email",
            "inputmode": "email",
            "autocomplete": "email",
            "autocapitalize": "none",
            "spellcheck": "false",
        },
    )
    phone = StringField(
        _l("Phone"),
        [Optional(), Length(max=LONGEST["phone"])],
        render_kw={"type": "tel", "inputmode": "tel", "autocomplete": "tel"},
    )
    website = StringField(
        _l("Web site"),
        [Optional(), Length(max=LONGEST["website"])],
        render_kw={"inputmode": "url", "autocapitalize": "none", "autocomplete": "url"},
    )
    message = TextAreaField(
        _l("What should we know?"),
        [Optional(), Length(max=LONGEST["message"])],
        description=_l("What you sell and where, as you like."),
    )
    fax = StringField(_l("Fax"))

    def offer(self) -> None:
        """Fill the countries."""
        self.country.choices = [("", "–"), *countries()]

    def asking(self) -> Asking:
        """Return what was typed."""
        return Asking(
            **{
                name: self[name].data or ""
                for name in ("company", "country", "name", "email", "phone", "website", "message")
            }
        )


class AcceptForm(Form):
    name = StringField(_l("Name of the firm"), [needed(), Length(max=LONGEST["company"])])
    kind = SelectField(_l("Kind"), choices=[])
    parent_id = SelectField(_l("Stands below"), choices=[])
    level_id = SelectField(_l("Level"), [Optional()], choices=[])

    def offer(self, row: SignUpRequest) -> None:
        """Fill the lists to choose from."""
        kinds = (OrganisationKind.RESELLER, OrganisationKind.DISTRIBUTOR)
        self.kind.choices = [(kind.value, KIND_NAMES[kind]) for kind in kinds]
        parents = firms.list_parents(OrganisationKind.RESELLER)
        self.parent_id.choices = [(str(one.id), one.name) for one in parents]
        levels = book().choices("partner_level", str(get_locale()))
        self.level_id.choices = [("", "–"), *levels]
        if self.name.data is None:
            self.name.data = row.company


class DeclineForm(Form):
    answer = TextAreaField(
        _l("A few words to them"),
        [Optional(), Length(max=LONGEST["message"])],
        description=_l("They stand in the mail. It is friendly without them, too."),
    )

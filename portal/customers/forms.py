"""Forms of customers."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField
from wtforms.fields import TextAreaField
from wtforms.validators import Length, Optional

from portal.accounts.queries import find_person
from portal.catalog import field_forms
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book
from portal.customers.models import Customer, CustomerKind, CustomerPolicy
from portal.customers.operations import Account, Reach
from portal.customers.rules import MOST
from portal.customers.support import list_supporters
from portal.customers.who import Who
from portal.partners.forms import countries
from portal.web.forms import Form, needed

KINDS = ((CustomerKind.COMPANY, _l("Company")), (CustomerKind.PERSON, _l("Person")))


def chosen(field: Any) -> int | None:
    """Return the id that was chosen, None for none."""
    return int(field.data) if field.data else None


def entries(kind: str, current: int | None = None) -> list[tuple[str, str]]:
    """Return what can be chosen of the catalogue; what is out of use stays where it is chosen."""
    locale = str(get_locale())
    return [
        ("", "–"),
        *(
            (str(entry.id), entry.label(locale))
            for entry in book().by_kind.get(kind, [])
            if entry.active or entry.id == current
        ),
    ]


class StandingFields(Form):
    """How a customer stands with the vendor."""

    classification_id = SelectField(_l("Classification"), [Optional()], choices=[])
    credit_rating_id = SelectField(_l("Credit rating"), [Optional()], choices=[])

    def offer_standing(self, current: Any = None) -> None:
        """Fill the lists to choose from."""
        self.classification_id.choices = entries(
            "customer_class", current.classification_id if current else None
        )
        self.credit_rating_id.choices = entries(
            "credit_rating", current.credit_rating_id if current else None
        )


class ReachForm(Form):
    """Where a customer is reached."""

    email = StringField(
        _l("E-mail"),
        [Optional(), Length(max=MOST["email"])],
        render_kw={"type": "email", "inputmode": "email"},
    )
    phone = StringField(_l("Phone"), [Optional(), Length(max=MOST["phone"])])
    person = StringField(_l("Who answers there"), [Optional(), Length(max=MOST["person"])])

    def reach(self) -> Reach:
        """Return what was typed."""
        return Reach(
            email=self.email.data or "",
            phone=self.phone.data or "",
            person=self.person.data or "",
        )


class CustomerForm(StandingFields):
    """What is written down of a customer; `version` is that of the customer it was filled with."""

    kind = RadioField(_l("Company or person"), [Optional()], choices=[], default="company")
    name = StringField(_l("Name"), [needed(), Length(max=MOST["name"])])
    domain = StringField(_l("Web address"), [Optional(), Length(max=MOST["domain"])])
    street = StringField(_l("Street"), [Optional(), Length(max=MOST["street"])])
    postcode = StringField(_l("Postcode"), [Optional(), Length(max=MOST["postcode"])])
    city = StringField(_l("City"), [Optional(), Length(max=MOST["city"])])
    country = SelectField(_l("Country"), [Optional()], choices=[])
    erp_number = StringField(
        _l("Number in the ERP system"), [Optional(), Length(max=MOST["erp_number"])]
    )
    note = TextAreaField(_l("Note"), [Optional(), Length(max=MOST["note"])])
    version = HiddenField()

    def offer(self, customer: Customer | None = None) -> None:
        """Fill the lists to choose from."""
        self.kind.choices = list(KINDS)
        self.country.choices = [("", _("Please choose")), *countries()]
        self.offer_standing(customer)

    def show(self, customer: Customer, who: Who) -> None:
        """Fill the form with a customer."""
        for name in ("kind", "country", "city", "erp_number", "version"):
            self[name].data = getattr(customer, name)
        for name in ("name", "domain", "street", "postcode", "note"):
            self[name].data = getattr(who, name)
        for name in ("classification_id", "credit_rating_id"):
            self[name].data = str(getattr(customer, name) or "")
        own = field_forms.shown(book().fields_of(FieldSubject.CUSTOMER), customer.custom)
        for name, data in own.items():
            if name in self:
                self[name].data = data

    def account(self) -> Account:
        """Return what was typed."""
        texts = ("name", "domain", "street", "postcode", "city", "erp_number", "note")
        return Account(
            kind=self.kind.data or "",
            country=self.country.data or None,
            classification_id=chosen(self.classification_id),
            credit_rating_id=chosen(self.credit_rating_id),
            custom=field_forms.typed(self, book().fields_of(FieldSubject.CUSTOMER)),
            **{name: self[name].data or "" for name in texts},
        )

    def version_seen(self) -> int:
        """Return the version that was on the page; 0 for none, which is never the present one."""
        raw = str(self.version.data or "")
        return int(raw) if raw.isdecimal() and len(raw) < 10 else 0


class NewCustomerForm(CustomerForm, ReachForm):
    """A customer that is not there yet, with one address each."""


def data_form(customer: Customer, known: Who | None = None) -> CustomerForm:
    """Return the form of a customer's data, with the programme's own fields.

    Filled with the customer where it is `known` who it is.
    """
    kind = field_forms.with_own(CustomerForm, FieldSubject.CUSTOMER, customer.custom, demanded=True)
    form = kind(formdata=None) if known else kind()
    if known:
        form.show(customer, known)
    return form


def new_form(*, fresh: bool = False) -> NewCustomerForm:
    """Return the form of a new customer, with the programme's own fields; empty where `fresh`."""
    kind = field_forms.with_own(NewCustomerForm, FieldSubject.CUSTOMER, demanded=True)
    return kind(formdata=None) if fresh else kind()


class DealForm(Form):
    """A lead of a customer, and where it is called."""

    title = StringField(_l("What is it about?"), [needed(), Length(max=160)])
    source_key = SelectField(_l("Source"), [Optional()], choices=[])
    email = SelectField(_l("E-mail"), [Optional()], choices=[])
    phone = SelectField(_l("Phone"), [Optional()], choices=[])

    def offer(self, known: Who) -> None:
        """Fill the lists to choose from."""
        locale = str(get_locale())
        self.source_key.choices = [
            ("", "–"),
            *((entry.key, entry.label(locale)) for entry in book().active("source")),
        ]
        for field, kind in ((self.email, "email"), (self.phone, "phone")):
            field.choices = [
                ("", "–"),
                *(
                    (str(one.id), f"{one.shown} · {one.person}" if one.person else one.shown)
                    for one in known.addresses
                    if one.kind == kind
                ),
            ]


class PolicyForm(StandingFields):
    """What the programme wants of customers."""

    from_wins = BooleanField(
        _l("A won lead finds or makes its customer"),
        description=_l(
            "The customer is made of the lead’s contact data, and seen by channel managers and "
            "operations. A future partner who is won is none."
        ),
    )
    number_demanded = BooleanField(
        _l("Operations get a lead only with its customer’s number in the ERP system"),
        description=_l("Future partners are loaded without one."),
    )
    from_qualified = BooleanField(
        _l("A qualified lead finds its customer"),
        description=_l(
            "Where the same ERP number, web address, e-mail or name says for sure whose it is; "
            "nobody is made."
        ),
    )
    support_id = SelectField(
        _l("Who helps new customers start"),
        [Optional()],
        choices=[],
        description=_l("Gets a task for each customer that a lead has made."),
    )

    def offer(self, policy: CustomerPolicy) -> None:
        """Fill the lists to choose from; who is named stays, also where he is gone."""
        self.offer_standing(policy)
        people = [(str(one.id), one.name) for one in list_supporters()]
        named = find_person(policy.support_id) if policy.support_id else None
        if named is not None and str(named.id) not in dict(people):
            people.append((str(named.id), _("%(name)s (sees no customers now)", name=named.name)))
        self.support_id.choices = [("", _("Nobody")), *people]

"""Whom to call at a partner for what: contacts per function, one of them responsible for leads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _
from sqlalchemy import func, select, update

from portal.accounts.models import Organisation
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import record
from portal.partners.contact_cells import Said, as_it_is
from portal.partners.events import PartnerContactsChanged
from portal.partners.models import ContactFunction, Partner, PartnerContact

MOST = 40
LONGEST_PHONE = 60


def list_contacts(organisation_id: int) -> Sequence[PartnerContact]:
    """Return the contacts of a firm, who is responsible for leads first."""
    return (
        session()
        .scalars(
            select(PartnerContact)
            .where(PartnerContact.organisation_id == organisation_id)
            .order_by(PartnerContact.for_leads.desc(), PartnerContact.function, PartnerContact.name)
        )
        .all()
    )


def list_all(organisation_ids: Collection[int]) -> dict[int, list[PartnerContact]]:
    """Return the contacts of several firms, by firm."""
    found: dict[int, list[PartnerContact]] = {}
    for one in session().scalars(
        select(PartnerContact).where(PartnerContact.organisation_id.in_(organisation_ids))
    ):
        found.setdefault(one.organisation_id, []).append(one)
    return found


def find_for_leads(organisation_id: int) -> PartnerContact | None:
    """Return who takes responsibility for leads at a firm."""
    return session().scalar(
        select(PartnerContact).where(
            PartnerContact.organisation_id == organisation_id, PartnerContact.for_leads
        )
    )


def add_contact(
    partner: Partner,
    function: str,
    name: str,
    at: datetime,
    email: str | None = None,
    phone: str | None = None,
    for_leads: bool = False,
) -> PartnerContact:
    """Add a contact; who is `for_leads` takes that over from whoever had it.

    A phone number without a country code is one of the firm's country. Raises `Invalid` by field.
    """
    if function not in set(ContactFunction):
        raise Invalid({"function": _("Please choose one of the list.")})
    said = _check(partner, Said(name, email, phone))
    _lock(partner.organisation_id)
    count = select(func.count()).where(PartnerContact.organisation_id == partner.organisation_id)
    if (session().scalar(count) or 0) >= MOST:
        raise Invalid({"name": _("That are as many contacts as there can be. Remove one first.")})
    if for_leads:
        _nobody_for_leads(partner.organisation_id)
    contact = PartnerContact(
        organisation_id=partner.organisation_id,
        function=function,
        name=said.name,
        email=said.email,
        phone=said.phone,
        for_leads=for_leads,
    )
    session().add(contact)
    session().flush()
    _note(contact, "added", at)
    return contact


def set_contacts(partner: Partner, function: str, wanted: Sequence[Said], at: datetime) -> None:
    """Have a firm's contacts of a function be these: who is named stays with what is new of him.

    Raises `Invalid` by field.
    """
    if len(wanted) > MOST:
        raise Invalid({"name": _("That are as many contacts as there can be. Remove one first.")})
    _lock(partner.organisation_id)
    left = [one for one in list_contacts(partner.organisation_id) if one.function == function]
    kept = {as_it_is(one) for one in left}
    every = [one if one in kept else _check(partner, one) for one in wanted]
    said = dict.fromkeys(every)
    for contact in list(left):
        as_is = as_it_is(contact)
        # two of whom the same is said stay two
        if as_is in every:
            every.remove(as_is)
            said.pop(as_is, None)
            left.remove(contact)
    for one in list(said):
        known = next((held for held in left if _same_name(held, one)), None)
        if known is not None:
            known.name, known.email, known.phone = one.name, one.email, one.phone
            _note(known, "changed", at)
            left.remove(known)
            del said[one]
    for contact in left:
        remove_contact(partner, contact.id, at)
    for one in said:
        add_contact(partner, function, one.name, at, one.email, one.phone)


def _same_name(contact: PartnerContact, said: Said) -> bool:
    return contact.name.casefold() == said.name.casefold()


def set_responsible(partner: Partner, name: str | None, at: datetime) -> None:
    """Let the contact of this name take responsibility for leads, None: nobody any more.

    Raises `Invalid` where no contact is called so.
    """
    held = list_contacts(partner.organisation_id)
    if name is None:
        for contact in held:
            if contact.for_leads:
                contact.for_leads = False
                _note(contact, "changed", at)
        session().flush()
        return None
    for contact in held:
        if contact.name.casefold() == name.casefold():
            return make_responsible(partner, contact.id, at)
    raise Invalid({"name": _("None of the contacts is called so.")})


def make_responsible(partner: Partner, contact_id: int, at: datetime) -> None:
    """Let a contact take responsibility for leads. Raises `NotFound`."""
    _lock(partner.organisation_id)
    contact = _get(partner, contact_id)
    if contact.for_leads:
        return
    _nobody_for_leads(partner.organisation_id)
    contact.for_leads = True
    session().flush()
    _note(contact, "responsible", at)


def remove_contact(partner: Partner, contact_id: int, at: datetime) -> None:
    """Remove a contact. Raises `NotFound`."""
    _lock(partner.organisation_id)
    contact = _get(partner, contact_id)
    session().delete(contact)
    session().flush()
    _note(contact, "removed", at)


def _lock(organisation_id: int) -> None:
    session().execute(
        select(Organisation.id)
        .where(Organisation.id == organisation_id)
        .with_for_update(key_share=True)
    )


def _get(partner: Partner, contact_id: int) -> PartnerContact:
    found = session().get(PartnerContact, contact_id, populate_existing=True)
    if found is None or found.organisation_id != partner.organisation_id:
        raise NotFound()
    return found


def _nobody_for_leads(organisation_id: int) -> None:
    session().execute(
        update(PartnerContact)
        .where(PartnerContact.organisation_id == organisation_id, PartnerContact.for_leads)
        .values(for_leads=False)
    )


def _note(contact: PartnerContact, change: str, at: datetime) -> None:
    record(
        PartnerContactsChanged(
            at=at, organisation_id=contact.organisation_id, contact_id=contact.id, change=change
        )
    )


def _check(partner: Partner, said: Said) -> Said:
    """Return what was said of a contact as it is kept. Raises `Invalid` by field."""
    errors: dict[str, str] = {}
    name = said.name.strip()
    if not name or len(name) > 120:
        errors["name"] = _("Please give a name of at most 120 characters.")
    address = _email(said.email, errors)
    number = _phone(said.phone, partner.country, errors)
    if not (said.email or said.phone):
        errors["phone"] = _("Please give a phone number or an e-mail address.")
    if errors:
        raise Invalid(errors)
    return Said(name, address, number)


def _email(said: str | None, errors: dict[str, str]) -> str | None:
    if not said:
        return None
    try:
        return validate_email(said, check_deliverability=False).normalized
    except EmailNotValidError:
        errors["email"] = _("Please give an address like name@firm.com.")
        return None


def _phone(said: str | None, country: str, errors: dict[str, str]) -> str | None:
    if not said:
        return None
    try:
        number = phonenumbers.parse(said, country) if len(said) <= LONGEST_PHONE else None
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        errors["phone"] = _("Please give a phone number, best with the country code: +49 …")
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)

"""A lead becomes a customer's: found or made when it is won, or said by a person.

Whoever wins finds the same customer that the search of the page would show as surely the same
(`rules.same_one`), else a new one is made of the lead's contact data. All in the transaction of the
win; who is taken for whom is put in one line, so that two wins at once make one customer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import delete, func, select

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind
from portal.accounts.queries import find_actor_of
from portal.core.db import session
from portal.core.errors import Refused
from portal.core.events import record
from portal.customers import queries, rules, wall
from portal.customers.activities import about
from portal.customers.events import (
    CustomerLinked,
    CustomerMade,
    CustomerRemoved,
    CustomerUnlinked,
)
from portal.customers.models import (
    Customer,
    CustomerAddress,
    CustomerKind,
    CustomerLead,
    CustomerName,
    CustomerPolicy,
)
from portal.customers.operations import (
    Account,
    Reach,
    add_reach,
    lock_visible,
    make,
    wait_in_line,
)
from portal.leads import queries as leads
from portal.leads import wall as contact_wall
from portal.leads.models import Lead, LeadContact, LeadKind
from portal.timeline import activities as timeline
from portal.timeline import attachments, notes
from portal.timeline.activities import Subject

CONTACT = select(
    LeadContact.company,
    LeadContact.first_name,
    LeadContact.last_name,
    LeadContact.email,
    LeadContact.phone_e164,
    LeadContact.domain,
    LeadContact.street,
    LeadContact.postcode,
)


@dataclass(frozen=True, slots=True)
class Found:
    """Who a lead's contact is, as a customer would be written down."""

    account: Account
    reach: Reach

    def alike(self) -> dict[int, tuple[str, ...]]:
        """Return customers that share something with it."""
        account = self.account
        keys = queries.keys_of(
            account.name, account.domain, self.reach.email, self.reach.phone, account.country
        )
        return queries.find_alike(keys, account.country)


def win(lead: Lead, actor: Actor, at: datetime) -> Customer | None:
    """Find or make the customer of a lead that is being won, if the programme wants that.

    None where it does not, for future partners, and where nobody knows who it is.
    """
    if lead.kind == LeadKind.PARTNER_RECRUIT or not queries.read_policy().from_wins:
        return None
    return find_or_make(lead, actor, at, by_win=True)


def take_win_back(lead: Lead, actor: Actor, at: datetime) -> None:
    """Take back what a win has made: the link, and a customer that nobody has touched since."""
    before = find_link(lead)
    if before is None or not before.by_win:
        return
    wait_in_line()
    session().refresh(before)
    customer = queries.lock(before.customer_id)
    others = select(func.count()).where(
        CustomerLead.customer_id == customer.id, CustomerLead.lead_id != lead.id
    )
    untouched = before.made and customer.version == 1 and not session().scalar(others)
    its = about(customer.id)
    untouched = untouched and not (timeline.is_touched(its) or attachments.has_any(its))
    untouched = untouched and not is_noted(its)
    session().delete(before)
    session().flush()
    record(CustomerUnlinked(at=at, lead_id=lead.id, customer_id=customer.id, user_id=actor.id))
    if not untouched:
        return
    timeline.forget(its)
    with wall.open_for([customer.id], session()) as opened:
        for behind in (CustomerAddress, CustomerName):
            opened.execute(delete(behind).where(behind.customer_id == customer.id))
    session().delete(customer)
    session().flush()
    record(CustomerRemoved(at=at, lead_id=lead.id, customer_id=customer.id, user_id=actor.id))


def is_noted(its: Subject) -> bool:
    """Say whether somebody of the vendor has written anything about a customer."""
    vendors = select(Organisation.id).where(Organisation.kind == OrganisationKind.VENDOR)
    return any(notes.has_any(its, firm_id) for firm_id in session().scalars(vendors).all())


def find_or_make(
    lead: Lead, actor: Actor, at: datetime, *, by_win: bool = False
) -> Customer | None:
    """Return whose a lead is; where nobody said it yet, whoever is surely the same, or a new one.

    None where the lead has nobody to be a customer.
    """
    customer = queries.find_of_lead(lead.id)
    if customer is not None:
        return customer
    contact = read_contact(lead)
    if contact is None:
        return None
    wait_in_line()
    same = rules.same_one(contact.account.kind, kind_alike(contact))
    made = same is None
    if same is None:
        customer = make(with_standard(contact.account, queries.read_policy()), actor, at)
        record(CustomerMade(at=at, lead_id=lead.id, customer_id=customer.id, user_id=actor.id))
    else:
        customer = queries.lock(same)
    add_reach(customer, contact.reach, at)
    link(lead, customer, actor, at, by_win=by_win, made=made)
    return customer


def link_qualified(lead_id: int, user_id: int, at: datetime) -> Customer | None:
    """Note whose a qualified lead is, if the programme wants that and it is sure; make nobody.

    None where it is left open, or somebody has said it already.
    """
    lead, actor = session().get(Lead, lead_id), find_actor_of(user_id)
    if lead is None or actor is None or lead.kind == LeadKind.PARTNER_RECRUIT:
        return None
    if not queries.read_policy().from_qualified or find_link(lead) is not None:
        return None
    contact = read_contact(lead)
    if contact is None:
        return None
    wait_in_line()
    same = rules.same_one(contact.account.kind, kind_alike(contact))
    if same is None or find_link(lead) is not None:
        return None
    customer = queries.lock(same)
    link(lead, customer, actor, at)
    return customer


def kind_alike(contact: Found) -> dict[int, tuple[str, ...]]:
    """Return who is like a contact and of its kind, a company or a person."""
    alike = contact.alike()
    kinds = queries.by_id(alike)
    return {one: keys for one, keys in alike.items() if kinds[one].kind == contact.account.kind}


def assign(lead_id: int, customer_id: int, actor: Actor, at: datetime) -> Customer:
    """Say whose a lead is; whoever it was before. Raises `NotFound`, `Refused` for recruits."""
    lead = lock_lead(lead_id, actor)
    customer = lock_visible(customer_id, actor)
    before = find_link(lead)
    if before is not None and before.customer_id == customer.id:
        return customer
    if before is not None:
        session().delete(before)
        session().flush()
    link(lead, customer, actor, at)
    return customer


def make_of(lead_id: int, actor: Actor, at: datetime) -> Customer:
    """Make the customer of a lead of its contact data. Raises `NotFound`, `Refused`."""
    lead = lock_lead(lead_id, actor)
    contact = read_contact(lead)
    if contact is None:
        raise Refused(_("Nobody is noted on %(number)s.", number=lead.number))
    known = queries.find_of_lead(lead.id)
    if known is not None:
        raise Refused(
            _(
                "%(number)s is a lead of %(customer)s already.",
                number=lead.number,
                customer=known.number,
            )
        )
    customer = make(contact.account, actor, at)
    record(CustomerMade(at=at, lead_id=lead.id, customer_id=customer.id, user_id=actor.id))
    add_reach(customer, contact.reach, at)
    link(lead, customer, actor, at, made=True)
    return customer


def unassign(lead_id: int, actor: Actor, at: datetime) -> None:
    """Say that a lead is no customer's. Raises `NotFound`."""
    lead = lock_lead(lead_id, actor)
    before = find_link(lead)
    if before is None:
        return
    customer_id = before.customer_id
    session().delete(before)
    session().flush()
    record(CustomerUnlinked(at=at, lead_id=lead.id, customer_id=customer_id, user_id=actor.id))


def link(
    lead: Lead,
    customer: Customer,
    actor: Actor,
    at: datetime,
    *,
    by_win: bool = False,
    made: bool = False,
) -> None:
    """Write whose a lead is."""
    session().add(
        CustomerLead(
            lead_id=lead.id,
            customer_id=customer.id,
            linked_at=at,
            linked_by=actor.id,
            by_win=by_win,
            made=made,
        )
    )
    session().flush()
    record(
        CustomerLinked(
            at=at,
            lead_id=lead.id,
            customer_id=customer.id,
            user_id=actor.id,
            by_win=by_win,
        )
    )


def find_link(lead: Lead) -> CustomerLead | None:
    """Return the row that says whose a lead is, fresh."""
    return session().get(CustomerLead, lead.id, populate_existing=True)


def lock_lead(lead_id: int, actor: Actor) -> Lead:
    """Lock a lead that exists for this person. Raises `NotFound`, `Refused` for future partners."""
    lead = leads.lock_visible(lead_id, actor)
    if lead.kind == LeadKind.PARTNER_RECRUIT:
        raise Refused(_("%(number)s is a future partner, not a customer.", number=lead.number))
    return lead


def read_contact(lead: Lead) -> Found | None:
    """Return who a lead's contact would be as a customer; None where it has no name.

    It shows the contact to nobody: who may read what comes of it is asked by `sight`.
    """
    with contact_wall.open_for([lead.id]) as opened:
        row = opened.execute(CONTACT.where(LeadContact.lead_id == lead.id)).one_or_none()
    if row is None:
        return None
    person = " ".join(filter(None, [row.first_name, row.last_name]))
    name = row.company or person
    if not name:
        return None
    account = Account(
        kind=CustomerKind.COMPANY if row.company else CustomerKind.PERSON,
        name=name[: rules.MOST["name"]],
        domain=row.domain or "",
        street=row.street or "",
        postcode=row.postcode or "",
        city=lead.city or "",
        country=lead.country,
    )
    reach = Reach(
        email=row.email or "",
        phone=row.phone_e164 or "",
        person=person[: rules.MOST["person"]],
    )
    return Found(account, reach)


def with_standard(account: Account, policy: CustomerPolicy) -> Account:
    """Return a new customer with the classification and credit rating that the programme gives."""
    return replace(
        account,
        classification_id=policy.classification_id,
        credit_rating_id=policy.credit_rating_id,
    )

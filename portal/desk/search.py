"""One field for everything: leads, customers, partners, people, numbers; each finds what is hers.

Leads are found by their words, by the numbers they have elsewhere, and by whom to call where the
reader sees that anyway; contact data itself is never among what is found. What customers are called
is for who sees customers, and on record; others of the vendor find theirs by a whole number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import Permission
from portal.core.db import session
from portal.customers import queries as customers
from portal.customers import who
from portal.customers.sight import sees_addresses, sees_business
from portal.desk.lead_columns import Eyes
from portal.desk.lead_filters import STATES, Asking
from portal.leads import finding
from portal.leads.levels import for_all
from portal.leads.models import HandOver, Lead
from portal.leads.visibility import Field
from portal.partners import queries as partners
from portal.partners.models import Partner
from portal.people.queries import BY_NAME, TRIGRAM, begins, matching

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was found: where it stands, what it is called, what tells it from others."""

    url: str
    label: str
    note: str


@dataclass(frozen=True, slots=True)
class Section:
    """What was found of one kind; `more` is the address of all, where there are more."""

    heading: str
    found: Sequence[Found]
    more: str | None


def search(text: str, asking: Asking, eyes: Eyes) -> list[Section]:
    """Return what this finds, by kind; kinds of which nothing was found are left out."""
    sections = [find_leads(text, asking, eyes), find_customers(text, asking)]
    if asking.actor.may(Permission.PARTNERS_SEE):
        sections.append(find_partners(text, asking.actor))
    if asking.actor.may(Permission.PEOPLE_EDIT) or asking.actor.may(Permission.PARTNERS_SEE):
        sections.append(find_people(text, asking))
    return [section for section in sections if section.found]


def find_leads(text: str, asking: Asking, eyes: Eyes) -> Section:
    """Return leads, the one that has this number first, then the newest."""
    actor, seen = asking.actor, asking.visible
    by_contact = [
        *finding.find_by_contact(text, actor, eyes.choices, seen),
        *finding.find_by_own(text, actor, eyes.choices, seen),
    ]
    columns = select(Lead.id, Lead.number, Lead.title, Lead.state, Lead.city)
    numbers = [text.upper()]
    if text.isascii() and text.isdecimal() and len(text) < 16:
        numbers.append(for_all().numbering.write(int(text)))
    number = Lead.number.in_(numbers)
    exact = session().execute(columns.where(number, seen)).all()
    numbered = (
        select(HandOver.lead_id)
        .join(Lead, Lead.id == HandOver.lead_id)
        .where(HandOver.erp_number == text, eyes.sees(Field.PROGRESS))
    )
    worded = finding.found(text, by_contact, numbered).c
    newest = (
        select(worded.lead_id, worded.captured_at)
        .outerjoin(Lead, Lead.id == worded.lead_id)
        .where(seen)
        .order_by(worded.captured_at.desc(), worded.lead_id.desc())
        .limit(SHOWN + 1)
        .subquery()
    )
    others = session().execute(
        columns.join(newest, newest.c.lead_id == Lead.id).order_by(
            newest.c.captured_at.desc(), newest.c.lead_id.desc()
        )
    )
    first = {row.id for row in exact}
    rows = [*exact, *(row for row in others if row.id not in first)]
    words = dict(STATES)
    return Section(
        _("Leads"),
        [
            Found(
                url_for("desk.lead", lead_id=row.id),
                " ".join([row.number, row.title or _("Inquiry without a title")]),
                " · ".join(filter(None, [str(words.get(row.state, "")), row.city])),
            )
            for row in rows[:SHOWN]
        ],
        url_for("lead_list.leads", q=text) if len(rows) > SHOWN else None,
    )


def find_customers(text: str, asking: Asking) -> Section:
    """Return customers by a part of the name, by a whole address or by a number."""
    actor, many = asking.actor, False
    business = sees_business(actor)
    if sees_addresses(actor) and len(text) >= TRIGRAM:
        page = customers.list_customers(actor, customers.Filters(text=text), 1)
        many, rows = len(page.items) > SHOWN, page.items[:SHOWN]
    else:
        rows = customers.find_numbered(text, actor)
    names = who.load([row.id for row in rows], actor, asking.at) if sees_addresses(actor) else {}
    return Section(
        _("Customers"),
        [
            Found(
                url_for("customer.page", customer_id=row.id),
                names[row.id].name if row.id in names else row.number,
                " · ".join(
                    filter(None, [row.number, row.erp_number if business else None, row.city])
                ),
            )
            for row in rows
        ],
        url_for("customers.customers", q=text) if many else None,
    )


def find_partners(text: str, actor: Actor) -> Section:
    """Return partners by a part of their name or of their city, or by their web domain."""
    like = f"%{finding.escaped(text)}%"
    fits = or_(
        Organisation.name.ilike(like), Partner.city.ilike(like), Organisation.domain == text.lower()
    )
    rows = (
        session()
        .scalars(
            partners.visible_to(actor)
            .where(fits)
            .order_by(func.lower(Organisation.name), Organisation.id)
            .limit(SHOWN + 1)
        )
        .all()
    )
    return Section(
        _("Partners"),
        [
            Found(
                url_for("partners.partner", organisation_id=row.organisation_id),
                row.organisation.name,
                ", ".join(filter(None, [row.city, row.country])),
            )
            for row in rows[:SHOWN]
        ],
        url_for("partners.partners", q=text) if len(rows) > SHOWN else None,
    )


def find_people(text: str, asking: Asking) -> Section:
    """Return people by name, e-mail or firm: who administers nobody finds those of partners."""
    fits = User.id.in_(matching(text)) if len(text) >= TRIGRAM else begins(text)
    query = (
        select(
            User.id, User.name, User.email, User.organisation_id, Organisation.name.label("firm")
        )
        .join(Organisation, Organisation.id == User.organisation_id)
        .where(fits)
        .order_by(*BY_NAME)
        .limit(SHOWN + 1)
    )
    all_people = asking.actor.may(Permission.PEOPLE_EDIT)
    if not all_people:
        theirs = reach.answers_for(asking.actor, Partner.organisation_id, asking.reached)
        firms = select(Partner.organisation_id).where(theirs)
        query = query.where(User.active, User.organisation_id.in_(firms))
    rows: Sequence[Any] = session().execute(query).all()
    return Section(
        _("People"),
        [
            Found(
                url_for("people.person", user_id=row.id)
                if all_people
                else url_for("partners.partner", organisation_id=row.organisation_id),
                row.name,
                f"{row.firm} · {row.email}",
            )
            for row in rows[:SHOWN]
        ],
        url_for("people.people", q=text) if all_people and len(rows) > SHOWN else None,
    )

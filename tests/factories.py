"""Plain functions that make things for tests, through the operations wherever there is one.

Every function works in the open application context, or opens one of the application that
`work_in` named and commits; what it returns is detached and may be read afterwards.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from flask import Flask, has_app_context
from sqlalchemy import select, update

from portal.accounts import operations as accounts
from portal.accounts import tree
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind, Programme, Unit, User
from portal.accounts.passwords import hash_password
from portal.catalog.queries import book
from portal.core.db import db, session, unit_of_work
from portal.core.mail.replies import hash_token, new_token
from portal.founding import find_vendor
from portal.hearing.models import HearingWishes
from portal.hearing.queries import COLUMNS, find_kept, read_defaults, values_of
from portal.leads import wall
from portal.leads.models import (
    LEAD_NUMBERS,
    Lead,
    LeadAnswer,
    LeadContact,
    LeadState,
    LeadStatus,
    LeadType,
    QualificationQuestion,
)
from portal.offers import clocks
from portal.offers import operations as offers
from portal.offers.models import Offer, OfferRound
from portal.partners.models import Partner, PartnerFigures
from portal.pickup.models import Pickup
from portal.witness.models import CustomerLetter
from portal.wording import operations as wording
from portal.wording.kinds import KINDS
from portal.wording.queries import mark_of
from tests import founded

AT = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
HERE = ZoneInfo("Europe/Berlin")
PASSWORD = "a password for tests"

P = ParamSpec("P")
T = TypeVar("T")

_app: Flask | None = None
_numbers = itertools.count(1)


def work_in(app: Flask | None) -> None:
    """Name the application whose database the factories write to."""
    global _app
    _app = app


def factory(function: Callable[P, T]) -> Callable[P, T]:
    """Run in the open context, or in one of its own that commits."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        if has_app_context():
            made = function(*args, **kwargs)
            db.session.flush()
            return made
        assert _app is not None, "ask for the app, ctx or committed fixture"
        with _app.app_context(), unit_of_work():
            return function(*args, **kwargs)

    return wrapper


@functools.cache
def password_hash() -> str:
    """Return the hash of the one password of all test people."""
    return hash_password(PASSWORD)


@factory
def make_programme() -> None:
    """Have the programme founded: catalogue, lead definition, policy, rules."""
    if session().get(Programme, 1) is None:
        founded.bring_back()


@factory
def make_vendor() -> Organisation:
    """Return the vendor's organisation, founding the programme first."""
    make_programme()
    vendor = find_vendor()
    assert vendor is not None
    return vendor


@factory
def make_unit(firm: Organisation, name: str, **over: Any) -> Unit:
    """Make a unit of a firm."""
    return tree.save_unit(firm, name, AT, **over)


@factory
def make_partner(name: str | None = None, **over: Any) -> Organisation:
    """Make a reseller in Hanover that carries every brand and product and may hold ten leads."""
    vendor = make_vendor()
    entries = book()
    organisation = accounts.add_organisation(
        over.pop("kind", OrganisationKind.RESELLER),
        name or f"Partner {next(_numbers)}",
        over.pop("at", AT),
        parent=over.pop("parent", vendor),
    )
    organisation.account_manager_id = over.pop("account_manager_id", None)
    values: dict[str, Any] = {
        "country": "DE",
        "subdivision": "DE-NI",
        "city": "Hanover",
        "latitude": 52.37,
        "longitude": 9.73,
        "territories": ["DE"],
        "brand_ids": [entry.id for entry in entries.active("brand")],
        "product_ids": [entry.id for entry in entries.active("product")],
        "languages": ["de", "en"],
        **over,
    }
    session().add(Partner(organisation_id=organisation.id, **values))
    session().add(PartnerFigures(organisation_id=organisation.id))
    return organisation


@factory
def make_person(
    organisation: Organisation | None = None, *roles: str, email: str | None = None, **over: Any
) -> User:
    """Make a person; without roles a rep of a partner, or a channel manager of the vendor."""
    organisation = organisation or make_partner()
    if not roles:
        roles = ("partner_rep",) if organisation.is_partner else ("channel_manager",)
    number = next(_numbers)
    user = accounts.add_person(
        organisation,
        email or f"person{number}@firm{organisation.id}.example",
        over.pop("name", f"Person {number}"),
        roles,
        AT,
        password_hash=password_hash(),
    )
    wished = {name: over.pop(name) for name in COLUMNS if name in over}
    for name, value in over.items():
        setattr(user, name, value)
    if wished:
        wish(user, **wished)
    return user


@factory
def wish(user: User, **wished: Any) -> None:
    """Have a person wish to hear like this, without an event."""
    session().flush()
    kept = find_kept(user.id)
    values = values_of(user, kept, read_defaults())
    if kept is None:
        kept = HearingWishes(user_id=user.id)
        session().add(kept)
    for name, value in {**values, **wished}.items():
        setattr(kept, name, value)
    session().flush()


def day_here(at: datetime) -> date:
    """Return the day where firms and people of tests are: it begins an hour or two before UTC's."""
    return at.astimezone(HERE).date()


def make_manager(**over: Any) -> User:
    """Make a channel manager."""
    return make_person(make_vendor(), "channel_manager", **over)


def next_number() -> str:
    """Return the next number of a lead."""
    return f"L-{session().scalar(LEAD_NUMBERS.next_value())}"


CONTACT = {
    "company": "Kanarienwerke AG",
    "first_name": "Zephyrine",
    "last_name": "Quastenflosser",
    "role": "Head of IT",
    "phone": "+49 511 7654321",
    "phone_e164": "+495117654321",
    "email": "zephyrine@kanarienwerke.example",
    "domain": "kanarienwerke.example",
    "street": "Papageienallee 77",
    "postcode": "30987",
}


@factory
def make_lead(contact: dict[str, Any] | None = None, **over: Any) -> Lead:
    """Make a qualified warm lead in Hanover, with a contact nobody may see before pickup."""
    make_vendor()
    entries = book()
    type_key = over.pop("type", "organisation")
    lead_type = session().scalars(select(LeadType).where(LeadType.key == type_key)).one()
    status = session().scalars(select(LeadStatus).where(LeadStatus.is_initial)).one()
    at = over.pop("at", AT)
    values: dict[str, Any] = {
        "number": next_number(),
        "source_system": "test",
        "type_id": lead_type.id,
        "kind": lead_type.kind,
        "status_id": status.id,
        "state": LeadState.QUALIFIED,
        "state_since": at,
        "title": "Replace 14 ageing network cabinets",
        "partner_text": "The IT manager runs two plants and has a budget signed off.",
        "expectation": "Expects a call this week",
        "temperature": "warm",
        "country": "DE",
        "subdivision": "DE-NI",
        "city": "Hanover",
        "latitude": 52.37,
        "longitude": 9.73,
        "brand_id": entries.id_of("brand", "arvena"),
        "product_ids": [entries.id_of("product", "switches")],
        "industry_id": entries.active("industry")[0].id,
        "size_band_id": entries.active("size_band")[1].id,
        "value_band_id": entries.active("value_band")[1].id,
        "source_id": entries.active("source")[0].id,
        "time_frame": "within 3 months",
        "basis": "asked",
        "captured_at": at,
        "created_at": at,
        "qualified_at": at,
        **over,
    }
    lead = Lead(**values)
    session().add(lead)
    session().flush()
    with wall.open_for([lead.id], session()) as opened:
        opened.add(LeadContact(lead_id=lead.id, **(CONTACT if contact is None else contact)))
    return lead


def contact_of(lead_id: int) -> LeadContact:
    """Return the contact of a lead as it stands in the database, whoever may see it."""
    with wall.open_for([lead_id], session()) as opened:
        return opened.get_one(LeadContact, lead_id, populate_existing=True)


def sign_in(client: Any, user: User) -> Any:
    """Sign a person in through the sign-in page and return the client."""
    page = client.get("/login")
    assert page.status_code == 200
    answer = client.post(
        "/login",
        data={"email": user.email, "password": PASSWORD, "csrf_token": csrf_of(page.text)},
    )
    assert answer.status_code == 303, answer.text
    return client


def make_wording(actor: Actor, at: datetime) -> None:
    """Have the mail of an offer open in the programme's own words, and others be a draft."""
    kind = KINDS["lead_offered"]
    for opening in ("Dear {{ name }},", "Good morning {{ name }},"):
        body = kind.skeleton.replace("{{ greeting }}", opening)
        texts = {code: {"body": body} for code in ("en", "de")}
        wording.save(kind, texts, mark_of(kind.key), actor, at)
        if opening.startswith("Dear"):
            wording.activate(kind, mark_of(kind.key), actor, at)


def csrf_of(html: str) -> str:
    """Return the CSRF token of a page."""
    mark = '<meta name="csrf-token" content="'
    start = html.index(mark) + len(mark)
    return html[start : html.index('"', start)]


@factory
def make_offered_lead(hours: int | None = None, at: datetime = AT, **over: Any) -> Lead:
    """Make a lead that is on offer to every partner that the first rules find."""
    lead = make_lead(at=at, **over)
    answer_questions(lead)
    opened = offers.offer(lead.id, at)
    if hours is not None:
        opened.ends_at = at + timedelta(hours=hours)
        session().execute(
            update(Offer).where(Offer.round_id == opened.id).values(ends_at=opened.ends_at)
        )
        clocks.follow(opened, at)
    return lead


def make_customer_letter(pickup_id: int, kind: str, at: datetime) -> str:
    """Have the customer of a lead in hand be told who calls, or `asked`; return the secret."""
    held, token = session().get_one(Pickup, pickup_id), new_token()
    session().add(
        CustomerLetter(
            kind=kind,
            pickup_id=pickup_id,
            user_id=held.user_id,
            due_at=at,
            call_by=at,
            secret_hash=hash_token(token),
            settled_at=at,
            outcome="sent",
        )
    )
    session().flush()
    return token


def last_round(lead: Lead) -> OfferRound:
    """Return the round of a lead that was opened last, as it stands now."""
    return (
        session()
        .scalars(
            select(OfferRound)
            .where(OfferRound.lead_id == lead.id)
            .order_by(OfferRound.number.desc())
            .limit(1)
            .execution_options(populate_existing=True)
        )
        .one()
    )


@factory
def answer_questions(lead: Lead) -> None:
    """Answer every question of the script."""
    for question in session().scalars(select(QualificationQuestion)):
        session().merge(LeadAnswer(lead_id=lead.id, question_id=question.id, answer="Yes."))
    session().flush()

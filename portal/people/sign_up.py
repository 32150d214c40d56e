"""Verbs of firms that ask to become partners: asked, confirmed by mail, accepted or turned down.

Whoever asks gets one and the same answer, whether or not her address is known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pycountry
from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _
from sqlalchemy import delete, func, select

from portal.accounts import operations as accounts
from portal.accounts import tree
from portal.accounts.models import Organisation, OrganisationKind, User
from portal.core import jobs, tokens
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import record
from portal.partners import operations as partners
from portal.people.events import SignUpAccepted, SignUpAsked, SignUpConfirmed, SignUpDeclined
from portal.people.models import SignUpRequest
from portal.qualification import letters
from portal.web_forms.rules import harmless

LINK_LASTS = timedelta(days=3)
KEPT = timedelta(days=14)
"""So long a request is kept that nobody confirms."""
MOST_A_DAY = 3
LONGEST = {"company": 120, "name": 120, "phone": 60, "website": 200, "message": 2000}
MANAGERS = {
    OrganisationKind.RESELLER: "partner_manager",
    OrganisationKind.DISTRIBUTOR: "distributor_manager",
}


class Decided(Refused):
    """Somebody else has decided meanwhile."""

    code = "decided"


@dataclass(frozen=True, slots=True)
class Asking:
    """What somebody tells who asks."""

    company: str
    country: str
    name: str
    email: str
    phone: str = ""
    website: str = ""
    message: str = ""


def ask(asking: Asking, locale: str, at: datetime) -> None:
    """Note that a firm asks, and have its address confirmed by mail.

    Nothing is noted, and nobody told, where the same address asked often enough today or waits for
    an answer. Raises `Invalid` by field.
    """
    errors = check(asking)
    if errors:
        raise Invalid(errors)
    address = asking.email.strip().lower()
    waits, today = (
        session()
        .execute(
            select(
                func.count().filter(
                    SignUpRequest.confirmed_at.is_not(None), SignUpRequest.decided_at.is_(None)
                ),
                func.count().filter(SignUpRequest.created_at > at - timedelta(days=1)),
            ).where(SignUpRequest.email == address)
        )
        .one()
    )
    if waits or today >= MOST_A_DAY:
        return
    row = SignUpRequest(
        company=asking.company.strip(),
        country=asking.country,
        name=asking.name.strip(),
        email=address,
        phone=asking.phone.strip() or None,
        website=asking.website.strip() or None,
        message=asking.message.strip() or None,
        locale=locale,
        created_at=at,
    )
    session().add(row)
    session().flush()
    record(SignUpAsked(at=at, sign_up_id=row.id))


def check(asking: Asking) -> dict[str, str]:
    """Return a sentence per field that can't be right."""
    errors: dict[str, str] = {}
    for field, words in (
        ("company", _("Please give the name of your firm.")),
        ("name", _("Please give your name.")),
    ):
        if not getattr(asking, field).strip():
            errors[field] = words
    for field, fits in (("company", letters.harmless), ("name", harmless)):
        # it stands in a mail to an address that anybody can type
        if not errors.get(field) and not fits(getattr(asking, field).strip()):
            errors[field] = _("Please give a name, without an address in it.")
    for field, limit in LONGEST.items():
        if len(getattr(asking, field)) > limit:
            errors[field] = _("Please take at most %(limit)d characters.", limit=limit)
    try:
        validate_email(asking.email, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        errors["email"] = _("Please check this e-mail address.")
    if not (asking.country and pycountry.countries.get(alpha_2=asking.country)):
        errors["country"] = _("Please choose a country.")
    return errors


def issue_link(request_id: int, at: datetime) -> str:
    """Return the secret of a fresh link for a request; earlier ones end."""
    row = session().get_one(SignUpRequest, request_id)
    secret = tokens.new_secret()
    row.secret_hash, row.expires_at = tokens.hash_secret(secret), at + LINK_LASTS
    session().flush()
    return secret


def find(request_id: int) -> SignUpRequest | None:
    """Return a request."""
    return session().get(SignUpRequest, request_id)


def find_by_secret(secret: str, at: datetime) -> SignUpRequest | None:
    """Return the request that a link is for; None where it is unknown or too old."""
    return session().scalar(
        select(SignUpRequest).where(
            SignUpRequest.secret_hash == tokens.hash_secret(secret), SignUpRequest.expires_at > at
        )
    )


def confirm(secret: str, at: datetime) -> SignUpRequest:
    """Confirm the address of a request; a second time changes nothing. Raises `NotFound`."""
    row = session().scalar(
        select(SignUpRequest)
        .where(
            SignUpRequest.secret_hash == tokens.hash_secret(secret), SignUpRequest.expires_at > at
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound()
    if row.confirmed_at is None:
        row.confirmed_at = at
        session().flush()
        record(SignUpConfirmed(at=at, sign_up_id=row.id))
    return row


# -- deciding ---------------------------------------------------------------------------------


def get_confirmed(request_id: int) -> SignUpRequest:
    """Return a request whose address is confirmed. Raises `NotFound`."""
    row = session().get(SignUpRequest, request_id)
    if row is None or row.confirmed_at is None:
        raise NotFound()
    return row


def list_open() -> Sequence[SignUpRequest]:
    """Return what waits to be decided, the oldest first."""
    return (
        session()
        .scalars(
            select(SignUpRequest)
            .where(SignUpRequest.confirmed_at.is_not(None), SignUpRequest.decided_at.is_(None))
            .order_by(SignUpRequest.confirmed_at, SignUpRequest.id)
            .limit(200)
        )
        .all()
    )


def list_decided(limit: int = 30) -> Sequence[SignUpRequest]:
    """Return what was decided, the newest first."""
    return (
        session()
        .scalars(
            select(SignUpRequest)
            .where(SignUpRequest.decided_at.is_not(None))
            .order_by(SignUpRequest.decided_at.desc(), SignUpRequest.id.desc())
            .limit(limit)
        )
        .all()
    )


def find_known(row: SignUpRequest) -> tuple[User | None, Organisation | None]:
    """Return who has the address of a request already, and which firm the name."""
    firm = session().scalar(
        select(Organisation).where(func.lower(Organisation.name) == row.company.lower())
    )
    return session().scalar(select(User).where(User.email == row.email)), firm


def accept(
    request_id: int,
    name: str,
    kind: str,
    parent_id: int,
    level_id: int | None,
    by_user_id: int,
    at: datetime,
) -> Organisation:
    """Make a partner of a firm that asked, and invite who asked as its manager.

    Raises `Invalid` by field, `Decided` where somebody decided before, `NotFound`.
    """
    row = _lock(request_id)
    parent = session().get(Organisation, parent_id)
    if kind not in set(MANAGERS):
        raise Invalid({"kind": _("Please choose from the list.")})
    if parent is None or not parent.active or not tree.may_stand_below(kind, parent.kind):
        raise Invalid({"parent_id": _("A firm of this kind can’t stand below that one.")})
    if accounts.is_name_taken(name.strip()):
        raise Invalid({"name": _("There is a firm with this name already.")})
    if session().scalar(select(User.id).where(User.email == row.email)):
        raise Invalid({"form": _("Somebody has this e-mail address already.")})
    firm = accounts.add_organisation(
        OrganisationKind(kind), name, at, parent=parent, locale=row.locale, timezone=parent.timezone
    )
    partners.create_partner(firm, at, country=row.country, level_id=level_id, website=row.website)
    person = accounts.invite(
        firm, row.email, row.name, [MANAGERS[OrganisationKind(kind)]], at, by_user_id
    )
    person.phone = row.phone
    _decide(row, "accepted", by_user_id, at)
    row.organisation_id = firm.id
    session().flush()
    record(SignUpAccepted(at=at, sign_up_id=row.id, organisation_id=firm.id, by_user_id=by_user_id))
    return firm


def decline(request_id: int, answer: str, by_user_id: int, at: datetime) -> None:
    """Turn a request down, with a friendly mail that has `answer` in it, if any.

    Raises `Invalid`, `Decided`, `NotFound`.
    """
    if len(answer) > LONGEST["message"]:
        limit = LONGEST["message"]
        raise Invalid({"answer": _("Please take at most %(limit)d characters.", limit=limit)})
    row = _lock(request_id)
    _decide(row, "declined", by_user_id, at)
    row.answer = answer.strip() or None
    session().flush()
    record(SignUpDeclined(at=at, sign_up_id=row.id, by_user_id=by_user_id))


def _lock(request_id: int) -> SignUpRequest:
    row = session().scalar(
        select(SignUpRequest)
        .where(SignUpRequest.id == request_id, SignUpRequest.confirmed_at.is_not(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound()
    if row.decided_at is not None:
        raise Decided(_("This request was decided already."))
    return row


def _decide(row: SignUpRequest, outcome: str, by_user_id: int, at: datetime) -> None:
    row.outcome, row.decided_at, row.decided_by_id = outcome, at, by_user_id


@jobs.job("people.forget_requests", queue="bulk")
def forget_requests(_payload: jobs.Payload, at: datetime) -> None:
    """Delete requests that nobody confirmed."""
    session().execute(
        delete(SignUpRequest).where(
            SignUpRequest.confirmed_at.is_(None), SignUpRequest.created_at < at - KEPT
        )
    )

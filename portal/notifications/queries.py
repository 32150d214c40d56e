"""Reads for notifications: who is told, and what may be told. None reaches contact data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import get_locale
from sqlalchemy import Date, Row, cast, exists, func, or_, select

from portal.accounts.models import Organisation, User
from portal.accounts.permissions import PICKING_ROLES
from portal.catalog.models import Source
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.mail.outbox import Recipient
from portal.leads.models import LeadState, LeadType
from portal.leads.queries import find_teaser
from portal.matching import words
from portal.offers.models import Offer
from portal.partners.models import Absence


def find_recipient(user_id: int) -> Recipient | None:
    """Return an active person of an active firm as somebody to write to."""
    user = session().scalar(
        select(User).join(Organisation).where(User.id == user_id, User.active, Organisation.active)
    )
    return recipient(user) if user else None


def recipient(user: User) -> Recipient:
    """Return a person as somebody to write to."""
    return Recipient(user.id, user.email, user.name, user.locale, user.timezone)


def list_offered_people(round_id: int, at: datetime) -> Sequence[tuple[User, Offer]]:
    """Return everybody who may pick up a lead of this round and hears by mail.

    Not those whose firm has declined, or who are away today, where today is their firm's.
    """
    today = cast(func.timezone(Organisation.timezone, at), Date)
    away = exists().where(
        Absence.organisation_id == Organisation.id,
        or_(Absence.user_id.is_(None), Absence.user_id == User.id),
        today.between(Absence.starts_on, Absence.ends_on),
    )
    rows = session().execute(
        select(User, Offer)
        .join(Offer, Offer.organisation_id == User.organisation_id)
        .join(Organisation, Organisation.id == User.organisation_id)
        .where(
            Offer.round_id == round_id,
            Offer.declined_at.is_(None),
            Offer.visible_from <= at,
            Offer.ends_at > at,
            Organisation.active,
            User.active,
            User.hears_by_mail,
            User.roles.overlap(list(PICKING_ROLES)),
            ~away,
        )
        .order_by(User.id)
    )
    return [(row[0], row[1]) for row in rows]


def find_offered_teaser(lead_id: int, round_number: int) -> Row[Any] | None:
    """Return the teaser of a lead that still stands on offer in this round."""
    teaser = find_teaser(lead_id)
    if teaser is None or teaser.state != LeadState.OFFERED or teaser.round != round_number:
        return None
    return teaser


def told_of(teaser: Row[Any], offer: Offer, firms: int) -> dict[str, Any]:
    """Return what a mail tells about an offered lead, in the language that is spoken now.

    Only fields that the lead's type allows in a teaser.
    """
    lead_type = session().get_one(LeadType, teaser.type_id)
    shown = set(lead_type.teaser_fields)
    entries, locale = book(), str(get_locale())
    source = entries.by_id.get(teaser.source_id) if teaser.source_id else None
    approach = (source.expectation if isinstance(source, Source) else None) or {}

    def if_shown(field: str, value: Any) -> Any:
        return value if field in shown else None

    return {
        "lead_id": teaser.id,
        "number": teaser.number,
        "temperature": if_shown("temperature", teaser.temperature),
        "title": if_shown("title", teaser.title) or teaser.number,
        "text": if_shown("partner_text", teaser.partner_text),
        "source": if_shown("source", entries.label(teaser.source_id, locale)),
        "expectation": if_shown(
            "expectation",
            teaser.expectation or approach.get(locale[:2]) or approach.get("en"),
        ),
        "brand": if_shown("brand", entries.label(teaser.brand_id, locale)),
        "place": if_shown(
            "country", words.place(teaser.country, if_shown("subdivision", teaser.subdivision))
        ),
        "size": if_shown("size_band", entries.label(teaser.size_band_id, locale)),
        "value": if_shown("value_band", entries.label(teaser.value_band_id, locale)),
        "time_frame": if_shown("time_frame", teaser.time_frame),
        "industry": if_shown("industry", entries.label(teaser.industry_id, locale)),
        "products": if_shown("products", entries.labels(teaser.product_ids, locale)) or [],
        "why": words.why(offer.explanation),
        "ends_at": offer.ends_at,
        "firms": firms,
    }

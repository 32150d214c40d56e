"""Telling people that an offer was taken back, or that it lasts longer than it was said.

Only who was told of the offer hears that it is gone; only for whom it stands that it lasts longer.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.accounts.models import User
from portal.core.db import session
from portal.hearing.models import Notice, Outcome, Topic
from portal.notifications import queries
from portal.notifications.telling import tell_news
from portal.offers.events import OfferWithdrawn, RoundEnded, RoundExtended
from portal.offers.models import Offer, OfferRound, RoundOutcome


def tell_of_withdrawal(event: OfferWithdrawn | RoundEnded, at: datetime) -> None:
    """Tell who heard of an offer by mail that it was taken back, as far as it still stood.

    Whose firm said no, or whose turn was over, has nothing to lose by it.
    """
    if isinstance(event, RoundEnded) and event.outcome != RoundOutcome.WITHDRAWN:
        return
    heard = (
        select(User.id)
        .join(Notice, Notice.user_id == User.id)
        .join(Offer, Offer.organisation_id == User.organisation_id)
        .where(
            Notice.about == f"offer:{event.round_id}",
            Notice.outcome.in_((Outcome.ALONE, Outcome.COLLECTED)),
            Offer.round_id == event.round_id,
            Offer.declined_at.is_(None),
        )
        .order_by(User.id)
    )
    if isinstance(event, OfferWithdrawn):
        heard = heard.where(User.organisation_id == event.organisation_id)
    else:
        heard = heard.where(Offer.withdrawn_at.is_(None), Offer.ends_at > event.at)
    tell_news(
        session().scalars(heard).all(),
        Topic.OFFER_CHANGED,
        event,
        at,
        taken_from_round=event.round_id,
    )


def tell_of_extension(event: RoundExtended, at: datetime) -> None:
    """Tell those for whom a lead stands on offer that it does so for longer."""
    current = session().get(OfferRound, event.round_id)
    if current is None or event.lead_id is None:
        return
    offered = queries.list_offered(event.lead_id, event.round_id, at)
    tell_news(
        [user.id for user, _found in offered],
        Topic.OFFER_CHANGED,
        event,
        at,
        longer_round=event.round_id,
        until=int(current.ends_at.timestamp()),
    )

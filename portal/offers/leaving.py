"""Who leaves takes no lead off the market: an offer that nobody is left to accept ends at once.

That is an offer to a person who doesn't pick leads up there any more, and any to a firm that is out
of the programme. The lead goes on as if the time of the offer were over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select

from portal.accounts.models import Organisation, User
from portal.accounts.permissions import PICKING_ROLES
from portal.core.db import AnyRow, session
from portal.core.errors import Refused
from portal.leads.models import Lead, LeadState
from portal.offers import redistribution
from portal.offers.by_hand import lock_round
from portal.offers.models import Offer, RoundOutcome, Way
from portal.offers.operations import close_round, lock_partner
from portal.offers.taking_back import list_standing, take_out


def end_of_person(user_id: int, at: datetime) -> None:
    """End what is on offer to a person alone who can't pick it up any more."""
    picks = (
        select(User.id)
        .where(
            User.id == Offer.user_id,
            User.organisation_id == Offer.organisation_id,
            User.active,
            User.roles.overlap(list(PICKING_ROLES)),
        )
        .exists()
    )
    _end(_list_open(Offer.user_id == user_id, ~picks), at)


def end_of_firm(organisation_id: int, at: datetime) -> None:
    """End what is on offer to a firm that is out of the programme."""
    closed = (
        select(Organisation.id)
        .where(Organisation.id == Offer.organisation_id, ~Organisation.active)
        .exists()
    )
    _end(_list_open(Offer.organisation_id == organisation_id, closed), at)


def _list_open(*which: ColumnElement[bool]) -> Sequence[AnyRow]:
    return (
        session()
        .execute(
            select(Offer.lead_id, Offer.organisation_id)
            .join(Lead, (Lead.id == Offer.lead_id) & (Lead.round == Offer.round))
            .where(Lead.state == LeadState.OFFERED, Offer.open, Offer.unit_id.is_(None), *which)
            .order_by(Offer.lead_id)
        )
        .all()
    )


def _end(found: Sequence[AnyRow], at: datetime) -> None:
    for firm in sorted({row.organisation_id for row in found}):
        lock_partner(firm)
    for row in found:
        try:
            lead, current = lock_round(row.lead_id)
        except Refused:
            # picked up or taken off the market meanwhile
            continue
        taken = list_standing(current, [row.organisation_id], at)
        if taken and not take_out(lead, current, taken, at):
            close_round(lead, RoundOutcome.EXPIRED, at)
            redistribution.hand_on(lead, at, Way.LAPSED)

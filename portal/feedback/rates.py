"""What partners did within twelve months, counted from offers, pickups, clocks and wins.

`count_all` counts all partners and what they come to together; `count_firm` one of whom something
was heard, but for its offers: those are counted with all others. What becomes of the counts, and
why they are drawn towards those of all, stands in `partners.rates`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    Float,
    Integer,
    and_,
    cast,
    extract,
    func,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute

from portal.campaigns.models import Campaign, CampaignPartner
from portal.catalog.models import Blame, Reason
from portal.core.db import session
from portal.deadlines.models import Clock, Stop
from portal.feedback.models import Feedback
from portal.feedback.rules import Status
from portal.leads.models import Lead, LeadFinder, LeadState
from portal.offers.models import Offer, OfferRound
from portal.partners import rates
from portal.partners.models import Partner
from portal.partners.rates import Work
from portal.pickup.models import Pickup
from portal.pickup.suspension import COUNTED

YEAR = timedelta(days=365)
MONTHS = 12
MINUTE = 60
DAY = 86_400

Counts = dict[int, dict[str, Any]]
Firm = InstrumentedAttribute[int] | InstrumentedAttribute[int | None]
Moment = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]


def count_all(at: datetime) -> int:
    """Count all partners anew, and what they come to together. Return how many changed."""
    rates.lock()
    found = {one: Work() for one in rates.list_partner_ids()}
    for read in (_offered, *OF_FIRMS):
        for firm, counts in read(None, at).items():
            if firm in found:
                found[firm] = replace(found[firm], **counts)
    return rates.keep(found, rates.keep_means(found.values(), at), at)


def count_firm(organisation_id: int, at: datetime) -> None:
    """Count a partner anew whose leads ended; its offers stay as last counted. None: nothing."""
    if session().get(Partner, organisation_id) is None:
        return
    rates.lock()
    known = rates.find_rates(organisation_id)
    work = Work(
        offers_seen=known.offers_seen if known else 0, declined=known.declined if known else 0
    )
    for read in OF_FIRMS:
        work = replace(work, **read(organisation_id, at).get(organisation_id, {}))
    rates.keep({organisation_id: work}, rates.read_means(), at)


def _of(firm: int | None, column: Firm) -> ColumnElement[bool]:
    return column.is_not(None) if firm is None else column == firm


def _read(statement: Executable) -> Counts:
    """Return what a statement counts, by firm: its first column."""
    return {
        row[0]: {name: value for name, value in row._mapping.items() if name != "firm"}
        for row in session().execute(statement)
    }


def _median(seconds: ColumnElement[Any], length: int) -> ColumnElement[Any]:
    middle = func.percentile_disc(0.5).within_group(func.greatest(seconds, 0))
    return cast(func.round(middle / length), Integer)


def _seconds(begin: Moment, end: Moment) -> ColumnElement[Any]:
    return extract("epoch", end - begin)


def _offered(firm: int | None, at: datetime) -> Counts:
    """Offers that the firm saw before they went, and those it said no to."""
    went = func.least(Offer.ends_at, func.coalesce(OfferRound.ended_at, at))
    return _read(
        select(
            Offer.organisation_id.label("firm"),
            func.count().label("offers_seen"),
            func.count(Offer.declined_at).label("declined"),
        )
        .join(OfferRound, OfferRound.id == Offer.round_id)
        .where(
            _of(firm, Offer.organisation_id),
            Offer.visible_from.between(at - YEAR, at),
            Offer.visible_from <= went,
        )
        .group_by(Offer.organisation_id)
    )


def _picked(firm: int | None, at: datetime) -> Counts:
    """What was picked up, how long after the firm saw it, and how soon the customer heard of it."""
    return _read(
        select(
            Pickup.organisation_id.label("firm"),
            func.count().label("picked"),
            _median(_seconds(Offer.visible_from, Pickup.picked_at), MINUTE).label(
                "minutes_to_pick"
            ),
            _median(_seconds(Pickup.picked_at, Pickup.first_contact_at), MINUTE).label(
                "minutes_to_contact"
            ),
        )
        .outerjoin(
            Offer,
            and_(
                Offer.lead_id == Pickup.lead_id,
                Offer.organisation_id == Pickup.organisation_id,
                Offer.round == Pickup.round,
            ),
        )
        .where(_of(firm, Pickup.organisation_id), Pickup.picked_at.between(at - YEAR, at))
        .group_by(Pickup.organisation_id)
    )


def _ended(firm: int | None, at: datetime) -> Counts:
    """What ended in the firm's hands, and what was won.

    What ended for a reason that counts against the source is not the firm's to answer for.
    """
    won = Pickup.outcome == Status.WON
    lasted = func.avg(_seconds(Pickup.picked_at, Pickup.ended_at)).filter(won)
    value = func.sum(Feedback.value).filter(won)
    return _read(
        select(
            Pickup.organisation_id.label("firm"),
            func.count().label("closed"),
            func.count().filter(won).label("won"),
            cast(func.round(lasted / DAY, 1), Float).label("deal_days"),
            cast(func.round(func.avg(Feedback.value).filter(won), 2), Float).label("deal_value"),
            cast(func.coalesce(func.round(value), 0), BigInteger).label("volume"),
        )
        .outerjoin(Reason, Reason.id == Pickup.reason_id)
        .outerjoin(
            Feedback,
            and_(
                Feedback.pickup_id == Pickup.id,
                Feedback.status == Status.WON,
                Feedback.taken_back_at.is_(None),
            ),
        )
        .where(
            _of(firm, Pickup.organisation_id),
            Pickup.ended_at.between(at - YEAR, at),
            or_(won, func.coalesce(Reason.blame, "") != Blame.VENDOR),
        )
        .group_by(Pickup.organisation_id)
    )


def _punctual(firm: int | None, at: datetime) -> Counts:
    """Deadlines that the firm had, and those it met."""
    return _read(
        select(
            Clock.organisation_id.label("firm"),
            func.count().label("deadlines"),
            func.count().filter(Clock.outcome == Stop.MET).label("met"),
        )
        .where(
            _of(firm, Clock.organisation_id),
            Clock.kind.in_(COUNTED),
            Clock.outcome.in_([Stop.MET, Stop.MISSED]),
            Clock.stopped_at.between(at - YEAR, at),
        )
        .group_by(Clock.organisation_id)
    )


def _brought(firm: int | None, at: datetime) -> Counts:
    """Leads that the firm brought itself, and in how many months; what wasn't one counts not."""
    month = func.date_trunc("month", LeadFinder.at, "UTC")
    return _read(
        select(
            LeadFinder.organisation_id.label("firm"),
            func.count().label("brought"),
            func.least(func.count(month.distinct()), MONTHS).label("months_brought"),
        )
        .join(Lead, Lead.id == LeadFinder.lead_id)
        .where(
            _of(firm, LeadFinder.organisation_id),
            LeadFinder.at.between(at - YEAR, at),
            Lead.state != LeadState.DISQUALIFIED,
            Lead.merged_into.is_(None),
        )
        .group_by(LeadFinder.organisation_id)
    )


def _took_part(firm: int | None, at: datetime) -> Counts:
    """Campaigns that the firm takes part in, or did within the year."""
    runs = or_(Campaign.ends_on.is_(None), Campaign.ends_on >= (at - YEAR).date())
    return _read(
        select(
            CampaignPartner.organisation_id.label("firm"),
            func.count().label("campaigns"),
        )
        .join(Campaign, Campaign.id == CampaignPartner.campaign_id)
        .where(_of(firm, CampaignPartner.organisation_id), runs)
        .group_by(CampaignPartner.organisation_id)
    )


OF_FIRMS = (_picked, _ended, _punctual, _brought, _took_part)

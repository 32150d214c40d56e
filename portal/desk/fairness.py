"""How leads were shared out, month by month: counted by a sweep, read by page, mail and file.

A month is the vendor's. What fell to a firm are the offers it could see and the leads it picked up
and did not give back; hot is what was hot when it was offered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, text

from portal.core.db import session
from portal.core.jobs import sweep
from portal.desk.fairness_rules import FirmMonth, Group, gini, group, keys_of
from portal.desk.models import FairMonth, FairShare
from portal.offers.models import OfferRound
from portal.partners.calendars import vendors_calendar

KEPT = 12
"""So many months back are counted, and shown."""

COUNT_SHARES = text(
    """
    INSERT INTO fair_shares (month, organisation_id, level_id, country, subdivision, people,
                             offers, hot_offers, picks, hot_picks)
    SELECT :month, firm.organisation_id, firm.level_id, firm.country, firm.subdivision, firm.people,
           coalesce(offered.n, 0), coalesce(offered.hot, 0),
           coalesce(picked.n, 0), coalesce(picked.hot, 0)
    FROM partners AS firm
    JOIN organisations ON organisations.id = firm.organisation_id
    LEFT JOIN (
      SELECT o.organisation_id, count(*) AS n,
             count(*) FILTER (
               WHERE coalesce(r.lead_facts->>'temperature', l.temperature) = 'hot') AS hot
      FROM offers AS o
      JOIN offer_rounds AS r ON r.id = o.round_id
      JOIN leads AS l ON l.id = o.lead_id
      WHERE o.visible_from >= :begins AND o.visible_from < :ends AND o.visible_from <= :at
        AND (r.ended_at IS NULL OR o.visible_from <= r.ended_at)
      GROUP BY o.organisation_id
    ) AS offered ON offered.organisation_id = firm.organisation_id
    LEFT JOIN (
      SELECT p.organisation_id, count(*) AS n,
             count(*) FILTER (
               WHERE coalesce(r.lead_facts->>'temperature', l.temperature) = 'hot') AS hot
      FROM pickups AS p
      JOIN leads AS l ON l.id = p.lead_id
      LEFT JOIN offer_rounds AS r ON r.lead_id = p.lead_id AND r.number = p.round
      WHERE p.picked_at >= :begins AND p.picked_at < :ends
        AND p.outcome IS DISTINCT FROM 'given_back'
      GROUP BY p.organisation_id
    ) AS picked ON picked.organisation_id = firm.organisation_id
    WHERE organisations.active AND organisations.created_at < :ends
       OR offered.n > 0 OR picked.n > 0
    """
)
TIME_TO_OFFER = text(
    """
    SELECT count(*) AS leads,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY waited) AS half,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY waited) AS most
    FROM (
      SELECT greatest(extract(epoch FROM r.opened_at - l.qualified_at), 0) / 60.0 AS waited
      FROM offer_rounds AS r JOIN leads AS l ON l.id = r.lead_id
      WHERE r.number = 1 AND r.opened_at >= :begins AND r.opened_at < :ends AND r.opened_at <= :at
    ) AS first
    """
)


def vendors_zone() -> ZoneInfo:
    """Return the zone whose months are counted."""
    return vendors_calendar().zone


def month_of(at: datetime, zone: ZoneInfo) -> date:
    """Return the first day of the month that it is."""
    return at.astimezone(zone).date().replace(day=1)


def month_before(month: date, back: int = 1) -> date:
    """Return the first day of an earlier month; below zero of a later one."""
    year, index = divmod(month.year * 12 + month.month - 1 - back, 12)
    return date(year, index + 1, 1)


def bounds_of(month: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a month begins and ends."""
    begins, ends = month, month_before(month, -1)
    return tuple(datetime.combine(day, time(), zone) for day in (begins, ends))  # type: ignore[return-value]


def due_months(at: datetime) -> Sequence[int]:
    """Return the months to count, as 202611: the present one, and any not counted to its end."""
    first = session().scalar(select(func.min(OfferRound.opened_at)))
    if first is None:
        return []
    zone = vendors_zone()
    counted = dict(session().execute(select(FairMonth.month, FairMonth.counted_at)).all())
    months = [month_before(month_of(at, zone), back) for back in range(KEPT + 1)]
    return [
        month.year * 100 + month.month
        for month in months
        if month >= month_of(first, zone)
        and (month not in counted or counted[month] < bounds_of(month, zone)[1])
    ]


@sweep("desk.count_fairness", due_months, queue="bulk")
def count_month(number: int, at: datetime) -> None:
    """Count how leads were shared out in a month, whatever was counted of it before."""
    month, zone = date(number // 100, number % 100, 1), vendors_zone()
    begins, ends = bounds_of(month, zone)
    asked = {"month": month, "begins": begins, "ends": ends, "at": at}
    session().execute(delete(FairMonth).where(FairMonth.month == month))
    waited = session().execute(TIME_TO_OFFER, asked).one()
    kept = FairMonth(
        month=month,
        counted_at=at,
        leads=waited.leads,
        half_minutes=waited.half,
        most_minutes=waited.most,
    )
    session().add(kept)
    session().flush()
    session().execute(COUNT_SHARES, asked)
    firms = read_firms(month)
    kept.gini_offers = gini([one.offers for one in firms])
    kept.gini_picks = gini([one.picks for one in firms])
    kept.gini_hot = gini([one.hot_picks for one in firms])
    session().flush()


def read_firms(month: date) -> Sequence[FirmMonth]:
    """Return what fell to each firm in a month."""
    rows = session().execute(
        select(
            FairShare.level_id,
            FairShare.country,
            FairShare.subdivision,
            FairShare.people,
            FairShare.offers,
            FairShare.hot_offers,
            FairShare.picks,
            FairShare.hot_picks,
        ).where(FairShare.month == month)
    )
    return [FirmMonth(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Figures:
    """How leads were shared out in a month: the programme's, by groups, and of one's own firm.

    `groups` by level, region and size; empty where all together are too few to be shown.
    """

    month: FairMonth
    whole: Group
    groups: Mapping[str, Sequence[Group]]
    own: FirmMonth | None


def read_figures(month: date, organisation_id: int) -> Figures | None:
    """Return the figures of a month, with those of a firm; None where nothing was counted."""
    kept = session().get(FairMonth, month)
    if kept is None:
        return None
    firms = read_firms(month)
    whole = Group(None)
    for firm in firms:
        whole.take(Group(None, 1, *firm.counts))
    row = session().get(FairShare, (month, organisation_id))
    own = None
    if row is not None:
        own = FirmMonth(
            row.level_id,
            row.country,
            row.subdivision,
            row.people,
            row.offers,
            row.hot_offers,
            row.picks,
            row.hot_picks,
        )
    return Figures(
        kept, whole, {name: group(firms, key) for name, key in keys_of(firms).items()}, own
    )


def list_months() -> Sequence[FairMonth]:
    """Return the months that were counted, the newest first."""
    newest = select(FairMonth).order_by(FairMonth.month.desc()).limit(KEPT + 1)
    return session().scalars(newest).all()

"""Leads are shared out: what firms have had lately is read, and the terms are applied to a match.

What the terms decide is `fairness_rules`'; how they are kept `fairness_terms`'.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, column, literal_column, select, text

from portal.core.db import ask, session
from portal.leads.models import Lead, Temperature
from portal.matching.fairness_rules import (
    MOST_AWAY,
    NOTHING_YET,
    Had,
    PickCap,
    Terms,
    arrange,
    cooling_since,
    count_left_out,
    left_out,
    window_start,
)
from portal.matching.models import FairnessTerms
from portal.matching.sharing import DRAWN, Share
from portal.partners.calendars import FreeDays

if TYPE_CHECKING:
    from portal.matching.operations import Matched

Spells = Sequence[tuple[date, date]]


@dataclass(frozen=True, slots=True)
class Shared:
    """The partners of a match as they are offered the lead, and what is kept of it.

    `excluded` counts those left out by code; `kept` are the terms with who was left out or drawn.
    """

    partners: list[Matched]
    excluded: dict[str, int]
    kept: dict[str, Any] | None = None


# every match asks this, so it is built once
LATEST = select(FairnessTerms).order_by(FairnessTerms.number.desc()).limit(1)


def read_terms() -> Terms:
    """Return the terms that hold; where nothing was agreed on, all share alike."""
    row = session().scalar(LATEST)
    return terms_of(row) if row is not None else Terms()


def terms_of(row: FairnessTerms) -> Terms:
    """Return what a version of the terms says."""
    return Terms(
        number=row.number,
        period_days=row.period_days,
        most_offers=row.most_offers,
        most_hot_offers=row.most_hot_offers,
        most_picks=row.most_picks,
        most_hot_picks=row.most_hot_picks,
        cooling_days=row.cooling_days,
        explored=row.explored,
        new_days=row.new_days,
        small_people=row.small_people,
    )


IN_LINE = text(
    """
    SELECT pg_advisory_xact_lock(hashtext('fairness'))
    FROM (
      SELECT most_offers, most_hot_offers FROM fairness_terms ORDER BY number DESC LIMIT 1
    ) AS terms
    WHERE num_nonnulls(most_offers, most_hot_offers) > 0
    """
)


def wait_in_line() -> None:
    """Let one lead after the other be offered where offers are capped; the lead is locked before.

    Whoever comes second counts what the first has offered.
    """
    ask(IN_LINE, {})


def share_out(
    partners: Sequence[Matched],
    lead: Lead,
    at: datetime,
    *,
    seed: int,
    places: int | None,
    most: int | None,
) -> Shared:
    """Apply the terms to the partners who suit a lead, best first.

    `places` are those of the first ring, `most` is how many partners are offered it at all.
    """
    terms = read_terms()
    if not terms.says_something or not partners:
        return Shared(*cut(list(partners), most, {}))
    firms = [one.organisation_id for one in partners]
    hot = lead.temperature == Temperature.HOT
    had = read_had(firms, terms, hot, at)
    out: dict[Share, list[int]] = defaultdict(list)
    left = []
    for one in partners:
        why = left_out(terms, had.get(one.organisation_id, NOTHING_YET), hot, at)
        if why is None:
            left.append(one)
        else:
            out[why].append(one.organisation_id)
    first = least_of(places, most)
    newcomers: Collection[int] = ()
    if terms.explored and first is not None and len(left) > first:
        newcomers = find_newcomers([one.organisation_id for one in left], terms, at)
    arranged, drawn = arrange(left, newcomers, first, terms.explored, seed)
    shared = [
        replace(one, explanation=[*one.explanation, PLACE_DRAWN])
        if one.organisation_id in drawn
        else one
        for one in arranged
    ]
    kept = {
        **terms.kept(),
        "left_out": {str(why): firms for why, firms in out.items()},
        "drawn": sorted(drawn),
    }
    return Shared(*cut(shared, most, count_left_out(out)), kept)


PLACE_DRAWN = {"kind": DRAWN, "mode": "fairness", "points": 0}


def cut(
    partners: list[Matched], most: int | None, excluded: dict[str, int]
) -> tuple[list[Matched], dict[str, int]]:
    """Return as many partners as are offered a lead, and how many were left out by what."""
    if most is None or len(partners) <= most:
        return partners, excluded
    return partners[:most], {**excluded, "most": len(partners) - most}


AWAY = text(
    """
    SELECT organisation_id AS firm, starts_on AS first, ends_on AS last FROM absences
    WHERE organisation_id = ANY(:firms) AND user_id IS NULL
      AND starts_on <= :today AND ends_on >= :earliest
    """
)
# by which days off a firm goes, as `partners.calendars` has it
_FREE = """
    SELECT p.organisation_id AS firm,
           CASE WHEN coalesce(w.holidays, true) THEN coalesce(w.country, p.country) END AS country,
           CASE WHEN coalesce(w.holidays, true)
             THEN coalesce(w.subdivision, p.subdivision) END AS subdivision,
           w.days_off AS own
    FROM partners p LEFT JOIN working_hours w ON w.organisation_id = p.organisation_id
"""
FREE = text(f"{_FREE} WHERE p.organisation_id = ANY(:firms)")
# What a dry run that is on has noted counts as if it had been offered, each lead once for a firm.
_ASKED = """
    WITH asked AS (
      SELECT *
      FROM unnest(CAST(:firms AS bigint[]), CAST(:since AS timestamptz[])) AS f(firm, since)
    ), noted AS (
      SELECT asked.firm, count(DISTINCT r.lead_id) AS offers,
             count(DISTINCT r.lead_id) FILTER (WHERE l.temperature = 'hot') AS hot
      FROM dry_runs d
      JOIN rehearsals r ON r.at >= d.began_at AND r.at <= :at
      JOIN leads l ON l.id = r.lead_id
      CROSS JOIN LATERAL jsonb_array_elements(r.offers) AS line
      JOIN asked ON asked.firm = (line->>'organisation_id')::bigint AND asked.since < r.at
      WHERE d.ended_at IS NULL
      GROUP BY asked.firm
    )
"""
OFFERED_AT_MOST = text(
    f"""
    {_ASKED}
    SELECT counted.firm
    FROM (
      SELECT asked.firm, count(*) AS offers
      FROM asked
      JOIN offers o ON o.organisation_id = asked.firm AND o.visible_from > asked.since
      GROUP BY asked.firm
      UNION ALL SELECT firm, offers FROM noted
    ) AS counted
    GROUP BY counted.firm HAVING sum(counted.offers) >= :most
    """  # noqa: S608 – all of it stands here
)
# Rings that never opened were seen by nobody; those that will, count already.
OFFERED = text(
    f"""
    {_ASKED}
    SELECT asked.firm, counted.offers + coalesce(noted.offers, 0) AS offers,
           counted.hot + coalesce(noted.hot, 0) AS hot
    FROM asked
    CROSS JOIN LATERAL (
      SELECT count(*) AS offers,
             count(*) FILTER (
               WHERE coalesce(r.lead_facts->>'temperature', l.temperature) = 'hot') AS hot
      FROM offers o JOIN offer_rounds r ON r.id = o.round_id JOIN leads l ON l.id = o.lead_id
      WHERE o.organisation_id = asked.firm AND o.visible_from > asked.since AND r.opened_at <= :at
        AND (r.ended_at IS NULL OR o.visible_from <= r.ended_at)
        AND (o.withdrawn_at IS NULL OR o.visible_from <= o.withdrawn_at)
    ) AS counted
    LEFT JOIN noted ON noted.firm = asked.firm
    """  # noqa: S608 – all of it stands here
)
# what a firm has picked up; of what is NULL nothing is counted
_PICKS = """
    SELECT count(*) FILTER (WHERE p.picked_at > {since}) AS picks,
           count(*) FILTER (WHERE p.picked_at > {since} AND l.temperature = 'hot') AS hot_picks,
           max(p.picked_at) FILTER (WHERE l.temperature = 'hot') AS last_hot
    FROM pickups p JOIN leads l ON l.id = p.lead_id
    WHERE p.organisation_id = {firm}
      AND p.picked_at > least({since}, CAST(:cooling_since AS timestamptz))
      AND p.outcome IS DISTINCT FROM 'given_back'
"""
PICKED = text(
    f"""
    SELECT asked.firm, counted.picks, counted.hot_picks, counted.last_hot
    FROM unnest(CAST(:firms AS bigint[]), CAST(:since AS timestamptz[])) AS asked(firm, since)
    CROSS JOIN LATERAL (
      {_PICKS.format(firm="asked.firm", since="asked.since")} AND p.picked_at <= :at
    ) AS counted
    """  # noqa: S608 – all of it stands here
)
# Of one firm, for its claims: whatever is there counts, as who comes later may have pressed before.
OWN_PICKS = text(
    _PICKS.format(firm=":organisation_id", since="CAST(:since AS timestamptz)")
).columns(column("picks"), column("hot_picks"), column("last_hot"))
NEWCOMERS = text(
    """
    SELECT p.organisation_id FROM partners p JOIN organisations o ON o.id = p.organisation_id
    WHERE p.organisation_id = ANY(:firms) AND (o.created_at > :since OR p.people <= :people)
    """
)


def read_had(firms: Sequence[int], terms: Terms, hot: bool, at: datetime) -> Mapping[int, Had]:
    """Return what firms have had within their windows, as far as a lead that is `hot` asks for it.

    Who can't have been offered as many as agreed, at a first glance that counts too much, isn't
    counted exactly.
    """
    most_offers = least_of(terms.most_offers, terms.most_hot_offers if hot else None)
    asks_picks = terms.most_picks is not None or (hot and terms.asks_of_hot_picks)
    if most_offers is None and not asks_picks:
        return {}
    since = read_windows(firms, terms, at)
    asked = {"firms": list(firms), "since": [since[firm] for firm in firms], "at": at}
    had = dict.fromkeys(firms, NOTHING_YET)
    if most_offers is not None:
        near = session().execute(OFFERED_AT_MOST, {**asked, "most": most_offers}).scalars().all()
        exact = {**asked, "firms": near, "since": [since[firm] for firm in near]}
        for row in session().execute(OFFERED, exact) if near else ():
            had[row.firm] = replace(had[row.firm], offers=row.offers, hot_offers=row.hot)
    if asks_picks:
        cooling = cooling_since(terms.cooling_days, at)
        for row in session().execute(PICKED, {**asked, "cooling_since": cooling}):
            had[row.firm] = replace(
                had[row.firm], picks=row.picks, hot_picks=row.hot_picks, last_hot=row.last_hot
            )
    return had


def least_of(*bounds: int | None) -> int | None:
    """Return the least bound there is."""
    return min((one for one in bounds if one is not None), default=None)


def read_windows(firms: Sequence[int], terms: Terms, at: datetime) -> Mapping[int, datetime]:
    """Return since when leads count for each firm."""
    spells: dict[int, list[tuple[date, date]]] = defaultdict(list)
    reach = {
        "firms": list(firms),
        "today": at.date(),
        "earliest": at.date() - timedelta(days=terms.period_days + MOST_AWAY),
    }
    for row in session().execute(AWAY, reach):
        spells[row.firm].append((row.first, row.last))
    # most firms of a region are there on the same days
    windows: dict[Hashable, datetime] = {}
    since = {}
    for row in session().execute(FREE, {"firms": list(firms)}):
        away, own = tuple(spells.get(row.firm, ())), tuple(row.own or ())
        alike = row.country, row.subdivision, own, away
        if alike not in windows:
            free = FreeDays(row.country, row.subdivision, own)
            windows[alike] = window_start(at, terms.period_days, away, free)
        since[row.firm] = windows[alike]
    return since


def find_newcomers(firms: Sequence[int], terms: Terms, at: datetime) -> Collection[int]:
    """Return which of the firms are new or small."""
    asked = {
        "firms": list(firms),
        "since": at - timedelta(days=terms.new_days),
        "people": terms.small_people,
    }
    return frozenset(session().scalars(NEWCOMERS, asked))


# A claim reads this beside the bounds of its firm, so it is a column and no statement of its own.
FIRM_CAPS: ColumnElement[Any] = literal_column(
    f"""
    (SELECT jsonb_build_object(
       'days', terms.period_days, 'most', terms.most_picks, 'most_hot', terms.most_hot_picks,
       'cooling_days', terms.cooling_days,
       'away', (
         SELECT jsonb_agg(jsonb_build_array(starts_on, ends_on)) FROM absences
         WHERE absences.organisation_id = organisations.id AND absences.user_id IS NULL),
       'free', (
         SELECT to_jsonb(days) FROM ({_FREE} WHERE p.organisation_id = organisations.id) AS days))
     FROM (SELECT * FROM fairness_terms ORDER BY number DESC LIMIT 1) AS terms
     WHERE num_nonnulls(terms.most_picks, terms.most_hot_picks) > 0 OR terms.cooling_days > 0)
    """  # noqa: S608 – all of it stands here
)


def cap_of(kept: Mapping[str, Any] | None, at: datetime) -> PickCap | None:
    """Return what `FIRM_CAPS` says; None where a firm picks up as many as it likes."""
    if kept is None:
        return None
    most, most_hot, cooling = kept["most"], kept["most_hot"], kept["cooling_days"]
    counted = most is not None or most_hot is not None
    return PickCap(
        kept["days"],
        most,
        most_hot,
        _window_kept(kept, at) if counted else None,
        cooling,
        cooling_since(cooling, at),
    )


def _window_kept(kept: Mapping[str, Any], at: datetime) -> datetime:
    """Return since when picks count for the firm of which `FIRM_CAPS` speaks."""
    away, free = spells_of(kept["away"] or ()), kept["free"]
    own = map(date.fromisoformat, free["own"] or ())
    days = FreeDays(free["country"], free["subdivision"], own)
    return window_start(at, kept["days"], away, days)


def spells_of(rows: Iterable[Sequence[str]]) -> Spells:
    """Return first and last days as they are kept in JSON."""
    return [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in rows]


def picks_asked(cap: PickCap | None) -> dict[str, datetime | None]:
    """Return what `OWN_PICKS` needs to know beside the firm."""
    if cap is None:
        return {"since": None, "cooling_since": None}
    return {"since": cap.since, "cooling_since": cap.cooling_since}


def count_picks(organisation_id: int, cap: PickCap) -> Had:
    """Return what a firm has picked up, as far as its cap asks."""
    return picks_of(ask(OWN_PICKS, {"organisation_id": organisation_id, **picks_asked(cap)}).one())


def picks_of(row: Any) -> Had:
    """Return what `OWN_PICKS` says."""
    return Had(picks=row.picks, hot_picks=row.hot_picks, last_hot=row.last_hot)

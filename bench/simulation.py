"""Twelve months of 300 partners, once for each contest: time to pick, win rate, Gini.

A model, not the house: no database, no clock on the wall. Who sees a lead when is `rings.plan`'s,
equal scores fall by `rules.draw`; the rest is assumed, and said so in docs/channel-manager.md:

- 5,040 leads come in 252 working days of eight hours; time is working time throughout.
- A partner suits a lead by nearness, skill and record. The score knows two thirds of that; the
  rest is luck that nobody can measure. The 40 best are offered it, for three days.
- Of those, the better it suits them the likelier they want it. Some sit before the list and press
  within a minute or so, the others answer their mail hours later; both differ from firm to firm.
- Nobody holds more than his capacity; a lead stays in hand for a month on average.
- A lead is won the likelier the better its holder suits it, and half as likely with each five days
  that it waited.

All random numbers come from one seed per year; the contests see the same leads and partners.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from statistics import mean, median

from bench.house import House
from bench.table import Measured
from portal.leads.contest import Contest, Mode
from portal.matching.rules import draw
from portal.offers import rings

PARTNERS, LEADS_A_DAY, DAYS, OFFERED = 300, 20, 252, 40
AT = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = 1.0
DAY = 8 * HOUR
LASTS = 3 * DAY
YEARS = (1, 2, 3)
"""The seeds: each is a year of its own."""

CONTESTS = {
    "race": Contest(),
    "staggered": Contest(Mode.STAGGERED, size=5, minutes=60),
    "photo-finish, 1 minute": Contest(Mode.PHOTO_FINISH, seconds=60),
    "photo-finish, 15 minutes": Contest(Mode.PHOTO_FINISH, seconds=900),
    "serial": Contest(Mode.SERIAL, minutes=240),
    "direct": Contest(Mode.SERIAL, minutes=24 * 60),
}


@dataclass
class Partner:
    """A firm: where it is, what it can, how fast it is, and what it holds."""

    number: int
    east: float
    north: float
    skill: float
    capacity: int
    online: float
    hours: float
    held: int = 0
    picks: int = 0


@dataclass
class Lead:
    """A lead with whom it suits how well; `holder` once it is picked."""

    number: int
    at: float
    east: float
    north: float
    suits: dict[int, float]
    scores: dict[int, float]
    reacts: dict[int, float]
    luck: float
    ends: float = 0.0
    entered: list[int] = field(default_factory=list)
    holder: int | None = None
    waited: float = 0.0


@dataclass(frozen=True)
class Year:
    """What came of a year."""

    waited: list[float]
    leads: int
    won: int
    picks: list[int]


def make_year(seed: int) -> tuple[list[Partner], list[Lead]]:
    """Return the partners and the leads of a year."""
    random = Random(seed)
    partners = [
        Partner(
            number,
            random.random(),
            random.random(),
            random.betavariate(2, 2),
            1 + round(random.lognormvariate(1.6, 0.6)),
            random.betavariate(1, 14),
            random.lognormvariate(1.1, 0.8),
        )
        for number in range(1, PARTNERS + 1)
    ]
    leads, at = [], 0.0
    for number in range(1, LEADS_A_DAY * DAYS + 1):
        at += random.expovariate(LEADS_A_DAY / DAY)
        leads.append(make_lead(number, at, partners, random))
    return partners, leads


def make_lead(number: int, at: float, partners: list[Partner], random: Random) -> Lead:
    """Return a lead with the 40 partners that suit it best by what is known, and how these act."""
    east, north = random.random(), random.random()
    suits = {}
    for one in partners:
        away = ((one.east - east) ** 2 + (one.north - north) ** 2) ** 0.5
        suits[one.number] = 0.5 * max(0.0, 1 - 2 * away) + 0.5 * one.skill
    known = {firm: round(0.67 * share + 0.33 * random.random(), 4) for firm, share in suits.items()}
    best = sorted(known, key=lambda firm: (-known[firm], draw(number, firm)))[:OFFERED]
    reacts = {}
    for firm in best:
        one = partners[firm - 1]
        if random.random() < 0.2 + 0.6 * suits[firm]:
            quick = random.random() < one.online
            mean_hours = 45 / 3600 if quick else one.hours
            reacts[firm] = random.expovariate(1 / mean_hours)
    scores = {firm: known[firm] for firm in best}
    return Lead(number, at, east, north, suits, scores, reacts, random.random())


def play(partners: list[Partner], leads: list[Lead], contest: Contest, seed: int) -> Year:
    """Let a year pass under one contest; partners and leads stay as they are for the others."""
    firms = {one.number: replace(one) for one in partners}
    leads = [replace(lead, entered=[]) for lead in leads]
    turn = count()
    ahead: list[tuple[float, int, str, Lead | None, int]] = []

    def plan(at: float, what: str, lead: Lead | None, firm: int = 0) -> None:
        heapq.heappush(ahead, (at, next(turn), what, lead, firm))

    def take(lead: Lead, firm: int, at: float) -> None:
        lead.holder, lead.waited = firm, at - lead.at
        firms[firm].held += 1
        firms[firm].picks += 1
        plan(at + held_for.expovariate(1 / (20 * DAY)), "done", None, firm)

    held_for = Random(-seed)
    for lead in leads:
        plan(lead.at, "offer", lead)
    while ahead:
        at, _turn, what, lead, firm = heapq.heappop(ahead)
        if lead is None:
            firms[firm].held -= 1
        elif what == "offer":
            for sees, until, one in seen(lead, contest):
                if one in lead.reacts and sees + lead.reacts[one] < until:
                    plan(sees + lead.reacts[one], "react", lead, one)
        elif lead.holder is not None:
            continue
        elif what == "react" and firms[firm].held < firms[firm].capacity:
            if contest.mode != Mode.PHOTO_FINISH:
                take(lead, firm, at)
            else:
                if not lead.entered:
                    plan(at + (contest.seconds or 0) / 3600, "decide", lead)
                lead.entered.append(firm)
                firms[firm].held += 1
        elif what == "decide":
            for one in lead.entered:
                firms[one].held -= 1
            best = min(lead.entered, key=lambda one: (-lead.scores[one], draw(lead.number, one)))
            take(lead, best, at)
    won = sum(1 for lead in leads if lead.holder and lead.luck < chance(lead))
    return Year(
        [lead.waited for lead in leads if lead.holder],
        len(leads),
        won,
        [one.picks for one in firms.values()],
    )


def seen(lead: Lead, contest: Contest) -> Iterator[tuple[float, float, int]]:
    """Yield from when until when each firm sees a lead, in hours of working time."""
    planned = rings.plan(list(lead.scores), [], contest, AT, timedelta(hours=LASTS), timedelta(0))
    for ring in planned.rings:
        begins = lead.at + (ring.opens_at - AT) / timedelta(hours=1)
        ends = lead.at + (ring.ends_at - AT) / timedelta(hours=1)
        for firm in ring.firms:
            yield begins, ends, firm


def chance(lead: Lead) -> float:
    """Return how likely the holder wins a lead that waited so long for him."""
    assert lead.holder is not None
    return (0.05 + 0.4 * lead.suits[lead.holder]) * 0.5 ** (lead.waited / (5 * DAY))


def gini(values: list[int]) -> float:
    """Return how unequal shares are: 0 all the same, 1 all with one."""
    ordered, total = sorted(values), sum(values)
    ranked = sum(place * value for place, value in enumerate(ordered, 1))
    return 2 * ranked / (len(ordered) * total) - (len(ordered) + 1) / len(ordered)


def span(hours: float) -> str:
    """Say a span of working time."""
    if hours < HOUR / 60:
        return f"{hours * 3600:.0f} s"
    return f"{hours * 60:.0f} min" if hours < 2 * HOUR else f"{hours:.1f} h"


def measure(_house: House) -> Measured:
    """Return how much more is won by photo-finish than by race, with the table of all contests."""
    made = [(seed, *make_year(seed)) for seed in YEARS]
    rates, rows = {}, ["contest | time to pick: median | 9 of 10 | picked | won | Gini of picks"]
    for name, contest in CONTESTS.items():
        years = [play(partners, leads, contest, seed) for seed, partners, leads in made]
        waited = sorted(hours for year in years for hours in year.waited)
        leads = sum(year.leads for year in years)
        rates[name] = sum(year.won for year in years) / leads
        rows.append(
            f"{name} | {span(median(waited))} | {span(waited[len(waited) * 9 // 10])} | "
            f"{len(waited) / leads:.1%} | {rates[name]:.1%} | "
            f"{mean(gini(year.picks) for year in years):.2f}"
        )
    return Measured(
        "simulation",
        round((rates["photo-finish, 15 minutes"] - rates["race"]) * 100, 1),
        "points of win rate, photo-finish over race",
        n=PARTNERS,
        notes=rows,
    )

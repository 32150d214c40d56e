"""What the rules give a lead, what that proposes, and where its buyer stands. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from portal.leads.models import Lead, LeadState, SignalKind, Temperature
from portal.matching.rules import NOTHING, Own, fits_lead
from portal.scoring.definition import Limits, Rule, RuleKind, Rules, Test, number_in

TOP = 100
DAY = timedelta(days=1)
COLDER = {Temperature.HOT: Temperature.WARM, Temperature.WARM: Temperature.COLD}
COOLS = (
    LeadState.QUALIFIED,
    LeadState.OFFERED,
    LeadState.RETURNED,
    LeadState.RECALLED,
    LeadState.NURTURE,
)
"""Where a lead waits, marked by people and in nobody's hands."""
DEAD_STATES = (LeadState.CLOSED, LeadState.DISQUALIFIED)


@dataclass(frozen=True, slots=True)
class Seen:
    """A signal: what, when, and how much it counts in per cent of a usual one."""

    kind: str
    at: datetime
    weight: int = 100


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at. `answers` are by the key of the question, empty ones left out.

    `areas` are those of the questions that are answered; `known` what of the lead is known.
    `alive_at` is when it was last heard of.
    """

    lead: Lead
    alive_at: datetime
    answers: Mapping[str, str] = field(default_factory=dict)
    areas: Collection[str] = ()
    known: Collection[str] = ()
    signals: tuple[Seen, ...] = ()
    own: Own = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Part:
    """What one rule gave, and for how many signals, or spans of silence."""

    rule: str
    points: int
    count: int = 1

    def to_data(self) -> dict[str, Any]:
        """Return the part as it is stored."""
        return {"rule": self.rule, "points": self.points, "count": self.count}


@dataclass(frozen=True, slots=True)
class Score:
    """What all rules gave together: never below 0, never above 100."""

    points: int
    behaviour: int
    proposed: Temperature
    parts: tuple[Part, ...]


def weigh(facts: Facts, rules: Rules, at: datetime) -> Score:
    """Return what the rules give a lead at a moment, with the part of each that gives anything."""
    kinds = {rule.key: rule.kind for rule in rules.rules}
    parts = tuple(part for rule in rules.rules if (part := part_of(rule, facts, at)).points)
    points = points_of(parts)
    behaviour = sum(part.points for part in parts if kinds[part.rule] is RuleKind.SIGNAL)
    return Score(points, max(0, behaviour), propose(points, rules.limits), parts)


def points_of(parts: Iterable[Part]) -> int:
    """Return the sum of parts as far as it counts."""
    return max(0, min(TOP, sum(part.points for part in parts)))


def propose(points: int, limits: Limits) -> Temperature:
    """Return the temperature that so many points stand for."""
    if points >= limits.hot_from:
        return Temperature.HOT
    return Temperature.WARM if points >= limits.warm_from else Temperature.COLD


def part_of(rule: Rule, facts: Facts, at: datetime) -> Part:
    """Return what one rule gives; no points where it doesn't hold."""
    match rule.kind:
        case RuleKind.ANSWER:
            holds = is_met(rule, facts.answers.get(rule.question, ""), at.date())
        case RuleKind.LEAD:
            holds = rule.condition is not None and fits_lead(
                [rule.condition], facts.lead, facts.own
            )
        case RuleKind.KNOWN:
            holds = rule.what in facts.known
        case RuleKind.SIGNAL:
            return _of_signals(rule, facts.signals, at)
        case RuleKind.SILENCE:
            spans = max(0, (at - facts.alive_at) // (rule.days * DAY))
            return Part(rule.key, max(-rule.most, spans * rule.points), spans)
    return Part(rule.key, rule.points if holds else 0)


def is_met(rule: Rule, answer: str, today: date) -> bool:
    """Tell whether an answer is what a rule asks for."""
    said = answer.strip().casefold()
    if not said:
        return False
    match rule.test:
        case Test.GIVEN:
            return True
        case Test.CONTAINS:
            return any(word in said for word in rule.words)
        case Test.IS:
            # what was chosen of a list stands there under all its names
            return any(line.strip() in rule.words for line in said.splitlines())
        case Test.AT_LEAST:
            found, least = number_in(said), number_in(rule.value)
            return found is not None and least is not None and found >= least
        case Test.WITHIN_DAYS:
            try:
                day = date.fromisoformat(said)
            except ValueError:
                return False
            return day <= today + timedelta(days=int(number_in(rule.value) or 0))


def _of_signals(rule: Rule, signals: Iterable[Seen], at: datetime) -> Part:
    # each counts for half as much whenever its half-life is over
    found = [one for one in signals if one.kind == rule.what]
    worth = sum(
        rule.points * one.weight / 100 * 0.5 ** (max(0.0, (at - one.at) / DAY) / rule.half_life)
        for one in found
    )
    return Part(rule.key, round(max(-rule.most, min(rule.most, worth))), len(found))


def cool(temperature: str, alive_at: datetime, limits: Limits, at: datetime) -> str:
    """Return what a waiting lead is by now, a step colder where it was silent for too long."""
    days = {Temperature.HOT: limits.hot_days, Temperature.WARM: limits.warm_days}
    if temperature not in days:
        return temperature
    was = Temperature(temperature)
    return COLDER[was] if days[was] and at - alive_at >= days[was] * DAY else was


# -- where the buyer stands ---------------------------------------------------------------------


class Stage(StrEnum):
    """How far somebody has come who is about to buy."""

    LOOKING = "looking"
    COMPARING = "comparing"
    DECIDING = "deciding"
    BUYING = "buying"
    QUIET = "quiet"


class Next(StrEnum):
    """What to do next about a lead."""

    ASK_NEED = "ask_need"
    ASK_AUTHORITY = "ask_authority"
    ASK_BUDGET = "ask_budget"
    ASK_TIME = "ask_time"
    WAKE = "wake"
    RELEASE = "release"
    OFFER = "offer"
    WAIT_FOR_PICK = "wait_for_pick"
    CALL_FIRST = "call_first"
    CALL_NOW = "call_now"
    AGREE_DAY = "agree_day"
    CLOSE_GAP = "close_gap"
    DECIDE = "decide"


RECENT, LONG_AGO = timedelta(days=14), timedelta(days=60)
EARNEST = (SignalKind.REPLY, SignalKind.INQUIRY)
MISSING = {
    "need": Next.ASK_NEED,
    "authority": Next.ASK_AUTHORITY,
    "budget": Next.ASK_BUDGET,
    "time": Next.ASK_TIME,
}
"""What is asked for first while it is not known."""


def stage_of(facts: Facts, at: datetime) -> Stage:
    """Return where the buyer stands, by what is known of him and what he did of late."""
    if at - facts.alive_at >= LONG_AGO:
        return Stage.QUIET
    recent = {one.kind for one in facts.signals if at - one.at <= RECENT}
    earnest = not recent.isdisjoint(EARNEST)
    areas = set(facts.areas)
    if areas >= {"budget", "authority", "need", "time"} and earnest:
        return Stage.BUYING
    if areas >= {"budget", "authority", "need"}:
        return Stage.DECIDING
    if "need" in areas or earnest or SignalKind.DOWNLOAD in recent:
        return Stage.COMPARING
    return Stage.LOOKING


def next_of(facts: Facts, stage: Stage, answer: str | None, at: datetime) -> Next | None:
    """Return what to do next about a lead; None where it has ended.

    `answer` is what the holder last said of it, a status of feedback.
    """
    lead = facts.lead
    if lead.state in DEAD_STATES:
        return None
    if lead.state in (LeadState.HELD, LeadState.DIRECT):
        if answer in (None, "not_contacted"):
            return Next.CALL_FIRST
        if any(at - one.at <= RECENT / 2 for one in facts.signals):
            return Next.CALL_NOW
        if answer == "proposal":
            return Next.DECIDE if stage in (Stage.BUYING, Stage.DECIDING) else Next.CLOSE_GAP
        return Next.AGREE_DAY
    if lead.state == LeadState.OFFERED:
        return Next.WAIT_FOR_PICK
    if stage is Stage.QUIET:
        return Next.WAKE
    for area, ask in MISSING.items():
        if area not in facts.areas:
            return ask
    return Next.OFFER if lead.state in (LeadState.QUALIFIED,) else Next.RELEASE


# -- what temperatures were worth ---------------------------------------------------------------

WEIGHT_OF_ALL = 10
"""So many leads of all sources speak along with those of one source."""
FEW = 5
"""Of fewer leads nothing is said but their number."""


def shrink(won: int, closed: int, of_all: float) -> float:
    """Return a rate that leans towards that of all the fewer leads it is made of."""
    return (won + WEIGHT_OF_ALL * of_all) / (closed + WEIGHT_OF_ALL)


def goes_like(rate: float, of_all: Mapping[Temperature, float]) -> Temperature | None:
    """Return the temperature whose rate of all sources is nearest; None where none is known."""
    if not of_all:
        return None
    return min(of_all, key=lambda one: (abs(of_all[one] - rate), list(Temperature).index(one)))

"""What outcomes say about the weights of a rule, pure: proposed with reasons, never applied.

Looked at are pickups by a rule that were won or lost, and what the explanation of the offer said
then: of each weighted criterion the share that the firm met. Won or lost, and not picked or left:
who picks is who was quick, who wins is who suited. Versions that ask the same are one, whatever
they weigh; of others nothing is learned. A lead that doesn't name what a criterion goes by says
nothing of it: there it counts as the mean of the others.

The regression gives each criterion a slope, and weights ought to stand to each other as the slopes
do. Together they keep the points they have. A weight that the outcomes do not contradict stays as
it is; one that they contradict (its share of the points lies outside the 90 % interval of its
slope) is proposed anew, at most doubled or halved at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import fmean, pstdev
from typing import Any

from portal.matching.criteria import Criterion
from portal.matching.kinds import kind_of
from portal.matching.lead_facts import LeadFacts
from portal.matching.regression import Fit, Slope, chance, fit

LEAST = 60
"""So many outcomes are needed at least, and of those"""
LEAST_EACH = 10
"""won and lost ones for each criterion (Peduzzi and others, 1996: ten events per variable)."""
DIFFERS = 0.05
"""Shares that spread less are all alike: nothing can be learned of them."""
STEP_AT_MOST = 2.0
LIGHTEST, HEAVIEST = 1, 100


class Finding(StrEnum):
    """What outcomes say about one weight."""

    AGREES = "agrees"
    MORE = "more"
    LESS = "less"
    ALIKE = "alike"
    SELDOM = "seldom"


Key = Criterion
"""What a weighted criterion of a rule asks, whatever it weighs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A lead won or lost, and the share of each criterion that its firm had met.

    None where the lead asked for nothing there.
    """

    shares: Mapping[Key, float | None]
    won: bool


@dataclass(frozen=True, slots=True)
class Advice:
    """What was found about one criterion.

    `ratio` is how much more often those won who meet it fully than those who don't at all, all
    else as it was (0.31: 31 % more often), between `low` and `high` in nine of ten cases; None
    where nothing can be said.
    """

    clause: int
    weight: float
    proposed: float
    finding: Finding
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a rule's outcomes teach; `needed` is how many more there have to be, 0: enough."""

    won: int
    lost: int
    needed: int
    advice: tuple[Advice, ...]

    @property
    def proposes(self) -> bool:
        """Say whether any weight is to change."""
        return any(one.proposed != one.weight for one in self.advice)


def shares_of(
    explanation: Iterable[Mapping[str, Any]], criteria: Iterable[Criterion], lead: LeadFacts
) -> dict[Key, float | None]:
    """Return the share of each weighted criterion that a stored explanation gives points for.

    `criteria` are those of its round; nothing where it was made by others, or by hand.
    """
    parts = [part for part in explanation if part.get("weight")]
    asked = [one for one in criteria if one.weighted]
    if [part["kind"] for part in parts] != [one.kind for one in asked]:
        return {}
    whole = sum(part["weight"] for part in parts)
    found: dict[Key, float | None] = {}
    for one, part in zip(asked, parts, strict=True):
        share = min(1.0, max(0.0, part["points"] * whole / part["weight"]))
        # to the hundredth: what is alike is counted together
        found[_key(one)] = round(share, 2) if kind_of(one).is_asked(one, lead) else None
    return found


def weights_of(criteria: Sequence[Mapping[str, Any]]) -> dict[Key, tuple[int, float]]:
    """Return place and weight of each weighted criterion, under the key that shares have."""
    read = (Criterion.from_data(data) for data in criteria)
    return {_key(one): (clause, one.weight) for clause, one in enumerate(read) if one.weighted}


def _key(criterion: Criterion) -> Key:
    return replace(criterion, weight=0.0)


def learn(weights: Mapping[Key, tuple[int, float]], outcomes: Sequence[Outcome]) -> Lesson:
    """Say what `outcomes` teach about `weights`, which `weights_of` returns."""
    told = [one for one in outcomes if weights.keys() <= one.shares.keys()]
    won = sum(one.won for one in told)
    lost = len(told) - won
    said = {key: _said(key, told) for key in weights}
    differ = [key for key in weights if len(said[key]) > 1 and pstdev(said[key]) >= DIFFERS]
    seldom = {key for key in weights if _is_seldom(key, told)}
    asked = [key for key in differ if key not in seldom]
    each = LEAST_EACH * max(1, len(asked))
    needed = max(LEAST - len(told), each - won, each - lost, 0)
    if needed or len(asked) < 2:
        # of one criterion alone the order doesn't change, whatever its weight
        return Lesson(won, lost, needed, ())
    mean = {key: fmean(said[key]) for key in asked}
    rows = [[_or(one.shares[key], mean[key]) for key in asked] for one in told]
    found = fit(rows, [one.won for one in told])
    means = [mean[key] for key in asked]
    points = sum(weights[key][1] for key in asked)
    whole = sum(max(slope.value, 0.0) for slope in found.slopes)
    advice = []
    for key, (clause, weight) in weights.items():
        if key not in asked:
            why = Finding.SELDOM if key in seldom else Finding.ALIKE
            advice.append(Advice(clause, weight, weight, why))
            continue
        place = asked.index(key)
        slope = found.slopes[place]
        proposed = _propose(weight, slope, points, whole)
        finding = Finding.AGREES
        if proposed != weight:
            finding = Finding.MORE if proposed > weight else Finding.LESS
        ratios = (_ratio(found, means, place, s) for s in (slope.value, slope.low, slope.high))
        advice.append(Advice(clause, weight, proposed, finding, *ratios))
    return Lesson(won, lost, 0, tuple(advice))


def _said(key: Key, told: Iterable[Outcome]) -> list[float]:
    """Return the shares of a criterion where leads asked for it."""
    return [share for one in told if (share := one.shares[key]) is not None]


def _is_seldom(key: Key, told: Sequence[Outcome]) -> bool:
    """Say whether too few of the leads asked for something."""
    by_end = [one.won for one in told if one.shares[key] is not None]
    won = sum(by_end)
    return len(by_end) < len(told) and min(won, len(by_end) - won) < LEAST_EACH


def _or(share: float | None, mean: float) -> float:
    return mean if share is None else share


def _propose(weight: float, slope: Slope, points: float, whole: float) -> float:
    """Return the weight that a slope asks for, or the present one where nothing contradicts it."""
    per_slope = points / whole if whole else 0.0
    if not per_slope or slope.low * per_slope <= weight <= slope.high * per_slope:
        return weight
    wanted = max(slope.value, 0.0) * per_slope
    wanted = min(max(wanted, weight / STEP_AT_MOST), weight * STEP_AT_MOST)
    return float(round(min(max(wanted, LIGHTEST), HEAVIEST)))


def _ratio(found: Fit, means: Sequence[float], place: int, slope: float) -> float:
    """Compare the chance to win of who meets a criterion fully with who doesn't at all."""
    others = sum(
        one.value * mean
        for other, (one, mean) in enumerate(zip(found.slopes, means, strict=True))
        if other != place
    )
    # the mean case keeps its chance, whatever the slope
    base = found.base + others + (found.slopes[place].value - slope) * means[place]
    without = chance(base)
    return chance(base + slope) / without - 1 if without else 0.0

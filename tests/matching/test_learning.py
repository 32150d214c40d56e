"""What outcomes teach about weights: known ones are found again, and too little says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from portal.matching.criteria import Criterion, Kind, Mode
from portal.matching.lead_facts import LeadFacts
from portal.matching.learning import Finding, Key, Lesson, Outcome, learn, shares_of, weights_of
from portal.matching.regression import chance, fit

TRUE = {"radius": 2.4, "specialisation": 1.2, "level": 0.4}
"""What each criterion really adds to the log-odds of winning."""


def criteria(**weights: float) -> list[dict[str, object]]:
    kept: list[dict[str, object]] = [{"kind": "region", "mode": "required"}]
    return kept + [{"kind": k, "mode": "weighted", "weight": w} for k, w in weights.items()]


def asked(kind: str) -> Key:
    return Criterion(Kind(kind), Mode.WEIGHTED)


def simulate(many: int, seed: int = 7, slopes: dict[str, float] = TRUE) -> list[Outcome]:
    """Pick up leads at random places, with skills and levels, and win them by the true slopes."""
    draw = Random(seed)
    ended = []
    for _ in range(many):
        shares = {
            asked("radius"): round(draw.random(), 2),
            asked("specialisation"): float(draw.random() < 0.5),
            asked("level"): draw.choice((0.25, 0.5, 0.75, 1.0)),
        }
        odds = -2 + sum(slopes[one.kind] * share for one, share in shares.items())
        ended.append(Outcome(shares, draw.random() < chance(odds)))
    return ended


def proposed(lesson: Lesson) -> list[float]:
    return [one.proposed for one in lesson.advice]


def test_the_regression_finds_the_slopes_by_which_leads_were_won() -> None:
    ended = simulate(6000)
    found = fit([list(one.shares.values()) for one in ended], [one.won for one in ended])
    for slope, true in zip(found.slopes, TRUE.values(), strict=True):
        assert slope.low < true < slope.high
        assert slope.high - slope.low < 0.5


def test_weights_come_to_stand_as_the_slopes_do_step_by_step() -> None:
    ended, weights = simulate(4000), {"radius": 20.0, "specialisation": 24.0, "level": 36.0}
    steps = []
    for _year in range(4):
        lesson = learn(weights_of(criteria(**weights)), ended)
        steps.append([one.finding for one in lesson.advice])
        weights = dict(zip(weights, proposed(lesson), strict=True))
    assert steps[0] == [Finding.MORE, Finding.AGREES, Finding.LESS]
    assert steps[-1] == [Finding.AGREES] * 3
    assert weights["radius"] / weights["specialisation"] == pytest.approx(2, rel=0.25)
    assert weights["level"] < weights["specialisation"] / 2


def test_no_step_is_longer_than_twice_or_half() -> None:
    lesson = learn(weights_of(criteria(radius=4, specialisation=90, level=90)), simulate(4000))
    assert [one.proposed for one in lesson.advice if one.finding is Finding.MORE] == [8]
    assert min(proposed(lesson)[1:]) >= 45


def test_what_helps_to_win_is_told_as_how_much_more_often() -> None:
    lesson = learn(weights_of(criteria(radius=20, specialisation=20, level=40)), simulate(4000))
    nearby = lesson.advice[0]
    assert nearby.ratio is not None
    assert nearby.low is not None
    assert nearby.high is not None
    assert 1 < nearby.low < nearby.ratio < nearby.high
    assert nearby.clause == 1


@pytest.mark.parametrize(
    ("many", "won", "needed"),
    [(0, 0, 60), (40, 20, 20), (100, 4, 26), (100, 80, 10), (100, 50, 0)],
)
def test_too_few_outcomes_propose_nothing_and_say_how_many_are_missing(
    many: int, won: int, needed: int
) -> None:
    ended = [Outcome(one.shares, n < won) for n, one in enumerate(simulate(many))]
    lesson = learn(weights_of(criteria(radius=20, specialisation=20, level=20)), ended)
    if many:
        assert (lesson.won, lesson.lost, lesson.needed) == (won, many - won, needed)
    assert lesson.needed == needed
    assert bool(lesson.advice) == (needed == 0)


def test_a_criterion_that_all_meet_alike_keeps_its_weight() -> None:
    ended = [Outcome({**one.shares, asked("level"): 1.0}, one.won) for one in simulate(2000)]
    lesson = learn(weights_of(criteria(radius=20, specialisation=20, level=40)), ended)
    last = lesson.advice[-1]
    assert (last.finding, last.proposed, last.ratio) == (Finding.ALIKE, 40, None)


def test_a_lead_that_asks_for_nothing_says_nothing_about_who_meets_it() -> None:
    weights = weights_of(criteria(radius=30, specialisation=1, level=30))
    slopes = {"radius": 2.4, "specialisation": 0.0, "level": 2.4}
    ended = simulate(2000, slopes=slopes)
    # inquiries that name nothing are won seldom, whoever picks them up
    vague = [
        Outcome({**one.shares, asked("specialisation"): None}, n % 10 == 0)
        for n, one in enumerate(simulate(800, seed=8))
    ]
    findings = [one.finding for one in learn(weights, [*ended, *vague]).advice]
    assert findings[1] is Finding.AGREES
    missed = [Outcome({**one.shares, asked("specialisation"): 0.0}, one.won) for one in vague]
    assert learn(weights, [*ended, *missed]).advice[1].finding is Finding.MORE
    # and what hardly any lead asks for keeps its weight
    seldom = learn(weights, [*ended[:15], *vague]).advice[1]
    assert (seldom.finding, seldom.proposed, seldom.ratio) == (Finding.SELDOM, 1, None)
    # nor has there to be more of the others because of it
    told = [*ended[:15], *vague[:225]]
    few = learn(weights, [Outcome(one.shares, n % 10 == 0) for n, one in enumerate(told)])
    assert (few.won, few.needed, bool(few.advice)) == (24, 0, True)


def test_outcomes_that_one_criterion_decides_alone_break_nothing() -> None:
    shares: Sequence[float] = [n % 2 for n in range(200)]
    ended = [
        Outcome({asked("radius"): one, asked("level"): (n % 5) / 4}, one > 0)
        for n, one in enumerate(shares)
    ]
    lesson = learn(weights_of(criteria(radius=30, level=30)), ended)
    assert proposed(lesson)[0] > 30
    assert proposed(lesson)[1] >= 15


def test_shares_are_read_from_the_points_that_an_explanation_gave() -> None:
    explanation = [
        {"kind": "region", "mode": "required", "points": 0},
        {"kind": "radius", "mode": "weighted", "weight": 60, "points": 0.3},
        {"kind": "own", "mode": "weighted", "weight": 10, "points": 0.0, "missed": True},
        {"kind": "own", "mode": "weighted", "weight": 10, "points": 0.1},
        {"kind": "brand", "mode": "weighted", "weight": 10, "points": 0.0, "missed": True},
        {"kind": "brand", "mode": "weighted", "weight": 10, "points": 0.1, "ids": [7]},
    ]
    near, lab, van, brand = (
        Criterion(Kind(kind), Mode.WEIGHTED, own=own)
        for kind, own in (
            ("radius", ()),
            ("own", ("lab=yes",)),
            ("own", ("van=yes",)),
            ("brand", ()),
        )
    )
    named = replace(brand, ids=(7, 8))
    by = [Criterion(Kind.REGION), near, lab, van, brand, named]
    nameless = LeadFacts.from_data(1, {"latitude": 52.37, "longitude": 9.73})
    said = {near: 0.5, lab: 0.0, van: 1.0, brand: None, named: 1.0}
    assert shares_of(explanation, by, nameless) == said
    # a lead without a place says nothing of who is near
    assert shares_of(explanation, by, LeadFacts.from_data(1, {}))[near] is None
    # of a firm that was added by hand
    assert shares_of([], by, nameless) == {}

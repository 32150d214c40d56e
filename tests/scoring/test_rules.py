"""What rules give for answers, signals and silence, and what that proposes: tables of cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.leads.models import Temperature
from portal.matching.criteria import Condition, Field
from portal.scoring.definition import (
    Limits,
    Rule,
    RuleKind,
    Rules,
    Test,
    check,
    check_rule,
    number_in,
)
from portal.scoring.rules import (
    Facts,
    Next,
    Seen,
    Stage,
    cool,
    goes_like,
    next_of,
    part_of,
    points_of,
    shrink,
    stage_of,
    weigh,
)
from tests.factories import AT

DAY = timedelta(days=1)
HOT, WARM, COLD = Temperature.HOT, Temperature.WARM, Temperature.COLD


def facts(**over: Any) -> Facts:
    state = over.pop("state", "captured")
    lead = SimpleNamespace(state=state, source_id=7, product_ids=[3], temperature=None)
    return Facts(lead=cast("Any", lead), **{"alive_at": AT, **over})


def answer(test: Test, value: str = "", points: int = 10) -> Rule:
    return Rule("r", RuleKind.ANSWER, points, question="budget", test=test, value=value)


@pytest.mark.parametrize(
    ("test", "value", "said", "holds"),
    [
        (Test.GIVEN, "", "No idea", True),
        (Test.GIVEN, "", "  ", False),
        (Test.CONTAINS, "approved, Freigegeben", "Ist FREIGEGEBEN.", True),
        (Test.CONTAINS, "approved, freigegeben", "noch offen", False),
        (Test.IS, "yes, ja", "Ja", True),
        (Test.IS, "yes, ja", "yes, later", False),
        (Test.AT_LEAST, "50,000", "€ 60.000,50 net", True),
        (Test.AT_LEAST, "50 000", "€ 6.000", False),
        (Test.AT_LEAST, "10", "none yet", False),
        (Test.WITHIN_DAYS, "30", "2026-12-10", True),
        (Test.WITHIN_DAYS, "30", "2026-12-24", False),
        (Test.WITHIN_DAYS, "30", "soon", False),
    ],
)
def test_an_answer_gives_points_where_it_is_what_the_rule_asks(
    test: Test, value: str, said: str, holds: bool
) -> None:
    part = part_of(answer(test, value), facts(answers={"budget": said}), AT)
    assert part.points == (10 if holds else 0)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.234.567,89", 1234567.89),
        ("12,5 %", 12.5),
        ("1'200", 1200),
        ("about 40 people", 40),
        ("1.000", 1000),
        ("none", None),
        ("9" * 10_000, float("9" * 20)),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, number: float | None) -> None:
    assert number_in(text) == number


VISITS = Rule("v", RuleKind.SIGNAL, 4, what="visit", most=10, half_life=10)


@pytest.mark.parametrize(
    ("signals", "points"),
    [
        ([], 0),
        ([("visit", 0, 100)], 4),
        ([("visit", 10, 100)], 2),
        ([("visit", 0, 50), ("reply", 0, 100)], 2),
        ([("visit", 0, 100)] * 9, 10),
        ([("visit", -0.02, 100)], 4),
    ],
)
def test_a_signal_counts_for_less_as_it_ages_and_never_above_its_most(
    signals: list[tuple[str, float, int]], points: int
) -> None:
    seen = tuple(Seen(kind, AT - days * DAY, weight) for kind, days, weight in signals)
    assert part_of(VISITS, facts(signals=seen), AT).points == points


def test_silence_takes_points_span_by_span_and_no_more_than_its_most() -> None:
    rule = Rule("s", RuleKind.SILENCE, -5, days=14, most=12)
    taken = [part_of(rule, facts(alive_at=AT - days * DAY), AT).points for days in (-1, 13, 28, 90)]
    assert taken == [0, 0, -10, -12]


def test_the_parts_sum_up_to_the_points_and_the_points_propose() -> None:
    rules = Rules(
        (
            answer(Test.GIVEN, points=30),
            Rule("source", RuleKind.LEAD, 25, condition=Condition(Field.SOURCE, (7, 8))),
            Rule("other", RuleKind.LEAD, 25, condition=Condition(Field.SOURCE, (9,))),
            Rule("when", RuleKind.KNOWN, 5, what="time_frame"),
            VISITS,
        )
    )
    asked = facts(answers={"budget": "yes"}, known=["time_frame"], signals=(Seen("visit", AT),))
    score = weigh(asked, rules, AT)
    assert {part.rule: part.points for part in score.parts} == {
        "r": 30,
        "source": 25,
        "when": 5,
        "v": 4,
    }
    assert (score.points, score.behaviour, score.proposed) == (64, 4, HOT)
    silent = replace(rules, limits=Limits(hot_from=65, warm_from=64))
    assert weigh(asked, silent, AT).proposed == WARM
    assert weigh(facts(), rules, AT).proposed == COLD
    assert Rules.from_data(rules.to_data()) == rules


@pytest.mark.parametrize(
    ("was", "days", "now"),
    [
        ("hot", 20, "hot"),
        ("hot", 21, "warm"),
        ("hot", 999, "warm"),
        ("warm", 59, "warm"),
        ("warm", 60, "cold"),
        ("cold", 999, "cold"),
    ],
)
def test_a_waiting_lead_cools_a_step_at_a_time(was: str, days: int, now: str) -> None:
    assert cool(was, AT - days * DAY, Limits(), AT) == now
    assert cool(was, AT - days * DAY, Limits(hot_days=0, warm_days=0), AT) == was


NEED, TWO, ALL = ("need",), ("need", "authority"), ("need", "authority", "budget", "time")


@pytest.mark.parametrize(
    ("state", "areas", "signals", "days", "answer", "stage", "step"),
    [
        ("captured", (), [], 0, None, Stage.LOOKING, Next.ASK_NEED),
        ("captured", (), ["download"], 0, None, Stage.COMPARING, Next.ASK_NEED),
        ("qualifying", NEED, [], 0, None, Stage.COMPARING, Next.ASK_AUTHORITY),
        ("qualifying", TWO, [], 0, None, Stage.COMPARING, Next.ASK_BUDGET),
        ("qualifying", ALL, [], 0, None, Stage.DECIDING, Next.RELEASE),
        ("qualified", ALL, ["reply"], 0, None, Stage.BUYING, Next.OFFER),
        ("nurture", ALL, [], 80, None, Stage.QUIET, Next.WAKE),
        ("offered", ALL, [], 0, None, Stage.DECIDING, Next.WAIT_FOR_PICK),
        ("held", NEED, [], 0, "not_contacted", Stage.COMPARING, Next.CALL_FIRST),
        ("held", NEED, ["visit"], 0, "waiting", Stage.COMPARING, Next.CALL_NOW),
        ("held", NEED, [], 0, "waiting", Stage.COMPARING, Next.AGREE_DAY),
        ("held", NEED, [], 0, "proposal", Stage.COMPARING, Next.CLOSE_GAP),
        ("held", ALL, [], 0, "proposal", Stage.DECIDING, Next.DECIDE),
        ("closed", ALL, [], 0, "won", Stage.DECIDING, None),
    ],
)
def test_where_the_buyer_stands_and_what_is_next(
    state: str,
    areas: tuple[str, ...],
    signals: list[str],
    days: int,
    answer: str | None,
    stage: Stage,
    step: Next | None,
) -> None:
    seen = tuple(Seen(kind, AT - days * DAY) for kind in signals)
    of = facts(state=state, areas=areas, signals=seen, alive_at=AT - days * DAY)
    assert stage_of(of, AT) == stage
    assert next_of(of, stage, answer, AT) == step


def test_few_leads_lean_towards_the_rate_of_all() -> None:
    assert shrink(0, 0, 0.4) == pytest.approx(0.4)
    assert 0.6 < shrink(3, 3, 0.5) < 0.7
    assert shrink(900, 1000, 0.1) > 0.85
    assert goes_like(0.2, {HOT: 0.4, WARM: 0.25, COLD: 0.1}) == WARM
    assert goes_like(0.2, {}) is None


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (answer(Test.GIVEN, points=0), "points"),
        (replace(answer(Test.GIVEN), question=""), "question"),
        (answer(Test.CONTAINS, " , "), "value"),
        (answer(Test.AT_LEAST, "much"), "value"),
        (answer(Test.WITHIN_DAYS, "9" * 30), "value"),
        (Rule("r", RuleKind.LEAD, 5), "values"),
        (Rule("r", RuleKind.LEAD, 5, condition=Condition(Field.TEMPERATURE, ("hot",))), "values"),
        (Rule("r", RuleKind.KNOWN, 5, what="phone"), "what"),
        (Rule("r", RuleKind.SIGNAL, 5, what="visit", most=4, half_life=9), "most"),
        (Rule("r", RuleKind.SIGNAL, 5, what="visit", most=9, half_life=0), "half_life"),
        (Rule("r", RuleKind.SILENCE, 5, days=7, most=9), "points"),
        (Rule("r", RuleKind.SILENCE, -5, days=0, most=9), "days"),
    ],
)
def test_a_rule_that_says_nothing_sensible_is_refused(rule: Rule, field: str) -> None:
    assert field in check_rule(rule)


def test_warm_begins_below_hot() -> None:
    assert check(Rules(limits=Limits(hot_from=50, warm_from=50))) == {
        "warm_from": "Warm begins below hot."
    }


KINDS = st.sampled_from(["visit", "download", "reply", "inquiry"])
SIGNALS = st.lists(
    st.builds(
        Seen,
        KINDS,
        st.integers(-1, 4000).map(lambda days: AT - days * DAY),
        st.integers(1, 1000),
    ),
    max_size=20,
)
POINTS = st.integers(-100, 100).filter(bool)
RULES = st.one_of(
    st.builds(answer, st.just(Test.GIVEN), st.just(""), POINTS),
    st.builds(
        lambda kind, points, most, half: Rule(
            "s", RuleKind.SIGNAL, points, what=kind, most=max(most, abs(points)), half_life=half
        ),
        KINDS,
        POINTS,
        st.integers(1, 100),
        st.integers(1, 3650),
    ),
    st.builds(
        lambda points, days, most: Rule(
            "q", RuleKind.SILENCE, -abs(points), days=days, most=max(most, abs(points))
        ),
        POINTS,
        st.integers(1, 3650),
        st.integers(1, 100),
    ),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(RULES, max_size=8), SIGNALS, st.text(max_size=40), st.integers(0, 5000))
def test_whatever_happens_the_parts_say_the_points(
    drawn: list[Rule], signals: list[Seen], said: str, silent: int
) -> None:
    rules = Rules(tuple(replace(rule, key=f"r{n}") for n, rule in enumerate(drawn)))
    of = facts(answers={"budget": said}, signals=tuple(signals), alive_at=AT - silent * DAY)
    score = weigh(of, rules, AT)
    assert score.points == points_of(score.parts)
    assert 0 <= score.points <= 100
    assert all(part.points for part in score.parts)
    for part in score.parts:
        rule = rules.find(part.rule)
        assert rule is not None
        assert abs(part.points) <= (rule.most or abs(rule.points))
    assert Rules.from_data(rules.to_data()) == rules
    assert weigh(of, Rules.from_data(rules.to_data()), AT) == score

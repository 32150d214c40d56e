"""Where nobody matches: what kept partners out, what would let them in, what the rule lets go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from portal.catalog.queries import book
from portal.core.db import session
from portal.matching import doctor, relaxing, rulebook, versions
from portal.matching.criteria import Criterion, Kind, Mode
from portal.matching.lead_facts import LeadFacts
from portal.matching.models import DistributionRule
from portal.matching.operations import match
from portal.matching.relaxing_words import tell_relaxed
from portal.matching.rulebook import RuleDraft
from portal.offers import operations as offers
from tests.factories import (
    AT,
    answer_questions,
    csrf_of,
    factory,
    last_round,
    make_lead,
    make_manager,
    make_partner,
    make_programme,
    sign_in,
)

WITHIN_20 = Criterion(Kind.RADIUS, Mode.REQUIRED, km=20)
BRAND = Criterion(Kind.BRAND, Mode.REQUIRED)
NOT_BERLIN = Criterion(Kind.PLACE, Mode.FORBIDDEN, codes=("DE-BE",))
NEARNESS = Criterion(Kind.RADIUS, Mode.WEIGHTED, weight=60, km=500)


@factory
def make_rule(*criteria: Criterion, relaxing: tuple[dict[str, Any], ...] = ()) -> int:
    """Have one rule and no other."""
    make_programme()
    session().execute(delete(DistributionRule))
    draft = RuleDraft("Near ones", (), criteria, relaxing=relaxing)
    return rulebook.add_rule(draft, AT).id


def north(km: float) -> dict[str, Any]:
    return {"latitude": 52.37 + km / 111.195}


def examine(*criteria: Criterion) -> doctor.Diagnosis:
    return doctor.examine(criteria, LeadFacts.of(make_lead(), criteria, AT), AT)


def test_it_is_said_what_each_criterion_takes_out_alone_and_how_many_each_step_lets_in(
    ctx: Flask,
) -> None:
    for km in (30, 35, 70, 170):
        make_partner(**north(km))
    make_partner(**north(30), brand_ids=[], subdivision="DE-BE")
    found = examine(WITHIN_20, BRAND, NOT_BERLIN)
    assert (found.candidates, found.passed, found.out) == (5, 0, 0)
    radius, brand, place = found.findings
    assert (radius.out, radius.alone) == (5, 4)
    assert (brand.out, brand.alone, place.out, place.alone) == (1, 0, 1, 0)
    told = [(one.milder.km if one.milder else None, one.brings) for one in radius.remedies]
    assert told == [(40, 2), (80, 3), (None, 4)]
    assert found.pairs == ()


def test_what_must_hold_together_is_examined_and_let_go_part_by_part(ctx: Flask) -> None:
    make_partner(**north(30))
    together = Criterion(Kind.ALL, Mode.REQUIRED, of=(BRAND, WITHIN_20))
    brand, radius = examine(together).findings
    assert (brand.out, radius.out, radius.alone) == (0, 1, 1)
    told = [(one.milder.km if one.milder else None, one.brings) for one in radius.remedies]
    assert told == [(40, 1), (None, 1)]
    (milder,) = relaxing.ease([together], [{"clause": 0, "how": "milder", "kind": "all"}])
    assert [one.km for one in milder.of if one.kind is Kind.RADIUS] == [40]


def test_a_rule_of_sixty_criteria_is_examined_as_well(ctx: Flask) -> None:
    make_partner(**north(70))
    found = examine(*(replace(WITHIN_20, km=10 + number) for number in range(60)))
    assert (found.candidates, found.passed) == (1, 0)
    # every one of them keeps the firm out up to 69 km
    assert [one.out for one in found.findings] == [1] * 60
    assert {one.alone for one in found.findings} == {0}


def test_what_only_two_together_keep_out_is_said_where_no_single_one_does(ctx: Flask) -> None:
    make_partner(**north(100), brand_ids=[])
    make_partner(**north(100), brand_ids=[], subdivision="DE-BE")
    found = examine(WITHIN_20, BRAND, NOT_BERLIN)
    assert [one.alone for one in found.findings] == [0, 0, 0]
    assert found.pairs == ((0, 1, 1),)


def test_the_doctor_counts_as_matching_does(ctx: Flask) -> None:
    make_programme()
    levels = [one.id for one in book().active("partner_level")]
    for n in range(8):
        make_partner(**north(n * 9), level_id=levels[n % len(levels)])
    criteria = (
        WITHIN_20,
        Criterion(Kind.LEVEL, Mode.REQUIRED, level_id=levels[-1]),
        NEARNESS,
    )
    lead, found = make_lead(), examine(*criteria)

    def passed(asked: list[Criterion]) -> int:
        data = [one.to_data() for one in asked]
        rule = DistributionRule(criteria=data, conditions=[], relaxing=[], name="", hours=1)
        return len(match(lead, AT, rule=rule).partners)

    assert found.passed == passed(list(criteria))
    for one in found.findings:
        for remedy in one.remedies:
            asked: list[Criterion | None] = list(criteria)
            asked[one.clause] = remedy.milder
            assert found.passed + remedy.brings == passed([each for each in asked if each])


STEPS = (
    {"clause": 0, "how": "milder", "kind": "radius"},
    {"clause": 0, "how": "milder", "kind": "radius"},
    {"clause": 1, "how": "ranks", "kind": "brand"},
    {"clause": 0, "how": "dropped", "kind": "radius"},
)


@pytest.mark.parametrize(
    ("firm", "taken"),
    [
        (north(10), 0),
        (north(35), 1),
        (north(70), 2),
        ({**north(70), "brand_ids": []}, 3),
        (north(700), 4),
        ({**north(10), "subdivision": "DE-BE"}, None),
    ],
)
def test_a_rule_lets_go_in_its_order_until_somebody_matches_and_the_round_says_of_what(
    ctx: Flask, firm: dict[str, Any], taken: int | None
) -> None:
    make_rule(WITHIN_20, BRAND, NOT_BERLIN, NEARNESS, relaxing=STEPS)
    made, lead = make_partner(**firm), make_lead()
    answer_questions(lead)
    found = match(lead, AT)
    if taken is None:
        # what helps nobody is not let go: the reasons are those of the rule as it is said
        assert (found.partners, list(found.relaxed)) == ([], [])
        assert found.excluded["forbidden.place"] == 1
        return
    assert [one.organisation_id for one in found.partners] == [made.id]
    offers.offer(lead.id, AT)
    kept = last_round(lead)
    assert [{k: v for k, v in step.items() if k != "to"} for step in kept.relaxed] == list(
        STEPS[:taken]
    )
    told = tell_relaxed(kept.rule_id, kept.rule_version, kept.relaxed)
    assert told[:1] == ["within 40 km instead of within 20 km"][:taken]
    rule = session().get_one(DistributionRule, kept.rule_id)
    asked = [Criterion.from_data(data) for data in rule.criteria]
    explanation = found.partners[0].explanation
    assert [part["kind"] for part in explanation] == [
        str(one.kind) for one in relaxing.ease(asked, kept.relaxed)
    ]
    assert sum(part["points"] for part in explanation) == pytest.approx(found.partners[0].score)
    assert 0 <= found.partners[0].score <= 1


def test_a_step_for_a_criterion_that_stands_elsewhere_by_now_does_nothing() -> None:
    moved = [BRAND, WITHIN_20]
    assert relaxing.ease(moved, [STEPS[0], {"clause": 9, "how": "dropped"}]) == moved
    assert list(relaxing.stages(moved, [STEPS[0]])) == []
    must_not = [NOT_BERLIN]
    assert relaxing.ease(must_not, [{"clause": 0, "how": "milder"}]) == must_not
    assert relaxing.ease(must_not, [{"clause": 0, "how": "dropped"}]) == []


@pytest.fixture
def manager(client: FlaskClient) -> FlaskClient:
    signed_in: FlaskClient = sign_in(client, make_manager())
    return signed_in


@factory
def draft_of(rule_id: int) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = versions.get_newest(rule_id).content["relaxing"]
    return kept


def test_a_lead_that_nobody_suits_leads_to_what_would_help_and_that_becomes_a_draft(
    manager: FlaskClient,
) -> None:
    rule_id = make_rule(WITHIN_20)
    make_partner(**north(35))
    lead = make_lead()
    assert f"/leads/{lead.id}/doctor" in manager.get(f"/leads/{lead.id}").text
    page = manager.get(f"/leads/{lead.id}/doctor").text
    assert "Nobody suits it" in page
    assert "within 40 km: 1 partner more" in page

    saved = manager.post(
        f"/rules/{rule_id}/relaxing",
        data={"csrf_token": csrf_of(page), "seen": "1", "step": ["", "0-milder", "7-milder"]},
    )
    assert saved.status_code == 303
    assert draft_of(rule_id) == [{"clause": 0, "how": "milder", "kind": "radius"}]
    assert "within 40 km instead of within 20 km" in manager.get(f"/rules/{rule_id}/relaxing").text
    late = manager.post(
        f"/rules/{rule_id}/relaxing", data={"csrf_token": csrf_of(page), "seen": "1"}
    )
    assert late.status_code == 409

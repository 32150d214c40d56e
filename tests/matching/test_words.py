"""Matching in words, and its pure rules."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from portal.catalog.queries import book
from portal.matching.criteria import MILE_KM, NEEDS, Condition, Criterion, Kind, Mode
from portal.matching.geometry import distance_km
from portal.matching.kinds import KINDS
from portal.matching.lead_facts import LeadFacts
from portal.matching.names import about
from portal.matching.rules import PartnerFacts, Scorer, fits_lead, most_points, score_of
from portal.matching.words import (
    OUT,
    describe_condition,
    describe_criterion,
    kind_name,
    name_emptier,
    tell_excluded,
    why,
)
from tests.factories import AT, make_lead, make_programme


@pytest.mark.parametrize(
    ("here", "there", "km"),
    [
        ((52.5200, 13.4050), (48.1372, 11.5755), 504.2),  # Berlin – Munich
        ((51.5074, -0.1278), (40.7128, -74.0060), 5570.2),  # London – New York
        ((-33.8688, 151.2093), (35.6762, 139.6503), 7822.0),  # Sydney – Tokyo
        ((0.0, 179.5), (0.0, -179.5), 111.2),  # across the date line
        ((90.0, 0.0), (-90.0, 0.0), 20015.1),  # pole to pole
    ],
)
def test_distances_are_those_of_the_globe(
    here: tuple[float, float], there: tuple[float, float], km: float
) -> None:
    assert distance_km(*here, *there) == pytest.approx(km, rel=0.002)
    assert distance_km(*there, *here) == pytest.approx(distance_km(*here, *there))
    assert distance_km(*here, *here) == 0


@pytest.mark.parametrize(
    ("km", "said"),
    [
        (0.3, "close by"),
        (2.4, "close by"),
        (2.6, "about 5 km away"),
        (36.2, "about 35 km away"),
        (38, "about 40 km away"),
        (1234, "about 1,235 km away"),
    ],
)
def test_a_distance_is_told_to_five_kilometres(ctx: Flask, km: float, said: str) -> None:
    assert about(km) == said


def test_a_rule_that_counts_in_miles_is_answered_in_miles(ctx: Flask) -> None:
    radius = Criterion(Kind.RADIUS, Mode.WEIGHTED, 20, km=60 * MILE_KM, miles=True)
    known = LeadFacts.of(make_lead(), [radius], AT)
    parts = Scorer([radius], known).explain(PartnerFacts(1, (36.2,)))
    assert why(parts) == ["about 20 miles away"]


def test_the_weightiest_reason_comes_first_and_what_was_missed_is_not_told(ctx: Flask) -> None:
    make_programme()
    brand = book().active("brand")[0]
    parts = [
        {"kind": "brand", "mode": "required", "points": 0.0, "ids": [brand.id]},
        {"kind": "industry", "mode": "weighted", "points": 0.0, "missed": True},
        {"kind": "radius", "mode": "weighted", "points": 18.2, "km": 37.4},
        {"kind": "present", "mode": "required", "points": 0.0},
    ]
    assert why(parts) == ["about 35 km away", f"carries {brand.label('en')}"]


def test_countries_and_languages_are_named_in_the_reader_s_language(ctx: Flask) -> None:
    parts = [
        {"kind": "region", "points": 0, "within": "country", "country": "DE", "mode": "required"},
        {"kind": "language", "points": 0, "language": "de", "mode": "required"},
    ]
    assert why(parts) == ["based in Germany", "speaks German"]
    with force_locale("de"):
        assert "Deutschland" in describe_condition(Condition.from_data(COUNTRY))


COUNTRY = {"field": "country", "values": ["DE", "AT"]}


def test_conditions_and_criteria_have_words(ctx: Flask) -> None:
    make_programme()
    gold = book().id_of("partner_level", "gold")
    assert describe_condition(Condition.from_data(COUNTRY)) == "Country: Germany or Austria"
    assert describe_criterion(Criterion(Kind.RADIUS, km=80)) == "within 80 km"
    assert describe_criterion(Criterion(Kind.LEVEL, level_id=gold)) == "at least Gold"
    for kind in Kind:
        assert describe_criterion(Criterion(kind, of=(Criterion(Kind.BRAND),)))


def test_every_criterion_can_be_named_and_counted(ctx: Flask) -> None:
    assert set(KINDS) == set(Kind)
    assert set(Kind) <= set(OUT)
    assert all(kind_name(kind) for kind in Kind)


def test_the_excluded_are_told_in_the_order_of_the_rule(ctx: Flask) -> None:
    excluded = {"suspended": 0, "brand": 1, "radius": 12}
    assert tell_excluded(excluded) == [
        "1 partner doesn't carry the brand",
        "12 partners are too far away",
    ]
    assert name_emptier(excluded) == "radius"
    assert name_emptier({"suspended": 0}) == ""


@pytest.mark.parametrize(
    ("conditions", "over", "fits"),
    [
        ([], {}, True),
        ([COUNTRY], {"country": "AT"}, True),
        ([COUNTRY], {"country": "FR"}, False),
        ([COUNTRY], {"country": None}, False),
        ([{"field": "temperature", "values": ["hot"]}], {"temperature": "warm"}, False),
        ([{"field": "kind", "values": ["end_customer"]}], {}, True),
        ([{"field": "value_band", "values": [1]}], {"value_band_id": None}, False),
        ([{"field": "product", "values": [1]}], {"product_ids": []}, False),
        ([COUNTRY, {"field": "temperature", "values": ["hot"]}], {"country": "DE"}, False),
    ],
)
def test_a_lead_fits_where_every_condition_holds(
    ctx: Flask, conditions: list[dict[str, object]], over: dict[str, object], fits: bool
) -> None:
    lead = make_lead(**over)
    assert fits_lead([Condition.from_data(c) for c in conditions], lead) is fits


def test_a_condition_may_be_the_type_or_the_category_of_a_lead(ctx: Flask) -> None:
    lead, person = make_lead(), make_lead(type="person")
    public = book().id_of("category", "public")
    of_type = Condition.from_data({"field": "type", "values": [str(person.type_id)]})
    of_category = Condition.from_data({"field": "category", "values": [public]})
    assert [fits_lead([of_type], one) for one in (lead, person)] == [False, True]
    assert [fits_lead([of_category], one) for one in (lead, make_lead(category_id=public))] == [
        False,
        True,
    ]
    assert describe_condition(of_type) == "Lead type: Person"
    assert describe_condition(of_category) == "Category: Public sector"


def test_one_of_the_lead_s_products_is_enough(ctx: Flask) -> None:
    lead = make_lead()
    wanted = Condition.from_data({"field": "product", "values": [lead.product_ids[0], 999999]})
    assert fits_lead([wanted], lead)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_criterion_survives_being_stored(kind: Kind) -> None:
    weighted = kind not in (Kind.PRESENT,)
    criterion = Criterion(
        kind,
        Mode.WEIGHTED if weighted else Mode.REQUIRED,
        weight=30.0 if weighted else 0.0,
        ids=(1, 2) if "ids" in NEEDS[kind] else (),
        languages=("fr",) if kind is Kind.LANGUAGE else (),
        level_id=3 if kind is Kind.LEVEL else None,
        own=("showroom=yes",) if kind is Kind.OWN else (),
    )
    assert Criterion.from_data(criterion.to_data()) == criterion
    # one that names nothing is stored as it was before it could
    assert {"ids", "languages"}.isdisjoint(Criterion(kind).to_data())


def test_tenths_add_up_exactly(ctx: Flask) -> None:
    assert score_of([{"points": 0.1}, {"points": 0.2}, {"points": 0.0003}]) == 0.3003
    assert sum(most_points([Criterion(Kind.BRAND, Mode.WEIGHTED, 5)] * 6)) == pytest.approx(1)
    lead = make_lead()
    asked = [Criterion(Kind.RADIUS, Mode.WEIGHTED, 33, km=90)]
    scorer = Scorer(asked, LeadFacts.of(lead, asked, AT))
    part = scorer.explain(PartnerFacts(1, (37.44,)))[0]
    assert part == {"kind": "radius", "mode": "weighted", "weight": 33, "points": 0.584, "km": 37.4}

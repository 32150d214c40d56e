"""Matching on the real database: who suits, who falls out at what, and in which order."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from portal.accounts.models import Organisation
from portal.catalog import field_operations
from portal.catalog.field_operations import FieldDraft
from portal.catalog.queries import book
from portal.core.db import session
from portal.leads import own_fields
from portal.leads.models import Lead
from portal.matching import queries
from portal.matching.criteria import NEEDS, Condition, Criterion, Kind
from portal.matching.kinds import MAY_NAME
from portal.matching.lead_facts import LeadFacts
from portal.matching.models import DistributionRule
from portal.matching.operations import Match, match
from portal.matching.rules import draw
from portal.matching.words import describe_condition, why
from portal.offers import operations as offers
from portal.offers.models import Offer
from portal.partners.models import (
    Absence,
    Partner,
    PartnerCertification,
    PartnerFigures,
    PartnerGroup,
    PartnerGroupMember,
)
from tests.factories import AT, answer_questions, make_lead, make_partner, make_programme

BERLIN = {"latitude": 52.52, "longitude": 13.405, "subdivision": "DE-BE"}


def rule(*criteria: dict[str, Any], **over: Any) -> DistributionRule:
    made = DistributionRule(
        criteria=list(criteria),
        changed_at=AT,
        **{"name": "Tried", "position": 0, "conditions": [], "hours": 72, **over},
    )
    session().add(made)
    session().flush()
    return made


def required(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "mode": "required", **more}


def weighted(kind: str, weight: float, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "mode": "weighted", "weight": weight, **more}


def firms(found: Match) -> list[int]:
    return [matched.organisation_id for matched in found.partners]


def first_of(kind: str) -> int:
    return book().active(kind)[0].id


def second_of(kind: str) -> int:
    return book().active(kind)[1].id


def change(firm: Organisation, **values: Any) -> None:
    partner = session().get_one(Partner, firm.id)
    for name, value in values.items():
        setattr(partner, name, value)
    session().flush()


def test_a_required_criterion_takes_out_who_misses_it(ctx: Flask) -> None:
    near, far = make_partner(), make_partner(**BERLIN)
    found = match(make_lead(), AT, rule=rule(required("radius", km=100)))
    assert firms(found) == [near.id]
    assert found.excluded["radius"] == 1
    assert found.candidates == 2
    assert far.id not in firms(found)


def test_a_weighted_distance_falls_off_with_the_way(ctx: Flask) -> None:
    here = make_partner()
    there = make_partner(latitude=52.37 + 0.449661, longitude=9.73)  # 50 km due north
    away = make_partner(**BERLIN)
    found = match(make_lead(), AT, rule=rule(weighted("radius", 40, km=100)))
    assert [(m.organisation_id, m.score) for m in found.partners] == [
        (here.id, 1.0),
        (there.id, 0.5),
        (away.id, 0.0),
    ]
    assert found.partners[1].explanation == [
        {"kind": "radius", "mode": "weighted", "weight": 40.0, "points": 0.5, "km": 50.0}
    ]


def test_equal_scores_stand_in_the_order_of_the_firms(ctx: Flask) -> None:
    made = [make_partner().id for _ in range(5)]
    assert firms(match(make_lead(), AT, rule=rule())) == sorted(made)


def test_equal_scores_are_drawn_by_the_seed_that_the_round_keeps(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [make_partner().id for _ in range(3)]
    lead, tried = make_lead(), rule(contest="serial", ring_minutes=60)
    orders = {}
    for seed in range(1, 9):
        drawn = sorted(made, key=lambda firm: draw(seed, firm))
        for _twice in range(2):
            assert firms(match(lead, AT, rule=tried, seed=seed)) == drawn
        orders[tuple(drawn)] = seed
    assert len(orders) > 1
    monkeypatch.setattr("portal.offers.publishing.SEED_BITS", 53)
    answer_questions(lead)
    opened = offers.offer(lead.id, AT, tried)
    assert opened.seed > 0
    lines = select(Offer.organisation_id).where(Offer.round_id == opened.id).order_by(Offer.ring)
    assert session().scalars(lines).all() == sorted(made, key=lambda firm: draw(opened.seed, firm))


def test_the_order_of_a_match_is_the_same_in_whatever_order_partners_are_read(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for latitude in (52.37, 52.37, 52.37, 52.6, 52.6, 53.0):
        make_partner(latitude=latitude)
    lead, tried = make_lead(), rule(weighted("radius", 40, km=100))
    judged: list[queries.Judgement] = []
    read = queries.judge_partners
    monkeypatch.setattr(
        queries, "judge_partners", lambda *how, **more: judged[-1] if judged else read(*how, **more)
    )
    first = read([Criterion.from_data(tried.criteria[0])], LeadFacts.of(lead, [], AT), AT)

    @settings(max_examples=40, deadline=None)
    @given(st.permutations(first.passed), st.integers(1, 2**53 - 1))
    def is_the_same(shuffled: list[Any], seed: int) -> None:
        judged[:] = [first]
        expected = firms(match(lead, AT, rule=tried, seed=seed))
        judged[:] = [replace(first, passed=shuffled)]
        assert firms(match(lead, AT, rule=tried, seed=seed)) == expected

    is_the_same()


def test_every_partner_counts_at_the_first_criterion_he_misses(ctx: Flask) -> None:
    lead = make_lead()
    make_partner()
    make_partner(brand_ids=[second_of("brand")])
    make_partner(brand_ids=[second_of("brand")], **BERLIN)
    make_partner(**BERLIN)
    found = match(lead, AT, rule=rule(required("brand"), required("radius", km=80)))
    assert {k: n for k, n in found.excluded.items() if n} == {"brand": 2, "radius": 1}
    assert sum(found.excluded.values()) == found.candidates - len(found.partners)


def test_firms_that_said_no_are_left_out_and_counted(ctx: Flask) -> None:
    one, two = make_partner(), make_partner()
    found = match(make_lead(), AT, rule=rule(), without=[one.id])
    assert firms(found) == [two.id]
    assert found.excluded["without"] == 1


def test_a_firm_that_left_the_programme_is_no_candidate(ctx: Flask) -> None:
    firm = make_partner()
    firm.active = False
    session().flush()
    found = match(make_lead(), AT, rule=rule())
    assert (found.candidates, firms(found)) == (0, [])


def test_a_suspended_firm_gets_nothing_until_its_time_is_over(ctx: Flask) -> None:
    firm = make_partner()
    session().get_one(Partner, firm.id).suspended_until = AT + timedelta(days=1)
    lead, tried = make_lead(), rule()
    assert match(lead, AT, rule=tried).excluded == {"suspended": 1}
    assert firms(match(lead, AT + timedelta(days=1), rule=tried)) == [firm.id]


def test_a_group_narrows_a_rule(ctx: Flask) -> None:
    inside, _outside = make_partner(), make_partner()
    group = PartnerGroup(name="Pilot firms", created_at=AT)
    session().add(group)
    session().flush()
    session().add(PartnerGroupMember(group_id=group.id, organisation_id=inside.id))
    session().flush()
    found = match(make_lead(), AT, rule=rule(group_id=group.id))
    assert firms(found) == [inside.id]
    assert found.excluded["group"] == 1


def test_a_lead_without_place_says_that_this_emptied_a_required_radius(ctx: Flask) -> None:
    make_partner()
    lead = make_lead(latitude=None, longitude=None, city=None)
    found = match(lead, AT, rule=rule(required("radius", km=80)))
    assert found.partners == []
    assert found.excluded == {"suspended": 0, "radius.lead": 1}


def test_a_lead_without_place_gives_nobody_points_for_the_distance(ctx: Flask) -> None:
    make_partner()
    lead = make_lead(latitude=None, longitude=None)
    found = match(lead, AT, rule=rule(weighted("radius", 40, km=80)))
    assert [m.score for m in found.partners] == [0.0]
    assert found.partners[0].explanation[0]["missed"] is True


def test_a_partner_who_is_not_on_the_map_is_told_apart_from_one_too_far_away(ctx: Flask) -> None:
    make_partner(latitude=None, longitude=None)
    make_partner(**BERLIN)
    found = match(make_lead(), AT, rule=rule(required("radius", km=80)))
    assert (found.excluded["radius.partner"], found.excluded["radius"]) == (1, 1)


def test_a_radius_reaches_across_the_date_line(ctx: Flask) -> None:
    fiji = make_partner(country="FJ", latitude=-16.8, longitude=-179.9)
    lead = make_lead(country="FJ", latitude=-16.8, longitude=179.9)
    assert firms(match(lead, AT, rule=rule(required("radius", km=30)))) == [fiji.id]


@pytest.mark.parametrize(
    ("within", "territories", "country", "subdivision", "fits"),
    [
        ("territory", [], "FR", None, True),
        ("territory", ["DE"], "FR", None, True),
        ("territory", ["DE-NI"], "DE", None, True),
        ("territory", ["DE-BE", "FR"], "DE", None, False),
        ("country", [], "DE", "DE-BE", True),
        ("country", [], "FR", None, False),
        ("subdivision", [], "DE", "DE-NI", True),
        ("subdivision", [], "DE", "DE-BE", False),
        ("subdivision", [], "DE", None, False),
    ],
)
def test_a_region_is_the_territory_or_the_same_country_or_state(
    ctx: Flask,
    within: str,
    territories: list[str],
    country: str,
    subdivision: str | None,
    fits: bool,
) -> None:
    make_partner(territories=territories, country=country, subdivision=subdivision)
    found = match(make_lead(), AT, rule=rule(required("region", within=within)))
    assert bool(found.partners) is fits


def test_a_lead_without_country_serves_nobody_where_the_region_is_required(ctx: Flask) -> None:
    make_partner(territories=[])
    lead = make_lead(country=None, subdivision=None)
    found = match(lead, AT, rule=rule(required("region")))
    assert (found.partners, found.excluded["region.lead"]) == ([], 1)


def test_a_certification_is_good_through_its_last_day_at_the_firm(ctx: Flask) -> None:
    firm = make_partner()
    certificate = first_of("certification")
    session().add(
        PartnerCertification(
            organisation_id=firm.id, certification_id=certificate, expires_on=AT.date()
        )
    )
    session().flush()
    tried = rule(required("certification", ids=[certificate]))
    lead = make_lead()
    # the firm's day ends at 23:00 UTC
    last = AT.replace(hour=22, minute=59)
    assert firms(match(lead, last, rule=tried)) == [firm.id]
    assert match(lead, last + timedelta(minutes=1), rule=tried).excluded["certification"] == 1
    assert match(lead, last, rule=tried).partners[0].explanation[0]["ids"] == [certificate]


def test_a_certification_without_end_stays_good(ctx: Flask) -> None:
    firm = make_partner()
    certificate = first_of("certification")
    session().add(
        PartnerCertification(organisation_id=firm.id, certification_id=certificate, expires_on=None)
    )
    session().flush()
    tried = rule(required("certification", ids=[certificate, second_of("certification")]))
    assert firms(match(make_lead(), AT + timedelta(days=5000), rule=tried)) == [firm.id]


def test_a_firm_on_holiday_is_away_on_its_own_days(ctx: Flask) -> None:
    firm = make_partner()
    session().add(
        Absence(
            organisation_id=firm.id, user_id=None, starts_on=AT.date(), ends_on=AT.date(), note=None
        )
    )
    session().flush()
    tried, lead = rule(required("present")), make_lead()
    assert match(lead, AT, rule=tried).excluded["present"] == 1
    assert match(lead, AT.replace(hour=22, minute=59), rule=tried).partners == []
    assert firms(match(lead, AT.replace(hour=23), rule=tried)) == [firm.id]
    assert firms(match(lead, AT - timedelta(days=1), rule=tried)) == [firm.id]


def test_a_full_firm_gets_no_more_and_a_half_full_one_half_the_points(ctx: Flask) -> None:
    full, half, empty = make_partner(), make_partner(), make_partner()
    for firm, held in ((full, 10), (half, 5)):
        session().get_one(PartnerFigures, firm.id).open_pickups = held
    session().flush()
    lead = make_lead()
    assert firms(match(lead, AT, rule=rule(required("capacity")))) == [half.id, empty.id]
    found = match(lead, AT, rule=rule(weighted("capacity", 10)))
    assert [(m.organisation_id, m.score) for m in found.partners] == [
        (empty.id, 1.0),
        (half.id, 0.5),
        (full.id, 0.0),
    ]


@pytest.mark.parametrize("kind", ["industry", "size_band"])
def test_who_names_what_he_serves_comes_before_who_serves_all(ctx: Flask, kind: str) -> None:
    make_programme()
    lead = make_lead()
    wanted = getattr(lead, f"{kind}_id")
    other = next(entry.id for entry in book().active(kind) if entry.id != wanted)
    generalist = make_partner(**{f"{kind}_ids": []})
    specialist = make_partner(**{f"{kind}_ids": [wanted]})
    make_partner(**{f"{kind}_ids": [other]})
    assert firms(match(lead, AT, rule=rule(required(kind)))) == [generalist.id, specialist.id]
    found = match(lead, AT, rule=rule(weighted(kind, 20)))
    assert [m.score for m in found.partners] == [1.0, 0.5, 0.0]


def test_at_least_a_level_and_points_by_rank_below_it(ctx: Flask) -> None:
    make_programme()
    levels = {entry.key: entry.id for entry in book().active("partner_level")}
    gold = make_partner(level_id=levels["gold"])
    silver = make_partner(level_id=levels["silver"])
    nameless = make_partner(level_id=None)
    lead = make_lead()
    tried = rule(required("level", level_id=levels["gold"]))
    assert firms(match(lead, AT, rule=tried)) == [gold.id]
    found = match(lead, AT, rule=rule(weighted("level", 20, level_id=levels["gold"])))
    assert [(m.organisation_id, m.score) for m in found.partners] == [
        (gold.id, 1.0),
        (silver.id, 0.75),
        (nameless.id, 0.0),
    ]


@pytest.mark.parametrize(
    ("kind", "unnamed", "missing"),
    [
        ("brand", {"brand_id": None}, {"brand_ids": []}),
        ("product", {"product_ids": []}, {"product_ids": []}),
        ("language", {"language": None}, {"languages": ["fr"]}),
        ("industry", {"industry_id": None}, {}),
    ],
)
def test_what_the_lead_does_not_name_nobody_is_asked_for(
    ctx: Flask, kind: str, unnamed: dict[str, Any], missing: dict[str, Any]
) -> None:
    firm = make_partner(**missing)
    found = match(make_lead(**unnamed), AT, rule=rule(required(kind)))
    assert firms(found) == [firm.id]
    assert found.partners[0].explanation[0]["missed"] is True


def test_specialisation_and_language_are_met_by_one_of_them(ctx: Flask) -> None:
    make_programme()
    skill = second_of("specialisation")
    fits = make_partner(specialisation_ids=[skill], languages=["de"])
    make_partner(specialisation_ids=[skill], languages=["fr"])
    make_partner(specialisation_ids=[], languages=["de"])
    tried = rule(
        required("specialisation", ids=[first_of("specialisation"), skill]), required("language")
    )
    found = match(make_lead(language="de"), AT, rule=tried)
    assert firms(found) == [fits.id]
    assert {k: n for k, n in found.excluded.items() if n} == {"specialisation": 1, "language": 1}


def test_partners_are_chosen_by_their_own_fields(ctx: Flask) -> None:
    make_programme()
    for name, kind in (("Showroom", "yes_no"), ("Halls", "several")):
        choices = [("", {"en": "North"}, True), ("", {"en": "South"}, True)]
        draft = FieldDraft(names={"en": name}, kind=kind, choices=choices)
        halls = field_operations.add("partner", draft, None, AT)
    shows = make_partner(custom={"showroom": True, "halls": ["north"]})
    south = make_partner(custom={"showroom": False, "halls": ["north", "south"]})
    silent = make_partner()
    asked = ["showroom=yes", "halls=south", "gone=1"]
    found = match(make_lead(), AT, rule=rule(required("own", own=asked)))
    assert firms(found) == [shows.id, south.id]
    assert found.excluded["own"] == 1
    assert [why(m.explanation) for m in found.partners] == [["Showroom: Yes"], ["Halls: South"]]
    scores = match(make_lead(), AT, rule=rule(weighted("own", 20, own=asked))).partners
    assert {m.organisation_id: m.score for m in scores} == {
        shows.id: 1.0,
        south.id: 1.0,
        silent.id: 0.0,
    }
    field_operations.set_active(halls.id, False, None, AT)
    assert firms(match(make_lead(), AT, rule=rule(required("own", own=asked)))) == [shows.id]


def test_partners_are_chosen_by_numbers_and_days_from_and_to(ctx: Flask) -> None:
    make_programme()
    for name, kind in (("Staff", "whole"), ("Halls", "decimal"), ("Since", "day")):
        field_operations.add("partner", FieldDraft(names={"en": name}, kind=kind), None, AT)
    large = make_partner(custom={"staff": 20, "halls": "2.5", "since": "2020-01-31"})
    small = make_partner(custom={"staff": 4, "halls": "10", "since": "2024-02-01"})
    make_partner(custom={"staff": -3})
    make_partner()

    def suits(*asked: str) -> list[int]:
        return firms(match(make_lead(), AT, rule=rule(required("own", own=asked))))

    assert suits("staff=5..20") == suits("halls=..2.5") == suits("since=..2020-01-31") == [large.id]
    assert suits("staff=..4", "since=2024-01-01..")[0] == small.id
    assert suits("halls=2.50..10") == [large.id, small.id]
    assert suits("staff=5..4") == suits("staff=many..") == suits("since=1..") == []
    (found,) = match(make_lead(), AT, rule=rule(required("own", own=["staff=5.."]))).partners
    assert why(found.explanation) == ["Staff: at least 5"]


def test_the_first_rule_that_fits_a_lead_s_own_fields_decides(ctx: Flask) -> None:
    make_programme()
    north = [("", {"en": "North"}, True), ("", {"en": "South"}, True)]
    for name, kind in (("Roof", "several"), ("Halls", "whole"), ("Urgent", "yes_no")):
        draft = FieldDraft(names={"en": name}, kind=kind, choices=north if name == "Roof" else ())
        last = field_operations.add("lead", draft, None, AT)
    asked = [
        [{"field": "own", "key": "urgent", "values": ["yes"]}],
        [{"field": "own", "key": "roof", "values": ["south", "north"]}],
        [{"field": "own", "key": "halls", "values": ["3..4"]}],
    ]
    session().execute(update(DistributionRule).values(active=False))
    rules = [rule(conditions=one, position=place) for place, one in enumerate(asked)]
    kept = [{"urgent": True}, {"urgent": False, "roof": ["north"]}, {"halls": 4}, {"halls": 5}]
    leads = [make_lead() for _one in kept]
    for lead, values in zip(leads, kept, strict=True):
        own_fields.write(lead.id, values)
    assert [queries.find_rule_for(lead) for lead in leads] == [*rules, None]
    field_operations.set_active(last.id, False, None, AT)
    assert queries.find_rule_for(leads[0]) is None
    assert describe_condition(Condition.from_data(asked[2][0])) == "Halls: 3 to 4"


def test_half_of_the_products_is_half_of_the_points(ctx: Flask) -> None:
    make_programme()
    one, two = first_of("product"), second_of("product")
    make_partner(product_ids=[one])
    found = match(make_lead(product_ids=[one, two]), AT, rule=rule(weighted("product", 30)))
    assert found.partners[0].score == 0.5
    assert found.partners[0].explanation[0]["ids"] == [one]


def test_no_more_partners_than_the_rule_wants_and_the_rest_is_counted(ctx: Flask) -> None:
    made = [make_partner().id for _ in range(4)]
    found = match(make_lead(), AT, rule=rule(most=3))
    assert firms(found) == sorted(made)[:3]
    assert found.excluded["most"] == 1
    assert sum(found.excluded.values()) == found.candidates - 3


def test_the_first_active_rule_that_fits_the_lead_decides(ctx: Flask) -> None:
    make_programme()
    session().query(DistributionRule).update({"active": False})
    make_partner()
    cold = rule(position=1, conditions=[{"field": "temperature", "values": ["cold"]}])
    rule(position=2, active=False)
    second = rule(position=3)
    rule(position=4)
    assert match(make_lead(), AT).rule_id == second.id
    assert match(make_lead(temperature="cold"), AT).rule_id == cold.id


def test_no_rule_no_match(ctx: Flask) -> None:
    make_partner()
    session().query(DistributionRule).delete()
    found = match(make_lead(), AT)
    assert (found.rule_id, found.partners, found.excluded) == (None, [], {})


def test_the_parts_sum_to_the_score_whatever_the_rule(ctx: Flask) -> None:
    make_programme()
    dice = random.Random(7)
    for _ in range(30):
        make_random_partner(dice)
    lead = make_lead(language="de", product_ids=[e.id for e in book().active("product")[:3]])
    for _ in range(25):
        found = match(lead, AT, rule=make_random_rule(dice, lead))
        assert sum(found.excluded.values()) == found.candidates - len(found.partners)
        for matched in found.partners:
            total = sum(Decimal(str(part["points"])) for part in matched.explanation)
            assert total == Decimal(str(matched.score))
            assert [
                part["points"] for part in matched.explanation if part["mode"] == "required"
            ] == [0.0] * sum(part["mode"] == "required" for part in matched.explanation)
        ranked = [(-m.score, m.organisation_id) for m in found.partners]
        assert ranked == sorted(ranked)


def make_random_partner(dice: random.Random) -> Organisation:
    def some(kind: str) -> list[int]:
        entries = [entry.id for entry in book().active(kind)]
        return dice.sample(entries, dice.randint(0, min(4, len(entries))))

    firm = make_partner(
        latitude=dice.choice([None, 52.37 + dice.uniform(-2, 2)]),
        longitude=9.73 + dice.uniform(-2, 2),
        level_id=dice.choice([None, *(e.id for e in book().active("partner_level"))]),
        brand_ids=some("brand"),
        product_ids=some("product"),
        specialisation_ids=some("specialisation"),
        industry_ids=some("industry"),
        size_band_ids=some("size_band"),
        languages=dice.sample(["de", "en", "fr"], 2),
        capacity=dice.randint(0, 7),
    )
    session().get_one(PartnerFigures, firm.id).open_pickups = dice.randint(0, 6)
    for certificate in some("certification"):
        session().add(
            PartnerCertification(
                organisation_id=firm.id,
                certification_id=certificate,
                expires_on=AT.date() + timedelta(days=dice.randint(-5, 5)),
            )
        )
    if dice.random() < 0.2:
        session().add(
            Absence(
                organisation_id=firm.id,
                user_id=None,
                starts_on=AT.date(),
                ends_on=date(2027, 1, 1),
                note=None,
            )
        )
    return firm


def make_random_rule(dice: random.Random, lead: Lead) -> DistributionRule:
    criteria = []
    for kind in dice.sample(list(Kind), dice.randint(1, 9)):
        more: dict[str, Any] = {"km": dice.randint(20, 300)} if kind == "radius" else {}
        if "ids" in NEEDS[kind] and (kind not in MAY_NAME or dice.random() < 0.5):
            more["ids"] = [entry.id for entry in book().active(kind)[: dice.randint(1, 5)]]
        if kind == "level":
            more["level_id"] = dice.choice(book().active("partner_level")).id
        if dice.random() < 0.3:
            criteria.append(required(kind, **more))
        else:
            criteria.append(weighted(kind, dice.randint(1, 100), **more))
    return rule(*criteria)

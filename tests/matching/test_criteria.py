"""What each criterion asks: a table of cases, and what holds whatever a rule is made of."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql

from portal.accounts.models import Organisation
from portal.catalog import field_operations
from portal.catalog.field_operations import FieldDraft
from portal.catalog.models import ValueBand
from portal.catalog.queries import book
from portal.core.db import session
from portal.leads.models import Lead
from portal.matching import queries
from portal.matching.criteria import COMPOUND, MILE_KM, Criterion, Kind, Measure, Mode, Within
from portal.matching.criteria_rules import wrong_with
from portal.matching.kinds import KINDS, Ask, kind_of, meets
from portal.matching.lead_facts import LeadFacts
from portal.matching.rules import PartnerFacts, Scorer, most_points, score_of
from portal.matching.sources import open_source
from portal.matching.words import describe_criterion, why
from portal.partners import facts
from portal.partners.models import (
    Absence,
    Partner,
    PartnerCertification,
    PartnerFigures,
    PartnerRates,
)
from portal.relations.models import RelationHit
from tests.factories import AT, make_lead, make_partner, make_programme

WELL_OFF = {
    "conversion": 0.4,
    "punctuality": 0.9,
    "minutes_to_pick": 30,
    "minutes_to_contact": 720,
    "volume": 300_000,
    "months_brought": 3,
    "campaigns": 1,
}


def entry(kind: str, place: int = 0) -> int:
    return book().active(kind)[place].id


def entries(kind: str, *places: int) -> list[int]:
    return [entry(kind, place) for place in places]


def band(place: float) -> int:
    """Return the value band that stands there among all, from 0 to 1."""
    bands = [one for one in book().active("value_band") if isinstance(one, ValueBand)]
    bands.sort(key=lambda one: one.low or 0)
    return bands[round(place * (len(bands) - 1))].id


def level(key: str) -> int:
    return book().id_of("partner_level", key)


def ask_for_showrooms() -> None:
    field_operations.add("partner", FieldDraft(names={"en": "Showroom"}, kind="yes_no"), None, AT)


def make_rates(firm: Organisation, **over: Any) -> None:
    counts = dict.fromkeys(("offers_seen", "picked", "closed", "volume", "brought"), 0)
    values = {**counts, "months_brought": 0, "campaigns": 0, **over}
    session().add(PartnerRates(organisation_id=firm.id, at=AT, **values))
    session().flush()


def make_firm(
    *,
    rates: Mapping[str, Any] | None = None,
    certified_until: date | None = None,
    away: tuple[date, date] | None = None,
    held: int = 0,
    joined: datetime = AT,
    **profile: Any,
) -> Organisation:
    """Make a partner with what stands beside its profile."""
    firm = make_partner(at=joined, **profile)
    if rates is not None:
        make_rates(firm, **rates)
    if certified_until:
        session().add(
            PartnerCertification(
                organisation_id=firm.id,
                certification_id=entry("certification"),
                expires_on=certified_until,
            )
        )
    if away:
        session().add(
            Absence(organisation_id=firm.id, starts_on=away[0], ends_on=away[1], user_id=None)
        )
    if held:
        session().get_one(PartnerFigures, firm.id).open_pickups = held
    session().flush()
    return firm


TODAY = AT.date()
DAY = timedelta(days=1)
NORTH = 1 / 111.195  # degrees of a kilometre due north

FRENCH = Criterion(Kind.LANGUAGE, languages=("fr", "it"))

# what a criterion asks · what the lead has · what the firm has · is it met · which share it gets
CASES: Sequence[tuple[Criterion, dict[str, Any], dict[str, Any], bool | None, float]] = (
    # how near
    (Criterion(Kind.RADIUS, km=80), {}, {}, True, 1.0),
    (Criterion(Kind.RADIUS, km=80), {}, {"latitude": 52.37 + 40 * NORTH}, True, 0.5),
    (Criterion(Kind.RADIUS, km=80), {}, {"latitude": 52.37 + 81 * NORTH}, False, 0),
    (Criterion(Kind.RADIUS, km=80), {}, {"latitude": None, "longitude": None}, False, 0),
    (Criterion(Kind.RADIUS, km=80), {"latitude": None, "longitude": None}, {}, False, 0),
    (
        Criterion(Kind.RADIUS, km=50 * MILE_KM, miles=True),
        {},
        {"latitude": 52.37 + 25 * MILE_KM * NORTH},
        True,
        0.5,
    ),
    # where
    (Criterion(Kind.REGION), {}, {"territories": ["DE-NI"]}, True, 1),
    (Criterion(Kind.REGION), {}, {"territories": ["FR"]}, False, 0),
    (Criterion(Kind.REGION), {"country": None, "subdivision": None}, {}, False, 0),
    (Criterion(Kind.REGION, within=Within.COUNTRY), {}, {"country": "AT"}, False, 0),
    (Criterion(Kind.REGION, within=Within.SUBDIVISION), {}, {"subdivision": None}, False, 0),
    (Criterion(Kind.PLACE, codes=("AT", "DE-NI")), {}, {}, True, 1),
    (Criterion(Kind.PLACE, codes=("AT", "DE-BY")), {}, {}, False, 0),
    (Criterion(Kind.TERRITORY, codes=("DE-BY",)), {}, {"territories": ["DE"]}, True, 1),
    (Criterion(Kind.TERRITORY, codes=("DE-BY",)), {}, {"territories": []}, True, 1),
    (Criterion(Kind.TERRITORY, codes=("FR",)), {}, {"territories": ["DE"]}, False, 0),
    # what it sells, knows and serves
    (Criterion(Kind.BRAND), {}, {}, True, 1),
    (Criterion(Kind.BRAND), {}, {"brand_ids": []}, False, 0),
    (Criterion(Kind.BRAND), {"brand_id": None}, {"brand_ids": []}, None, 0),
    (Criterion(Kind.BRAND, ids=(0, 1)), {"brand_id": None}, {"brand_ids": "1"}, True, 1),
    (Criterion(Kind.BRAND, ids=(1,)), {"brand_id": "0"}, {"brand_ids": "0"}, False, 0),
    (Criterion(Kind.PRODUCT), {"product_ids": "01"}, {"product_ids": "0"}, True, 0.5),
    (Criterion(Kind.PRODUCT), {"product_ids": "01"}, {"product_ids": "2"}, False, 0),
    (Criterion(Kind.PRODUCT), {"product_ids": ""}, {"product_ids": ""}, None, 0),
    (Criterion(Kind.PRODUCT, ids=(0, 1)), {"product_ids": ""}, {"product_ids": "1"}, True, 1),
    (Criterion(Kind.PRODUCT, ids=(0, 1)), {"product_ids": "2"}, {"product_ids": "2"}, False, 0),
    (Criterion(Kind.SPECIALISATION, ids=(0, 1)), {}, {"specialisation_ids": "1"}, True, 1),
    (Criterion(Kind.SPECIALISATION, ids=(0, 1)), {}, {"specialisation_ids": "2"}, False, 0),
    (Criterion(Kind.CERTIFICATION, ids=(0,)), {}, {"certified_until": TODAY}, True, 1),
    (Criterion(Kind.CERTIFICATION, ids=(0,)), {}, {"certified_until": TODAY - DAY}, False, 0),
    (Criterion(Kind.CERTIFICATION, ids=(1,)), {}, {"certified_until": TODAY}, False, 0),
    (Criterion(Kind.INDUSTRY), {"industry_id": "0"}, {"industry_ids": "0"}, True, 1),
    (Criterion(Kind.INDUSTRY), {"industry_id": "0"}, {"industry_ids": ""}, True, 0.5),
    (Criterion(Kind.INDUSTRY), {"industry_id": "0"}, {"industry_ids": "1"}, False, 0),
    (Criterion(Kind.INDUSTRY, ids=(0, 1)), {"industry_id": None}, {"industry_ids": "1"}, True, 1),
    (Criterion(Kind.INDUSTRY, ids=(0, 1)), {}, {"industry_ids": ""}, True, 0.5),
    (Criterion(Kind.INDUSTRY, ids=(0, 1)), {"industry_id": "2"}, {"industry_ids": "2"}, False, 0),
    (Criterion(Kind.SIZE_BAND), {"size_band_id": "0"}, {"size_band_ids": "1"}, False, 0),
    (Criterion(Kind.SIZE_BAND), {"size_band_id": None}, {"size_band_ids": "1"}, None, 0),
    (Criterion(Kind.SIZE_BAND, ids=(1,)), {"size_band_id": "0"}, {"size_band_ids": "1"}, True, 1),
    (Criterion(Kind.SIZE_BAND, ids=(1,)), {"size_band_id": "0"}, {"size_band_ids": "0"}, False, 0),
    (Criterion(Kind.LANGUAGE), {"language": "de"}, {"languages": ["de"]}, True, 1),
    (Criterion(Kind.LANGUAGE), {"language": "de"}, {"languages": ["fr"]}, False, 0),
    (FRENCH, {"language": None}, {"languages": ["de", "it"]}, True, 1),
    (FRENCH, {"language": "de"}, {"languages": ["de"]}, False, 0),
    # what kind of firm it is
    (Criterion(Kind.PEOPLE, least=10, most=49), {}, {"people": 49}, True, 1),
    (Criterion(Kind.PEOPLE, least=10, most=49), {}, {"people": 50}, False, 0),
    (Criterion(Kind.PEOPLE, least=10), {}, {"people": None}, False, 0),
    (Criterion(Kind.LEVEL, level_id=0), {}, {"level_id": "gold"}, True, 1),
    (Criterion(Kind.LEVEL, level_id=0), {}, {"level_id": "silver"}, False, 0.75),
    (Criterion(Kind.LEVEL, level_id=0), {}, {"level_id": None}, False, 0),
    (Criterion(Kind.NEWCOMER, days=100), {}, {"joined": AT - 50 * DAY}, True, 0.5),
    (Criterion(Kind.NEWCOMER, days=100), {}, {"joined": AT - 100 * DAY}, False, 0),
    # large leads for large firms, small ones for small firms
    (Criterion(Kind.VALUE), {"value": 1}, {"people": 400}, True, 1),
    (Criterion(Kind.VALUE), {"value": 1}, {"people": 4}, False, 0),
    (Criterion(Kind.VALUE), {"value": 0}, {"people": 4}, True, 1),
    (Criterion(Kind.VALUE), {"value": 0}, {"people": 400}, False, 0),
    (Criterion(Kind.VALUE), {"value": 0}, {"people": 49}, True, 0.6667),
    (Criterion(Kind.VALUE), {"value": 1}, {"people": None}, False, 0),
    (Criterion(Kind.VALUE), {"value_band_id": None}, {"people": 4}, None, 0),
    (Criterion(Kind.VALUE, by=Measure.VOLUME), {"value": 1}, {"rates": WELL_OFF}, True, 1),
    (Criterion(Kind.VALUE, by=Measure.VOLUME), {"value": 0}, {"rates": WELL_OFF}, False, 0),
    (Criterion(Kind.VALUE, by=Measure.VOLUME), {"value": 0}, {}, None, 0),
    # how it has worked
    (Criterion(Kind.CONVERSION, least=0.5), {}, {"rates": {"conversion": 0.5}}, True, 1),
    (Criterion(Kind.CONVERSION, least=0.5), {}, {"rates": WELL_OFF}, False, 0.8),
    (Criterion(Kind.CONVERSION), {}, {"rates": WELL_OFF}, True, 0.4),
    (Criterion(Kind.CONVERSION), {}, {}, False, 0),
    (Criterion(Kind.PUNCTUALITY, least=0.9), {}, {"rates": WELL_OFF}, True, 1),
    (Criterion(Kind.PUNCTUALITY, least=0.95), {}, {"rates": WELL_OFF}, False, 0.9474),
    (Criterion(Kind.RESPONSE, most=1440), {}, {"rates": WELL_OFF}, True, 0.5),
    (Criterion(Kind.RESPONSE, most=700), {}, {"rates": WELL_OFF}, False, 0),
    (Criterion(Kind.RESPONSE, most=60, by=Measure.PICK), {}, {"rates": WELL_OFF}, True, 0.5),
    (Criterion(Kind.RESPONSE), {}, {}, False, 0),
    # rewards
    (Criterion(Kind.VOLUME, least=300_000), {}, {"rates": WELL_OFF}, True, 1),
    (Criterion(Kind.VOLUME, least=600_000), {}, {"rates": WELL_OFF}, False, 0.5),
    (Criterion(Kind.VOLUME), {}, {"rates": {"volume": 0}}, False, 0),
    (Criterion(Kind.REGISTRANT, least=3), {}, {"rates": WELL_OFF}, True, 1),
    (Criterion(Kind.REGISTRANT, least=6), {}, {"rates": WELL_OFF}, False, 0.5),
    (Criterion(Kind.CAMPAIGNER), {}, {"rates": WELL_OFF}, True, 1),
    (Criterion(Kind.CAMPAIGNER), {}, {}, False, 0),
    # whether it knows the customer, has time, and what the programme asks itself
    (Criterion(Kind.RELATION), {"known": True}, {}, True, 1),
    (Criterion(Kind.RELATION), {}, {}, False, 0),
    (Criterion(Kind.CAPACITY), {}, {"capacity": 4}, True, 1),
    (Criterion(Kind.CAPACITY), {}, {"capacity": 0}, False, 0),
    (Criterion(Kind.PRESENT), {}, {"away": (TODAY - DAY, TODAY)}, False, 0),
    (Criterion(Kind.PRESENT), {}, {"away": (TODAY + DAY, TODAY + DAY)}, True, 1),
    (Criterion(Kind.OWN, own=("showroom=yes",)), {}, {"custom": {"showroom": True}}, True, 1),
    (Criterion(Kind.OWN, own=("showroom=yes",)), {}, {"custom": {}}, False, 0),
    # several together: all have the least share, any the greatest, none what that leaves
    (
        Criterion(Kind.ALL, of=(Criterion(Kind.BRAND), Criterion(Kind.RADIUS, km=80))),
        {},
        {"latitude": 52.37 + 40 * NORTH},
        True,
        0.5,
    ),
    (
        Criterion(Kind.ALL, of=(Criterion(Kind.BRAND), Criterion(Kind.PLACE, codes=("FR",)))),
        {},
        {},
        False,
        0,
    ),
    (
        Criterion(Kind.ANY, of=(Criterion(Kind.PLACE, codes=("FR",)), Criterion(Kind.BRAND))),
        {},
        {},
        True,
        1,
    ),
    (Criterion(Kind.NOT, of=(Criterion(Kind.PLACE, codes=("DE",)),)), {}, {}, False, 0),
    (Criterion(Kind.NOT, of=(Criterion(Kind.PLACE, codes=("FR",)),)), {}, {}, True, 1),
    (Criterion(Kind.NOT, of=(Criterion(Kind.RADIUS, km=80),)), {"latitude": None}, {}, True, 1),
    # a part for which the lead names nothing is left aside
    (
        Criterion(Kind.ANY, of=(Criterion(Kind.BRAND), Criterion(Kind.PLACE, codes=("FR",)))),
        {"brand_id": None},
        {},
        False,
        0,
    ),
    (Criterion(Kind.NOT, of=(Criterion(Kind.BRAND),)), {"brand_id": None}, {}, None, 0),
    (Criterion(Kind.NOT, of=(FRENCH,)), {"language": None}, {}, True, 1),
)


def name_of(case: tuple[Any, ...]) -> str:
    criterion, lead, firm, met, share = case
    said = ", ".join(f"{key} {value}" for key, value in {**lead, **firm}.items() if key != "rates")
    return f"{criterion.kind}: {said} is {met} {share}"[:80].replace("[", "(").replace("]", ")")


@pytest.mark.parametrize(
    ("criterion", "of_lead", "of_firm", "met", "share"),
    [pytest.param(*case, id=name_of(case)) for case in CASES],
)
def test_what_a_criterion_asks(
    ctx: Flask,
    criterion: Criterion,
    of_lead: dict[str, Any],
    of_firm: dict[str, Any],
    met: bool | None,
    share: float,
) -> None:
    make_programme()
    lead, firm, criterion = made_of(criterion, of_lead, of_firm)
    known = LeadFacts.of(lead, [criterion], AT)
    for source in (facts.NOW, facts.as_of(facts.last_kept())):
        must = queries.judge_partners([criterion], known, AT, source=source)
        not_one = [replace(criterion, mode=Mode.FORBIDDEN)]
        must_not = queries.judge_partners(not_one, known, AT, source=source)
        assert [len(must.passed), len(must_not.passed)] == {
            True: [1, 0],
            False: [0, 1],
            None: [1, 1],
        }[met]
        ranked = [replace(criterion, mode=Mode.WEIGHTED, weight=30)]
        (found,) = queries.judge_partners(ranked, known, AT, source=source).passed
        (part,) = Scorer(ranked, known).explain(found)
        assert part["points"] == pytest.approx(share, abs=5e-4)
        assert found == queries.facts_about(firm.id, ranked, known, AT, source=source)
    assert Criterion.from_data(criterion.to_data()) == criterion
    assert describe_criterion(criterion)
    silent = criterion.kind in (Kind.PRESENT, Kind.RELATION, Kind.NOT) or part.get("all")
    if met and not silent:
        assert why([part])


def made_of(
    criterion: Criterion, of_lead: dict[str, Any], of_firm: dict[str, Any]
) -> tuple[Lead, Organisation, Criterion]:
    """Make what a line of the table says; digits stand for places in the catalogue."""

    def ids(values: dict[str, Any]) -> dict[str, Any]:
        return {
            key: entries(key.removesuffix("_ids"), *map(int, value))
            if key.endswith("_ids") and isinstance(value, str)
            else entry(key.removesuffix("_id"), int(value))
            if isinstance(value, str) and value.isdigit()
            else value
            for key, value in values.items()
        }

    if criterion.ids:
        criterion = replace(criterion, ids=tuple(entries(criterion.kind, *criterion.ids)))
    if criterion.kind is Kind.LEVEL:
        criterion = replace(criterion, level_id=level("gold"))
    if criterion.own:
        field_operations.add(
            "partner", FieldDraft(names={"en": "Showroom"}, kind="yes_no"), None, AT
        )
    if isinstance(of_firm.get("level_id"), str):
        of_firm = {**of_firm, "level_id": level(of_firm["level_id"])}
    lead_has = {key: value for key, value in of_lead.items() if key not in ("value", "known")}
    if "value" in of_lead:
        lead_has["value_band_id"] = band(of_lead["value"])
    lead, firm = make_lead(**ids(lead_has)), make_firm(**ids(of_firm))
    if "known" in of_lead:
        session().add(RelationHit(lead_id=lead.id, organisation_id=firm.id, at=AT, by="list"))
        session().flush()
    return lead, firm, criterion


def test_the_table_has_a_case_of_every_kind() -> None:
    assert {case[0].kind for case in CASES} == set(Kind) == set(KINDS)


# -- whatever a rule is made of ------------------------------------------------------------------

PLAIN = [case[0] for case in CASES if case[0].kind not in COMPOUND]
parts = some.deferred(lambda: some.sampled_from(PLAIN) | compounds)
compounds = some.builds(
    Criterion,
    kind=some.sampled_from(COMPOUND),
    of=some.lists(parts, min_size=1, max_size=3).map(tuple),
)
criteria = some.builds(
    lambda part, mode, weight: replace(
        part, mode=mode, weight=float(weight) if mode is Mode.WEIGHTED else 0.0
    ),
    parts,
    some.sampled_from(Mode),
    some.integers(1, 100),
)
rules = some.lists(criteria, max_size=6)
many = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def in_catalogue(criterion: Criterion) -> Criterion:
    """Let a criterion of the table name what is in the catalogue."""
    ids = tuple(entries(criterion.kind, *criterion.ids)) if criterion.ids else ()
    of_level = level("gold") if criterion.kind is Kind.LEVEL else None
    inside = tuple(in_catalogue(part) for part in criterion.of)
    return replace(criterion, ids=ids, level_id=of_level, of=inside)


def make_crowd() -> Lead:
    """Make a lead, and twelve partners that differ in all that criteria ask for."""
    dice = random.Random(7)
    ask_for_showrooms()

    def chosen(kind: str) -> list[int]:
        return dice.sample(entries(kind, 0, 1, 2), dice.randint(0, 2))

    lead = make_lead(language="de", product_ids=entries("product", 0, 1))
    for number in range(12):
        rates = {
            "conversion": dice.choice([None, 0.2, 0.6]),
            "punctuality": dice.choice([None, 0.92, 0.99]),
            "minutes_to_pick": dice.choice([None, 10, 100]),
            "minutes_to_contact": dice.choice([None, 100, 2000]),
            "volume": dice.choice([0, 90_000, 700_000]),
            "months_brought": dice.randint(0, 7),
            "campaigns": dice.randint(0, 2),
        }
        firm = make_firm(
            rates=rates if number % 3 else None,
            certified_until=TODAY + dice.randint(-1, 1) * DAY,
            away=(TODAY, TODAY) if number % 4 == 0 else None,
            joined=AT - dice.randint(0, 200) * DAY,
            country=dice.choice(["DE", "AT"]),
            subdivision=dice.choice([None, "DE-NI", "DE-BY"]),
            latitude=dice.choice([None, 52.37 + dice.uniform(-1, 1)]),
            territories=dice.choice([[], ["DE-BY"], ["DE"]]),
            level_id=dice.choice([None, level("gold"), level("silver")]),
            people=dice.choice([None, 4, 40, 400]),
            capacity=dice.randint(0, 2),
            languages=dice.choice([["de"], ["fr"]]),
            custom=dice.choice([{}, {"showroom": True}]),
            **{
                f"{kind}_ids": chosen(kind)
                for kind in ("brand", "product", "specialisation", "industry", "size_band")
            },
        )
        if number % 5 == 0:
            session().add(RelationHit(lead_id=lead.id, organisation_id=firm.id, at=AT, by="list"))
    session().flush()
    return lead


def test_database_and_grades_are_of_one_mind_now_and_later(ctx: Flask) -> None:
    """Whoever passes in SQL passes by the facts, as of a past moment too; parts make the score."""
    make_programme()
    lead = make_crowd()
    then = facts.as_of(facts.last_kept())

    @given(rules)
    @many
    def check(made: list[Criterion]) -> None:
        asked = [in_catalogue(criterion) for criterion in made]
        known = LeadFacts.of(lead, asked, AT)
        judged = queries.judge_partners(asked, known, AT)
        assert by_id(queries.judge_partners(asked, known, AT, source=then).passed) == by_id(
            judged.passed
        )
        assert sum(judged.excluded.values()) == judged.candidates - len(judged.passed)
        ranked = [replace(criterion, mode=Mode.WEIGHTED, weight=1.0) for criterion in asked]
        everybody = queries.judge_partners(ranked, known, AT).passed
        # no weight, however heavy, brings back who misses a must
        assert {one.organisation_id for one in judged.passed} == {
            one.organisation_id for one in everybody if passes(asked, known, one)
        }
        scorer = Scorer(asked, LeadFacts.from_data(lead.id, known.to_data()))
        for one in judged.passed:
            parts = scorer.explain(one)
            score = score_of(parts)
            assert 0 <= score <= 1
            assert sum(Decimal(str(part["points"])) for part in parts) == Decimal(str(score))
            assert all(0 <= part["points"] <= 1 for part in parts)
        for one in judged.passed[:1]:
            again = queries.facts_about(one.organisation_id, asked, known, AT, source=then)
            assert again is not None
            assert scorer.explain(again) == scorer.explain(one)

    check()


def by_id(passed: Sequence[PartnerFacts]) -> dict[int, tuple[Any, ...]]:
    return {one.organisation_id: one.values for one in passed}


def passes(asked: Sequence[Criterion], lead: LeadFacts, partner: PartnerFacts) -> bool:
    for criterion, fact in zip(asked, partner.values, strict=True):
        kind = kind_of(criterion)
        if criterion.weighted or not kind.is_asked(criterion, lead):
            continue
        if kind.grade(criterion, lead, fact).met is criterion.forbidden:
            return False
    return True


@given(some.lists(some.integers(1, 100), min_size=1, max_size=30))
def test_all_weights_together_are_one(weights: list[int]) -> None:
    asked = [Criterion(Kind.BRAND, Mode.WEIGHTED, float(weight)) for weight in weights]
    most = most_points(asked)
    assert sum(Decimal(str(one)) for one in most) == 1
    for weight, one in zip(weights, most, strict=True):
        assert one == pytest.approx(weight / sum(weights), abs=1e-4)


def test_a_lead_and_the_catalogue_may_change_after_a_match(ctx: Flask) -> None:
    make_programme()
    firm = make_partner(level_id=level("gold"))
    lead = make_lead()
    asked = [
        Criterion(Kind.LEVEL, level_id=level("gold")),
        Criterion(Kind.RADIUS, Mode.WEIGHTED, 20, km=80),
        Criterion(Kind.VALUE, Mode.WEIGHTED, 20),
    ]
    kept, upto = LeadFacts.of(lead, asked, AT).to_data(), facts.last_kept()
    (before,) = queries.judge_partners(asked, lead, AT).passed
    session().execute(text("UPDATE catalog_entries SET rank = 1 WHERE kind = 'partner_level'"))
    lead.latitude, lead.value_band_id = None, None
    session().get_one(Partner, firm.id).level_id = None
    session().flush()
    known = LeadFacts.from_data(lead.id, kept)
    (after,) = queries.judge_partners(asked, known, AT, source=facts.as_of(upto)).passed
    assert after == before
    assert known.to_data() == kept
    assert queries.judge_partners(asked, lead, AT).passed == []


def test_the_nearest_are_found_by_the_index(ctx: Flask) -> None:
    lead = make_lead()
    near = Criterion(Kind.RADIUS, km=80)
    ask = Ask(LeadFacts.of(lead, [near], AT), open_source(facts.NOW, AT))
    found = select(facts.NOW.c.organisation_id).where(meets(near, ask))
    asked = found.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    session().execute(text("SET LOCAL enable_seqscan = off"))
    plan = session().connection().exec_driver_sql(f"EXPLAIN {asked}").scalars().all()
    assert any("ix_partners_latitude_partners_longitude" in line for line in plan), "\n".join(plan)


def test_a_criterion_names_nothing_but_what_its_own_list_has(ctx: Flask) -> None:
    make_programme()
    for one in (
        Criterion(Kind.BRAND, ids=(entry("brand"), entry("industry"))),
        Criterion(Kind.PRODUCT, ids=(10**18,)),
        Criterion(Kind.ALL, of=(Criterion(Kind.LANGUAGE, languages=("fr", "Klingon")),)),
    ):
        assert list(wrong_with([one]).values()) == ["Please choose from the list."]


def test_a_rule_is_said_in_words_with_what_it_is_made_of(ctx: Flask) -> None:
    make_programme()
    gold = Criterion(Kind.LEVEL, level_id=level("gold"))
    certified = Criterion(Kind.CERTIFICATION, ids=(entry("certification"),))
    near = Criterion(Kind.RADIUS, km=50 * MILE_KM, miles=True)
    asked = Criterion(
        Kind.ANY, of=(gold, Criterion(Kind.ALL, of=(certified, near)), Criterion(Kind.BRAND))
    )
    certificate = book().label(certified.ids[0], "en")
    assert describe_criterion(asked) == (
        f"at least Gold, (holds one of: {certificate} and within 50 miles) "
        "or carries the lead's brand"
    )
    assert describe_criterion(Criterion(Kind.NOT, of=(near,))) == "not: within 50 miles"
    assert describe_criterion(FRENCH) == "speaks French or Italian"
    with force_locale("de"):
        assert describe_criterion(replace(near, miles=False, km=80)) == "im Umkreis von 80 km"
        assert describe_criterion(FRENCH) == "Sprache: Französisch oder Italienisch"


NAMED = {
    Kind.BRAND: "carries {}",
    Kind.PRODUCT: "carries {}",
    Kind.INDUSTRY: "serves {}",
    Kind.SIZE_BAND: "serves firms of the size {}",
}


def test_of_what_a_rule_names_itself_a_partner_is_told_what_he_has(ctx: Flask) -> None:
    make_programme()
    has = {f"{kind}_ids": entries(kind, 1, 2) for kind in NAMED}
    lead, _firm = make_lead(), make_partner(languages=["it", "en"], **has)
    asked = [
        Criterion(kind, mode, weight=float(mode is Mode.WEIGHTED), ids=tuple(entries(kind, 0, 1)))
        for kind in NAMED
        for mode in (Mode.REQUIRED, Mode.WEIGHTED)
    ]
    (found,) = queries.judge_partners([*asked, FRENCH], lead, AT).passed
    parts = Scorer([*asked, FRENCH], LeadFacts.of(lead, asked, AT)).explain(found)
    assert why(parts[-1:]) == ["speaks Italian"]
    for one, part in zip(asked, parts, strict=False):
        names = [book().label(i, "en") for i in one.ids]
        assert describe_criterion(one) == NAMED[one.kind].format(" or ".join(names))
        assert part["ids"] == [one.ids[1]]
        assert why([part]) == [NAMED[one.kind].format(names[1])]

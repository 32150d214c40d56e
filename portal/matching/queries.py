"""Reads of matching: the rules in order, and all partners judged for one lead in one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import asin, cos, degrees, radians, sin
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    and_,
    any_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import BigInteger

from portal.accounts.models import PARTNER_KINDS, Organisation
from portal.catalog.models import PartnerLevel
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import NotFound
from portal.leads.models import Lead
from portal.matching.criteria import Condition, Criterion, Kind, Within
from portal.matching.models import DistributionRule
from portal.matching.rules import EARTH_KM, PartnerFacts, fits_lead
from portal.partners.models import (
    Absence,
    Partner,
    PartnerCertification,
    PartnerFigures,
    PartnerGroupMember,
)


def list_rules() -> Sequence[DistributionRule]:
    """Return all rules in the order in which they are tried."""
    return (
        session()
        .scalars(select(DistributionRule).order_by(DistributionRule.position, DistributionRule.id))
        .all()
    )


def get_rule(rule_id: int) -> DistributionRule:
    """Return a rule or raise NotFound."""
    found = session().get(DistributionRule, rule_id)
    if found is None:
        raise NotFound()
    return found


def find_rule_for(lead: Lead) -> DistributionRule | None:
    """Return the first active rule whose conditions the lead meets."""
    for rule in list_rules():
        if rule.active and fits_lead([Condition.from_data(c) for c in rule.conditions], lead):
            return rule
    return None


def level_ranks() -> dict[int, int]:
    """Return the rank of every partner level by its id."""
    return {
        entry.id: entry.rank or 0
        for entry in book().by_kind.get("partner_level", [])
        if isinstance(entry, PartnerLevel)
    }


@dataclass(frozen=True, slots=True)
class Judgement:
    """All partners judged: who passed with the facts about them, who failed at what."""

    passed: list[PartnerFacts]
    excluded: dict[str, int]
    candidates: int


Check = tuple[str, ColumnElement[bool]]


def judge_partners(
    criteria: Sequence[Criterion],
    lead: Lead,
    at: datetime,
    *,
    group_id: int | None = None,
    without: Collection[int] = (),
) -> Judgement:
    """Judge every active partner firm for `lead` in one statement.

    A partner counts at the first thing that takes him out, asked in this order: `without`,
    suspended, group, then the required criteria as the rule has them; so the counts add up.
    """
    ranks = level_ranks()
    source, tests = _Tests(lead, at, ranks).of(criteria)
    checks: list[Check] = []
    if without:
        checks.append(("without", Partner.organisation_id.in_(sorted(without))))
    checks.append(("suspended", func.coalesce(Partner.suspended_until > at, false())))
    if group_id is not None:
        members = select(PartnerGroupMember.organisation_id).where(
            PartnerGroupMember.group_id == group_id
        )
        checks.append(("group", Partner.organisation_id.not_in(members)))
    for criterion in criteria:
        if criterion.required:
            checks.extend(_failures(criterion, lead, tests[criterion.kind]))

    names = [name for name, _test in checks]
    failed = case(
        *((test, literal(number)) for number, (_name, test) in enumerate(checks, 1)),
        else_=literal(0),
    )
    judged = (
        select(
            Partner.organisation_id,
            failed.label("failed"),
            Partner.latitude,
            Partner.longitude,
            Partner.level_id,
            Partner.capacity,
            Partner.product_ids,
            Partner.specialisation_ids,
            Partner.industry_ids,
            Partner.size_band_ids,
            func.coalesce(PartnerFigures.open_pickups, 0).label("open_pickups"),
            _held(source.held).label("held"),
            *(tests[kind].label(f"fits_{kind}") for kind in _told(criteria)),
        )
        .select_from(source.joined)
        .where(Organisation.active, Organisation.kind.in_(PARTNER_KINDS))
        .cte("judged")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    tally = select(judged.c.failed, func.count().label("n")).group_by(judged.c.failed).subquery()
    counts = (
        select(
            func.array_agg(aggregate_order_by(tally.c.failed, tally.c.failed)).label("reasons"),
            func.array_agg(aggregate_order_by(tally.c.n, tally.c.failed)).label("numbers"),
        )
        .select_from(tally)
        .subquery("counts")
    )
    rows = (
        session()
        .execute(
            select(
                counts.c.reasons,
                counts.c.numbers,
                judged,
                _km(judged.c.latitude, judged.c.longitude, lead).label("km"),
            ).select_from(counts.outerjoin(judged, judged.c.failed == 0))
        )
        .all()
    )
    excluded: dict[str, int] = dict.fromkeys(names, 0)
    candidates = 0
    for number, count in zip(rows[0].reasons or (), rows[0].numbers or (), strict=True):
        candidates += count
        if number:
            excluded[names[number - 1]] += count
    passed = [_facts(row, criteria, ranks) for row in rows if row.organisation_id is not None]
    return Judgement(passed, excluded, candidates)


def _facts(row: Any, criteria: Sequence[Criterion], ranks: dict[int, int]) -> PartnerFacts:
    values = row._mapping
    return PartnerFacts(
        organisation_id=row.organisation_id,
        fits={kind: bool(values[f"fits_{kind}"]) for kind in _told(criteria)},
        km=row.km,
        level_id=row.level_id,
        capacity=row.capacity,
        open_pickups=row.open_pickups,
        product_ids=row.product_ids,
        specialisation_ids=row.specialisation_ids,
        certification_ids=row.held,
        industry_ids=row.industry_ids,
        size_band_ids=row.size_band_ids,
        ranks=ranks,
    )


# what is a plain yes or no and can't be told from the other columns
PLAIN = (Kind.REGION, Kind.BRAND, Kind.LANGUAGE, Kind.PRESENT)


def _told(criteria: Sequence[Criterion]) -> list[Kind]:
    asked = {criterion.kind for criterion in criteria}
    return [kind for kind in PLAIN if kind in asked]


def _failures(
    criterion: Criterion, lead: Lead, passes: ColumnElement[bool]
) -> list[tuple[str, ColumnElement[bool]]]:
    """Return the tests that take a partner out, in order, with the names they count under."""
    if criterion.kind is Kind.REGION and not lead.country:
        return [("region.lead", true())]
    if criterion.kind is Kind.RADIUS:
        if lead.latitude is None or lead.longitude is None:
            return [("radius.lead", true())]
        return [
            ("radius.partner", or_(Partner.latitude.is_(None), Partner.longitude.is_(None))),
            ("radius", ~passes),
        ]
    return [(str(criterion.kind), ~func.coalesce(passes, false()))]


@dataclass(frozen=True, slots=True)
class _Source:
    joined: FromClause
    held: FromClause | None


def _held(held: FromClause | None) -> ColumnElement[Any]:
    nothing = cast(literal("{}"), ARRAY(BigInteger))
    return func.coalesce(held.c.ids, nothing) if held is not None else nothing


class _Tests:
    """The SQL of each criterion for one lead: true where the partner meets it."""

    def __init__(self, lead: Lead, at: datetime, ranks: dict[int, int]) -> None:
        self.lead = lead
        self.at = at
        self.ranks = ranks

    def of(self, criteria: Sequence[Criterion]) -> tuple[_Source, dict[Kind, ColumnElement[bool]]]:
        """Return what to select from, and the test of each kind that the rule asks for."""
        joined: FromClause = Partner.__table__.join(
            Organisation.__table__, Organisation.id == Partner.organisation_id
        ).outerjoin(
            PartnerFigures.__table__, PartnerFigures.organisation_id == Partner.organisation_id
        )
        held: FromClause | None = None
        tests: dict[Kind, ColumnElement[bool]] = {}
        for criterion in criteria:
            if criterion.kind is Kind.CERTIFICATION:
                held = self.held_certifications(criterion)
                joined = joined.outerjoin(held, held.c.organisation_id == Partner.organisation_id)
                tests[criterion.kind] = held.c.organisation_id.is_not(None)
            elif criterion.kind is Kind.PRESENT:
                away = self.away()
                joined = joined.outerjoin(away, away.c.organisation_id == Partner.organisation_id)
                tests[criterion.kind] = away.c.organisation_id.is_(None)
            else:
                tests[criterion.kind] = self.test(criterion)
        return _Source(joined, held), tests

    def test(self, criterion: Criterion) -> ColumnElement[bool]:
        lead = self.lead
        match criterion.kind:
            case Kind.REGION:
                return self.region(criterion.within)
            case Kind.RADIUS:
                return near(lead.latitude, lead.longitude, criterion.km)
            case Kind.BRAND:
                return self.named(lead.brand_id, _holds(Partner.brand_ids, lead.brand_id))
            case Kind.PRODUCT:
                return self.named(lead.product_ids, _overlap(Partner.product_ids, lead.product_ids))
            case Kind.SPECIALISATION:
                return _overlap(Partner.specialisation_ids, criterion.ids)
            case Kind.INDUSTRY:
                return self.named(lead.industry_id, _serves(Partner.industry_ids, lead.industry_id))
            case Kind.SIZE_BAND:
                return self.named(
                    lead.size_band_id, _serves(Partner.size_band_ids, lead.size_band_id)
                )
            case Kind.LEVEL:
                least = self.ranks.get(criterion.level_id or 0, 1)
                good = [entry_id for entry_id, rank in self.ranks.items() if rank >= least]
                return func.coalesce(Partner.level_id.in_(good), false())
            case Kind.LANGUAGE:
                return self.named(lead.language, _holds(Partner.languages, lead.language))
            case _:
                return func.coalesce(PartnerFigures.open_pickups, 0) < Partner.capacity

    @staticmethod
    def named(value: object, test: ColumnElement[bool]) -> ColumnElement[bool]:
        """Ask only where the lead names something."""
        return test if value else true()

    def region(self, within: Within) -> ColumnElement[bool]:
        lead = self.lead
        if not lead.country:
            return false()
        if within is Within.COUNTRY or (within is Within.SUBDIVISION and not lead.subdivision):
            return Partner.country == lead.country
        if within is Within.SUBDIVISION:
            return and_(
                Partner.country == lead.country,
                func.coalesce(Partner.subdivision == lead.subdivision, false()),
            )
        codes = [code for code in (lead.country, lead.subdivision) if code]
        return or_(func.cardinality(Partner.territories) == 0, _overlap(Partner.territories, codes))

    def local_day(self) -> ColumnElement[Any]:
        """The calendar day at the firm."""
        return cast(
            func.timezone(Organisation.timezone, bindparam(None, self.at, unique=True)), Date
        )

    def held_certifications(self, criterion: Criterion) -> FromClause:
        """Firms that hold one of the certifications; one is good through its last day."""
        earliest = (self.at - timedelta(days=1)).date()
        expires = PartnerCertification.expires_on
        return (
            select(
                PartnerCertification.organisation_id,
                func.array_agg(PartnerCertification.certification_id).label("ids"),
            )
            .join(Organisation, Organisation.id == PartnerCertification.organisation_id)
            .where(
                PartnerCertification.certification_id.in_(criterion.ids),
                or_(expires.is_(None), and_(expires >= earliest, expires >= self.local_day())),
            )
            .group_by(PartnerCertification.organisation_id)
            .subquery("held")
        )

    def away(self) -> FromClause:
        """Firms that are away on their own calendar day."""
        # no zone is further than a day from UTC; this bound keeps old absences out cheaply
        return (
            select(Absence.organisation_id)
            .distinct()
            .join(Organisation, Organisation.id == Absence.organisation_id)
            .where(
                Absence.user_id.is_(None),
                Absence.starts_on <= (self.at + timedelta(days=1)).date(),
                Absence.ends_on >= (self.at - timedelta(days=1)).date(),
                self.local_day().between(Absence.starts_on, Absence.ends_on),
            )
            .subquery("away")
        )


def _holds(column: InstrumentedAttribute[Any], value: str | int | None) -> ColumnElement[bool]:
    return literal(value, column.type.item_type) == any_(column)


def _overlap(column: InstrumentedAttribute[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    met: ColumnElement[bool] = column.op("&&", is_comparison=True)(
        literal(list(values), column.type)
    )
    return met


def _serves(column: InstrumentedAttribute[Any], value: int | None) -> ColumnElement[bool]:
    return or_(func.cardinality(column) == 0, _holds(column, value))


def near(latitude: float | None, longitude: float | None, km: float) -> ColumnElement[bool]:
    """True where a partner is within `km`: a box first, which is cheap, then the great circle."""
    if latitude is None or longitude is None:
        return false()
    reach = km / EARTH_KM
    north = degrees(reach)
    box = [Partner.latitude.between(latitude - north, latitude + north)]
    # near a pole or across the date line the box says nothing about the longitude
    ratio = sin(min(reach, 1.5)) / max(cos(radians(latitude)), 1e-9)
    if ratio < 1:
        east = degrees(asin(ratio))
        if longitude - east > -180 and longitude + east < 180:
            box.append(Partner.longitude.between(longitude - east, longitude + east))
    far = _great_circle(Partner.latitude, Partner.longitude, latitude, longitude)
    return func.coalesce(and_(*box, far <= km), false())


def _km(latitude: Any, longitude: Any, lead: Lead) -> ColumnElement[Any]:
    if lead.latitude is None or lead.longitude is None:
        return cast(literal(None), Partner.latitude.type)
    return _great_circle(latitude, longitude, lead.latitude, lead.longitude)


def _great_circle(
    latitude: Any, longitude: Any, other_latitude: float, other_longitude: float
) -> ColumnElement[Any]:
    north = func.sin(func.radians(latitude - other_latitude) / 2)
    east = func.sin(func.radians(longitude - other_longitude) / 2)
    part = func.power(north, 2) + cos(radians(other_latitude)) * func.cos(
        func.radians(latitude)
    ) * func.power(east, 2)
    return 2 * EARTH_KM * func.asin(func.least(1.0, func.sqrt(part)))

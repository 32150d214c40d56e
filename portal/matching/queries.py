"""Reads of matching: the rules in order, and all partners judged for one lead in one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import asin, cos, degrees, radians, sin
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Float,
    Select,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import InstrumentedAttribute, joinedload
from sqlalchemy.types import NullType

from portal.accounts.models import PARTNER_KINDS, Organisation
from portal.catalog import field_answers
from portal.catalog.fields import Values
from portal.catalog.models import FieldSubject, PartnerLevel
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import NotFound
from portal.leads import own_fields
from portal.leads.models import Lead, LeadState
from portal.matching.criteria import Condition, Criterion, Field, Kind, Within
from portal.matching.models import DistributionRule
from portal.matching.rules import EARTH_KM, Own, PartnerFacts, fits_lead
from portal.partners.models import (
    Absence,
    Partner,
    PartnerCertification,
    PartnerFigures,
    PartnerGroupMember,
)
from portal.relations.models import RelationHit


def list_rules(*, lock: bool = False) -> Sequence[DistributionRule]:
    """Return all rules in the order in which they are tried."""
    rules = select(DistributionRule).order_by(DistributionRule.position, DistributionRule.id)
    if lock:
        rules = rules.with_for_update(key_share=True)
    return session().scalars(rules).all()


def get_rule(rule_id: int, *, lock: bool = False) -> DistributionRule:
    """Return a rule or raise NotFound."""
    found = session().get(
        DistributionRule, rule_id, with_for_update={"key_share": True} if lock else None
    )
    if found is None:
        raise NotFound()
    return found


def find_sample_lead(number: str) -> Lead | None:
    """Return the lead of this number, without one the newest that is ready to be offered."""
    if number:
        return session().scalar(
            select(Lead).where(func.lower(Lead.number).in_([number.lower(), f"l-{number.lower()}"]))
        )
    return session().scalar(
        select(Lead)
        .where(Lead.state == LeadState.QUALIFIED)
        .order_by(Lead.state_since.desc(), Lead.id.desc())
        .limit(1)
    )


def list_firms(ids: Collection[int]) -> dict[int, Partner]:
    """Return partners with their firms by id."""
    partners = (
        select(Partner)
        .where(Partner.organisation_id.in_(ids))
        .options(joinedload(Partner.organisation))
    )
    return {partner.organisation_id: partner for partner in session().scalars(partners)}


def find_rule_for(lead: Lead) -> DistributionRule | None:
    """Return the first active rule whose conditions the lead meets."""
    return next(iter_rules_for(lead), None)


def iter_rules_for(lead: Lead) -> Iterator[DistributionRule]:
    """Yield the active rules whose conditions the lead meets, in the order in which they count."""
    rules = [
        (rule, [Condition.from_data(data) for data in rule.conditions])
        for rule in list_rules()
        if rule.active
    ]
    asked = any(one.field is Field.OWN for _rule, conditions in rules for one in conditions)
    own = with_fields(own_fields.read(lead.id)) if asked else {}
    yield from (rule for rule, asks in rules if fits_lead(asks, lead, own))


def with_fields(values: Values) -> Own:
    """Return what a lead keeps in own fields that are in use, each with its field."""
    return {one.key: (one, values[one.key]) for one in own_fields.in_use() if one.key in values}


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

    The first scan is kept narrow (id and verdict; what stands outside the profile is a set that is
    hashed once, or one look for each who gets that far); facts are read for those who passed.
    """
    checks = list(_standing(at, group_id, without))
    tests = _Tests(lead, at, level_ranks())
    for criterion in criteria:
        if criterion.required:
            checks.extend(tests.failures(criterion))
    names = [name for name, _test in checks]

    gone = select(Organisation.id).where(
        or_(~Organisation.active, Organisation.kind.not_in(PARTNER_KINDS))
    )
    failed = case(*((test, number) for number, (_name, test) in enumerate(checks, 1)), else_=0)
    judging = select(Partner.organisation_id, failed.label("failed")).where(
        Partner.organisation_id.not_in(gone)
    )
    judged = judging.cte("judged").prefix_with("MATERIALIZED", dialect="postgresql")
    tally = select(judged.c.failed, func.count(), *(null() for _ in range(len(criteria) + 1)))
    facts = (
        select(
            null(),
            null(),
            Partner.organisation_id,
            *(tests.fact(criterion).label(f"fact_{n}") for n, criterion in enumerate(criteria)),
        )
        .join(judged, judged.c.organisation_id == Partner.organisation_id)
        .outerjoin(PartnerFigures, HAS_FIGURES)
        .where(judged.c.failed == 0)
    )
    # the verdicts counted, then those who passed; each fills columns of its own
    rows = session().execute(union_all(tally.group_by(judged.c.failed), facts)).all()
    excluded: dict[str, int] = dict.fromkeys(names, 0)
    candidates = 0
    passed = []
    for verdict, count, organisation_id, *found in rows:
        if organisation_id is None:
            candidates += count
            if verdict:
                excluded[names[verdict - 1]] += count
        else:
            values = tuple([tuple(v) if type(v) is list else v for v in found])
            passed.append(PartnerFacts(organisation_id, values))
    return Judgement(passed, excluded, candidates)


HAS_FIGURES = PartnerFigures.organisation_id == Partner.organisation_id


def _standing(at: datetime, group_id: int | None, without: Collection[int]) -> Iterator[Check]:
    """What takes a partner out whatever the rule asks for."""
    if without:
        yield "without", Partner.organisation_id.in_(sorted(without))
    yield "suspended", func.coalesce(Partner.suspended_until > at, false())
    if group_id is not None:
        members = select(PartnerGroupMember.organisation_id).where(
            PartnerGroupMember.group_id == group_id
        )
        yield "group", Partner.organisation_id.not_in(members)


class _Tests:
    """The SQL of each criterion for one lead."""

    def __init__(self, lead: Lead, at: datetime, ranks: dict[int, int]) -> None:
        self.lead = lead
        self.at = at
        self.ranks = ranks

    def fact(self, criterion: Criterion) -> ColumnElement[Any]:
        """Return what `rules.Scorer` grades a partner by, see there."""
        lead = self.lead
        match criterion.kind:
            case Kind.REGION:
                return true() if criterion.required else self.region(criterion.within)
            case Kind.RADIUS:
                return distance(lead.latitude, lead.longitude)
            case Kind.BRAND:
                return self.verdict(criterion, lead.brand_id, Partner.brand_ids)
            case Kind.LANGUAGE:
                return self.verdict(criterion, lead.language, Partner.languages)
            case Kind.PRODUCT:
                return _raw(Partner.product_ids)
            case Kind.SPECIALISATION:
                return _raw(Partner.specialisation_ids)
            case Kind.CERTIFICATION:
                held = self.held(criterion.ids, PartnerCertification.certification_id).where(
                    PartnerCertification.organisation_id == Partner.organisation_id
                )
                return func.array(held.scalar_subquery(), type_=NullType())
            case Kind.INDUSTRY:
                return _raw(Partner.industry_ids)
            case Kind.SIZE_BAND:
                return _raw(Partner.size_band_ids)
            case Kind.LEVEL:
                return Partner.level_id.expression
            case Kind.CAPACITY:
                held_now = func.coalesce(PartnerFigures.open_pickups, 0)
                share = 1 - cast(held_now, Float(53)) / func.nullif(Partner.capacity, 0)
                return func.greatest(func.coalesce(share, 0), 0)
            case Kind.OWN:
                given = [case((said, one)) for one, said in own_answers(criterion.own)]
                answers: array[Any] = array(given, type_=Text())
                return type_coerce(func.array_remove(answers, null()), NullType())
            case Kind.PRESENT:
                away = Partner.organisation_id.in_(self.away())
                return true() if criterion.required else ~away

    @staticmethod
    def verdict(
        criterion: Criterion, value: str | int | None, column: InstrumentedAttribute[Any]
    ) -> ColumnElement[bool]:
        if not value:
            return false()
        return true() if criterion.required else _holds(column, value)

    def failures(self, criterion: Criterion) -> list[Check]:
        """Return the tests that take a partner out, in order, with the names they count under."""
        lead, kind = self.lead, criterion.kind
        if kind is Kind.REGION:
            if not lead.country:
                return [("region.lead", true())]
            return [("region", ~self.region(criterion.within))]
        if kind is Kind.RADIUS:
            if lead.latitude is None or lead.longitude is None:
                return [("radius.lead", true())]
            return [
                ("radius.partner", or_(Partner.latitude.is_(None), Partner.longitude.is_(None))),
                ("radius", ~near(lead.latitude, lead.longitude, criterion.km)),
            ]
        missed = self.missed(criterion)
        return [] if missed is None else [(str(kind), missed)]

    def missed(self, criterion: Criterion) -> ColumnElement[bool] | None:
        """True where a partner misses the criterion; None where the lead names nothing to ask."""
        lead = self.lead
        match criterion.kind:
            case Kind.BRAND:
                return ~_holds(Partner.brand_ids, lead.brand_id) if lead.brand_id else None
            case Kind.PRODUCT:
                return (
                    ~_overlap(Partner.product_ids, lead.product_ids) if lead.product_ids else None
                )
            case Kind.SPECIALISATION:
                return ~_overlap(Partner.specialisation_ids, criterion.ids)
            case Kind.CERTIFICATION:
                held = self.held(criterion.ids, PartnerCertification.organisation_id)
                return Partner.organisation_id.not_in(held)
            case Kind.INDUSTRY:
                return _turns_away(Partner.industry_ids, lead.industry_id)
            case Kind.SIZE_BAND:
                return _turns_away(Partner.size_band_ids, lead.size_band_id)
            case Kind.LEVEL:
                least = self.ranks.get(criterion.level_id or 0, 1)
                below = [entry_id for entry_id, rank in self.ranks.items() if rank < least]
                return or_(Partner.level_id.is_(None), Partner.level_id.in_(below))
            case Kind.LANGUAGE:
                return ~_holds(Partner.languages, lead.language) if lead.language else None
            case Kind.CAPACITY:
                held_now = select(PartnerFigures.open_pickups).where(HAS_FIGURES)
                return func.coalesce(held_now.scalar_subquery(), 0) >= Partner.capacity
            case Kind.OWN:
                return ~or_(false(), *(said for _one, said in own_answers(criterion.own)))
            case _:
                return Partner.organisation_id.in_(self.away())

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

    def held(self, ids: Sequence[int], column: Any) -> Select[Any]:
        """Certifications of `ids` that are still good; one is good through its last day."""
        expires = PartnerCertification.expires_on
        return select(column).where(
            PartnerCertification.certification_id.in_(ids),
            or_(
                expires.is_(None),
                and_(
                    # cheap first: no zone is further than a day from UTC
                    expires >= (self.at - timedelta(days=1)).date(),
                    expires >= self.day_at(PartnerCertification.organisation_id),
                ),
            ),
        )

    def away(self) -> Select[Any]:
        """Firms that are away on their own calendar day."""
        return select(Absence.organisation_id).where(
            Absence.user_id.is_(None),
            Absence.starts_on <= (self.at + timedelta(days=1)).date(),
            Absence.ends_on >= (self.at - timedelta(days=1)).date(),
            func.daterange(Absence.starts_on, Absence.ends_on, "[]").bool_op("@>")(
                self.day_at(Absence.organisation_id)
            ),
        )

    def day_at(self, organisation_id: Any) -> ColumnElement[Any]:
        """The calendar day at a firm."""
        firm = Organisation.__table__.alias()
        day = cast(func.timezone(firm.c.timezone, self.at), Date)
        return select(day).where(firm.c.id == organisation_id).scalar_subquery()


def who_knows(lead_id: int) -> Select[Any]:
    """Select the partners that know the customer of a lead."""
    return select(RelationHit.organisation_id).where(RelationHit.lead_id == lead_id)


def own_answers(asked: Iterable[str]) -> Iterator[tuple[str, ColumnElement[bool]]]:
    """Yield answers in own fields with the conditions that partners give them.

    A field that is not asked any more is answered by nobody.
    """
    known = {one.key: one for one in book().fields_of(FieldSubject.PARTNER)}
    for one in asked:
        field, answer = field_answers.find(known, one)
        if field is None:
            yield one, false()
        else:
            yield one, field_answers.condition(field, Partner.custom, answer)


def _raw(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Take the list as the driver reads it; the ORM would look at every item again."""
    return type_coerce(column, NullType())


def _holds(column: InstrumentedAttribute[Any], value: str | int | None) -> ColumnElement[bool]:
    return _overlap(column, [] if value is None else [value])


def _overlap(column: InstrumentedAttribute[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    met: ColumnElement[bool] = column.op("&&", is_comparison=True)(
        literal(list(values), column.type)
    )
    return met


def _turns_away(
    column: InstrumentedAttribute[Any], value: int | None
) -> ColumnElement[bool] | None:
    """True where a partner names what he serves, and this isn't among it."""
    if value is None:
        return None
    return and_(func.cardinality(column) > 0, ~_holds(column, value))


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


def distance(latitude: float | None, longitude: float | None) -> ColumnElement[Any]:
    """The distance to a partner in km, NULL where either place isn't known."""
    if latitude is None or longitude is None:
        return cast(null(), Float(53))
    return _great_circle(Partner.latitude, Partner.longitude, latitude, longitude)


def _great_circle(
    latitude: Any, longitude: Any, other_latitude: float, other_longitude: float
) -> ColumnElement[Any]:
    north = func.sin(func.radians(latitude - other_latitude) / 2)
    east = func.sin(func.radians(longitude - other_longitude) / 2)
    part = func.power(north, 2) + cos(radians(other_latitude)) * func.cos(
        func.radians(latitude)
    ) * func.power(east, 2)
    return 2 * EARTH_KM * func.asin(func.least(1.0, func.sqrt(part)))

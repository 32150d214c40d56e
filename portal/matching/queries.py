"""Reads of matching: the rules in order, and all partners judged for one lead in one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    case,
    column,
    false,
    func,
    null,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import joinedload

from portal.catalog.fields import Values
from portal.core.db import session
from portal.core.errors import NotFound
from portal.leads import own_fields
from portal.leads.models import Lead, LeadState
from portal.matching import kinds
from portal.matching.criteria import Condition, Criterion, Field
from portal.matching.kinds import Ask, Check
from portal.matching.lead_facts import LeadFacts
from portal.matching.models import DistributionRule
from portal.matching.rules import Own, PartnerFacts, fits_lead
from portal.matching.sources import Source, open_source
from portal.partners.facts import LAST_KEPT, NOW, UNSEEN
from portal.partners.models import Partner
from portal.relations.models import RelationHit

# every match asks these, so they are built once
IN_ORDER = select(DistributionRule).order_by(DistributionRule.position, DistributionRule.id)
HOLD = (
    select(DistributionRule.id)
    .where(DistributionRule.id == bindparam("rule_id"))
    .with_for_update(read=True, key_share=True)
)


def list_rules(*, lock: bool = False) -> Sequence[DistributionRule]:
    """Return all rules in the order in which they are tried."""
    rules = IN_ORDER.with_for_update(key_share=True) if lock else IN_ORDER
    return session().scalars(rules).all()


def get_rule(rule_id: int, *, lock: bool = False) -> DistributionRule:
    """Return a rule or raise NotFound."""
    found = session().get(
        DistributionRule, rule_id, with_for_update={"key_share": True} if lock else None
    )
    if found is None:
        raise NotFound()
    return found


def hold_rule(rule_id: int) -> bool:
    """Keep a rule from being deleted until the transaction ends; False where it is gone."""
    return session().scalar(HOLD, {"rule_id": rule_id}) is not None


def find_lead(number: str) -> Lead | None:
    """Return the lead of this number, with or without the letter before it."""
    return session().scalar(
        select(Lead).where(func.lower(Lead.number).in_([number.lower(), f"l-{number.lower()}"]))
    )


def list_samples(most: int) -> Sequence[Lead]:
    """Return leads to try a rule with: the newest that are ready, then those on offer."""
    return (
        session()
        .scalars(
            select(Lead)
            .where(Lead.state.in_([LeadState.QUALIFIED, LeadState.OFFERED]))
            .order_by(
                (Lead.state == LeadState.QUALIFIED).desc(), Lead.state_since.desc(), Lead.id.desc()
            )
            .limit(most)
        )
        .all()
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


@dataclass(frozen=True, slots=True)
class Judgement:
    """All partners judged: who passed with the facts about them, who failed at what.

    `upto` and `unseen` say what of kept facts about partners the same look would have seen, as
    `partners.facts.as_of` takes them.
    """

    passed: list[PartnerFacts]
    excluded: dict[str, int]
    candidates: int
    upto: int = 0
    unseen: Sequence[Range[int]] = ()


def judge_partners(
    criteria: Sequence[Criterion],
    lead: Lead | LeadFacts,
    at: datetime,
    *,
    group_id: int | None = None,
    without: Collection[int] = (),
    standing: bool = True,
    source: FromClause = NOW,
) -> Judgement:
    """Judge every active partner firm for `lead` in one statement.

    A partner counts at the first thing that takes him out, asked in this order: `without`,
    suspended, group, then the criteria as the rule has them; so the counts add up. Without
    `standing` the criteria alone are asked. `source` is `partners.facts.NOW`, or what `as_of`
    returned.

    The first scan is kept narrow (id and verdict; what stands outside the profile is a set that is
    hashed once, or one look for each who gets that far); facts are read for those who passed.
    """
    if isinstance(lead, Lead):
        lead = LeadFacts.of(lead, criteria, at)
    known = open_source(source, at)
    ask = Ask(lead, known)
    found = [
        *(standing_checks(known, group_id, without) if standing else ()),
        *(check for criterion in criteria for check in kinds.checks(criterion, ask)),
    ]
    names = [name for name, _test in found]
    failed = case(*((test, number) for number, (_name, test) in enumerate(found, 1)), else_=0)
    judging = select(known.c.organisation_id, failed.label("failed")).where(known.takes_part())
    judged = judging.cte("judged").prefix_with("MATERIALIZED", dialect="postgresql")
    read = [
        column for criterion in criteria for column in kinds.columns(criterion, ask, passed=True)
    ]
    counts: list[Any] = [judged.c.failed, func.count(), LAST_KEPT, UNSEEN]
    whose = len(counts)
    tally = select(*counts, *(null() for _ in range(len(read) + 1)))
    of_passed = [known.c.organisation_id, *(one.label(f"fact_{n}") for n, one in enumerate(read))]
    facts = (
        select(*(null() for _ in counts), *of_passed)
        .join(judged, judged.c.organisation_id == known.c.organisation_id)
        .where(judged.c.failed == 0)
    )
    # the verdicts counted, then those who passed; each fills columns of its own
    both: Any = union_all(tally.group_by(judged.c.failed), facts)
    rows = session().execute(both).all()
    excluded = {name: 0 for name in names if name not in IF_ANY}
    candidates, upto = 0, 0
    unseen: Sequence[Range[int]] = ()
    passed, take = [], kinds.taker(criteria)
    for row in rows:
        if row[whose] is None:
            verdict, count, upto, unseen = row[:whose]
            candidates += count
            if verdict:
                name = names[verdict - 1]
                excluded[name] = excluded.get(name, 0) + count
        else:
            passed.append(PartnerFacts(row[whose], take(row[whose + 1 :])))
    return Judgement(passed, excluded, candidates, upto, unseen)


def who_meets(criteria: Sequence[Criterion], lead: LeadFacts, at: datetime) -> Sequence[int]:
    """Return the partners that nothing of what is asked takes out, whatever else does."""
    known = open_source(NOW, at)
    ask = Ask(lead, known)
    out = [test for criterion in criteria for _name, test in kinds.checks(criterion, ask)]
    return (
        session()
        .scalars(
            select(known.c.organisation_id).where(
                known.takes_part(),
                *(~kinds.sure(one) for one in out),
            )
        )
        .all()
    )


def facts_about(
    organisation_id: int,
    criteria: Sequence[Criterion],
    lead: LeadFacts,
    at: datetime,
    *,
    source: FromClause = NOW,
) -> PartnerFacts | None:
    """Return what is found out about one partner, whether he passes or not; None: he is none."""
    known = open_source(source, at)
    ask = Ask(lead, known)
    read = [
        column for criterion in criteria for column in kinds.columns(criterion, ask, passed=False)
    ]
    row = (
        session()
        .execute(
            select(
                known.c.organisation_id, *(one.label(f"fact_{n}") for n, one in enumerate(read))
            ).where(known.c.organisation_id == organisation_id)
        )
        .one_or_none()
    )
    if row is None:
        return None
    return PartnerFacts(organisation_id, kinds.taker(criteria)(row[1:]))


IF_ANY = ("terms", "refers")
"""What is told of only where it takes somebody out: most programmes ask for neither."""

# the programme is a room above, so its tables are named here and not its models
BINDING = text(
    """
    SELECT max(number) AS number FROM programme_terms
    WHERE kind = 'programme' AND made_at <= :at
      AND binding_from <= CAST(timezone(
        (SELECT timezone FROM organisations WHERE kind = 'vendor' ORDER BY id LIMIT 1),
        CAST(:at AS timestamptz)) AS date)
    """
)
AGREED = text(
    """
    SELECT a.organisation_id, t.number FROM terms_acceptances a
    JOIN programme_terms t ON t.id = a.terms_id
    WHERE t.kind = 'programme' AND a.at <= :at
    """
)


def standing_checks(
    source: Source, group_id: int | None, without: Collection[int]
) -> Iterator[Check]:
    """What takes a partner out whatever the rule asks for."""
    c = source.c
    if without:
        yield "without", c.organisation_id.in_(sorted(without))
    yield "suspended", func.coalesce(c.suspended_until > source.at, false())
    yield "terms", owes_terms(c.organisation_id, source.at)
    yield "refers", source.only_refers()
    if group_id is not None:
        yield "group", ~kinds.sure(source.in_group(group_id))


def owes_terms(firm: SQLColumnExpression[int], at: datetime) -> ColumnElement[bool]:
    """Say of a column of firms whether they have not agreed to the terms that bind at a moment."""
    asked = {"at": at}
    binding = BINDING.bindparams(**asked).columns(column("number", Integer)).scalar_subquery()
    agreed = AGREED.bindparams(**asked).columns(
        column("organisation_id", BigInteger), column("number", Integer)
    ).subquery()  # fmt: skip
    of_now = select(agreed.c.organisation_id).where(agreed.c.number >= binding)
    return and_(binding.is_not(None), firm.not_in(of_now))


def who_knows(lead_id: int) -> Select[Any]:
    """Select the partners that know the customer of a lead."""
    return select(RelationHit.organisation_id).where(RelationHit.lead_id == lead_id)

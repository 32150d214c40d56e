"""Match a lead: who suits it, best first, and how each of them comes by it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import Range

from portal.core.db import session
from portal.leads.contest import Contest, Mode
from portal.leads.models import Lead, LeadType
from portal.matching import fairness, knowing, queries
from portal.matching.criteria import Criterion
from portal.matching.lead_facts import LeadFacts, known_by
from portal.matching.models import DistributionRule, Known
from portal.matching.relaxing import stages
from portal.matching.rules import Scorer, draw, score_of


@dataclass(frozen=True, slots=True)
class Matched:
    """A partner who suits; the points of the parts of `explanation` sum to `score`.

    `known`: he knows the customer, and the rule has that count.
    """

    organisation_id: int
    score: float
    explanation: list[dict[str, Any]]
    known: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """Who suits a lead, best first, and how many partners each criterion took out.

    `rule_id` is None where no rule fits the lead, `hours` where its deadline policy says how long
    it is on offer. The numbers of `excluded` sum to `candidates`
    minus the partners matched. `contest` is None where the type of the lead says how they come by
    it. The rest is what it was based on, so that it can be computed again: see
    `offers.models.OfferRound`.
    """

    rule_id: int | None
    hours: int | None
    partners: list[Matched]
    excluded: dict[str, int]
    candidates: int
    contest: Contest | None = None
    rule_version: int | None = None
    seed: int = 0
    lead_facts: dict[str, Any] | None = None
    facts_upto: int | None = None
    facts_unseen: Sequence[Range[int]] = ()
    relaxed: Sequence[dict[str, Any]] = ()
    fairness: dict[str, Any] | None = None
    known: str = Known.NOTHING


def match(
    lead: Lead,
    at: datetime,
    *,
    rule: DistributionRule | None = None,
    without: Collection[int] = (),
    seed: int = 0,
) -> Match:
    """Return the partners who suit `lead`, best first; equal scores as `seed` draws them.

    Without `rule` the first active one whose conditions the lead meets decides. `without` names
    firms that must not be offered this lead again. Where nobody is left, the rule lets go of what
    it asks, step by step, until somebody is; where that helps nobody, it stays as it is said.
    Nothing is written.
    """
    rule = rule or queries.find_rule_for(lead)
    if rule is None:
        return Match(None, None, [], {}, 0)
    criteria = [Criterion.from_data(data) for data in rule.criteria]
    known = LeadFacts.of(lead, criteria, at)
    if knowing.counts(rule.known):
        known = replace(known, known_by=known_by(lead.id, at))
    found = _find(criteria, known, lead, at, rule=rule, without=without, seed=seed)
    relaxed: list[dict[str, Any]] = []
    for eased, steps in () if found.shared.partners else stages(criteria, rule.relaxing or ()):
        tried = _find(eased, known, lead, at, rule=rule, without=without, seed=seed)
        if tried.shared.partners:
            found, relaxed = tried, steps
            break
    return Match(
        rule.id,
        rule.hours,
        found.shared.partners,
        {**found.judged.excluded, **found.shared.excluded},
        found.judged.candidates,
        contest_of(rule),
        rule_version=rule.version,
        seed=seed,
        lead_facts=known.to_data(),
        facts_upto=found.judged.upto,
        facts_unseen=found.judged.unseen,
        relaxed=relaxed,
        fairness=found.shared.kept,
        known=rule.known or Known.NOTHING,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """Partners judged by what a rule asks, and those to whom the lead goes of them."""

    judged: queries.Judgement
    shared: fairness.Shared


def _find(
    criteria: Sequence[Criterion],
    known: LeadFacts,
    lead: Lead,
    at: datetime,
    *,
    rule: DistributionRule,
    without: Collection[int],
    seed: int,
) -> _Found:
    judged = queries.judge_partners(criteria, known, at, group_id=rule.group_id, without=without)
    scorer = Scorer(criteria, known)
    partners = []
    for facts in judged.passed:
        explanation = scorer.explain(facts)
        partners.append(Matched(facts.organisation_id, score_of(explanation), explanation))
    partners.sort(key=lambda matched: (-matched.score, draw(seed, matched.organisation_id)))
    if knowing.counts(rule.known):
        partners = knowing.put_first(partners, known.known_by)
    shared = fairness.share_out(
        partners,
        lead,
        at,
        seed=seed,
        places=first_places(contest_of(rule) or contest_of_type(lead)),
        most=rule.most,
    )
    return _Found(judged, shared)


def in_order(lead: Lead, organisation_ids: Sequence[int], at: datetime) -> list[int]:
    """Return firms as a lead suits them by its rule, best first; equal ones as its own lot has it.

    Who doesn't meet the rule comes last. It doesn't count which group the rule is for, nor what
    shares have been left for whom.
    """
    seed = own_seed(lead)
    rule = queries.find_rule_for(lead)
    if rule is None:
        return sorted(organisation_ids, key=lambda firm: draw(seed, firm))
    criteria = [Criterion.from_data(data) for data in rule.criteria]
    known = LeadFacts.of(lead, criteria, at)
    scorer = Scorer(criteria, known)
    points = {
        facts.organisation_id: score_of(scorer.explain(facts))
        for facts in queries.judge_partners(criteria, known, at).passed
    }
    return sorted(organisation_ids, key=lambda firm: (-points.get(firm, -1), draw(seed, firm)))


def own_seed(lead: Lead) -> int:
    """Return what draws the lots of a lead that is offered by hand.

    It is the lead's own, so that whoever looks and then sends finds the same order.
    """
    return lead.id


def first_places(contest: Contest) -> int | None:
    """Return how many partners see a lead first; None: all of them."""
    if contest.mode == Mode.SERIAL:
        return 1
    return contest.size if contest.mode == Mode.STAGGERED else None


def contest_of(rule: DistributionRule) -> Contest | None:
    """Return how a rule's partners come by a lead; None: as the type of the lead says."""
    if rule.contest is None:
        return None
    return Contest(rule.contest, rule.ring_size, rule.ring_minutes, rule.deciding_seconds)


def contest_of_type(lead: Lead) -> Contest:
    """Return how partners come by a lead where its rule leaves that to its type."""
    kept = session().get_one(LeadType, lead.type_id)
    return Contest(kept.contest, kept.ring_size, kept.ring_minutes, kept.deciding_seconds)

"""Many leads matched by one rule: who suits each, best first, without counting who doesn't.

`operations.match` judges every partner, so that it can say who fell out at what. Here only those
are looked at whom an index finds by what the rule requires; of each lead the best `keep` are kept.
Both say the same of whom they find (`tests/matching/test_bulk.py`), apart from the terms of
fairness: what firms had lately is not asked here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from heapq import nsmallest

from sqlalchemy import FromClause, select

from portal.core.db import session
from portal.leads.models import Lead
from portal.matching import kinds, knowing
from portal.matching.criteria import Criterion
from portal.matching.kinds import Ask
from portal.matching.lead_facts import LeadFacts, known_by, read_quarters
from portal.matching.models import DistributionRule
from portal.matching.operations import Matched
from portal.matching.queries import standing_checks
from portal.matching.relaxing import stages
from portal.matching.rules import PartnerFacts, Scorer, draw, score_of
from portal.matching.sources import open_source
from portal.partners.facts import NOW


class Finder:
    """Finds partners by one rule, lead after lead."""

    def __init__(self, rule: DistributionRule, source: FromClause = NOW) -> None:
        self.rule = rule
        self.criteria = [Criterion.from_data(data) for data in rule.criteria]
        self.source = source
        self.quarters = cache(read_quarters)

    def look_up(self, lead: Lead, at: datetime) -> LeadFacts:
        """Return what the rule looks at of a lead."""
        known = LeadFacts.of(lead, self.criteria, at, self.quarters)
        if knowing.counts(self.rule.known):
            known = replace(known, known_by=known_by(lead.id, at))
        return known

    def find(
        self,
        lead: LeadFacts,
        at: datetime,
        *,
        keep: int | None = None,
        without: Collection[int] = (),
        seed: int = 0,
    ) -> list[Matched]:
        """Return the partners who suit a lead, best first: at most `keep`, and what the rule says.

        Where nobody does, the rule lets go of what it asks, as `match` would.
        """
        most = min((number for number in (keep, self.rule.most) if number), default=None)
        found = self._find(self.criteria, lead, at, without, most, seed)
        if found:
            return found
        for criteria, _taken in stages(self.criteria, self.rule.relaxing or ()):
            found = self._find(criteria, lead, at, without, most, seed)
            if found:
                break
        return found

    def _find(
        self,
        criteria: list[Criterion],
        lead: LeadFacts,
        at: datetime,
        without: Collection[int],
        most: int | None,
        seed: int,
    ) -> list[Matched]:
        ranks = [place for place, one in enumerate(criteria) if one.weighted]
        ranking = Scorer([criteria[place] for place in ranks], lead)
        scored = []
        for facts in self._passed(criteria, lead, at, without):
            ranked = PartnerFacts(
                facts.organisation_id, tuple([facts.values[place] for place in ranks])
            )
            score = score_of(ranking.explain(ranked))
            scored.append((-score, draw(seed, facts.organisation_id), facts))
        if knowing.counts(self.rule.known) or most is None:
            best = sorted(scored)
        else:
            best = nsmallest(most, scored)
        # what only explains is graded for those who are kept
        scorer = Scorer(criteria, lead)
        matched = [
            Matched(facts.organisation_id, -score, scorer.explain(facts))
            for score, _lot, facts in best
        ]
        if knowing.counts(self.rule.known):
            return knowing.put_first(matched, lead.known_by)[:most]
        return matched

    def _passed(
        self, criteria: list[Criterion], lead: LeadFacts, at: datetime, without: Collection[int]
    ) -> Iterator[PartnerFacts]:
        source = open_source(self.source, at)
        ask, c = Ask(lead, source), source.c
        standing = standing_checks(source, self.rule.group_id, without)
        read = (
            column
            for criterion in criteria
            for column in kinds.columns(criterion, ask, passed=True)
        )
        named = (column.label(f"fact_{number}") for number, column in enumerate(read))
        asked = select(c.organisation_id, *named).where(
            source.takes_part(),
            *(~kinds.sure(out) for _name, out in standing),
            *(kinds.meets(criterion, ask) for criterion in criteria),
        )
        take = kinds.taker(criteria)
        for organisation_id, *values in session().execute(asked).all():
            yield PartnerFacts(organisation_id, take(values))


def match_many(
    leads: Iterable[Lead], rule: DistributionRule, at: datetime, *, keep: int | None = None
) -> Iterator[tuple[int, list[Matched]]]:
    """Yield each lead's id with the best partners for it. Nothing is written."""
    finder = Finder(rule)
    for lead in leads:
        yield lead.id, finder.find(finder.look_up(lead, at), at, keep=keep)

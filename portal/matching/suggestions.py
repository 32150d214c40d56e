"""Weights that outcomes suggest: read the last year, learn, keep it; taken up only by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from portal.core.db import session
from portal.core.errors import Conflict
from portal.matching import versions
from portal.matching.criteria import Criterion
from portal.matching.lead_facts import LeadFacts
from portal.matching.learning import Outcome, learn, shares_of, weights_of
from portal.matching.models import DistributionRule, RuleVersion, WeightSuggestion
from portal.matching.relaxing import ease
from portal.matching.shared_parts import in_full

LOOKED_BACK = timedelta(days=365)
MOST_OUTCOMES = 20_000
"""The newest so many; more don't change what is found, only how long it takes."""

# pickups and offers stand in rooms above; what was asked is known of rounds by a version
ENDED = text(
    """
    SELECT offers.explanation, offer_rounds.parts, pickups.outcome = 'won' AS won, offers.lead_id,
      offer_rounds.rule_version, offer_rounds.lead_facts, offer_rounds.relaxed
    FROM pickups
    JOIN offers ON offers.lead_id = pickups.lead_id AND offers.round = pickups.round
      AND offers.organisation_id = pickups.organisation_id
    JOIN offer_rounds ON offer_rounds.id = offers.round_id
    WHERE pickups.outcome IN ('won', 'lost') AND offer_rounds.rule_id = :rule_id
      AND offer_rounds.rule_version IS NOT NULL AND offer_rounds.lead_facts IS NOT NULL
      AND pickups.ended_at > :since AND pickups.ended_at <= :at
    ORDER BY pickups.ended_at DESC LIMIT :most
    """
)


def list_outcomes(rule_id: int, at: datetime) -> list[Outcome]:
    """Return what became of leads that were picked up by a rule, the newest first."""
    found = (
        session()
        .execute(
            ENDED,
            {"rule_id": rule_id, "since": at - LOOKED_BACK, "at": at, "most": MOST_OUTCOMES},
        )
        .all()
    )
    said = {
        number: [Criterion.from_data(data) for data in criteria]
        for (_rule_id, number), criteria in versions.criteria_of(
            {(rule_id, row.rule_version) for row in found}
        ).items()
    }
    outcomes = []
    for row in found:
        criteria = ease(said.get(row.rule_version, ()), row.relaxed or ())
        lead = LeadFacts.from_data(row.lead_id, row.lead_facts)
        explanation = in_full(row.explanation, row.parts)
        outcomes.append(Outcome(shares_of(explanation, criteria, lead), row.won))
    return outcomes


def suggest(rule_id: int, at: datetime) -> None:
    """Learn from a rule's outcomes and keep what was found. Nothing of the rule changes."""
    rule = session().get(DistributionRule, rule_id)
    if rule is None:
        return
    lesson = learn(weights_of(rule.criteria), list_outcomes(rule_id, at))
    values = {
        "version": rule.version,
        "at": at,
        "won": lesson.won,
        "lost": lesson.lost,
        "needed": lesson.needed,
        "advice": [asdict(one) for one in lesson.advice],
    }
    session().execute(
        insert(WeightSuggestion)
        .values(rule_id=rule_id, **values)
        .on_conflict_do_update(index_elements=["rule_id"], set_=values)
    )


def weighing_rules(_at: datetime) -> Sequence[int]:
    """Return the active rules that give points for at least two things."""
    rules = session().execute(
        select(DistributionRule.id, DistributionRule.criteria)
        .where(DistributionRule.active)
        .order_by(DistributionRule.position, DistributionRule.id)
    )
    return [rule_id for rule_id, criteria in rules if weighs(criteria)]


def weighs(criteria: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether points are given for at least two things, so that one weighs against another."""
    return len(weights_of(criteria)) > 1


def list_suggestions() -> Sequence[tuple[DistributionRule, WeightSuggestion | None]]:
    """Return the active rules in order with what was learned about the version that holds."""
    rules = session().execute(
        select(DistributionRule, WeightSuggestion)
        .outerjoin(
            WeightSuggestion,
            (WeightSuggestion.rule_id == DistributionRule.id)
            & (WeightSuggestion.version == DistributionRule.version),
        )
        .where(DistributionRule.active)
        .order_by(DistributionRule.position, DistributionRule.id)
    )
    return [(rule, found) for rule, found in rules]


def find_suggestion(rule: DistributionRule) -> WeightSuggestion | None:
    """Return what was learned about the version of a rule that holds."""
    return session().scalar(
        select(WeightSuggestion).where(
            WeightSuggestion.rule_id == rule.id, WeightSuggestion.version == rule.version
        )
    )


def proposes(found: WeightSuggestion) -> bool:
    """Say whether any weight is to change."""
    return any(one["proposed"] != one["weight"] for one in found.advice)


def take(rule: DistributionRule, seen: int, at: datetime, by_id: int | None) -> RuleVersion:
    """Make a draft of what a rule says, with the weights that were proposed for it.

    `seen` is the newest version of the rule when they were looked at. Raises `Conflict`.
    """
    found = find_suggestion(rule)
    if found is None or not proposes(found):
        raise Conflict(
            _("The rule has changed meanwhile; its weights are looked at again tonight.")
        )
    criteria = [dict(data) for data in rule.criteria]
    for one in found.advice:
        criteria[one["clause"]]["weight"] = one["proposed"]
    content = {**versions.content_of(rule), "criteria": criteria}
    return versions.save(rule.id, seen, content, at, by_id)

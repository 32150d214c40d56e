"""Reads of rules and scores. None of them reaches contact data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import select

from portal.accounts.models import User
from portal.core.db import ask, session
from portal.core.errors import NotFound
from portal.leads.models import (
    Lead,
    LeadAnswer,
    LeadDefinition,
    LeadFields,
    LeadSignal,
    LeadStatus,
    QualificationQuestion,
)
from portal.matching.criteria import Field
from portal.matching.queries import with_fields
from portal.scoring.definition import Known, Rules
from portal.scoring.models import ScoreRules
from portal.scoring.rules import Facts, Score, Seen, weigh

NEWEST = select(ScoreRules).where(ScoreRules.replaced_at.is_(None))
COLUMNS = (
    *(Lead.id, Lead.state, Lead.status_id, Lead.captured_at, Lead.qualified_at),
    *(Lead.country, Lead.subdivision, Lead.industry_id, Lead.size_band_id, Lead.value_band_id),
    *(Lead.brand_id, Lead.product_ids, Lead.temperature, Lead.kind, Lead.type_id),
    *(Lead.category_id, Lead.source_id, Lead.target_amount, Lead.time_frame, Lead.people),
    *(Lead.owner_id, Lead.qualifier_id, Lead.holder_id, Lead.suppressed),
)
"""What rules look at of a lead itself."""


def find_newest() -> ScoreRules | None:
    """Return the version of the rules that holds, None before a programme is founded."""
    return session().scalar(NEWEST)


def get_newest() -> ScoreRules:
    """Return the version of the rules that holds."""
    found = find_newest()
    if found is None:
        raise NotFound()
    return found


def get_version(version: int) -> ScoreRules:
    """Return a version of the rules or raise NotFound."""
    found = session().scalar(select(ScoreRules).where(ScoreRules.version == version))
    if found is None:
        raise NotFound()
    return found


def list_versions(most: int = 30) -> Sequence[tuple[ScoreRules, str | None]]:
    """Return the newest versions of the rules, newest first, with the name of who made them."""
    rows = session().execute(
        select(ScoreRules, User.name)
        .outerjoin(User, User.id == ScoreRules.created_by)
        .order_by(ScoreRules.version.desc())
        .limit(most)
    )
    return [(row[0], row[1]) for row in rows]


def read_rules(row: ScoreRules) -> Rules:
    """Return what a version of the rules says."""
    return Rules.from_data(row.content)


def read_facts(lead_ids: Collection[int], rules: Rules) -> dict[int, Facts]:
    """Return what the rules look at, by lead; leads that are not there are left out."""
    ids = list(lead_ids)
    own = session()
    leads = ask(select(*COLUMNS).where(Lead.id.in_(ids)).order_by(Lead.id), {}, own).all()
    answers: dict[int, dict[str, str]] = defaultdict(dict)
    areas: dict[int, set[str]] = defaultdict(set)
    said = (
        select(
            LeadAnswer.lead_id,
            QualificationQuestion.key,
            QualificationQuestion.area,
            LeadAnswer.answer,
            QualificationQuestion.options,
        )
        .join(QualificationQuestion, QualificationQuestion.id == LeadAnswer.question_id)
        .where(LeadAnswer.lead_id.in_(ids), LeadAnswer.answer != "")
    )
    for lead_id, key, area, answer, options in ask(said, {}, own):
        answers[lead_id][key] = _all_names(answer, options) if options else answer
        areas[lead_id].add(area)
    signals: dict[int, list[Seen]] = defaultdict(list)
    seen = (
        select(LeadSignal.lead_id, LeadSignal.kind, LeadSignal.at, LeadSignal.weight)
        .where(LeadSignal.lead_id.in_(ids))
        .order_by(LeadSignal.at, LeadSignal.id)
    )
    for lead_id, kind, at, weight in ask(seen, {}, own):
        signals[lead_id].append(Seen(kind, at, 100 if weight is None else weight))
    fields = {}
    if any(r.condition is not None and r.condition.field is Field.OWN for r in rules.rules):
        kept = select(LeadFields.lead_id, LeadFields.custom).where(LeadFields.lead_id.in_(ids))
        fields = {row.lead_id: with_fields(row.custom) for row in ask(kept, {}, own)}
    return {
        lead.id: Facts(
            # a row of the columns that rules look at stands for the lead
            lead=cast("Lead", lead),
            alive_at=max(
                lead.captured_at,
                lead.qualified_at or lead.captured_at,
                *(one.at for one in signals[lead.id][-1:]),
            ),
            answers=answers[lead.id],
            areas=frozenset(areas[lead.id]),
            known=_known(cast("Lead", lead)),
            signals=tuple(signals[lead.id]),
            own=fields.get(lead.id, {}),
        )
        for lead in leads
    }


def _all_names(answer: str, options: Sequence[Mapping[str, Any]]) -> str:
    """Return a chosen answer by its key and by what it is called in each language, in lines."""
    names = next((one["names"].values() for one in options if one["key"] == answer), ())
    return "\n".join([answer, *names])


def _known(lead: Lead) -> frozenset[str]:
    found = {
        Known.TARGET_AMOUNT: lead.target_amount is not None,
        Known.TIME_FRAME: bool(lead.time_frame),
        Known.PEOPLE: lead.people is not None,
        Known.PRODUCTS: bool(lead.product_ids),
    }
    return frozenset(str(one) for one, there in found.items() if there)


def read_score(lead_id: int, at: datetime) -> tuple[Facts, Score, Rules] | None:
    """Return what the rules give one lead at this moment; None before there are any."""
    row = find_newest()
    if row is None:
        return None
    rules = read_rules(row)
    facts = read_facts([lead_id], rules).get(lead_id)
    return (facts, weigh(facts, rules, at), rules) if facts else None


def find_answer(status_id: int) -> str | None:
    """Return the status of feedback that a status of leads stands for."""
    return session().scalar(select(LeadStatus.feedback_status).where(LeadStatus.id == status_id))


def list_questions() -> list[tuple[str, dict[str, str]]]:
    """Return the questions of the active definition: key and names, in their order."""
    from_active = (
        select(QualificationQuestion)
        .join(LeadDefinition, LeadDefinition.id == QualificationQuestion.definition_id)
        .where(LeadDefinition.active)
        .order_by(QualificationQuestion.position, QualificationQuestion.id)
    )
    return [(one.key, one.names) for one in session().scalars(from_active)]

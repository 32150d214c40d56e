"""Verbs of scoring: have the rules say something else, weigh leads, heed a signal, keep a choice.

Not here: leads that cool with time (`cooling`) and what became of them (`records`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from portal.catalog.models import Blame, Reason
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Conflict, Invalid
from portal.core.events import record
from portal.leads.models import Lead, LeadState, SignalKind, Temperature
from portal.leads.operations import queue_again
from portal.scoring.definition import LIMITS, Rules, check, first_rules
from portal.scoring.events import LeadHandedOn, LeadStirs, ScoreRulesChanged
from portal.scoring.models import LeadComplaint, LeadScore, ScoreRules, TemperatureChoice
from portal.scoring.queries import find_newest, get_newest, read_facts, read_rules
from portal.scoring.rules import DEAD_STATES, Facts, Score, weigh


def begin(at: datetime) -> None:
    """Write the first rules of a programme that is older than scoring."""
    if find_newest() is None:
        save(first_rules(book()), None, None, at)


ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('score_rules'))")


def save(rules: Rules, seen: int | None, by: int | None, at: datetime) -> ScoreRules:
    """Have the rules say this from now on and return their newest version.

    Nothing is written where they say so already. `seen` is the version that was looked at, None
    where that doesn't matter. Raises `Invalid`, `Conflict` where somebody changed them since.
    """
    session().execute(ONE_AT_A_TIME)
    before = find_newest()
    if before is not None and seen is not None and seen != before.version:
        raise Conflict(
            _(
                "Somebody else has changed the rules in the meantime. Nothing of yours is saved; "
                "please look at them again."
            )
        )
    if errors := check(rules):
        raise Invalid(errors)
    was = read_rules(before) if before else Rules()
    if before is not None and was == rules:
        return before
    if before is not None:
        before.replaced_at = at
        # the mark of the newest leaves the old row before the new one takes it
        session().flush()
    after = ScoreRules(
        version=before.version + 1 if before else 1,
        content=rules.to_data(),
        created_at=at,
        created_by=by,
    )
    session().add(after)
    session().flush()
    record(
        ScoreRulesChanged(
            at=at,
            rules_id=after.id,
            version=after.version,
            user_id=by,
            fields=differing(was, rules) if before else [],
        )
    )
    return after


TRIED = 500


@dataclass(frozen=True, slots=True)
class Trial:
    """What rules would propose for the newest open leads, beside what those that hold propose."""

    leads: int
    before: dict[Temperature, int]
    after: dict[Temperature, int]
    moved: int


def try_out(rules: Rules, at: datetime) -> Trial:
    """Weigh the newest open leads by rules that are not saved. Raises `Invalid`."""
    if errors := check(rules):
        raise Invalid(errors)
    row = find_newest()
    holding = read_rules(row) if row else Rules()
    ids = session().scalars(
        select(Lead.id)
        .where(Lead.state.not_in(DEAD_STATES))
        .order_by(Lead.captured_at.desc(), Lead.id.desc())
        .limit(TRIED)
    )
    before, after = (dict.fromkeys(Temperature, 0) for _side in range(2))
    moved = 0
    found = read_facts(ids.all(), rules)
    for facts in found.values():
        was, now = weigh(facts, holding, at).proposed, weigh(facts, rules, at).proposed
        before[was] += 1
        after[now] += 1
        moved += was != now
    return Trial(len(found), before, after, moved)


def differing(was: Rules, now: Rules) -> list[str]:
    """Return the keys of rules and the names of limits that read differently."""
    keys = dict.fromkeys(rule.key for rule in (*was.rules, *now.rules))
    return [
        *(key for key in keys if was.find(key) != now.find(key)),
        *(name for name in LIMITS if getattr(was.limits, name) != getattr(now.limits, name)),
    ]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A lead with what the rules give it, and what stood there before."""

    facts: Facts
    score: Score
    before: int
    """What signals gave it before."""


def score_many(lead_ids: Collection[int], at: datetime) -> list[Weighed]:
    """Weigh leads and keep what is new; leads that are gone are left out."""
    row = find_newest()
    if row is None or not lead_ids:
        return []
    rules = read_rules(row)
    found = read_facts(lead_ids, rules)
    kept = {
        one.lead_id: one
        for one in session().execute(
            select(
                LeadScore.lead_id,
                LeadScore.rules_id,
                LeadScore.points,
                LeadScore.behaviour,
                LeadScore.parts,
            ).where(LeadScore.lead_id.in_(list(found)))
        )
    }
    weighed, new = [], []
    for lead_id, facts in found.items():
        score = weigh(facts, rules, at)
        before = kept.get(lead_id)
        weighed.append(Weighed(facts, score, before.behaviour if before else 0))
        parts = [part.to_data() for part in score.parts]
        if before is None or (before.rules_id, before.parts) != (row.id, parts):
            new.append(
                {
                    "lead_id": lead_id,
                    "rules_id": row.id,
                    "points": score.points,
                    "behaviour": score.behaviour,
                    "proposed": str(score.proposed),
                    "parts": parts,
                    "at": at,
                }
            )
    if new:
        written = upsert(LeadScore)
        session().execute(
            written.on_conflict_do_update(
                index_elements=["lead_id"],
                set_={
                    name: written.excluded[name]
                    for name in ("rules_id", "points", "behaviour", "proposed", "parts", "at")
                },
            ),
            new,
        )
    return weighed


def heed(lead_id: int, kind: str, at: datetime) -> None:
    """Weigh a lead of which a signal came, and hand it on where that makes a buyer of it.

    Out of nurture it goes to qualification; who has it in hand, or answers for it, is told when
    signals begin to speak. Who asked not to be approached is left in peace.
    """
    if session().get(Lead, lead_id, with_for_update={"key_share": True}) is None:
        return
    for one in score_many([lead_id], at):
        lead, limits = one.facts.lead, read_rules(get_newest()).limits
        if lead.suppressed or lead.state == LeadState.DISQUALIFIED:
            return
        if lead.state == LeadState.NURTURE:
            speaks = one.score.behaviour >= limits.stir_from
            if speaks and one.score.points >= limits.hand_on_from:
                told = concerned(lead.owner_id, lead.qualifier_id)
                queue_again(lead_id, at)
                record(LeadHandedOn(at=at, lead_id=lead_id, points=one.score.points, user_ids=told))
            return
        # of a further inquiry whoever takes it in tells
        told_already = kind == SignalKind.INQUIRY
        speaks = one.before < limits.stir_from <= one.score.behaviour
        told = concerned(lead.holder_id if lead.state == LeadState.HELD else lead.owner_id)
        if speaks and told and not told_already:
            record(LeadStirs(at=at, lead_id=lead_id, behaviour=one.score.behaviour, user_ids=told))


def concerned(*user_ids: int | None) -> list[int]:
    """Return the people among these, each once."""
    return list(dict.fromkeys(one for one in user_ids if one is not None))


def keep_choice(lead_id: int, user_id: int | None, at: datetime) -> None:
    """Keep the temperature under which a lead was released, beside what the rules propose."""
    row = find_newest()
    facts = read_facts([lead_id], read_rules(row)).get(lead_id) if row else None
    if row is None or facts is None or facts.lead.temperature is None:
        return
    score = weigh(facts, read_rules(row), at)
    session().execute(
        upsert(TemperatureChoice)
        .values(
            lead_id=lead_id,
            at=at,
            user_id=user_id,
            rules_id=row.id,
            points=score.points,
            proposed=str(score.proposed),
            chosen=facts.lead.temperature,
        )
        .on_conflict_do_nothing()
    )


def keep_complaint(
    lead_id: int, reason_id: int | None, organisation_id: int | None, at: datetime
) -> None:
    """Keep that a firm sent a lead back for a reason that counts against the vendor."""
    reason = book().by_id.get(reason_id or 0)
    if not isinstance(reason, Reason) or reason.blame != Blame.VENDOR:
        return
    if session().get(Lead, lead_id) is None:
        return
    session().execute(
        upsert(LeadComplaint)
        .values(lead_id=lead_id, reason_id=reason.id, organisation_id=organisation_id, at=at)
        .on_conflict_do_nothing()
    )


def unscored(after: int, most: int, only: Iterable[int] = ()) -> list[int]:
    """Return the next leads that can still become something, by id."""
    query = select(Lead.id).where(Lead.id > after, Lead.state.not_in(DEAD_STATES))
    if only:
        query = query.where(Lead.import_id.in_(list(only)))
    return list(session().scalars(query.order_by(Lead.id).limit(most)))

"""Keeping the distribution rules: check, add, change, switch, order, delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.catalog.field_answers import is_possible
from portal.catalog.models import FieldSubject
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Invalid, Refused
from portal.core.events import record
from portal.leads.contest import AT_ONCE, FIELDS, Contest, lacks, tidy
from portal.leads.contest_words import missing_words
from portal.matching import criteria_rules, queries, versions
from portal.matching.criteria import Condition, Criterion, Field
from portal.matching.events import RuleDeleted, RuleSaved, RulesReordered, RuleSwitched
from portal.matching.models import DistributionRule, Known, RuleVersion
from portal.web.filters import number

LONGEST_HOURS = 2160
MOST_PARTNERS = 100_000
STEP = 10


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule as it was typed."""

    name: str
    conditions: Sequence[Condition]
    criteria: Sequence[Criterion]
    hours: int | None = None
    most: int | None = None
    group_id: int | None = None
    contest: Contest | None = None
    known: str = Known.NOTHING
    relaxing: Sequence[dict[str, Any]] = ()

    def as_rule(self) -> DistributionRule:
        """Return the rule it would be, for a preview; it belongs to no session."""
        return versions.rule_of(self.content())

    def content(self) -> versions.Content:
        """Return what it says as versions keep it."""
        kept = tidy(self.contest) if self.contest else None
        return {
            "name": self.name,
            "conditions": [condition.to_data() for condition in self.conditions],
            "criteria": [criterion.to_data() for criterion in self.criteria],
            "contest": str(kept.mode) if kept else None,
            "ring_size": kept.size if kept else None,
            "ring_minutes": kept.minutes if kept else None,
            "deciding_seconds": kept.seconds if kept else None,
            "relaxing": list(self.relaxing),
            "known": str(self.known),
            "hours": self.hours,
            "most": self.most,
            "group_id": self.group_id,
        }


def check_rule(draft: RuleDraft) -> None:
    """Raise `Invalid` with the fields to look at again."""
    errors: dict[str, str] = {}
    if not draft.name:
        errors["name"] = _("Please give the rule a name.")
    if draft.hours is not None and not 1 <= draft.hours <= LONGEST_HOURS:
        errors["hours"] = _("Please give 1 to %(most)d hours.", most=LONGEST_HOURS)
    if draft.most is not None and draft.most < 1:
        errors["most"] = _("Please give a number above 0, or leave it empty.")
    elif draft.most is not None and draft.most > MOST_PARTNERS:
        errors["most"] = _("Please give at most %(most)s.", most=number(MOST_PARTNERS))
    for name in lacks(draft.contest or AT_ONCE):
        errors[FIELDS[name]] = missing_words(name)
    errors |= criteria_rules.wrong_with(draft.criteria)
    known = book().by_id
    for condition in draft.conditions:
        numbers = [value for value in condition.values if isinstance(value, int)]
        if any(value not in known for value in numbers):
            errors[f"if_{condition.field}"] = _("Please choose from the list.")
        if condition.field is Field.OWN and not _can_be_met(condition):
            errors[f"if_own-{condition.key}"] = _("Please choose from the list.")
    if errors:
        raise Invalid(errors)


def _can_be_met(condition: Condition) -> bool:
    """Say whether the programme keeps such a field, or did, and it can be answered so."""
    for field in book().fields.get(FieldSubject.LEAD, ()):
        if field.key == condition.key:
            return all(is_possible(field, str(value)) for value in condition.values)
    return False


def add_rule(
    draft: RuleDraft, at: datetime, by_id: int | None = None, *, active: bool = True
) -> DistributionRule:
    """Add a rule behind all others, active as its first version or as a draft. Raises `Invalid`."""
    check_rule(draft)
    last = max((rule.position for rule in queries.list_rules()), default=0)
    rule = draft.as_rule()
    rule.position, rule.changed_at = last + STEP, at
    versions.write_first(rule, at, by_id, active=active)
    record(RuleSaved(at=at, rule_id=rule.id, version=1))
    return rule


def save_rule(
    rule_id: int, seen: int, draft: RuleDraft, at: datetime, by_id: int | None = None
) -> RuleVersion:
    """Save a draft of a rule whose newest version still is `seen`; what is active stays.

    Raises `Invalid`, `Conflict` or `NotFound`.
    """
    check_rule(draft)
    return versions.save(rule_id, seen, draft.content(), at, by_id)


def switch_rule(rule_id: int, active: bool, at: datetime) -> None:
    """Switch a rule on or off; raises `Refused` for one that has nothing to hold yet."""
    rule = queries.get_rule(rule_id, lock=True)
    if rule.active == active:
        return
    if rule.version == 0:
        raise Refused(_("This rule is a draft. It is on once its draft is activated."))
    rule.active = active
    rule.changed_at = at
    session().flush()
    record(RuleSwitched(at=at, rule_id=rule_id, active=active))


def move_rule(rule_id: int, steps: int, at: datetime) -> None:
    """Move a rule up (-1) or down (1) in the order; at the end it stays."""
    queries.get_rule(rule_id)
    rules = list(queries.list_rules(lock=True))
    place = next(n for n, rule in enumerate(rules) if rule.id == rule_id)
    target = min(max(place + steps, 0), len(rules) - 1)
    if target == place:
        return
    rules.insert(target, rules.pop(place))
    for position, rule in enumerate(rules, start=1):
        rule.position = position * STEP
    session().flush()
    record(RulesReordered(at=at, rule_ids=[rule.id for rule in rules]))


@dataclass(frozen=True, slots=True)
class Traces:
    """What a rule left behind: `rounds` keep it from being deleted, `replays` go with it.

    What was only `rehearsed` on a dry run stays, without saying any more by which rule.
    """

    rounds: int
    replays: int
    rehearsed: int


# offers are a room above, so their tables are named here and not their models
TRACES = text(
    """
    SELECT (SELECT count(*) FROM offer_rounds WHERE rule_id = :rule_id),
           (SELECT count(*) FROM replays WHERE rule_id = :rule_id),
           (SELECT count(*) FROM rehearsals WHERE rule_id = :rule_id)
    """
)


def find_traces(rule_id: int) -> Traces:
    """Return what names a rule beside its own versions."""
    return Traces(*session().execute(TRACES, {"rule_id": rule_id}).one())


def delete_rule(rule_id: int, at: datetime) -> None:
    """Delete a rule that no offer round was made by; raises `Refused` for one that is history."""
    rule = queries.get_rule(rule_id)
    try:
        with session().begin_nested():
            session().delete(rule)
            session().flush()
    except IntegrityError as error:
        raise Refused(
            _("Offers have been made by this rule, so it stays. You can switch it off.")
        ) from error
    record(RuleDeleted(at=at, rule_id=rule_id))

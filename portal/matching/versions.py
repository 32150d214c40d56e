"""Versions of a distribution rule: a draft is saved, made active, or an old one taken up again.

What was saved once is never changed: each saving is a version of its own, so that whatever was
found out about a draft, as a replay does, was found out about exactly this one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from portal.accounts.models import User
from portal.core.db import session
from portal.core.errors import Conflict, NotFound, Refused
from portal.core.events import record
from portal.matching import queries
from portal.matching.events import RuleActivated, RuleSaved
from portal.matching.models import DistributionRule, RuleVersion

CONTENT = (
    "name",
    "conditions",
    "criteria",
    "contest",
    "ring_size",
    "ring_minutes",
    "deciding_seconds",
    "relaxing",
    "known",
    "hours",
    "most",
    "group_id",
)
"""The columns of a rule that say something."""

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a rule stands: `draft` is a newer version that says something else than the active."""

    rule: DistributionRule
    newest: RuleVersion
    draft: RuleVersion | None

    @property
    def unborn(self) -> bool:
        """True where the rule was never active."""
        return self.rule.version == 0


def content_of(rule: DistributionRule) -> Content:
    """Return what a rule says at the moment."""
    return {name: getattr(rule, name) for name in CONTENT}


def take(rule: DistributionRule, content: Content) -> None:
    """Have a rule say `content`; what an older version doesn't know, it leaves as it is."""
    for name in CONTENT:
        if name in content:
            setattr(rule, name, content[name])


def rule_of(content: Content) -> DistributionRule:
    """Return the rule that a version would be, to try it; it belongs to no session."""
    rule = DistributionRule(position=0, active=True, version=0)
    take(rule, content)
    return rule


def stand(rule: DistributionRule) -> Standing:
    """Return the newest version of a rule, and whether it is a draft."""
    return _stand(rule, get_newest(rule.id))


def _stand(rule: DistributionRule, newest: RuleVersion) -> Standing:
    waits = newest.number > rule.version and (
        rule.version == 0 or newest.content != content_of(rule)
    )
    return Standing(rule, newest, newest if waits else None)


def stand_all() -> dict[int, Standing]:
    """Return the same of every rule, by its id."""
    newest = session().scalars(
        select(RuleVersion)
        .ext(distinct_on(RuleVersion.rule_id))
        .order_by(RuleVersion.rule_id, RuleVersion.number.desc())
    )
    rules = {rule.id: rule for rule in queries.list_rules()}
    return {one.rule_id: _stand(rules[one.rule_id], one) for one in newest}


def get_newest(rule_id: int) -> RuleVersion:
    """Return the version that was saved last."""
    found = session().scalar(
        select(RuleVersion)
        .where(RuleVersion.rule_id == rule_id)
        .order_by(RuleVersion.number.desc())
        .limit(1)
    )
    if found is None:
        raise NotFound()
    return found


def find_version(rule_id: int, number: int) -> RuleVersion | None:
    """Return one version of a rule, None where there is none of that number."""
    return session().scalar(
        select(RuleVersion).where(RuleVersion.rule_id == rule_id, RuleVersion.number == number)
    )


def get_version(rule_id: int, number: int) -> RuleVersion:
    """Return one version of a rule or raise NotFound."""
    found = find_version(rule_id, number)
    if found is None:
        raise NotFound()
    return found


def list_versions(rule_id: int) -> Sequence[tuple[RuleVersion, str | None]]:
    """Return all versions of a rule, the newest first, with the names of who saved them."""
    versions = (
        select(RuleVersion, User.name)
        .outerjoin(User, User.id == RuleVersion.saved_by_id)
        .where(RuleVersion.rule_id == rule_id)
        .order_by(RuleVersion.number.desc())
    )
    return [(version, name) for version, name in session().execute(versions)]


def criteria_of(
    asked: Collection[tuple[int, int | None]],
) -> Mapping[tuple[int, int | None], Sequence[Mapping[str, Any]]]:
    """Return what versions of rules ask; of a round older than versions, what the rule asks now."""
    ids = {rule_id for rule_id, _number in asked}
    now = select(DistributionRule.id, DistributionRule.criteria).where(DistributionRule.id.in_(ids))
    said: dict[tuple[int, int | None], Any] = {
        (row.id, None): row.criteria for row in session().execute(now)
    }
    criteria = RuleVersion.content["criteria"].label("criteria")
    kept = select(RuleVersion.rule_id, RuleVersion.number, criteria).where(
        tuple_(RuleVersion.rule_id, RuleVersion.number).in_(asked)
    )
    for row in session().execute(kept):
        said[row.rule_id, row.number] = row.criteria
    return said


def write_first(
    rule: DistributionRule, at: datetime, by_id: int | None = None, *, active: bool = True
) -> RuleVersion:
    """Keep what a new rule says as its first version, active or as a draft."""
    session().add(rule)
    rule.version = int(active)
    rule.active = active
    session().flush()
    return _write(rule, 1, content_of(rule), at, by_id, active=active)


def save(rule_id: int, seen: int, content: Content, at: datetime, by_id: int | None) -> RuleVersion:
    """Save a draft of a rule whose newest version still is `seen`; what is active stays.

    Where nothing is different, nothing is written. Raises `Conflict` or `NotFound`.
    """
    rule = queries.get_rule(rule_id, lock=True)
    newest = get_newest(rule_id)
    if newest.number != seen:
        raise Conflict(
            _(
                "Somebody else has changed this rule in the meantime. What you typed is still "
                "here; saving once more replaces the other change."
            ),
            version=newest.number,
        )
    if newest.content == content:
        return newest
    if rule.version == 0:
        # nothing was ever active: the draft is all there is to show
        take(rule, content)
        rule.changed_at = at
    made = _write(rule, newest.number + 1, content, at, by_id)
    record(RuleSaved(at=at, rule_id=rule.id, version=made.number))
    return made


def bring_back(rule_id: int, number: int, at: datetime, by_id: int | None) -> RuleVersion:
    """Make what an old version says the newest draft; that of the active one discards a draft."""
    content = get_version(rule_id, number).content
    return save(rule_id, get_newest(rule_id).number, dict(content), at, by_id)


def activate(rule_id: int, number: int, at: datetime, by_id: int | None) -> DistributionRule:
    """Have the draft that was looked at, version `number`, hold from now on.

    Raises `Conflict` where a newer one was saved meanwhile, `Refused` where it is active already.
    """
    rule = queries.get_rule(rule_id, lock=True)
    newest = get_newest(rule_id)
    if newest.number != number:
        raise Conflict(
            _("Somebody else has changed this rule in the meantime. Please look at it again."),
            version=newest.number,
        )
    if rule.version == number:
        raise Refused(_("This version is active already."))
    take(rule, newest.content)
    rule.version = number
    rule.active = True
    rule.changed_at = at
    newest.activated_at, newest.activated_by_id = at, by_id
    session().flush()
    record(RuleActivated(at=at, rule_id=rule.id, version=number))
    return rule


def _write(
    rule: DistributionRule,
    number: int,
    content: Content,
    at: datetime,
    by_id: int | None,
    *,
    active: bool = False,
) -> RuleVersion:
    made = RuleVersion(
        rule_id=rule.id, number=number, content=content, saved_at=at, saved_by_id=by_id
    )
    if active:
        made.activated_at, made.activated_by_id = at, by_id
    session().add(made)
    session().flush()
    return made

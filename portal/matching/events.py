"""What happens to distribution rules."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSaved(Event):
    """A version of a rule was saved, as its draft or with a new rule; it counts up from 1."""

    rule_id: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleActivated(Event):
    """What a version of a rule says holds from now on."""

    rule_id: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSwitched(Event):
    rule_id: int
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesReordered(Event):
    rule_ids: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDeleted(Event):
    rule_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyUseSaved(Event):
    """Where a deadline policy is used was added or changed; `version` counts up from 1."""

    use_id: int
    version: int
    user_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyUseRemoved(Event):
    use_id: int
    user_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyUsesReordered(Event):
    use_ids: list[int]
    user_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyUsesTaken(Event):
    """A file has said anew which policy is used where; there are so many `uses` now."""

    uses: int
    user_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMembersChanged(Event):
    """Firms `came` into a group of partners, or `left` it, for whatever reason."""

    group_id: int
    came: list[int]
    left: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessTermsSaved(Event):
    """The terms of fairness were agreed on anew; `number` counts up from 1."""

    number: int
    user_id: int | None

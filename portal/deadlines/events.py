"""What happens to deadline policies."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyAdded(Event):
    policy_id: int
    user_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChanged(Event):
    """There is a new version; `fields` names what of it reads differently."""

    policy_id: int
    version: int
    user_id: int | None
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySwitched(Event):
    """Retired, or in use again."""

    policy_id: int
    user_id: int | None
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardPolicyChosen(Event):
    policy_id: int
    user_id: int | None

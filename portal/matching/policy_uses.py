"""Which deadline policy is used where: leads like this, with firms like that, go by this policy.

Here: the uses in their order, which policy holds for a lead and a firm, and which ones concern a
firm. What a policy says is `deadlines`'; which one a type names is said by the lead definition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import select

from portal.catalog.queries import book, retired
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.events import record
from portal.deadlines.models import DeadlinePolicy, PolicyUse
from portal.deadlines.operations import wait_in_line
from portal.deadlines.queries import list_policies, list_uses
from portal.deadlines.rules import MOST_USES, Case, covers, first_use
from portal.leads.definition_words import called
from portal.leads.models import LeadType, Temperature
from portal.leads.queries import find_type_called, get_definition
from portal.matching.criteria import Field
from portal.matching.events import PolicyUseRemoved, PolicyUseSaved, PolicyUsesReordered
from portal.matching.words import value_name
from portal.partners.models import Partner, PartnerGroup, PartnerGroupMember


@dataclass(frozen=True, slots=True, kw_only=True)
class UseDraft:
    """A use as it was typed; what is empty fits all."""

    policy_key: str
    type_key: str | None = None
    temperature: str | None = None
    group_id: int | None = None
    level_id: int | None = None


PARTS = tuple(one.name for one in fields(UseDraft))


@dataclass(frozen=True, slots=True)
class Around:
    """What there is: what types, groups and levels are called, and the policies by their keys."""

    types: Mapping[str, str]
    groups: Mapping[int, str]
    levels: Mapping[int, str]
    policies: Mapping[str, DeadlinePolicy]

    @property
    def in_use(self) -> Sequence[DeadlinePolicy]:
        """Return the policies that can be named."""
        return [one for one in self.policies.values() if one.in_use]


@dataclass(frozen=True, slots=True)
class Ruling:
    """The policy that holds for a case, and why: a use, else the type of the lead, else neither."""

    policy: DeadlinePolicy
    use: PolicyUse | None
    by_type: bool


@dataclass(frozen=True, slots=True)
class Holding:
    """A policy that concerns a firm, and in words for which leads."""

    policy: DeadlinePolicy
    leads: tuple[str, ...]


def read_around() -> Around:
    """Return what uses can ask for."""
    locale = str(get_locale())
    return Around(
        types={one.key: called(one.names) for one in get_definition().types.values()},
        groups={
            row.id: row.name
            for row in session().execute(
                select(PartnerGroup.id, PartnerGroup.name).order_by(PartnerGroup.name)
            )
        },
        levels={
            one.id: book().label(one.id, locale) for one in book().by_kind.get("partner_level", [])
        },
        policies={one.key: one for one in list_policies()},
    )


def get_use(use_id: int) -> PolicyUse:
    """Return a use or raise NotFound."""
    found = session().get(PolicyUse, use_id)
    if found is None:
        raise NotFound()
    return found


def add_use(draft: UseDraft, by: int | None, at: datetime) -> PolicyUse:
    """Add a use behind all others. Raises `Invalid`."""
    wait_in_line()
    others = list_uses()
    if len(others) >= MOST_USES:
        raise Invalid({"policy_key": _("At most %(most)d fit here.", most=MOST_USES)})
    _check(draft, others)
    made = PolicyUse(
        position=max((one.position for one in others), default=0) + 1,
        **{name: getattr(draft, name) for name in PARTS},
    )
    session().add(made)
    session().flush()
    record(PolicyUseSaved(at=at, use_id=made.id, version=1, user_id=by))
    return made


def save_use(
    use_id: int, draft: UseDraft, seen: int | None, by: int | None, at: datetime
) -> PolicyUse:
    """Change a use. `seen` is the version that was looked at, None where that doesn't matter.

    Raises `NotFound`, `Invalid`, and `Conflict` where somebody else has changed it since: its fact
    `version` is the one to save over it with.
    """
    wait_in_line()
    found = session().get(PolicyUse, use_id, populate_existing=True)
    if found is None:
        raise NotFound()
    _check(draft, [one for one in list_uses() if one.id != use_id], found)
    if all(getattr(found, name) == getattr(draft, name) for name in PARTS):
        return found
    if seen is not None and seen != found.version:
        raise Conflict(
            _(
                "Somebody else has changed this in the meantime. What you typed is still here; "
                "saving once more replaces the other change."
            ),
            version=found.version,
        )
    for name in PARTS:
        setattr(found, name, getattr(draft, name))
    found.version += 1
    session().flush()
    record(PolicyUseSaved(at=at, use_id=use_id, version=found.version, user_id=by))
    return found


def move_use(use_id: int, steps: int, by: int | None, at: datetime) -> None:
    """Move a use up (-1) or down (1) in the order; at the end it stays. Raises `NotFound`."""
    wait_in_line()
    uses = list(list_uses())
    place = next((n for n, one in enumerate(uses) if one.id == use_id), None)
    if place is None:
        raise NotFound()
    target = min(max(place + steps, 0), len(uses) - 1)
    if target == place:
        return
    uses.insert(target, uses.pop(place))
    for position, one in enumerate(uses, start=1):
        one.position = position
    session().flush()
    record(PolicyUsesReordered(at=at, use_ids=[one.id for one in uses], user_id=by))


def remove_use(use_id: int, by: int | None, at: datetime) -> None:
    """Remove a use; what it was for goes by the next that fits. Raises `NotFound`."""
    wait_in_line()
    session().delete(get_use(use_id))
    session().flush()
    record(PolicyUseRemoved(at=at, use_id=use_id, user_id=by))


def _check(draft: UseDraft, others: Sequence[PolicyUse], before: PolicyUse | None = None) -> None:
    """Raise `Invalid` by field for what can't be chosen, or stands there already.

    What the line names `before` it may go on naming, in use or not.
    """
    around = read_around()
    possible = {
        "policy_key": [one.key for one in around.in_use],
        "type_key": around.types,
        "temperature": tuple(Temperature),
        "group_id": around.groups,
        "level_id": around.levels,
    }
    errors = {
        name: _("Please choose from the list.")
        for name, known in possible.items()
        if (value := getattr(draft, name)) not in known
        and value is not None
        and value != getattr(before, name, None)
    }
    asked = [name for name in PARTS if name != "policy_key"]
    if not errors and any(
        all(getattr(one, name) == getattr(draft, name) for name in asked) for one in others
    ):
        errors["policy_key"] = _("There is a line for just these leads and firms already.")
    if errors:
        raise Invalid(errors)


def uses_by_policy() -> Mapping[str, Sequence[str]]:
    """Return the uses in words by the policy that each names."""
    around = read_around()
    found: dict[str, list[str]] = {}
    for use in list_uses():
        found.setdefault(use.policy_key, []).append(in_words(use, around))
    return found


def type_name(key: str, around: Around) -> str:
    """Return what a type of lead is called; one that is out of use says so."""
    return around.types.get(key) or retired(find_type_called(key) or key)


def in_words(use: PolicyUse, around: Around) -> str:
    """Say for which leads and firms a use is."""
    said = [
        type_name(use.type_key, around) if use.type_key else "",
        value_name(Field.TEMPERATURE, use.temperature) if use.temperature else "",
        _("in the group %(name)s", name=around.groups[use.group_id]) if use.group_id else "",
        _("of the level %(name)s", name=around.levels[use.level_id]) if use.level_id else "",
    ]
    return ", ".join(one for one in said if one) or str(_("All leads"))


def never_tried(uses: Sequence[PolicyUse]) -> Mapping[int, PolicyUse]:
    """Return the uses that an earlier one leaves nothing to, by their ids, each with that one."""
    found: dict[int, PolicyUse] = {}
    for place, use in enumerate(uses):
        wider = next((one for one in uses[:place] if covers(one, use)), None)
        if wider is not None:
            found[use.id] = wider
    return found


def find_ruling(case: Case) -> Ruling:
    """Return the policy that holds for a lead and the firm that may have it, and why."""
    return _Rulings().find(case)


def list_holding(organisation_id: int) -> Sequence[Holding]:
    """Return the policies that concern a firm, with the leads for which each holds.

    The strictest temperature comes first.
    """
    level_id = session().scalar(
        select(Partner.level_id).where(Partner.organisation_id == organisation_id)
    )
    groups = frozenset(
        session().scalars(
            select(PartnerGroupMember.group_id).where(
                PartnerGroupMember.organisation_id == organisation_id
            )
        )
    )
    rulings = _Rulings()
    found: dict[str, dict[str, list[str]]] = {}
    for temperature in Temperature:
        for type_key in rulings.types:
            case = Case(
                type_key=type_key, temperature=temperature, groups=groups, level_id=level_id
            )
            key = rulings.find(case).policy.key
            found.setdefault(key, {}).setdefault(type_key, []).append(temperature)
    return [
        Holding(rulings.policies[key], tuple(_leads_in_words(by_type, rulings.types)))
        for key, by_type in found.items()
    ]


def _leads_in_words(
    by_type: Mapping[str, Sequence[str]], types: Mapping[str, LeadType]
) -> Sequence[str]:
    """Say for which leads something holds, given the temperatures of each type."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for type_key, temperatures in by_type.items():
        alike.setdefault(tuple(temperatures), []).append(type_key)
    said = []
    for temperatures, keys in alike.items():
        whom = ", ".join(called(types[key].names) for key in keys)
        how = ", ".join(value_name(Field.TEMPERATURE, one) for one in temperatures)
        every_type, ever_so = len(keys) == len(types), len(temperatures) == len(Temperature)
        if every_type:
            said.append(str(_("All leads")) if ever_so else how)
        else:
            said.append(whom if ever_so else f"{whom} ({how})")
    return said


class _Rulings:
    """The policies, uses and types as they are now, to find the rulings of several cases."""

    def __init__(self) -> None:
        self.policies = {one.key: one for one in list_policies() if one.in_use}
        self.uses = [use for use in list_uses() if use.policy_key in self.policies]
        self.types = {one.key: one for one in get_definition().types.values()}
        self.standard = next(one for one in self.policies.values() if one.standard)

    def find(self, case: Case) -> Ruling:
        use = first_use(self.uses, case)
        if use is not None:
            return Ruling(self.policies[use.policy_key], use, by_type=False)
        lead_type = self.types.get(case.type_key)
        named = self.policies.get(lead_type.policy_key or "") if lead_type else None
        return Ruling(named or self.standard, None, by_type=named is not None)

"""All deadline policies, and which one is used where, as one file: written, compared, brought in.

Not here: what a file may say, and the policies themselves (`deadlines`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import delete

from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import record
from portal.core.kept_files import Change, KeptFile
from portal.deadlines import bringing, file
from portal.deadlines.file import Contents, DescribedUse
from portal.deadlines.models import PolicyUse
from portal.deadlines.operations import wait_in_line
from portal.deadlines.queries import list_overflow_units, list_policies, list_uses
from portal.leads.models import Temperature
from portal.leads.policies import types_by_policy
from portal.leads.versions import ONE_AT_A_TIME
from portal.matching.events import PolicyUsesTaken
from portal.matching.policy_uses import Around, UseDraft, read_around
from portal.partners.queries import list_groups

USES = "uses"
"""The place of the uses among what a file changes."""


def write() -> str:
    """Return the file of all policies in use and their uses."""
    return file.write(list_policies(), list_overflow_units(closed=True), describe_uses())


def describe_uses() -> Sequence[DescribedUse]:
    """Return the uses that there are as a file has them."""
    groups = {group.id: group.name for group, _members in list_groups()}
    levels = {one.id: one.key for one in book().by_kind.get("partner_level", [])}
    return [
        DescribedUse(
            policy=one.policy_key,
            type=one.type_key,
            temperature=one.temperature,
            group=groups[one.group_id] if one.group_id is not None else None,
            level=levels[one.level_id] if one.level_id is not None else None,
        )
        for one in list_uses()
    ]


def compare(contents: Contents) -> list[Change]:
    """Return what a file would change. Raises `Invalid` by place."""
    uses = contents.uses
    changes = bringing.compare(contents.policies, _named(uses))
    if uses is None:
        return changes
    _read_uses(uses, {one.key for one in contents.policies})
    return changes if list(uses) == describe_uses() else [*changes, Change("changed", USES)]


def bring_in(contents: Contents, by: int | None, at: datetime) -> list[Change]:
    """Have policies and uses be as a file says and return what changed. Raises as `compare`."""
    # so that no version is activated meanwhile that names a policy
    session().execute(ONE_AT_A_TIME)
    wait_in_line()
    changes = compare(contents)
    bringing.bring_in(contents.policies, _named(contents.uses), by, at)
    if contents.uses is not None and any(one.place == USES for one in changes):
        drafts = _read_uses(contents.uses, {one.key for one in contents.policies})
        session().execute(delete(PolicyUse))
        session().add_all(
            PolicyUse(
                position=position,
                type_key=one.type_key,
                temperature=one.temperature,
                group_id=one.group_id,
                level_id=one.level_id,
                policy_key=one.policy_key,
            )
            for position, one in enumerate(drafts, start=1)
        )
        session().flush()
        record(PolicyUsesTaken(at=at, uses=len(drafts), user_id=by))
    return changes


def _named(uses: Sequence[DescribedUse] | None) -> Mapping[str, Sequence[str]]:
    """Return what will name a policy, in words by its key: types, and uses that stay."""
    named = {key: list(types) for key, types in types_by_policy().items()}
    keys = [one.policy_key for one in list_uses()] if uses is None else []
    for key in keys:
        named.setdefault(key, []).append(_("which policy where"))
    return named


def _read_uses(uses: Sequence[DescribedUse], policies: set[str]) -> Sequence[UseDraft]:
    """Return what a file says of uses. Raises `Invalid` by place for what there is not."""
    around = read_around()
    groups = {name: group_id for group_id, name in around.groups.items()}
    levels = {one.key: one.id for one in book().by_kind.get("partner_level", [])}
    errors: dict[str, str] = {}
    drafts: list[UseDraft] = []
    for number, one in enumerate(uses, start=1):
        draft = UseDraft(
            policy_key=one.policy,
            type_key=one.type,
            temperature=one.temperature,
            group_id=groups.get(one.group or ""),
            level_id=levels.get(one.level or ""),
        )
        said = _unknown(one, draft, around, policies)
        if not said and any(_alike(draft, other) for other in drafts):
            said = _("There is a line for just these leads and firms already.")
        if said:
            errors[f"uses[{number}]"] = said
        drafts.append(draft)
    if errors:
        raise Invalid(errors)
    return drafts


def _unknown(one: DescribedUse, draft: UseDraft, around: Around, policies: set[str]) -> str:
    """Say what a use names that there is not; nothing where there is all of it."""
    known = (
        (one.policy, one.policy in policies),
        (one.type, one.type is None or one.type in around.types),
        (one.temperature, one.temperature is None or one.temperature in tuple(Temperature)),
        (one.group, one.group is None or draft.group_id is not None),
        (one.level, one.level is None or draft.level_id is not None),
    )
    missing = next((str(name) for name, there in known if not there), None)
    return "" if missing is None else str(_("There is no “%(name)s”.", name=missing[:80]))


def _alike(one: UseDraft, other: UseDraft) -> bool:
    return (one.type_key, one.temperature, one.group_id, one.level_id) == (
        other.type_key,
        other.temperature,
        other.group_id,
        other.level_id,
    )


KEPT = KeptFile(
    called="policies",
    file_name="deadline-policies.yaml",
    most_bytes=file.MOST_BYTES,
    write=write,
    read=file.read,
    compare=compare,
    bring_in=bring_in,
)

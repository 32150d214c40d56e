"""Verbs of deadline policies: add one, change it, make it the standard, retire it.

A change is a new version: what began under an older one goes on under it. Not here: which types
of lead name a policy, and so whether it may be retired (`leads.policies`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import text, update

from portal.catalog.operations import make_key
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, NotFound, Refused
from portal.core.events import record
from portal.deadlines import steps
from portal.deadlines.events import (
    PolicyAdded,
    PolicyChanged,
    PolicySwitched,
    StandardPolicyChosen,
)
from portal.deadlines.models import Action, ClockKind, DeadlinePolicy, Rung
from portal.deadlines.queries import NEWEST, list_overflow_units, list_policies
from portal.deadlines.rules import (
    CHOICES,
    LISTS,
    LONGEST_NAME,
    MOST_POLICIES,
    NUMBERS,
    TERMS,
    Terms,
    as_columns,
    terms_of,
)

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('deadline_policies'))")


class StandardStays(Refused):
    """The standard policy is always in use."""

    code = "standard_stays"


def add(terms: Terms, by: int | None, at: datetime) -> DeadlinePolicy:
    """Add a policy; its key is made from its name and never changes. Raises `Invalid`."""
    wait_in_line()
    others = list_policies()
    errors = check(terms, {one.name for one in others if one.in_use})
    if sum(one.in_use for one in others) >= MOST_POLICIES:
        errors["name"] = too_many()
    if errors:
        raise Invalid(errors)
    return write_new(free_key(terms.name, {one.key for one in others}), terms, by, at)


def write_new(key: str, terms: Terms, by: int | None, at: datetime) -> DeadlinePolicy:
    """Write the first version of a policy that was checked."""
    made = DeadlinePolicy(
        key=key,
        version=1,
        created_at=at,
        created_by=by,
        **as_columns(terms),
    )
    session().add(made)
    session().flush()
    record(PolicyAdded(at=at, policy_id=made.id, user_id=by))
    return made


def save(key: str, terms: Terms, seen: int | None, by: int | None, at: datetime) -> DeadlinePolicy:
    """Have a policy say this from now on, and return its newest version.

    Nothing is written where it says so already. `seen` is the version that was looked at, None
    where that doesn't matter. Raises `NotFound`, `Invalid`, and `Conflict` where somebody else has
    changed it since: its fact `version` is the one to save over it with.
    """
    before = lock(key)
    others = {one.name for one in list_policies() if one.in_use and one.key != key}
    if errors := check(terms, others):
        raise Invalid(errors)
    if terms_of(before) == terms:
        return before
    if seen is not None and seen != before.version:
        raise Conflict(
            _(
                "Somebody else has changed this in the meantime. What you typed is still here; "
                "saving once more replaces the other change."
            ),
            version=before.version,
        )
    return write_next(before, terms, by, at)


def write_next(
    before: DeadlinePolicy, terms: Terms, by: int | None, at: datetime
) -> DeadlinePolicy:
    """Write the next version of a locked policy that was checked."""
    was = terms_of(before)
    standard, before.standard, before.replaced_at = before.standard, False, at
    # the unique marks leave the old row before the new one takes them
    session().flush()
    after = DeadlinePolicy(
        key=before.key,
        version=before.version + 1,
        standard=standard,
        created_at=at,
        created_by=by,
        retired_at=before.retired_at,
        **as_columns(terms),
    )
    session().add(after)
    session().flush()
    record(
        PolicyChanged(
            at=at,
            policy_id=after.id,
            version=after.version,
            user_id=by,
            fields=[name for name in TERMS if getattr(was, name) != getattr(terms, name)],
        )
    )
    return after


def make_standard(key: str, by: int | None, at: datetime) -> DeadlinePolicy:
    """Have a policy hold for all leads whose type names none. Raises `NotFound`, `Invalid`."""
    found = lock(key)
    if found.standard:
        return found
    if not found.in_use:
        raise Invalid({"key": _("“%(name)s” is not in use.", name=found.name)})
    choose_standard(found, by, at)
    return found


def choose_standard(found: DeadlinePolicy, by: int | None, at: datetime) -> None:
    """Have a locked policy be the standard, and no other."""
    session().execute(update(DeadlinePolicy).where(DeadlinePolicy.standard).values(standard=False))
    found.standard = True
    session().flush()
    record(StandardPolicyChosen(at=at, policy_id=found.id, user_id=by))


def set_active(key: str, active: bool, by: int | None, at: datetime) -> DeadlinePolicy:
    """Retire a policy, or take it into use again.

    Who calls it has seen to it that no type of lead names it. Raises `NotFound`, `StandardStays`,
    `Invalid` where there are very many, or one of this name.
    """
    found = lock(key)
    if found.in_use == active:
        return found
    if found.standard:
        raise StandardStays(
            _(
                "“%(name)s” holds wherever nothing else does. Please choose another one for that "
                "first.",
                name=found.name,
            )
        )
    others = [one for one in list_policies() if one.in_use]
    if active and len(others) >= MOST_POLICIES:
        raise Invalid({"key": too_many()})
    if active and (errors := check(terms_of(found), {one.name for one in others})):
        raise Invalid(errors)
    switch(found, active, by, at)
    return found


def switch(found: DeadlinePolicy, active: bool, by: int | None, at: datetime) -> None:
    """Take a locked policy into use, or out of it."""
    found.retired_at = None if active else at
    session().flush()
    record(PolicySwitched(at=at, policy_id=found.id, user_id=by, active=active))


def check(terms: Terms, taken: Collection[str]) -> dict[str, str]:
    """Return what is wrong with what a policy shall say, by field."""
    errors = {}
    if not terms.name:
        errors["name"] = _("Please give it a name.")
    elif len(terms.name) > LONGEST_NAME:
        errors["name"] = _("Please keep it under %(most)d characters.", most=LONGEST_NAME)
    elif terms.name.casefold() in {one.casefold() for one in taken}:
        errors["name"] = _("There is one of this name already.")
    for name, known in NUMBERS.items():
        if getattr(terms, name) not in known:
            errors[name] = _(
                "A number from %(least)d to %(most)d fits here.", least=known[0], most=known[-1]
            )
    for name, words in CHOICES.items():
        if getattr(terms, name) not in words:
            errors[name] = _("Please choose from the list.")
    for name, words in LISTS.items():
        said = getattr(terms, name)
        if not set(said) <= set(words):
            errors[name] = _("Please choose from the list.")
        elif len(set(said)) < len(said):
            errors[name] = _("Each can stand here once.")
    if terms.suspend_after and not any(one.action == Action.SUSPEND for one in terms.steps):
        errors["suspend_after"] = _(
            "Nobody is ever suspended: please add the step that does it, or say 0."
        )
    for switch in ("customer_told", "customer_asked"):
        if getattr(terms, switch) and not terms.response_hours:
            errors[switch] = _(
                "The customer is told by when: please say how many hours there are from pickup to "
                "first contact."
            )
    return errors | _check_unit(terms) | _check_steps(terms)


def _check_unit(terms: Terms) -> dict[str, str]:
    """Return what is wrong with the overflow unit; it is needed by whoever sends leads there."""
    wanted = Rung.OVERFLOW in terms.chain or any(
        one.action == Action.OVERFLOW for one in terms.steps
    )
    if terms.overflow_unit_id is None:
        return {"overflow_unit_id": _("Please choose the unit.")} if wanted else {}
    if terms.overflow_unit_id not in list_overflow_units():
        return {"overflow_unit_id": _("Please choose from the list.")}
    return {}


def _check_steps(terms: Terms) -> dict[str, str]:
    """Return what is wrong with steps by `steps-` and their place."""
    errors = {}
    for place, step in enumerate(terms.steps):
        never = (
            (step.clock == ClockKind.RESPONSE and not terms.response_hours)
            or (step.clock == ClockKind.HELP and not terms.help_hours)
            or (step.clock == ClockKind.PRICING and not terms.pricing_hours)
            or (step.clock == ClockKind.OWNER and not terms.owner_hours)
        )
        if never:
            errors[place] = _("There is no such clock: it has 0 hours.")
        elif step.action == Action.SUSPEND and not terms.suspend_after:
            errors[place] = _("Nobody is ever suspended: please say how many misses it takes.")
        elif step.action == Action.OFFER_EXTENSION and not terms.most_extensions:
            errors[place] = _("Nobody can have more time: please say how often.")
    return {f"steps-{place}": said for place, said in (errors | steps.check(terms.steps)).items()}


def too_many() -> str:
    """Say that there are as many as can be overlooked."""
    return str(_("At most %(most)d fit here.", most=MOST_POLICIES))


def wait_in_line() -> None:
    """Have one change of policies after the other."""
    session().execute(ONE_AT_A_TIME)


def lock(key: str) -> DeadlinePolicy:
    """Return the newest version of a policy, fresh, nobody else changing any. Raises NotFound."""
    wait_in_line()
    found = session().scalar(
        NEWEST.where(DeadlinePolicy.key == key).execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound()
    return found


def free_key(name: str, taken: Collection[str]) -> str:
    """Make a key out of a name that none of these has."""
    wanted = make_key(name)[:50]
    if not wanted[0].isalpha():
        wanted = f"x_{wanted}"
    key, number = wanted, 2
    while key in taken:
        key, number = f"{wanted}_{number}", number + 1
    return key

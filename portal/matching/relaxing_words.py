"""What a rule lets go of, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from portal.matching import versions
from portal.matching.criteria import Criterion
from portal.matching.explaining import tells_of_customers
from portal.matching.relaxing import How, Step, take
from portal.matching.words import describe_criterion


def tell_step(before: Criterion, after: Criterion | None, how: str) -> str:
    """Say what one step does to a criterion."""
    asked = describe_criterion(before)
    if after is None:
        return str(_("without: %(asked)s", asked=asked))
    if how == How.RANKS:
        return str(_("gives points instead of being a must: %(asked)s", asked=asked))
    return str(_("%(milder)s instead of %(asked)s", milder=describe_criterion(after), asked=asked))


def tell_steps(
    criteria: Sequence[Mapping[str, Any]], steps: Sequence[Step], *, own: bool = False
) -> list[str]:
    """Say what the steps do that a rule's criteria, as they are stored, let be taken.

    Before the pickup a firm reads of its `own` nothing about who knows the customer.
    """
    eased: list[Criterion | None] = [Criterion.from_data(data) for data in criteria]
    said = []
    for step in steps:
        clause = step["clause"]
        before = eased[clause] if clause < len(eased) else None
        if before is not None and take(eased, step) and not (own and tells_of_customers(before)):
            said.append(tell_step(before, eased[clause], step["how"]))
    return said


def tell_relaxed(
    rule_id: int | None, number: int | None, steps: Sequence[Step], *, own: bool = False
) -> list[str]:
    """Say what a version of a rule let go of for an offer; of its `own`, as `tell_steps` does."""
    if not steps or rule_id is None or number is None:
        return []
    return tell_steps(versions.get_version(rule_id, number).content["criteria"], steps, own=own)

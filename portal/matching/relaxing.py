"""Letting go of what a rule asks where nobody matches, pure: one step after the other, recorded.

A step is `{"clause": place among the rule's criteria, "how": …}`: `milder` asks less, as the kind
of criterion knows it (twice the distance, the level below), `ranks` makes a must give points
instead, `dropped` does without. Steps add up, in the order that the rule sets. A step names the
`kind` it means: where another criterion stands in that place by now, it does nothing. One that was
taken says `to` what, None where without: what is milder goes by a catalogue that changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from portal.matching.criteria import Criterion, Mode
from portal.matching.kinds import kind_of

MOST_STEPS = 20
USUAL_WEIGHT = 50.0
"""What a must weighs that ranks from now on, where the rule gives points for nothing else."""

Step = Mapping[str, Any]


class How(StrEnum):
    """What is done to a criterion that nobody meets."""

    MILDER = "milder"
    RANKS = "ranks"
    DROPPED = "dropped"


def ease(criteria: Sequence[Criterion], steps: Sequence[Step]) -> list[Criterion]:
    """Return what is still asked after these steps, in the rule's order."""
    eased: list[Criterion | None] = list(criteria)
    for step in steps:
        take(eased, step)
    return [one for one in eased if one is not None]


def take(eased: list[Criterion | None], step: Step) -> bool:
    """Take one step; False where it changes nothing that takes partners out."""
    clause = step["clause"]
    one = eased[clause] if 0 <= clause < len(eased) else None
    if one is None or one.weighted or step.get("kind", one.kind) != one.kind:
        return False
    if "to" in step:
        eased[clause] = Criterion.from_data(step["to"]) if step["to"] else None
    else:
        eased[clause] = _eased(one, How(step["how"]), eased)
    return eased[clause] != one


def _eased(one: Criterion, how: How, among: Sequence[Criterion | None]) -> Criterion | None:
    if how is How.DROPPED:
        return None
    if how is How.MILDER:
        # what must not be cannot be so a little
        return (kind_of(one).milder(one) if one.required else None) or one
    if one.forbidden:
        return one
    weight = max((other.weight for other in among if other), default=0) or USUAL_WEIGHT
    return replace(one, mode=Mode.WEIGHTED, weight=weight)


def stages(
    criteria: Sequence[Criterion], steps: Sequence[Step]
) -> Iterator[tuple[list[Criterion], list[dict[str, Any]]]]:
    """Yield what is asked after one step, after two, and so on, with the steps taken so far."""
    eased: list[Criterion | None] = list(criteria)
    taken: list[dict[str, Any]] = []
    for step in steps[:MOST_STEPS]:
        if take(eased, step):
            now = eased[step["clause"]]
            taken.append({**step, "to": now.to_data() if now else None})
            yield [one for one in eased if one is not None], list(taken)


def ways(one: Criterion) -> list[How]:
    """Return how a criterion can be let go."""
    if one.weighted:
        return []
    if one.forbidden:
        return [How.DROPPED]
    milder = [How.MILDER] if kind_of(one).milder(one) else []
    return [*milder, How.RANKS, How.DROPPED]

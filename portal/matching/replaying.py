"""What a replay adds up, pure: who gains, who loses, and how many leads find how many partners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

SHOWN = 20
"""So many of the firms that gain, of those that lose, and of leads are named."""
MANY = ((0, 0), (1, 1), (2, 5), (6, 20), (21, None))
"""Leads by how many partners were found for them, from and to."""
SIZES = ((1, 9), (10, 49), (50, 249), (250, None))
"""Firms by their people, from and to: the classes of the European Commission (2003/361/EC)."""

Span = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Traits:
    """By what of a firm its offers are added up."""

    level_id: int | None
    people: int | None
    region: str | None


@dataclass(slots=True)
class Tally:
    """Leads gone through: for whom each was before, and for whom it would be."""

    leads: int = 0
    same: int = 0
    before: Counter[int] = field(default_factory=Counter)
    after: Counter[int] = field(default_factory=Counter)
    many: dict[Span, list[int]] = field(default_factory=lambda: {span: [0, 0] for span in MANY})
    emptied: list[int] = field(default_factory=list)
    filled: list[int] = field(default_factory=list)

    def add(self, lead_id: int, before: Collection[int], after: Collection[int]) -> None:
        """Count one lead."""
        self.leads += 1
        self.same += set(before) == set(after)
        self.before.update(before)
        self.after.update(after)
        self.many[_span(MANY, len(before))][0] += 1
        self.many[_span(MANY, len(after))][1] += 1
        if before and not after:
            self.emptied.append(lead_id)
        if after and not before:
            self.filled.append(lead_id)

    def firms(self) -> list[int]:
        """Return the firms that were offered a lead, or would be."""
        return sorted(self.before | self.after)

    def result(self, traits: Mapping[int, Traits]) -> dict[str, Any]:
        """Return what came out, as it is kept; every pair is before and after."""
        changes = {
            firm: self.after[firm] - self.before[firm]
            for firm in self.firms()
            if self.after[firm] != self.before[firm]
        }
        by_change = sorted(changes, key=lambda firm: (-abs(changes[firm]), firm))
        gain = [firm for firm in by_change if changes[firm] > 0]
        loss = [firm for firm in by_change if changes[firm] < 0]
        return {
            "leads": self.leads,
            "same": self.same,
            "many": [[*span, *pair] for span, pair in self.many.items()],
            "emptied": [len(self.emptied), self.emptied[:SHOWN]],
            "filled": [len(self.filled), self.filled[:SHOWN]],
            "gain": [len(gain), [self._line(firm) for firm in gain[:SHOWN]]],
            "loss": [len(loss), [self._line(firm) for firm in loss[:SHOWN]]],
            "level": self._by(traits, lambda one: one.level_id),
            "size": self._by(traits, lambda one: size_of(one.people)),
            "region": self._by(traits, lambda one: one.region),
        }

    def _line(self, firm: int) -> list[int]:
        return [firm, self.before[firm], self.after[firm]]

    def _by(self, traits: Mapping[int, Traits], trait: Callable[[Traits], Any]) -> list[list[Any]]:
        """Add up offers by a trait of the firms: its value, before, after; most offers first."""
        sums: dict[Any, list[int]] = {}
        for firm, one in traits.items():
            pair = sums.setdefault(trait(one), [0, 0])
            pair[0] += self.before[firm]
            pair[1] += self.after[firm]
        lines = [[value, *pair] for value, pair in sums.items()]
        return sorted(lines, key=lambda line: (-max(line[1:]), str(line[0])))


def size_of(people: int | None) -> int | None:
    """Return the least number of people of the size a firm has; None where it isn't known."""
    return _span(SIZES, people)[0] if people else None


def _span(spans: tuple[Span, ...], number: int) -> Span:
    return next(span for span in reversed(spans) if number >= span[0])

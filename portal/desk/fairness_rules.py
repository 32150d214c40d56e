"""How evenly leads fall to partners, pure: shares of groups that give nobody away, and Gini.

A group is never smaller than `LEAST` firms: smaller ones go together, so that nobody is recognised.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

LEAST = 5
OTHERS = "others"
"""The key of what was put together because it was too small."""

SIZES: Mapping[str, int] = {"1-9": 9, "10-49": 49, "50-249": 249}
"""Bands of people by their last number; beyond is `LARGEST`."""
LARGEST, UNKNOWN = "250+", "unknown"


class FirmMonth(NamedTuple):
    """What fell to one firm, and how it stood then."""

    level_id: int | None
    country: str
    subdivision: str | None
    people: int | None
    offers: int
    hot_offers: int
    picks: int
    hot_picks: int

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Return what fell to it, as a `Group` counts it."""
        return self.offers, self.hot_offers, self.picks, self.hot_picks


COUNTS = ("firms", "offers", "hot_offers", "picks", "hot_picks")


@dataclass(slots=True)
class Group:
    """Firms put together, and what fell to them."""

    key: Any
    firms: int = 0
    offers: int = 0
    hot_offers: int = 0
    picks: int = 0
    hot_picks: int = 0

    def take(self, other: Group) -> None:
        """Put another group into this one."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def size_of(people: int | None) -> str:
    """Return the band of a firm's size."""
    if people is None:
        return UNKNOWN
    return next((band for band, last in SIZES.items() if people <= last), LARGEST)


def keys_of(firms: Iterable[FirmMonth]) -> Mapping[str, Callable[[FirmMonth], Any]]:
    """Return by what firms are put together: level, region and size.

    Their region is the country, or the state where all of them are of one country.
    """
    abroad = len({firm.country for firm in firms}) > 1
    return {
        "level": lambda firm: firm.level_id,
        "region": lambda firm: firm.country if abroad else firm.subdivision or firm.country,
        "size": lambda firm: size_of(firm.people),
    }


def group(firms: Iterable[FirmMonth], key: Callable[[FirmMonth], Any]) -> list[Group]:
    """Return what fell to each group, the largest first; none where all together are too few.

    What is too small goes together, and where that is still too small the next smallest with it.
    """
    found: dict[Any, Group] = defaultdict(lambda: Group(None))
    for firm in firms:
        of = found[key(firm)]
        of.key = key(firm)
        of.take(Group(None, 1, *firm.counts))
    groups = sorted(found.values(), key=lambda one: (-one.firms, str(one.key)))
    others = Group(OTHERS)
    while groups and (groups[-1].firms < LEAST or 0 < others.firms < LEAST):
        others.take(groups.pop())
    if others.firms:
        groups.append(others)
    return groups if all(one.firms >= LEAST for one in groups) else []


def share(part: int, whole: int) -> float | None:
    """Return a part of a whole; None where there is nothing to share."""
    return part / whole if whole else None


def gini(values: Sequence[int]) -> float | None:
    """Return the Gini coefficient: 0 where all have the same, towards 1 where one has all.

    Of sorted values x it is (2·Σ i·x_i) / (n·Σ x) − (n + 1)/n; None where there is nothing.
    """
    whole, n = sum(values), len(values)
    if not whole:
        return None
    weighed = sum(place * value for place, value in enumerate(sorted(values), 1))
    return min(1.0, max(0.0, 2 * weighed / (n * whole) - (n + 1) / n))

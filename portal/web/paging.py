"""Pages of a list, numbered from 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page; `more` says whether another follows."""

    items: Sequence[T]
    number: int
    more: bool

    @property
    def before(self) -> int | None:
        """Number of the page before, None on the first."""
        return self.number - 1 if self.number > 1 else None

    @property
    def after(self) -> int | None:
        """Number of the page after, None on the last."""
        return self.number + 1 if self.more else None


def cut(rows: Sequence[T], number: int, size: int) -> Page[T]:
    """Make a page out of at most `size + 1` rows that a query returned."""
    return Page(rows[:size], number, len(rows) > size)


def page_number(raw: str | None) -> int:
    """Read a page number from the query string; anything odd is page 1."""
    return min(int(raw), 100_000) if raw and raw.isdecimal() and int(raw) > 0 else 1

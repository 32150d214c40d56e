"""A part of the programme that people keep as a file, and bring back: what it would change, told.

Not here: what a file of a part may say and what becomes of it (the room whose it is).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """What a file makes of the thing at a place: `added`, `changed` or `retired`.

    `parts` are what reads differently of it.
    """

    kind: str
    place: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptFile(Generic[T]):
    """How a part is written and read; it is called by its plural, as commands call it.

    `read` raises `Invalid` by place for what can't be understood, `compare` and `bring_in` for what
    can't be so; then nothing changes. `bring_in` is given who did it and when.
    """

    called: str
    file_name: str
    most_bytes: int
    write: Callable[[], str]
    read: Callable[[bytes], T]
    compare: Callable[[T], Sequence[Change]]
    bring_in: Callable[[T, int | None, datetime], Sequence[Change]]

    def take(self, file: bytes, by: int | None, at: datetime, *, only: bool) -> Sequence[Change]:
        """Have all be as a file says, or with `only` say what would be different."""
        described = self.read(file)
        return self.compare(described) if only else self.bring_in(described, by, at)

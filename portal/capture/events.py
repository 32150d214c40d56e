"""What happens to deliveries of other systems. Codes and numbers only."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTaken(Event):
    """A file of the watched folder was taken; `refused` rows stand in the results beside it."""

    system: str
    created: int
    unchanged: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFailed(Event):
    """A file of the watched folder could not be read."""

    system: str

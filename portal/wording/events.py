"""What happens to the programme's own words; a kind of mail by its key, never what was written."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingDrafted(Event):
    """Own words of a kind of mail were written or changed; they don't count yet."""

    user_id: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingDraftDropped(Event):
    """A draft of own words was thrown away."""

    user_id: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingActivated(Event):
    """Own words count from now on; `origin` says whether they were written, restored or reset."""

    user_id: int
    kind: str
    number: int
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingTried(Event):
    """Somebody sent a mail with own words to himself."""

    user_id: int
    kind: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingFailed(Event):
    """A mail went out with our words, because the programme's own could not be written."""

    version_id: int
    kind: str
    code: str

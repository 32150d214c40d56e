"""What This morning is made of: one sentence, the figure that matters, and lists of a few lines.

What stands in them is read by `partner_mornings` and `vendor_mornings`, each role from what it
may. Never contact data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from portal.accounts.actor import Actor


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with what it means; `late` where it should be nought."""

    label: str
    value: str
    note: str = ""
    url: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line that leads somewhere: what, and at its end how many or until when."""

    what: str
    url: str
    note: str = ""
    temperature: str | None = None
    rated: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A list with its heading; where it is empty it says so."""

    key: str
    heading: str
    lines: Sequence[Line]
    empty: str
    more: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Morning:
    """All of it for one person: `said` is what the first sentences say, in their order."""

    said: Sequence[str] = field(default_factory=tuple)
    tiles: Sequence[Tile] = field(default_factory=tuple)
    parts: Sequence[Part] = field(default_factory=tuple)

    def __add__(self, other: Morning) -> Morning:
        """Return the mornings of two roles of one person as one."""
        return Morning(
            [*self.said, *other.said], [*self.tiles, *other.tiles], [*self.parts, *other.parts]
        )

    @property
    def sentence(self) -> str:
        """Return what is to be known before anything else."""
        if not self.said:
            return str(_("Nothing is owed, and nothing ends today."))
        return " ".join(self.said)


@dataclass(frozen=True, slots=True)
class Today:
    """A person's day: where it begins and ends, and since when something counts as new."""

    at: datetime
    zone: ZoneInfo

    @property
    def yesterday(self) -> datetime:
        """Return the moment at which yesterday began where she is."""
        return self._midnight(-1)

    @property
    def tonight(self) -> datetime:
        """Return the moment at which her day is over."""
        return self._midnight(1)

    def _midnight(self, days: int) -> datetime:
        day = self.at.astimezone(self.zone).date() + timedelta(days=days)
        return datetime.combine(day, time.min, self.zone)


def today_of(actor: Actor, at: datetime) -> Today:
    """Return a person's day."""
    return Today(at, ZoneInfo(actor.timezone))


Counted = tuple[int, Callable[[int], str], str]
"""How many of something there are, how that is said, and where it leads."""


def news(counted: Sequence[Counted], today: Today) -> Part:
    """Return what has changed since yesterday; what has not is left out."""
    return Part(
        "news",
        _("Since yesterday"),
        [Line(say(number), url) for number, say, url in counted if number],
        _("Nothing has changed since yesterday."),
    )

"""How leads are shared out, pure: who had enough for now, and who sits on a place that is drawn.

Nothing here changes how well a partner suits a lead: his score stays what it is. He is left out for
a while, or comes in on a place that chance gives to new and small firms.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from math import log
from typing import Any, Protocol, TypeVar

from portal.matching.rules import LOTS, draw
from portal.matching.sharing import Share

MOST_AWAY = 366
"""A window reaches back over so many days of absence and no more."""

LEAST_WEIGHT = 0.01
"""Nobody who suits has no chance at all."""

PLACES = 0
"""The lot of the round itself: no firm has this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the programme agreed on; see `models.FairnessTerms`. Without any, all share alike."""

    number: int = 0
    period_days: int = 30
    most_offers: int | None = None
    most_hot_offers: int | None = None
    most_picks: int | None = None
    most_hot_picks: int | None = None
    cooling_days: int = 0
    explored: int = 0
    new_days: int = 180
    small_people: int = 10

    @property
    def caps_offers(self) -> bool:
        """Say whether offers are counted."""
        return self.most_offers is not None or self.most_hot_offers is not None

    @property
    def caps_picks(self) -> bool:
        """Say whether picks are counted."""
        return self.most_picks is not None or self.most_hot_picks is not None

    @property
    def asks_of_hot_picks(self) -> bool:
        """Say whether hot picks matter to hot leads."""
        return self.most_hot_picks is not None or self.cooling_days > 0

    @property
    def says_something(self) -> bool:
        """Say whether anything is shared out otherwise than by the rules alone."""
        return bool(self.caps_offers or self.caps_picks or self.cooling_days or self.explored)

    def kept(self) -> dict[str, Any]:
        """Return the terms as they are kept with a round."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Had:
    """What a firm has had within its window, and when it last picked up a hot one."""

    offers: int = 0
    hot_offers: int = 0
    picks: int = 0
    hot_picks: int = 0
    last_hot: datetime | None = None


NOTHING_YET = Had()


def window_start(
    at: datetime,
    days: int,
    away: Sequence[tuple[date, date]],
    free: Container[date] = frozenset(),
) -> datetime:
    """Return since when leads count for a firm: so many days on which it was there.

    `away` are the first and last days of its absences, `free` public holidays and days off of its
    own. They don't count, so being away neither empties the window, which would bring a flood
    afterwards, nor uses up a part of it.
    """
    today, back, present = at.date(), 0, 0
    while present < days and back < days + MOST_AWAY:
        day = today - timedelta(days=back)
        present += day not in free and not any(first <= day <= last for first, last in away)
        back += 1
    return at - timedelta(days=back)


def cools_until(last_hot: datetime | None, days: int, at: datetime) -> datetime | None:
    """Return when a firm that picked up a hot lead may have the next one; None: at once.

    Days of the calendar: being away and public holidays neither lengthen nor shorten them.
    """
    if last_hot is None or not days:
        return None
    until = last_hot + timedelta(days=days)
    return until if at < until else None


def cooling_since(days: int, at: datetime) -> datetime | None:
    """Return since when a hot lead matters to the next one; None where none does."""
    return at - timedelta(days=days) if days else None


def left_out(terms: Terms, had: Had, hot: bool, at: datetime) -> Share | None:
    """Return why a firm that suits is not offered a lead now, or None."""
    if _full(had.offers, terms.most_offers):
        return Share.OFFERS
    if _full(had.picks, terms.most_picks):
        return Share.PICKS
    if not hot:
        return None
    if _full(had.hot_offers, terms.most_hot_offers):
        return Share.HOT_OFFERS
    if _full(had.hot_picks, terms.most_hot_picks):
        return Share.HOT_PICKS
    return Share.COOLING if cools_until(had.last_hot, terms.cooling_days, at) else None


def _full(count: int, most: int | None) -> bool:
    return most is not None and count >= most


@dataclass(frozen=True, slots=True)
class PickCap:
    """How many leads a firm may pick up within `days` of presence, and since when they count.

    `since` is None where they aren't counted. After a hot one it has none for `cooling_days`; those
    picked up after `cooling_since` matter.
    """

    days: int
    most: int | None
    most_hot: int | None
    since: datetime | None
    cooling_days: int = 0
    cooling_since: datetime | None = None


class Ranked(Protocol):
    """A partner who suits, as `operations.Matched`."""

    @property
    def organisation_id(self) -> int: ...
    @property
    def score(self) -> float: ...


P = TypeVar("P", bound=Ranked)


def drawn_places(places: int, percent: int, seed: int) -> int:
    """Return how many of the places are drawn; over many rounds so many percent of them.

    Where that isn't a whole number the round's own lot decides about the last one.
    """
    whole, rest = divmod(places * percent, 100)
    return whole + (draw(seed, PLACES) % 100 < rest if seed else 0)


def draw_lots(candidates: Sequence[Ranked], places: int, seed: int) -> list[int]:
    """Return who is drawn, better suited ones more likely: random by the seed, without return.

    Each has u to the power of 1/score, u being his lot between 0 and 1, and the largest ones win
    (Efraimidis, Spirakis: Weighted random sampling with a reservoir, 2006); here by the logarithm,
    which orders them alike.
    """

    def key(one: Ranked) -> tuple[float, int]:
        lot = (draw(seed, one.organisation_id) + 1) / (LOTS + 2)
        return log(lot) / max(one.score, LEAST_WEIGHT), -one.organisation_id

    return [one.organisation_id for one in sorted(candidates, key=key, reverse=True)[:places]]


def arrange(
    ranked: Sequence[P], newcomers: Collection[int], places: int | None, percent: int, seed: int
) -> tuple[Sequence[P], frozenset[int]]:
    """Return the partners with some of the first places given to new and small firms, and to whom.

    `places` are those of the first ring; None: everybody is in it. Who has a place by his rank
    keeps it and is not drawn. Places for which nobody is left go on by rank.
    """
    if places is None or len(ranked) <= places:
        return ranked, frozenset()
    kept = places - drawn_places(places, percent, seed)
    behind = ranked[kept:]
    new = {one.organisation_id: one for one in behind if one.organisation_id in newcomers}
    lots = draw_lots(list(new.values()), places - kept, seed)
    rest = [one for one in behind if one.organisation_id not in lots]
    filled = places - kept - len(lots)
    first = [*ranked[:kept], *rest[:filled], *(new[firm] for firm in lots)]
    return [*first, *rest[filled:]], frozenset(lots)


def count_left_out(out: Mapping[Share, Sequence[int]]) -> dict[str, int]:
    """Return how many firms each code left out, in the order in which they are asked."""
    return {str(share): len(out[share]) for share in Share if share in out}

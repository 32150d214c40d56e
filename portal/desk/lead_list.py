"""Reads of lists of leads: a page, how many there are, all of them for a file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, func, literal, select, tuple_

from portal.core.db import AnyRow, session
from portal.desk.lead_columns import ORDER_BY_KEY, Eyes, Order, every_column, every_order
from portal.desk.lead_filters import Asked, Asking, conditions
from portal.leads import finding
from portal.leads.models import Lead, LeadWords
from portal.pickup.models import Pickup

PAGE = 50
COUNTED = 1000
"""Beyond this many nobody counts on, or looks each up only to put it in its place."""
AT_ONCE = 500
WORDS = LeadWords.__table__
OPEN_PICKUP = (Pickup.lead_id == Lead.id) & Pickup.ended_at.is_(None)


@dataclass(frozen=True, slots=True)
class Leads:
    """A page of leads, and the ids from which the pages before and after go on.

    `counted` is how many there are in all, up to `COUNTED` + 1, where that was found on the way.
    """

    rows: Sequence[AnyRow]
    before: int | None
    after: int | None
    counted: int | None = None


class LeadList:
    """The leads that somebody asked for, as far as she may see them."""

    def __init__(self, asked: Asked, asking: Asking, eyes: Eyes) -> None:
        self.asked, self.asking, self.eyes = asked, asking, eyes
        self.order: Order = every_order()[asked.order]
        self._words = self._begin()
        self._conditions = [
            asking.visible,
            *conditions(asked, asking, eyes),
        ]
        self.too_long: Order | None = None
        """The order that was asked for, where there are more leads than can be put in it."""
        self._count: int | None = None
        if self.order.few:
            self._count = self._counted()
            if self._count > COUNTED:
                self.too_long, self.order = self.order, ORDER_BY_KEY["newest"]

    def _begin(self) -> FromClause | None:
        """Return what stands beside the leads, where the list begins there; None without words.

        What nobody narrowed is walked in its order there; a list with filters begins with leads.
        """
        text, asking = self.asked.text, self.asking
        if text:
            by_contact = [
                lead_id
                for find in (finding.find_by_contact, finding.find_by_own)
                for lead_id in find(text, asking.actor, self.eyes.choices, asking.visible)
            ]
            return finding.found(text, by_contact)
        return WORDS if self.order.walked and not self.asked.narrowed else None

    def page(self, *, after: int | None = None, before: int | None = None) -> Leads:
        """Return the first page, or the one after or before a lead; the first if that is gone."""
        place = self.place_of(after if after is not None else before)
        if place is None:
            after = before = None
        query = self._places()
        ascending = (before is None) != self.order.down
        if place is not None:
            here = tuple_(*self._by)
            there = self._there(place)
            query = query.where(here > there if ascending else here < there)
        counts = place is None and self._count is None
        rows = session().execute(self._rows(query, ascending, PAGE + 1, counts=counts)).all()
        shown, more = rows[:PAGE], len(rows) > PAGE
        if before is not None:
            shown = shown[::-1]
            return Leads(shown, _end(shown, 0, more), _end(shown, -1, True))
        counted = (rows[0].counted if rows else 0) if counts else None
        return Leads(shown, _end(shown, 0, after is not None), _end(shown, -1, more), counted)

    def count(self, page: Leads) -> int:
        """Return how many there are; `COUNTED` + 1 where there are more than `COUNTED`."""
        if page.counted is not None:
            return page.counted
        return self._counted() if self._count is None else self._count

    def _counted(self) -> int:
        some = self._joined(select(self._lead_id)).limit(COUNTED + 1).subquery()
        return session().scalar(select(func.count()).select_from(some)) or 0

    def ids(self, among: Collection[int]) -> list[int]:
        """Return which of these leads are in the list."""
        lead_id = self._lead_id
        query = self._joined(select(lead_id)).where(lead_id.in_(among)).order_by(lead_id)
        return list(session().scalars(query))

    def all(self) -> Iterator[Sequence[AnyRow]]:
        """Yield all of them, some hundred at a time, in order."""
        last: tuple[Any, int] | None = None
        ascending = not self.order.down
        while True:
            query = self._places()
            if last is not None:
                here, there = tuple_(*self._by), self._there(last)
                query = query.where(here > there if ascending else here < there)
            rows = session().execute(self._rows(query, ascending, AT_ONCE)).all()
            yield rows
            if len(rows) < AT_ONCE:
                return
            last = (rows[-1].place, rows[-1].id)

    @property
    def _lead_id(self) -> ColumnElement[int]:
        return Lead.id.expression if self._words is None else self._words.c.lead_id

    @property
    def _by(self) -> tuple[Any, Any]:
        return (self._place(self._words), self._lead_id)

    def _place(self, words: FromClause | None) -> Any:
        """Return by what the list is ordered; as it stands beside the words, where they are."""
        if words is None or not self.order.word:
            return self.eyes.ordered(self.order)
        return words.c[self.order.word]

    def _there(self, place: tuple[Any, int]) -> Any:
        value, lead_id = place
        return tuple_(literal(value, self._by[0].type), literal(lead_id, Lead.id.type))

    def _places(self) -> Select[Any]:
        """Return the query of ids and places in the order, narrowed."""
        return self._joined(select(self._lead_id.label("id"), self._by[0].label("place")))

    def _rows(
        self, places: Select[Any], ascending: bool, most: int, *, counts: bool = False
    ) -> Select[Any]:
        """Return the query of what is shown of the first places, looked up for them alone.

        With `counts` as many places as are counted are found, and each row says how many.
        """
        ordered = places.order_by(*_ordered(self._by, ascending))
        found: FromClause = ordered.limit(most).subquery("found")
        counted: list[Any] = []
        if counts:
            every = ordered.limit(COUNTED + 1).cte("every")
            first = _ordered((every.c.place, every.c.id), ascending)
            found = select(every).order_by(*first).limit(most).subquery("found")
            number = select(func.count()).select_from(every).scalar_subquery()
            counted.append(number.label("counted"))
        columns = every_column()
        chosen: list[Any] = [
            self.eyes.masked(columns[key]).label(key) for key in self.asked.columns
        ]
        return (
            select(Lead.id, Lead.number, Lead.title, *chosen, found.c.place, *counted)
            .select_from(found)
            .join(Lead, Lead.id == found.c.id)
            .outerjoin(Pickup, OPEN_PICKUP)
            .order_by(*_ordered((found.c.place, found.c.id), ascending))
        )

    def _joined(self, query: Select[Any]) -> Select[Any]:
        """Return a query of leads with the open pickup of each beside it, narrowed.

        Where it begins with words, leads and pickups that nothing asks for are not looked at.
        """
        if self._words is None:
            query = query.select_from(Lead)
        else:
            query = query.select_from(self._words).outerjoin(Lead, Lead.id == self._lead_id)
        opened = (Pickup.lead_id == self._lead_id) & Pickup.ended_at.is_(None)
        return query.outerjoin(Pickup, opened).where(*self._conditions)

    def place_of(self, lead_id: int | None) -> tuple[Any, int] | None:
        """Return the place of a lead that the reader may see; None where there is none."""
        if lead_id is None:
            return None
        place = self._place(None if self._words is None else WORDS)
        row = (
            session()
            .execute(
                select(place, Lead.id)
                .join(LeadWords, LeadWords.lead_id == Lead.id)
                .outerjoin(Pickup, OPEN_PICKUP)
                .where(Lead.id == lead_id, self.asking.visible)
            )
            .one_or_none()
        )
        return None if row is None else (row[0], row[1])


def _ordered(by: tuple[Any, Any], ascending: bool) -> list[ColumnElement[Any]]:
    return [one.asc() if ascending else one.desc() for one in by]


def _end(shown: Sequence[AnyRow], which: int, more: bool) -> int | None:
    return shown[which].id if shown and more else None

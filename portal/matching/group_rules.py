"""Decisions about groups of partners, pure: which is filled first, who is in, and on which days."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date

Inside = Mapping[int, Collection[int]]
"""The groups whose members belong to a group, too, by its id."""


def is_on(first: date | None, last: date | None, day: date) -> bool:
    """True where a group has members on `day`; first and last day count."""
    return (first is None or first <= day) and (last is None or day <= last)


def in_order(inside: Inside) -> Iterator[int]:
    """Yield all groups, each after those inside of it."""
    done: set[int] = set()

    def walk(group_id: int) -> Iterator[int]:
        if group_id in done or group_id not in inside:
            return
        done.add(group_id)
        for other in inside[group_id]:
            yield from walk(other)
        yield group_id

    for group_id in inside:
        yield from walk(group_id)


def around(group_ids: Collection[int], inside: Inside) -> set[int]:
    """Return these groups and all that they are inside of, however deep."""
    found = set(group_ids)
    for group_id in in_order(inside):
        if not found.isdisjoint(inside[group_id]):
            found.add(group_id)
    return found


def members_of(
    chosen: Mapping[int, bool], meeting: Collection[int], others: Collection[Collection[int]]
) -> set[int]:
    """Return who is in a group: who meets its criteria and who is in others; a choice beats both.

    `chosen` says of firms that somebody put them in (True) or left them out (False).
    """
    members = set(meeting).union(*others)
    members |= {firm for firm, inside in chosen.items() if inside}
    return members - {firm for firm, inside in chosen.items() if not inside}

"""What criteria lack before they can be asked: in figures, in choices, in what they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flask_babel import gettext as _

from portal.catalog.queries import book
from portal.matching.criteria import COMPOUND, HEAVIEST, NEEDS, Criterion, Kind
from portal.matching.names import is_language
from portal.web.filters import number

DEEPEST = 4
"""In so many groups a criterion may stand."""
MOST_CRITERIA = 60
FURTHEST_KM = 20_000
LONGEST_DAYS = 3650
LONGEST_MINUTES = 525_600
LARGEST = 10**9
NEEDED = (Kind.PLACE, Kind.TERRITORY, Kind.SPECIALISATION, Kind.CERTIFICATION, Kind.OWN)
"""These ask for one of several, so that one has to be chosen."""


def numbered(criteria: Iterable[Criterion]) -> list[tuple[Criterion, bool]]:
    """Return criteria in the order of their lines, what is inside of one after it; and if it is."""
    return list(_lines(criteria, inside=False))


def _lines(criteria: Iterable[Criterion], *, inside: bool) -> Iterator[tuple[Criterion, bool]]:
    for criterion in criteria:
        yield criterion, inside
        yield from _lines(criterion.of, inside=True)


def wrong_with(criteria: Iterable[Criterion]) -> dict[str, str]:
    """Return what is wrong with criteria, by "criteria-<line>-<what>"."""
    return {
        f"criteria-{number}-{what}": said
        for number, (criterion, inside) in enumerate(numbered(criteria))
        for what, said in _wrong(criterion, inside=inside)
    }


def _wrong(criterion: Criterion, *, inside: bool) -> Iterator[tuple[str, str]]:
    kind = criterion.kind
    if criterion.weighted and not inside and not 1 <= criterion.weight <= HEAVIEST:
        yield "weight", _("Please give a weight from 1 to 100.")
    if kind is Kind.RADIUS and not 1 <= criterion.km <= FURTHEST_KM:
        yield "km", _("Please give a distance from 1 to 20,000 km.")
    if kind in NEEDED and not any((criterion.codes, criterion.ids, criterion.own)):
        yield NEEDS[kind][0], _("Please choose at least one.")
    if "ids" in NEEDS[kind]:
        known = {entry.id for entry in book().by_kind.get(kind, ())}
        if not known.issuperset(criterion.ids):
            yield "ids", _("Please choose from the list.")
    if not all(map(is_language, criterion.languages)):
        yield "languages", _("Please choose from the list.")
    if kind is Kind.LEVEL and not criterion.weighted and not criterion.level_id:
        yield "level_id", _("Please choose the lowest level that will do.")
    if kind in COMPOUND and not criterion.of:
        yield "kind", _("Please add what belongs to it, or remove it.")
    yield from _wrong_figures(criterion)


def _wrong_figures(criterion: Criterion) -> Iterator[tuple[str, str]]:
    least, most = criterion.least, criterion.most
    if least is not None and least < 0:
        yield "least", _("Please give a number above 0, or leave it empty.")
    if criterion.kind in (Kind.CONVERSION, Kind.PUNCTUALITY, Kind.VALUE) and (least or 0) > 1:
        yield "least", _("Please give 0 to 100 percent.")
    elif least is not None and least > LARGEST:
        yield "least", _("Please give at most %(most)s.", most=number(LARGEST))
    if most is not None and most <= 0:
        yield "most", _("Please give a number above 0, or leave it empty.")
    elif criterion.kind is Kind.RESPONSE and (most or 0) > LONGEST_MINUTES:
        yield "most", _("Please give at most %(most)s minutes.", most=number(LONGEST_MINUTES))
    elif most is not None and most > LARGEST:
        yield "most", _("Please give at most %(most)s.", most=number(LARGEST))
    elif least is not None and most is not None and least > most:
        yield "most", _("It can’t end before it begins.")
    if criterion.kind is Kind.PEOPLE and least is None and most is None:
        yield "least", _("Please say how many at least, or at most.")
    if criterion.days is not None and not 1 <= criterion.days <= LONGEST_DAYS:
        yield "days", _("Please give 1 to %(most)d days.", most=LONGEST_DAYS)

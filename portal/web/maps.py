"""A map of self-hosted outlines: where places lie on it, and which part of it is shown.

The outlines are built by `static/build.mjs` into `world.svg`, projected (Mercator) and divided as
here; no tiles, no other server. What is drawn on top is for the rooms to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import cos, log, pi, radians, sqrt, tan

STEPS = 20
"""So many steps make a degree at the equator."""
SOUTH, NORTH = -60.0, 84.0
KM_OF_DEGREE = 111.32
LEAST_WIDTH = 8 * STEPS
"""Nobody looks closer than some degrees: the outlines are coarse."""
DOTS = 90
"""So many times the smallest dot goes into the width."""
SHAPE = 1.6
"""How much wider than high the map is."""
MARGIN = 0.12
WORLD = 360 * STEPS


@dataclass(frozen=True, slots=True)
class Dot:
    """Something at a place: how much of it, what it is called, and where it leads."""

    latitude: float
    longitude: float
    words: str
    count: int = 1
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Circle:
    """All that is within some kilometres of a place; of none, the place itself."""

    latitude: float
    longitude: float
    km: float


@dataclass(frozen=True, slots=True)
class Region:
    """A country or state by its outline; `box` is where most of it lies, left, top, right, bottom.

    `part`: only a part of it is meant.
    """

    outline: str
    box: tuple[float, float, float, float]
    part: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """A dot or a circle where it is drawn."""

    x: float
    y: float
    r: float
    words: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Map:
    """What a template draws: the part that is shown, shaded regions, the circle, dots on top."""

    view: tuple[float, float, float, float]
    dots: Sequence[Drawn]
    circle: Drawn | None = None
    regions: Sequence[Region] = ()


def place(latitude: float, longitude: float) -> tuple[float, float]:
    """Return where a place lies on the outlines."""
    bounded = min(max(latitude, SOUTH), NORTH)
    north = log(tan(pi / 4 + radians(bounded) / 2))
    return longitude * STEPS, -north * 180 / pi * STEPS


def draw(
    dots: Iterable[Dot], circle: Circle | None = None, regions: Sequence[Region] = ()
) -> Map | None:
    """Return the map on which all of these are seen, None where there is nothing to see."""
    given = list(dots)
    points = [place(dot.latitude, dot.longitude) for dot in given]
    ring = None
    if circle is not None:
        x, y = place(circle.latitude, circle.longitude)
        # Mercator keeps small circles round; towards the poles they grow
        reach = circle.km / KM_OF_DEGREE / max(cos(radians(circle.latitude)), 0.1) * STEPS
        ring = Drawn(x, y, reach)
        points += [(x - reach, y - reach), (x + reach, y + reach)]
    for left, top, right, bottom in (region.box for region in regions):
        points += [(left, top), (right, bottom)]
    if not points:
        return None
    view = frame(points)
    unit = view[2] / DOTS
    if ring is not None and ring.r < unit:
        ring = replace(ring, r=unit)
    drawn = [
        Drawn(
            round(x, 1), round(y, 1), round(unit * sqrt(max(dot.count, 1)), 1), dot.words, dot.url
        )
        for dot, (x, y) in zip(given, points, strict=False)
    ]
    # the small ones lie on top of the large ones
    drawn.sort(key=lambda one: -one.r)
    return Map(view, drawn, ring, regions)


def frame(points: Sequence[tuple[float, float]]) -> tuple[float, float, float, float]:
    """Return left, top, width and height of the part that holds all points, with a margin."""
    left, right = min(x for x, _y in points), max(x for x, _y in points)
    top, bottom = min(y for _x, y in points), max(y for _x, y in points)
    width = max((right - left) * (1 + 2 * MARGIN), (bottom - top) * (1 + 2 * MARGIN) * SHAPE)
    width = min(max(width, LEAST_WIDTH), WORLD)
    height = width / SHAPE
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    return (
        round(middle_x - width / 2, 1),
        round(middle_y - height / 2, 1),
        round(width, 1),
        round(height, 1),
    )

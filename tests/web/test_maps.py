"""Where places lie on the outlines, and which part of them is shown."""

from __future__ import annotations

import json
import re
from math import dist
from pathlib import Path

import pytest

from portal.web import outlines
from portal.web.maps import LEAST_WIDTH, SHAPE, WORLD, Circle, Dot, draw, place

BUILT = Path(__file__).resolve().parents[2] / "static" / "vendor"
GERMANY = [(52.37, 9.73), (48.14, 11.58), (53.55, 9.99)]


def test_all_that_is_drawn_is_seen():
    drawn = draw(
        [Dot(latitude, longitude, "Somebody") for latitude, longitude in GERMANY],
        Circle(50.11, 8.68, 300),
    )
    left, top, width, height = drawn.view
    assert width / height == pytest.approx(SHAPE, abs=0.01)
    for one in (*drawn.dots, drawn.circle):
        assert left <= one.x - one.r
        assert one.x + one.r <= left + width
        assert top <= one.y - one.r
        assert one.y + one.r <= top + height


def test_one_place_is_not_looked_at_too_closely_and_none_is_no_map():
    assert draw([Dot(52.37, 9.73, "Somebody")]).view[2] == LEAST_WIDTH
    assert draw([]) is None


def test_more_is_larger_and_lies_below():
    one, many = Dot(50, 9, "one"), Dot(50, 9, "many", 16)
    drawn = draw([one, many]).dots
    assert [dot.words for dot in drawn] == ["many", "one"]
    assert drawn[0].r == pytest.approx(4 * drawn[1].r, rel=0.02)


def test_a_radius_reaches_as_far_as_it_says():
    """Hamburg is 255 km from Berlin."""
    berlin, hamburg = place(52.52, 13.405), place(53.55, 9.99)
    reach = draw([], Circle(52.52, 13.405, 255)).circle.r
    assert dist(berlin, hamburg) == pytest.approx(reach, rel=0.03)


def test_outlines_are_built_as_places_are_projected():
    """The coast nearest to Brest in Brittany lies within half a degree of it."""
    name = json.loads((BUILT / "manifest.json").read_text())["world.svg"]
    (land,) = re.findall(r'id="land" d="([^"]+)"', (BUILT / name).read_text())
    wanted, nearest = place(48.39, -4.49), 1e9
    for ring in land.split("M")[1:]:
        numbers = [int(number) for number in re.findall(r"-?\d+", ring)]
        x = y = 0
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + dx, y + dy
            nearest = min(nearest, dist((x, y), wanted))
    assert nearest < 10


def test_regions_are_built_where_they_lie(app):
    """Vienna and Sacramento lie where Austria and California do; France is the one in Europe."""
    with app.app_context():
        every = outlines.find(["AT", "AT-9", "US-CA", "FR", "AU", "XX", "US-XX"])
    assert [one.outline for one in every] == ["c040", "us-california", "c250", "c036", "c840"]
    drawn = BUILT / json.loads((BUILT / "manifest.json").read_text())["regions.svg"]
    assert all(f'id="{one.outline}"' in drawn.read_text() for one in every)
    for one, where in zip(every, [(48.21, 16.37), (38.58, -121.49), (48.86, 2.35)], strict=False):
        (x, y), (left, top, right, bottom) = place(*where), one.box
        assert left < x < right
        assert top < y < bottom
        assert right - left < WORLD / 20
    shown = draw([], None, every[:1]).view
    assert shown[0] < every[0].box[0]
    assert shown[2] < WORLD / 10


def test_a_place_alone_is_marked():
    drawn = draw([], Circle(52.37, 9.73, 0))
    assert drawn.circle.r > 0

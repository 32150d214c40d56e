"""How a chart is drawn: as SVG, in the colours that a stylesheet gives to its classes.

On the page that is the page's own, by day and by night; in a mail it is `colours`, always by day.
What is meant is written beside what shows it; shades tell apart by lightness, too. Pure.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from portal.reports.charts import Bars, Chart, Columns

WIDTH = 400.0
SHADES = ("chart-a", "chart-b", "chart-c")
# columns
BESIDE = 132.0
"""So much room is beside columns for what their parts are called."""
PITCH = 44.0
HEAD, PLOT, FOOT = 38.0, 120.0, 22.0
LINE, LETTER = 15.0, 7.0
# bars
NAME, LONGEST_NAME = 130.0, 19
ROW = 26.0

SVG = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="{} {} {} {}" '
    'width="{}" height="{}" role="img" aria-label="{}">{}</svg>'
)
RECT = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>')
TEXT = Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>')
RULE = Markup('<line class="chart-line" x1="{}" y1="{}" x2="{}" y2="{}"/>')


def draw(chart: Chart, margin: float = 0.0) -> Markup:
    """Return a chart as SVG, with a margin around it."""
    if isinstance(chart.shape, Columns):
        marks, height = _columns(chart.shape)
    else:
        marks, height = _bars(chart.shape)
    size = (WIDTH + 2 * margin, height + 2 * margin)
    box = [_at(one) for one in (-margin, -margin, *size, *size)]
    return SVG.format(*box, _plain(f"{chart.title}: {chart.alt}"), Markup("").join(marks))


def colours(accent: str) -> str:
    """Return the stylesheet of a chart on white, in the accent colour of a programme."""
    return (
        f".chart-a{{fill:{accent}}}.chart-b{{fill:#8b97a3}}"
        ".chart-c{fill:#fefefe;stroke:#8b97a3}.chart-track{fill:#eef1f3}"
        ".chart-line{stroke:#8b97a3}"
        "text{font-size:11.5px;fill:#5b6875}"
        ".chart-strong{fill:#16202a;font-weight:600}"
    )


def _columns(shape: Columns) -> tuple[list[Markup], float]:
    """Draw columns: above each its rate, beside the last one what its parts are."""
    count = len(shape.columns)
    pitch = min((WIDTH - BESIDE) / count, PITCH)
    ends = count * pitch
    highest = max(sum(one.parts) for one in shape.columns)
    lowest = max(one.under for one in shape.columns)
    scale = PLOT / (highest + lowest)
    ground = HEAD + highest * scale
    # what hangs from the line has its figure below
    bottom = ground + lowest * scale + (LINE if lowest else 0)
    marks = [RULE.format(*map(_at, (0, ground, ends, ground)))]
    named = _every(max(len(one.label) for one in shape.columns), pitch)
    # where figures have no room side by side, those of the largest and of the last stay
    roomy = len(str(max(highest, lowest))) * LETTER < pitch
    for index, one in enumerate(shape.columns):
        x, width = (index + 0.15) * pitch, 0.7 * pitch
        middle = x + width / 2
        y = ground
        for shade, leads in zip(SHADES, one.parts, strict=False):
            y -= leads * scale
            marks += _rect(shade, x, y, width, leads * scale)
        marks += _rect(SHADES[1], x, ground, width, one.under * scale)
        if one.rate is not None:
            marks.append(_text("chart-strong", middle, 12, str(one.rate)))
        last, size = index == count - 1, sum(one.parts)
        if size and (roomy or last or size == highest):
            marks.append(_text("chart-text", middle, y - 4, str(size)))
        if one.under and (roomy or last or one.under == lowest):
            under = ground + one.under * scale + 12
            marks.append(_text("chart-text", middle, under, str(one.under)))
        if (count - 1 - index) % named == 0:
            # the first one must not run out of the picture
            x = max(middle, len(one.label) * LETTER / 2)
            marks.append(_text("chart-text", x, bottom + FOOT - 6, one.label))
    beside = ends + 8
    marks.append(_text("chart-strong", beside, 12, shape.rate, "start"))
    for label in _labels(shape, ground, scale):
        marks += _rect(label.shade, beside, label.y - 4.5, 9, 9)
        marks.append(_text("chart-text", beside + 15, label.y + 4, label.words, "start"))
    return marks, bottom + FOOT


@dataclass(frozen=True, slots=True)
class Label:
    """What stands beside the part of the last column that it names."""

    shade: str
    y: float
    words: str


def _labels(shape: Columns, ground: float, scale: float) -> Sequence[Label]:
    """Return the labels of all parts that there are, from below, none on another."""
    last = shape.columns[-1]
    found: list[Label] = []
    y = ground
    if any(one.under for one in shape.columns):
        found.append(Label(SHADES[1], ground + max(last.under * scale / 2, LINE / 2), shape.under))
    for index, (shade, words) in enumerate(zip(SHADES, shape.parts, strict=False)):
        middle = y - last.parts[index] * scale / 2
        y -= last.parts[index] * scale
        if any(one.parts[index] for one in shape.columns):
            highest = found[-1].y - LINE if found else ground - LINE / 2
            found.append(Label(shade, min(middle, highest), words))
    return found


def _every(letters: int, pitch: float) -> int:
    """Return that every so manieth column has room for words of so many letters."""
    return max(1, -int(-(letters * LETTER + 4) // pitch))


def _bars(shape: Bars) -> tuple[list[Markup], float]:
    """Draw a bar for each share, and a line through all of them at the average."""
    # as long as what is said of the longest share leaves room for it
    ends = WIDTH - 8 - max(len(one.said) for one in shape.bars) * LETTER
    length = ends - NAME
    marks: list[Markup] = []
    for index, one in enumerate(shape.bars):
        y = index * ROW
        marks.append(_text("chart-text", 0, y + 14, _short(one.name), "start"))
        marks += _rect("chart-track", NAME, y + 4, length, 13)
        marks += _rect(SHADES[0], NAME, y + 4, length * one.share, 13)
        marks.append(_text("chart-strong", ends + 8, y + 14, one.said, "start"))
    bottom = len(shape.bars) * ROW
    x = NAME + length * shape.average
    marks.append(RULE.format(*map(_at, (x, 0, x, bottom))))
    # where it would run out of the picture it is written to the left
    anchor = "start" if shape.average < 0.5 else "end"
    marks.append(_text("chart-text", x, bottom + 13, shape.said, anchor))
    return marks, bottom + 18


def _rect(shade: str, x: float, y: float, width: float, height: float) -> list[Markup]:
    """Return a rectangle; nothing of none, and a hair of what is too small to be seen."""
    if not (width and height):
        return []
    return [RECT.format(shade, *map(_at, (x, y, max(width, 1), max(height, 1))))]


def _text(style: str, x: float, y: float, words: str, anchor: str = "middle") -> Markup:
    return TEXT.format(style, _at(x), _at(y), anchor, _plain(words))


def _plain(words: str) -> str:
    """Leave out what can't be seen: a drawing with a control character in it is none."""
    return "".join(one for one in words if not unicodedata.category(one).startswith("C"))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip()}…"


def _at(place: float) -> str:
    """Write a place with no more decimals than can be seen."""
    return f"{place:.1f}".removesuffix(".0")

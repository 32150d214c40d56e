"""Pictures in mails: drawn as SVG when a mail is written, made to PNG when it is sent.

Mail programs show no SVG. Nothing is fetched, and only the font that is installed with the portal
is used: the same drawing is the same picture on every machine.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache

import fontpkg
import resvg_py
from PIL import Image

from portal.core.mail.enclosures import Enclosure, Facts, maker

FONT = "Inter"
SHADES = 64
"""So many colours are enough for a few, and what lies between them and the ground at edges."""
SHARPNESS = 2.0
"""Points of the picture for each point of the page, for screens that show so many."""


@cache
def font_file() -> str:
    """Return where the font lies."""
    return str(fontpkg.path(FONT))


# on Mondays many people get the same one, one after the other
@lru_cache(maxsize=32)
def png(svg: str, colours: str) -> bytes:
    """Make a drawing to a picture on white, of few colours: it is less than half as large."""
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg,
        style_sheet=colours,
        background="#fefefe",
        zoom=SHARPNESS,
        font_family=FONT,
        skip_system_fonts=True,
        font_files=[font_file()],
    )
    small = io.BytesIO()
    with Image.open(io.BytesIO(drawn)) as picture:
        picture.convert("RGB").quantize(SHADES, dither=Image.Dither.NONE).save(small, "PNG")
    return small.getvalue()


def of(drawings: Mapping[str, str], colours: str) -> Facts:
    """Return what the row of a mail says of its pictures: drawings by content id."""
    return {"maker": "pictures", "pictures": dict(drawings), "colours": colours}


@maker("pictures")
def make_pictures(facts: Facts, _at: datetime) -> Sequence[Enclosure]:
    """Make the pictures that stand in a mail."""
    return [
        Enclosure(f"{name}.png", "image/png", png(svg, facts["colours"]), name)
        for name, svg in facts["pictures"].items()
    ]

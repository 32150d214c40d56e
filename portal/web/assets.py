"""What the browser fetches besides pages: stylesheet, script, icons, pictures.

Here: names of built files (manifest), their delivery with long caching, the icon and the
accent colour of a programme. Not here: how the files are built (static/build.mjs).
"""

import json
import re
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, current_app, request
from markupsafe import Markup
from werkzeug.security import safe_join

from portal.web.access import public

URL = "/static/"
BUILT = "vendor"
FOR_A_YEAR = "public, max-age=31536000, immutable"
FOR_AN_HOUR = "public, max-age=3600"
TYPES = {
    ".css": "text/css",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
}
COLOUR = re.compile(r"[0-9a-f]{6}")
READABLE = 4.5  # WCAG 2.2, 1.4.3: contrast of text


class Assets:
    """The built files of one `static` folder, by the name that templates use."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._manifest = directory / BUILT / "manifest.json"
        self._read_at = -1
        self._names: dict[str, str] = {}
        self._hashed: frozenset[str] = frozenset()
        # a page draws some two hundred, of a few dozen kinds
        self._icons: dict[tuple[str, str], Markup] = {}
        self._data: dict[str, Any] = {}
        self.refresh()

    @property
    def built(self) -> bool:
        """Tell whether `npm run build` has been run here."""
        return bool(self._names)

    def refresh(self) -> None:
        """Read the manifest again if it has changed."""
        try:
            changed_at = self._manifest.stat().st_mtime_ns
        except FileNotFoundError:
            changed_at = 0
        if changed_at == self._read_at:
            return
        self._read_at = changed_at
        self._names = json.loads(self._manifest.read_text("utf-8")) if changed_at else {}
        self._hashed = frozenset(f"{BUILT}/{name}" for name in self._names.values())
        self._icons, self._data = {}, {}

    def read_data(self, name: str) -> Any:
        """Return what a built file of JSON says; nothing where it is not built."""
        if name not in self._data:
            built = self._names.get(name)
            path = self.directory / BUILT / built if built else None
            self._data[name] = json.loads(path.read_text("utf-8")) if path else {}
        return self._data[name]

    def url(self, name: str) -> str:
        """Name the address of a file; an unbuilt one is sought in `static` itself."""
        built = self._names.get(name)
        return f"{URL}{BUILT}/{built}" if built else f"{URL}{name}"

    def icon(self, name: str, label: str | None = None) -> Markup:
        """Draw an icon of the sprite; without a label it is decoration that nobody reads aloud."""
        words = str(label) if label else ""
        drawn = self._icons.get((name, words))
        if drawn is None:
            meaning = Markup('role="img" aria-label="{}"').format(words)
            drawn = self._icons[name, words] = Markup(
                '<svg class="icon" {} focusable="false"><use href="{}#{}"/></svg>'
            ).format(
                meaning if words else Markup('aria-hidden="true"'), self.url("icons.svg"), name
            )
        return drawn

    def is_hashed(self, filename: str) -> bool:
        """Tell whether the content behind a file name can never change."""
        return filename in self._hashed


def accent_url(colour: str) -> str:
    """Name the stylesheet that puts a programme's own colour in place of ours."""
    return f"{URL}accent/{colour.removeprefix('#').lower()}.css"


@public
def serve_static(filename: str) -> Response:
    """Send a file of the static folder, compressed when the browser takes it."""
    assets: Assets = current_app.extensions["assets"]
    ending = Path(filename).suffix
    if ending not in TYPES or filename.endswith("manifest.json"):
        abort(404)
    hashed = assets.is_hashed(filename)
    path = safe_join(str(assets.directory), filename)
    if path is None or not Path(path).is_file():
        abort(404)
    packed = hashed and Path(f"{path}.gz").is_file()
    use_packed = packed and bool(request.accept_encodings["gzip"])
    # Read whole: the largest has some 120 KB compressed, and no open file outlives the request.
    content = Path(f"{path}.gz" if use_packed else path).read_bytes()
    response = Response(content, mimetype=TYPES[ending])
    response.add_etag()
    if use_packed:
        response.headers["Content-Encoding"] = "gzip"
    if packed:
        response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = FOR_A_YEAR if hashed else FOR_AN_HOUR
    response.make_conditional(request)
    return response


@public
def serve_accent(colour: str) -> Response:
    """Send the stylesheet of one accent colour, made readable in both themes."""
    if not COLOUR.fullmatch(colour):
        abort(404)
    response = Response(accent_css(colour), mimetype="text/css")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


def init_assets(app: Flask, directory: Path | None = None) -> None:
    """Serve the static folder and give templates asset_url, accent_url and icon.

    The app must be made with `static_folder=None`; `directory` defaults to `static` beside
    the package.
    """
    assets = Assets(directory or Path(app.root_path).parent / "static")
    app.extensions["assets"] = assets
    if app.debug:
        app.before_request(assets.refresh)
    app.add_url_rule(f"{URL}accent/<colour>.css", "accent", serve_accent, methods=["GET"])
    app.add_url_rule(f"{URL}<path:filename>", "static", serve_static, methods=["GET"])
    app.jinja_env.globals.update(
        asset_url=assets.url, accent_url=accent_url, icon=assets.icon, mail_tokens=mail_tokens
    )


# ---- a programme's colour ----------------------------------------------------------------

Colour = tuple[float, float, float]
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
SUNKEN: Colour = (0xEE, 0xF1, 0xF3)  # --sunken of the light theme
NIGHT: Colour = (0x18, 0x21, 0x28)  # --surface of the dark theme
NIGHT_INK: Colour = (0x06, 0x14, 0x1C)
# what static/css/frame.css calls the same; mails can't read a stylesheet
HOUSE_TOKENS = {
    "accent": ("#0b6e6e", "#5cc7c0"),
    "accent-strong": ("#0b5c5c", "#84d8d2"),
    "accent-fg": ("#fefefe", "#06211f"),
    "accent-soft": ("#e3f1f0", "#12312f"),
}


def contrast(one: Colour, other: Colour) -> float:
    """Measure the contrast of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def accent_css(colour: str) -> str:
    """Write the accent tokens for a colour of six hexadecimal digits."""
    lines = (f"--{n}:light-dark({d},{k})" for n, (d, k) in accent_tokens(colour).items())
    return f":root:root{{{';'.join(lines)}}}\n"


def accent_tokens(colour: str) -> dict[str, tuple[str, str]]:
    """Return the accent tokens for a colour of six hexadecimal digits, by day and by night.

    The colour is darkened for the light theme and lightened for the dark one until it can be
    read on its own soft tint, as text and as a button.
    """
    given = tuple(float(int(colour[i : i + 2], 16)) for i in (0, 2, 4))
    base: Colour = (given[0], given[1], given[2])
    soft = _mix(base, WHITE, 0.12)
    day = _readable(base, on=(soft, SUNKEN), towards=BLACK)
    night_soft = _mix(base, NIGHT, 0.22)
    night = _readable(base, on=(night_soft, NIGHT), towards=WHITE)
    tokens = {
        "accent": (day, night),
        "accent-strong": (_mix(BLACK, day, 0.2), _mix(WHITE, night, 0.3)),
        "accent-fg": (WHITE, NIGHT_INK),
        "accent-soft": (soft, night_soft),
    }
    return {name: (_hex(light), _hex(dark)) for name, (light, dark) in tokens.items()}


def mail_tokens(colour: str) -> dict[str, tuple[str, str]]:
    """Return the accent tokens of mails: the programme's own, else those of the house."""
    colour = colour.removeprefix("#").lower()
    return accent_tokens(colour) if COLOUR.fullmatch(colour) else HOUSE_TOKENS


def _luminance(colour: Colour) -> float:
    def linear(channel: float) -> float:
        part = channel / 255
        return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(channel) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mix(colour: Colour, ground: Colour, share: float) -> Colour:
    mixed = [a * share + b * (1 - share) for a, b in zip(colour, ground, strict=True)]
    return mixed[0], mixed[1], mixed[2]


def _readable(colour: Colour, on: tuple[Colour, ...], towards: Colour) -> Colour:
    for step in range(101):
        tried = _mix(towards, colour, step / 100)
        if all(contrast(tried, ground) >= READABLE + 0.1 for ground in on):
            return tried
    return towards


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{round(channel):02x}" for channel in colour)

import re
from pathlib import Path

import pytest
from flask import Flask

from portal.web.assets import accent_css, contrast, init_assets


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    built = tmp_path / "vendor"
    built.mkdir()
    (built / "portal-0123456789ab.css").write_text("body{}")
    (built / "portal-0123456789ab.css.gz").write_bytes(b"packed")
    (built / "manifest.json").write_text('{"portal.css": "portal-0123456789ab.css"}')
    (tmp_path / "plain.txt").write_text("plain")
    app = Flask("shop", static_folder=None)
    init_assets(app, tmp_path)
    return app


def test_a_built_file_is_sent_compressed_and_kept_for_a_year(app: Flask) -> None:
    url = app.jinja_env.globals["asset_url"]("portal.css")
    response = app.test_client().get(url, headers={"Accept-Encoding": "br, gzip"})
    assert response.data == b"packed"
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Content-Type"].startswith("text/css")
    assert "immutable" in response.headers["Cache-Control"]
    assert response.headers["Vary"] == "Accept-Encoding"


def test_a_browser_that_takes_no_compression_gets_the_file_as_it_is(app: Flask) -> None:
    response = app.test_client().get("/static/vendor/portal-0123456789ab.css")
    assert response.data == b"body{}"
    assert "Content-Encoding" not in response.headers
    again = app.test_client().get(
        "/static/vendor/portal-0123456789ab.css",
        headers={"If-None-Match": response.headers["ETag"]},
    )
    assert again.status_code == 304


def test_a_file_without_a_hash_is_not_kept_for_ever(app: Flask) -> None:
    response = app.test_client().get("/static/plain.txt")
    assert "immutable" not in response.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["../secret.txt", "vendor/manifest.json", "x.py", "none.css"])
def test_nothing_else_is_sent(app: Flask, path: str) -> None:
    assert app.test_client().get(f"/static/{path}").status_code == 404


def test_an_icon_says_its_label_and_escapes_it(app: Flask) -> None:
    icon = app.jinja_env.globals["icon"]
    assert 'aria-hidden="true"' in icon("flame")
    assert 'aria-label="&lt;Hot&gt;"' in icon("flame", "<Hot>")


@pytest.mark.parametrize("colour", ["0b6e6e", "ffcc00", "ffffff", "000000", "ff0000", "8888ff"])
def test_every_accent_colour_can_be_read_in_both_themes(colour: str) -> None:
    tokens = {
        name: tuple(tuple(int(c[i : i + 2], 16) for i in (0, 2, 4)) for c in pair)
        for name, *pair in re.findall(
            r"--([\w-]+):light-dark\(#(\w{6}),#(\w{6})\)", accent_css(colour)
        )
    }
    for theme in (0, 1):
        accent = tokens["accent"][theme]
        assert contrast(accent, tokens["accent-soft"][theme]) >= 4.5
        assert contrast(accent, tokens["accent-fg"][theme]) >= 4.5

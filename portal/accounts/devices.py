"""The browser that somebody sits at: what names it, and what it says of itself, in words.

Whether a person was signed in there before stands in `queries`.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from portal.core import tokens


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody signs in: the visitor's `address`, the `agent` it says to be, its `device`.

    `device` is the secret of the cookie that tells it from other browsers; only its hash is kept.
    """

    address: str | None = None
    agent: str | None = None
    device: str | None = None

    @property
    def device_hash(self) -> bytes | None:
        """Return what is kept of the device."""
        return tokens.hash_secret(self.device) if self.device else None


UNNAMED = Browser()
"""Where nothing is known of the browser: commands, and what is made for tests and the bench."""

BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrom", "Chrome"))
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def device_of(agent: str) -> str:
    """Say what somebody signed in with: "Firefox on Windows", in the reader's language."""
    browser = next((name for mark, name in BROWSERS if mark in agent), None)
    if browser is None and "Safari/" in agent:
        browser = "Safari"
    system = next((name for mark, name in SYSTEMS if mark in agent), None)
    if browser and system:
        return str(_("%(browser)s on %(system)s", browser=browser, system=system))
    return browser or system or str(_("an unknown program"))

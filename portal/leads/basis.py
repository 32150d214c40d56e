"""On which legal basis a contact may be approached, and where an inquiry came from. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from portal.catalog.bases import CHOICES, WORDS, BasisKind
from portal.leads.intake.cleaning import clean_text

__all__ = [
    "CHOICES",
    "LONGEST",
    "LONGEST_WORDS",
    "ORIGIN",
    "WORDS",
    "Basis",
    "BasisKind",
    "tidy_origin",
]

ORIGIN = (
    *("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
    *("referrer", "page"),
)
"""What is kept of the way on which somebody came."""

LONGEST = 200
LONGEST_WORDS = 80


@dataclass(frozen=True, slots=True)
class Basis:
    """`kind` is a `BasisKind`; `words` name what was agreed to (`contact/2`), `at` the moment."""

    kind: str
    words: str | None = None
    at: datetime | None = None


def tidy_origin(given: Mapping[str, str] | None) -> dict[str, str] | None:
    """Return what of an origin is kept, None for nothing; addresses without what follows a `?`."""
    found = {}
    for name in ORIGIN:
        text = clean_text(str((given or {}).get(name) or "")[: LONGEST * 10])
        if text and name in ("referrer", "page"):
            text = bare_address(text)
        if text:
            found[name] = text[:LONGEST]
    return found or None


def bare_address(address: str) -> str:
    """Return host and path: what is behind may say who somebody is."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f"{host}{parts.path}" if parts.scheme in ("http", "https", "") else ""

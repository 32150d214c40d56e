"""On which legal basis a contact may be approached, and where an inquiry came from. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _l

from portal.leads.intake.cleaning import clean_text


class BasisKind(StrEnum):
    """Why a contact may be approached; the letters are those of article 6 (1) of the GDPR."""

    ASKED = "asked"
    """They asked us, so that we answer: steps before a contract (b)."""
    CONSENT = "consent"
    """They agreed to words that are kept (a)."""
    CUSTOMER = "customer"
    """They are a customer already (b)."""
    INTEREST = "interest"
    """Our legitimate interest, weighed against theirs (f)."""
    BEFORE = "before"
    """Not known: the lead is older than the question. Nobody chooses it."""


CHOICES: dict[str, Any] = {
    BasisKind.ASKED: _l("They asked us"),
    BasisKind.CONSENT: _l("They agreed to it"),
    BasisKind.CUSTOMER: _l("They are a customer"),
    BasisKind.INTEREST: _l("Our legitimate interest"),
}

WORDS: dict[str, Any] = {**CHOICES, BasisKind.BEFORE: _l("From before this was kept")}

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

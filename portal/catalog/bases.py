"""Why people may be approached: the legal bases to choose from. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l


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

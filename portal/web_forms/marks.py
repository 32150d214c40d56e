"""The signed mark of a page: which form, since when, and on which way its reader came."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

LONGEST = 6000


@dataclass(frozen=True, slots=True)
class Mark:
    """`sum` is the answer to the question of a page that asks once more; `nonce` is its own."""

    key: str
    issued_at: datetime
    origin: Mapping[str, str] = field(default_factory=dict)
    search_term: str = ""
    nonce: str = ""
    sum: int | None = None
    consent: str | None = None

    def age(self, at: datetime) -> timedelta:
        """Return how old it is, never less than nought."""
        return max(at - self.issued_at, timedelta())


def new_nonce() -> str:
    """Return what tells one page from another."""
    return secrets.token_hex(8)


def issue(mark: Mark) -> str:
    """Return a mark signed."""
    ms = int(mark.issued_at.timestamp() * 1000)
    return str(
        _signer().dumps(
            [
                mark.key,
                ms,
                dict(mark.origin),
                mark.search_term,
                mark.nonce,
                mark.sum,
                mark.consent,
            ]
        )
    )


def read(signed: str, key: str) -> Mark | None:
    """Return the mark of a page of this form, None for what we never gave out."""
    if not signed or len(signed) > LONGEST:
        return None
    try:
        of, ms, origin, search_term, nonce, total, consent = _signer().loads(signed)
    except (BadSignature, ValueError, TypeError):
        return None
    if of != key:
        return None
    issued_at = datetime.fromtimestamp(ms / 1000, UTC)
    return Mark(of, issued_at, origin, search_term, nonce, total, consent)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="web-form")

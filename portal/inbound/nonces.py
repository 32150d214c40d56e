"""The sign that a press comes from a page that we showed: signed, bound to the link, 30 minutes.

It also says in which state the reader saw the thing, so that of two different answers to the same
page one wins and the other is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

LASTS = timedelta(minutes=30)
LONGEST = 2000
"""No page has so many fields that its sign gets longer; what does is not looked at."""
LINK, CUSTOMER = "mail-link", "customer-page"
"""Pages whose signs are signed each for itself: the ids of one mean nothing to the other."""


@dataclass(frozen=True, slots=True)
class Nonce:
    """What a page carries: its link, the state it showed, when, and whether it asked again."""

    link_id: int
    mark: str
    issued_at: datetime
    again: bool = False


def issue(nonce: Nonce, page: str = LINK) -> str:
    """Return the nonce signed."""
    ms = int(nonce.issued_at.timestamp() * 1000)
    return _signer(page).dumps([nonce.link_id, nonce.mark, ms, int(nonce.again)])


def read(signed: str, link_id: int, at: datetime, page: str = LINK) -> Nonce | None:
    """Return a nonce of this link that is at most `LASTS` old, else None."""
    nonce = read_of_any_age(signed, link_id, at, page)
    return nonce if nonce is not None and at - nonce.issued_at <= LASTS else None


def read_of_any_age(signed: str, link_id: int, at: datetime, page: str = LINK) -> Nonce | None:
    """Return a nonce of this link: what its page showed holds however long that is ago."""
    if not signed or len(signed) > LONGEST:
        return None
    try:
        link, mark, ms, again = _signer(page).loads(signed)
    except (BadSignature, ValueError, TypeError):
        return None
    nonce = Nonce(int(link), str(mark), datetime.fromtimestamp(ms / 1000, UTC), bool(again))
    if nonce.link_id != link_id or at - nonce.issued_at < -timedelta(seconds=5):
        return None
    return nonce


def _signer(page: str = LINK) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=page)

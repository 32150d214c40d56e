"""One thing in a sentence, as mails and the daily mail have it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from portal.core.mail.rendering import moment
from portal.core.mail.replies import Reply
from portal.pickup.words import Telling


def in_full(at: datetime | None) -> str:
    """Say a moment as mails do."""
    return moment(at) if at else ""


IN_MAIL = Telling(in_full, in_full)
"""How the gate's sentences say moments in a mail."""


@dataclass(frozen=True, slots=True)
class News:
    """One thing in words: `what` is a sentence, `press` what the button to `path` says.

    `coming` is what comes if nothing is heard, a sentence each; `other` where else to go, words and
    path. `deed` is what can be done about it without signing in, words and path. `quote` is what
    somebody wrote, `answer_to` where to answer him from one's own mail program, and what to put in
    cc; `request_id` the request to which an answer to this mail belongs. Who reads of it alone
    agrees by an answer to `reply`.
    """

    topic: str
    subject: str
    what: str
    details: list[str]
    path: str
    press: str
    reason: str
    lead_id: int | None = None
    coming: list[str] = field(default_factory=list)
    other: tuple[str, str] | None = None
    deed: tuple[str, str] | None = None
    quote: str = ""
    answer_to: tuple[str, str] | None = None
    request_id: int | None = None
    reply: Reply | None = None

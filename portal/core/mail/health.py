"""How the queue of outgoing mail is: counts, ages, reasons; for the page, the doctor and figures.

Reads only. Neither texts nor addresses of mails come from here, at most the domain of an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import case, func, select

from portal.core.db import AnyRow, session
from portal.core.mail.models import OutgoingEmail
from portal.core.mail.outbox import INTERRUPTED, NOBODY, OUT_OF_TIME

DAY = timedelta(days=1)
LATE = timedelta(minutes=15)
# for what waits for its next rung of the ladder, and what is due now
OPEN = ("queued", "sending")


@dataclass(frozen=True, slots=True)
class Pile:
    """Mails in one state, and since when the oldest of them."""

    count: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue as a whole. `due` are those whose turn it is now; `stuck` lost their worker."""

    due: Pile
    later: Pile
    sending: Pile
    stuck: int
    failed: Pile
    held: Pile
    sent_today: int
    last_sent_at: datetime | None

    @property
    def waiting(self) -> int:
        """All that are not sent yet and will be tried again."""
        return self.due.count + self.later.count + self.sending.count

    def is_late(self, at: datetime) -> bool:
        """Say whether a mail whose turn it is has waited for too long."""
        return self.due.since is not None and at - self.due.since > LATE


@dataclass(frozen=True, slots=True)
class Domain:
    """What is open at one domain; `sent` within a day, `lately` within a minute."""

    name: str
    waiting: int
    since: datetime | None
    failed: int
    sent: int
    lately: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why mails wait or failed: the code as it was noted, and how many."""

    code: str
    waiting: int
    failed: int
    words: str

    @property
    def ours(self) -> bool:
        """True where it lies between us and our own mail server."""
        return class_of(self.code) in OURS


def look(at: datetime) -> Queue:
    """Count the mails by state."""
    mail = OutgoingEmail
    state = case(
        (mail.status != "queued", mail.status),
        (mail.next_attempt_at <= at, "due"),
        else_="later",
    ).label("state")
    rows = session().execute(
        select(state, func.count(), func.min(mail.created_at))
        .where(mail.status != "sent")
        .group_by(state)
    )
    piles = {name: Pile(count, since) for name, count, since in rows}
    stuck = select(func.count()).where(mail.status == "sending", mail.next_attempt_at <= at)
    # by the index of the pace: what was sent was tried at that moment
    sent = select(func.count(), func.max(mail.sent_at)).where(
        mail.status == "sent", mail.tried_at > at - DAY
    )
    count, last = session().execute(sent).one()
    if last is None:
        last = session().scalar(
            select(mail.sent_at)
            .where(mail.tried_at.is_not(None), mail.sent_at.is_not(None))
            .order_by(mail.tried_at.desc())
            .limit(1)
        )
    return Queue(
        due=piles.get("due", Pile()),
        later=piles.get("later", Pile()),
        sending=piles.get("sending", Pile()),
        stuck=session().scalar(stuck) or 0,
        failed=piles.get("failed", Pile()),
        held=piles.get("held", Pile()),
        sent_today=count,
        last_sent_at=last,
    )


def list_domains(at: datetime, limit: int) -> list[Domain]:
    """Return the domains with something open, the fullest first, then those of the last day."""
    mail = OutgoingEmail
    waiting = func.count().filter(mail.status.in_(OPEN))
    failed = func.count().filter(mail.status == "failed")
    sent = func.count().filter(mail.status == "sent", mail.tried_at > at - DAY)
    rows = session().execute(
        select(
            mail.domain,
            waiting,
            func.min(mail.created_at).filter(mail.status.in_(OPEN)),
            failed,
            sent,
            func.count().filter(mail.tried_at > at - timedelta(minutes=1)),
        )
        .where(mail.status.in_((*OPEN, "failed")) | (mail.tried_at > at - DAY))
        .group_by(mail.domain)
        .order_by(waiting.desc(), failed.desc(), sent.desc(), mail.domain)
        .limit(limit)
    )
    return [Domain(*row) for row in rows]


def list_reasons(limit: int) -> list[Reason]:
    """Return why mails wait or failed, the most frequent first."""
    mail = OutgoingEmail
    failed = func.count().filter(mail.status == "failed")
    rows = session().execute(
        select(mail.error, func.count() - failed, failed)
        .where(mail.status.in_((*OPEN, "failed")), mail.error.is_not(None))
        .group_by(mail.error)
        .order_by(func.count().desc(), mail.error)
        .limit(limit)
    )
    return [Reason(code or "", waits, over, explain(code or "")) for code, waits, over in rows]


def list_failed(limit: int) -> list[AnyRow]:
    """Return the latest mails that were given up: their columns without texts and addresses."""
    mail = OutgoingEmail
    return list(
        session().execute(
            select(
                mail.id,
                mail.kind,
                mail.user_id,
                mail.lead_id,
                mail.domain,
                mail.error,
                mail.attempts,
                mail.created_at,
            )
            .where(mail.status == "failed")
            .order_by(mail.id.desc())
            .limit(limit)
        )
    )


# how `outbox` and `transport` begin what they note where no RFC 3463 code tells it
BEGINNINGS = {
    "away": "no mail server",
    "broken": "connection lost",
    "interrupted": INTERRUPTED,
    "next": OUT_OF_TIME,
    "left": NOBODY,
    "challenge": "challenge",
    "login": "server: ",
    "sender": "sender: ",
}
OURS = ("away", "broken", "login", "sender")
MAILBOX = ("1.0", "1.1", "1.3", "1.6", "1.10", "2.1")
DOMAIN = ("1.2", "4.3", "4.4")
SIZE = ("2.3", "3.4")


def class_of(error: str) -> str:
    """Return the kind of a noted error, one of a closed list; by its RFC 3463 code if any."""
    for kind, start in BEGINNINGS.items():
        if error.startswith(start):
            return kind
    status, _space, told = error.partition(": ")[2].partition(" ")
    if not re.fullmatch(r"[45]\d\d", status):
        return "unwritten"
    subject = told.partition(".")[2]
    for kind, subjects in (("mailbox", MAILBOX), ("domain", DOMAIN), ("size", SIZE)):
        if subject in subjects:
            return kind
    if subject == "2.2":
        return "full"
    if status.startswith("4"):
        return "later"
    return "policy" if subject.startswith("7.") else "refused"


def explain(error: str) -> str:
    """Say in words what a noted error means."""
    words = {
        "away": _("Our mail server can't be reached."),
        "broken": _("The connection to our mail server broke."),
        "interrupted": _("The worker ended while it was sending; it may have arrived."),
        "next": _("It is next in line."),
        "left": _("Whoever its file was made for may not have it any more."),
        "login": _("Our mail server does not let us in."),
        "sender": _("Our mail server refuses our sender's address."),
        "challenge": _("The receiver asks our programme to confirm each mail."),
        "unwritten": _("The mail could not be written."),
        "mailbox": _("There is no such mailbox."),
        "domain": _("There is no such domain, or it takes no mail."),
        "size": _("The mail is too large for the receiver."),
        "full": _("The mailbox is full."),
        "later": _("The receiver wants it later."),
        "refused": _("The receiver refused it."),
        "policy": _(
            "The receiver takes no mail from us: ask its administrator, check SPF and DKIM."
        ),
    }
    return str(words[class_of(error)])

"""The mailbox that mail is fetched from: which it is, how far it was read, and what is in the way.

Up to where it was read stands in the database and changes with the mail that is kept, in one
transaction: whatever is killed in between neither loses a mail nor takes it twice. Not here: the
talk with its server (`imap_in`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.core.config import SettingsMissing
from portal.core.db import session
from portal.inbound.models import LeftMail, Mailbox

HERE = frozenset(("127.0.0.1", "::1", "localhost"))
WAITS = (
    *(timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=2), timedelta(hours=12)),
)
"""After so long a mail that could not be taken is tried again; then it is given up."""
KEPT = timedelta(days=30)
"""So long a mail that was given up stays noted."""


class Trouble(StrEnum):
    """Why a mailbox can't be looked into."""

    NOT_LET_IN = "not_let_in"
    CERTIFICATE = "certificate"
    UNREACHABLE = "unreachable"
    NO_FOLDER = "no_folder"
    REFUSED = "refused"


TOO_LARGE = "too_large"
"""Why a mail is given up of which people are told: its headers are kept."""
SILENT = timedelta(minutes=10)
"""A mailbox into which nobody has looked for so long is not fetched from."""


@dataclass(frozen=True, slots=True)
class Health:
    """How it is with a mailbox: what is in the way, or when it was looked into last.

    `silent`: nobody looks into it; `given_up`: so many mails in it could not be taken.
    """

    trouble: Trouble | None
    since: datetime | None
    silent: bool = False
    given_up: int = 0


class Door(StrEnum):
    """How the connection to a mailbox is kept from others' eyes."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Account:
    """A mailbox as `IMAP_URL` names it; what was taken goes to `done`, what can't be to `failed`.

    Where these are empty everything stays where it is.
    """

    host: str
    port: int
    door: Door
    user: str
    password: str = field(repr=False)
    folder: str
    done: str
    failed: str

    @property
    def name(self) -> str:
        """Return which mailbox it is, without its password."""
        return f"{self.user}@{self.host}/{self.folder}"


def read_url(url: str) -> Account:
    """Return the mailbox that a setting names.

    `imaps://user:password@host:993/INBOX?done=Processed&failed=Failed`, or `imap://…?starttls=1`.
    Raises `SettingsMissing` where there is none, or one whose password anybody could read.
    """
    if not url:
        raise SettingsMissing("IMAP_URL is not set: there is no mailbox to fetch mail from.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("imap", "imaps") or not parts.hostname or not parts.username:
        # it may hold a password: nothing of it is said again
        raise SettingsMissing("IMAP_URL can't be read; write imaps://user:password@host/INBOX.")
    asked = parse_qs(parts.query, keep_blank_values=True)
    door = Door.TLS if parts.scheme == "imaps" else Door.NONE
    if door == Door.NONE and asked.get("starttls", ["0"])[-1] == "1":
        door = Door.STARTTLS
    if door == Door.NONE and parts.hostname not in HERE:
        raise SettingsMissing(
            "IMAP_URL would send the password in the clear: take imaps://, or add ?starttls=1."
        )
    return Account(
        host=parts.hostname,
        port=port or (993 if door == Door.TLS else 143),
        door=door,
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        done=asked.get("done", ["Processed"])[-1],
        failed=asked.get("failed", ["Failed"])[-1],
    )


# -- how far it was read ----------------------------------------------------------------------


def find(name: str) -> Mailbox | None:
    """Return what is known of a mailbox; None where nobody has looked for it yet."""
    return session().scalar(select(Mailbox).where(Mailbox.name == name))


def get_locked(name: str) -> Mailbox:
    """Return what is known of a mailbox; whoever else looks into it waits."""
    session().execute(
        insert(Mailbox)
        .values(name=name, uid_validity=0, last_uid=0)
        .on_conflict_do_nothing(index_elements=["name"])
    )
    return session().scalars(select(Mailbox).where(Mailbox.name == name).with_for_update()).one()


def get_locked_at(name: str, uid_validity: int) -> Mailbox | None:
    """Return what is known of a mailbox; None where another has seen its server count anew."""
    mailbox = get_locked(name)
    return mailbox if mailbox.uid_validity == uid_validity else None


def open_at(name: str, uid_validity: int) -> tuple[int, frozenset[int]]:
    """Return up to which number a mailbox was read, and which below wait to be tried again.

    Where its server counts anew everything is read again: what is here already is not kept twice.
    """
    mailbox = get_locked(name)
    if mailbox.uid_validity != uid_validity:
        mailbox.uid_validity, mailbox.last_uid = uid_validity, 0
        session().execute(delete(LeftMail).where(LeftMail.mailbox_id == mailbox.id))
    waiting = select(LeftMail.uid).where(
        LeftMail.mailbox_id == mailbox.id, LeftMail.due_at.is_not(None)
    )
    return mailbox.last_uid, frozenset(session().scalars(waiting))


def list_due(name: str, at: datetime) -> Sequence[int]:
    """Return the numbers of mails that could not be taken and are to be tried again now."""
    query = select(LeftMail.uid).join(Mailbox).where(Mailbox.name == name, LeftMail.due_at <= at)
    return session().scalars(query.order_by(LeftMail.uid)).all()


def list_given_up(name: str) -> frozenset[int]:
    """Return the numbers of mails that were given up."""
    query = select(LeftMail.uid).join(Mailbox)
    return frozenset(
        session().scalars(query.where(Mailbox.name == name, LeftMail.due_at.is_(None)))
    )


def claim(name: str, uid_validity: int, uid: int) -> bool:
    """Say that this mail is being taken, with what is kept; False where another has taken it."""
    mailbox = get_locked_at(name, uid_validity)
    if mailbox is None:
        return False
    left = session().scalar(
        delete(LeftMail)
        .where(LeftMail.mailbox_id == mailbox.id, LeftMail.uid == uid)
        .returning(LeftMail.uid)
    )
    if left is None and uid <= mailbox.last_uid:
        return False
    mailbox.last_uid = max(mailbox.last_uid, uid)
    return True


def leave(name: str, uid_validity: int, uid: int, code: str, at: datetime) -> bool:
    """Note that a mail could not be taken, so that the others go on; True once it is given up."""
    mailbox = get_locked_at(name, uid_validity)
    if mailbox is None:
        return False
    left = session().get(LeftMail, (mailbox.id, uid))
    if left is None:
        left = LeftMail(mailbox_id=mailbox.id, uid=uid, tries=0)
        session().add(left)
    left.due_at = at + WAITS[left.tries] if left.tries < len(WAITS) else None
    left.tries, left.code, left.left_at = left.tries + 1, code, at
    mailbox.last_uid = max(mailbox.last_uid, uid)
    session().flush()
    return left.due_at is None


def give_up(name: str, uid_validity: int, uid: int, code: str, at: datetime) -> None:
    """Note that a mail will never be taken."""
    mailbox = get_locked_at(name, uid_validity)
    if mailbox is None:
        return
    session().merge(
        LeftMail(mailbox_id=mailbox.id, uid=uid, tries=1, code=code, left_at=at, due_at=None)
    )
    session().flush()


def forget(at: datetime) -> None:
    """Forget mails that were given up long ago."""
    session().execute(
        delete(LeftMail).where(LeftMail.due_at.is_(None), LeftMail.left_at < at - KEPT)
    )


# -- how it is --------------------------------------------------------------------------------


def look_at(name: str, at: datetime) -> Health:
    """Return how it is with a mailbox."""
    mailbox = find(name)
    if mailbox is None or (mailbox.looked_at is None and mailbox.trouble is None):
        return Health(None, None, silent=True)
    given_up = session().scalar(
        select(func.count())
        .select_from(LeftMail)
        .where(LeftMail.mailbox_id == mailbox.id, LeftMail.due_at.is_(None))
        .where(LeftMail.code != TOO_LARGE)
    )
    trouble = Trouble(mailbox.trouble) if mailbox.trouble else None
    since = mailbox.trouble_since if trouble else mailbox.looked_at
    seen = mailbox.looked_at
    silent = trouble is None and (seen is None or at - seen > SILENT)
    return Health(trouble, since, silent, given_up or 0)


def note_looked(name: str, at: datetime) -> None:
    """Note that a mailbox was looked into."""
    session().execute(
        update(Mailbox)
        .where(Mailbox.name == name)
        .values(looked_at=at, trouble=None, trouble_since=None)
    )


def note_trouble(name: str, trouble: Trouble, at: datetime) -> None:
    """Note why a mailbox can't be looked into, and since when."""
    mailbox = get_locked(name)
    if mailbox.trouble != trouble:
        mailbox.trouble, mailbox.trouble_since = trouble, at
    session().flush()

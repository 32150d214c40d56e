"""Mail that lies in a mailbox: fetched by IMAP, `python worker.py mail-fetch`.

A mail is kept, that is committed, and only then marked and moved in the mailbox. Its server wakes
us (IDLE); where it can't, and each minute anyway, we look by ourselves. Whether somebody has read a
mail there means nothing. Not here: how far a mailbox was read (`mailboxes`).
"""

from __future__ import annotations

import contextlib
import logging
import signal
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Flask, current_app
from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError, ProtocolError
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from portal.core import circumstances, clock, jobs, logs, mishaps
from portal.core.config import Settings
from portal.core.db import db, session, unit_of_work
from portal.inbound import mailboxes, pipeline, places
from portal.inbound.envelopes import HEAD, UNKNOWN, Envelope, read_envelope
from portal.inbound.mailboxes import TOO_LARGE, Account, Door, Trouble
from portal.inbound.mails import settle
from portal.inbound.models import InboundMessage, MailState
from portal.inbound.parsing import LARGEST
from portal.inbound.places import Where

log = logs.get(__name__)

LOOK_AGAIN, GLANCE = 60.0, 1.0
"""Seconds after which a mailbox is looked into in any case (servers end an IDLE after 30 minutes),
and after which we see whether we are to stop."""
FIRST_WAIT, LONGEST_WAIT = 2.0, 300.0
"""Seconds until a mailbox that can't be reached is tried again, twice as long each time."""
REFUSED_WAIT = 60.0
"""So long at least after a password was refused: who tries too often is locked out."""
CONNECT_SECONDS, READ_SECONDS = 15.0, 60.0
DONE = b"$LeadsDone"
"""What is put to each mail that we are done with."""
AT_ONCE = 200
"""So many mails are taken before they are marked."""
ASKED = 20
"""So many addresses of ours are looked up of those that a mail names."""
MANY = 50_000
"""Numbers asked for at once where more mails than that lie there: an answer is a line, and
`imaplib` reads none beyond a million characters."""

AWAY = (OperationalError, InterfaceError, PoolTimeout)
"""What the database raises when it is not there: nothing of it is the mail's fault."""


class Unreachable(Exception):
    """A mailbox can't be looked into now."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


class Box:
    """A folder of a mailbox that is open: what lies in it, and what is put to it."""

    def __init__(self, client: Any, account: Account) -> None:
        self.client = client
        try:
            state = client.select_folder(account.folder)
        except IMAPClientAbortError:
            raise
        except IMAPClientError:
            raise Unreachable(Trouble.NO_FOLDER) from None
        self.uid_validity = int(state[b"UIDVALIDITY"])
        self.has_many = int(state.get(b"EXISTS", 0)) > MANY
        self.next_uid = int(state.get(b"UIDNEXT", 0))
        allowed = {bytes(flag).lower() for flag in state.get(b"PERMANENTFLAGS", ())}
        self.can_mark = b"\\*" in allowed or DONE.lower() in allowed
        self.can_idle = client.has_capability("IDLE")
        self.done = self.folder_for(account.done)
        self.failed = self.folder_for(account.failed)

    def folder_for(self, wanted: str) -> str:
        """Return the folder to move mails into, made if it isn't there; empty where none can be."""
        if not wanted:
            return ""
        can_move = self.client.has_capability("MOVE") or self.client.has_capability("UIDPLUS")
        name = wanted
        if self.client.has_capability("NAMESPACE"):
            ((prefix, _separator), *_others) = self.client.namespace().personal or (("", ""),)
            name = wanted if wanted.startswith(prefix) else f"{prefix}{wanted}"
        try:
            if can_move and not self.client.folder_exists(name):
                self.client.create_folder(name)
        except IMAPClientAbortError:
            raise
        except IMAPClientError:
            can_move = False
        if not can_move:
            log.warning("mails stay in their folder", folder=wanted)
        return name if can_move else ""

    def list_new(self, after: int) -> list[int]:
        """Return the numbers of mails above one, those not that we were done with once.

        Where many lie there they are the lowest ones.
        """
        for uids in self.ranges(after + 1):
            # the last mail is within `500:*`, be its number below
            if found := [uid for uid in self.search(uids) if uid > after]:
                return found
        return []

    def list_unmarked(self, up_to: int) -> list[int]:
        """Return the numbers of mails up to one that lie there unmarked."""
        if up_to < 1 or not (self.can_mark or self.done or self.failed):
            return []
        # so that we see what others have marked and moved
        self.client.noop()
        return [uid for uids in self.ranges(1, up_to) for uid in self.search(uids)]

    def ranges(self, first: int, last: int | None = None) -> Iterator[str]:
        """Yield numbers, without `last` all above, in ranges of which an answer tells all."""
        known = self.next_uid - 1 if last is None else last
        while self.has_many and first + MANY <= known:
            yield f"{first}:{first + MANY - 1}"
            first += MANY
        yield f"{first}:{last or '*'}"

    def search(self, uids: str) -> list[int]:
        """Return the numbers among these that are there and that we are not done with."""
        criteria = ["UID", uids, *(["UNKEYWORD", DONE] if self.can_mark else [])]
        return sorted(self.client.search(criteria))

    def size_of(self, uid: int) -> int | None:
        """Return how large a mail is; None where it is gone."""
        size = self.fetch(uid, b"RFC822.SIZE")
        if size is None and self.is_gone(uid):
            return None
        if not isinstance(size, int):
            raise ProtocolError("no size is told")
        return size

    def is_gone(self, uid: int) -> bool:
        """Say whether a mail lies there no more, or somebody was done with it."""
        self.client.noop()
        return not self.search(f"{uid}:{uid}")

    def whole(self, uid: int) -> bytes:
        """Return a mail as it is."""
        return self.read(uid, b"BODY.PEEK[]<0.%d>" % (LARGEST + 1))

    def head(self, uid: int) -> bytes:
        """Return the headers of a mail."""
        return self.read(uid, b"BODY.PEEK[HEADER]<0.%d>" % HEAD)

    def read(self, uid: int, asked: bytes) -> bytes:
        """Return what is asked of a mail that lies there; one without a byte can't be read."""
        raw = self.fetch(uid, asked)
        if not isinstance(raw, bytes) or not raw:
            raise ProtocolError("no mail is told")
        return raw

    def fetch(self, uid: int, asked: bytes) -> Any:
        """Return what is asked of one mail, whatever it is. Nothing is marked by it."""
        told = self.client.fetch([uid], [asked]).get(uid, {})
        kind = asked.partition(b".PEEK")[0]
        return next((value for name, value in told.items() if name.startswith(kind)), None)

    def finish(self, uids: Iterable[int], folder: str) -> None:
        """Mark these mails and move them; they are kept, so nothing is lost where that fails."""
        these = list(uids)
        try:
            if these and self.can_mark:
                self.client.add_flags(these, [DONE], silent=True)
            if these and folder:
                self.move(these, folder)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            log.warning("mails stay in their folder", error=mishaps.describe(error))

    def move(self, uids: list[int], folder: str) -> None:
        """Move these mails, as older servers know it too."""
        if self.client.has_capability("MOVE"):
            self.client.move(uids, folder)
            return
        self.client.copy(uids, folder)
        self.client.delete_messages(uids, silent=True)
        self.client.uid_expunge(uids)

    def wait(self, stop: threading.Event) -> None:
        """Wait until something comes, somebody wants us to stop, or it is time to look again."""
        if not self.can_idle:
            stop.wait(LOOK_AGAIN)
            return
        self.client.idle()
        until = time.monotonic() + LOOK_AGAIN
        while time.monotonic() < until and not stop.is_set():
            began = time.monotonic()
            # who says nothing, and that at once, has gone: the end of IDLE tells
            if self.client.idle_check(timeout=GLANCE) or time.monotonic() - began < GLANCE / 2:
                break
        self.client.idle_done()


@contextlib.contextmanager
def opened(account: Account) -> Iterator[Box]:
    """Open a mailbox. Raises `Unreachable`, whatever its server does meanwhile."""
    client: Any = None
    try:
        # it verifies certificate and name
        context = ssl.create_default_context()
        client = IMAPClient(
            account.host,
            account.port,
            ssl=account.door == Door.TLS,
            ssl_context=context,
            timeout=SocketTimeout(CONNECT_SECONDS, READ_SECONDS),
        )
        if account.door == Door.STARTTLS:
            client.starttls(context)
        sign_in(client, account)
        yield Box(client, account)
        client.logout()
        client = None
    except ssl.SSLCertVerificationError:
        raise Unreachable(Trouble.CERTIFICATE) from None
    except LoginError:
        raise Unreachable(Trouble.NOT_LET_IN) from None
    except (OSError, IMAPClientAbortError):
        raise Unreachable(Trouble.UNREACHABLE) from None
    except IMAPClientError:
        raise Unreachable(Trouble.REFUSED) from None
    finally:
        if client is not None:
            with contextlib.suppress(OSError, IMAPClientError):
                client.shutdown()


def sign_in(client: Any, account: Account) -> None:
    """Sign in, in a way that carries every letter of a password where the server knows one."""
    if client.has_capability("AUTH=PLAIN"):
        client.plain_login(account.user, account.password)
    else:
        client.login(account.user, account.password)


class Fetcher:
    """Takes in what comes into one mailbox."""

    def __init__(self, app: Flask, account: Account) -> None:
        self.app = app
        self.account = account
        self.name = account.name

    def run(self, stop: threading.Event) -> None:
        """Take in what comes until told to stop; whatever is in the way is tried again."""
        tries = 0
        while not stop.is_set():
            wait = min(FIRST_WAIT * 2**tries, LONGEST_WAIT)
            tries = min(tries + 1, 10)
            try:
                with opened(self.account) as box:
                    while not stop.is_set():
                        more = self.look(box, stop)
                        tries = 0
                        if not more:
                            box.wait(stop)
                return
            except Unreachable as error:
                log.warning("mailbox can't be looked into", why=str(error.trouble))
                self.note(error.trouble)
                if error.trouble == Trouble.NOT_LET_IN:
                    wait = max(wait, REFUSED_WAIT)
            except (SQLAlchemyError, PoolTimeout) as error:
                log.error("mail can't be kept", error=mishaps.describe(error))
            except Exception as error:  # noqa: BLE001 – mail comes in tomorrow, too
                log.error("mailbox not read", error=mishaps.describe(error))
                self.note(Trouble.REFUSED)
            stop.wait(wait)

    def look(self, box: Box, stop: threading.Event) -> bool:
        """Take in what is new, and mark what is taken; True where more is there."""
        with self.working():
            last, _waiting = mailboxes.open_at(self.name, box.uid_validity)
            due = mailboxes.list_due(self.name, clock.now())
        new = box.list_new(last)
        for uid in [*due, *new][:AT_ONCE]:
            if stop.is_set():
                break
            self.take(box, uid)
        # one at a time: what two move at once would lie there twice
        with self.working():
            last, waiting = mailboxes.open_at(self.name, box.uid_validity)
            given_up = mailboxes.list_given_up(self.name)
            there = [uid for uid in box.list_unmarked(last) if uid not in waiting]
            box.finish([uid for uid in there if uid not in given_up], box.done)
            box.finish([uid for uid in there if uid in given_up], box.failed)
        self.note(None)
        # what came meanwhile the server has told us of, and won't tell again
        return bool(box.list_new(last))

    def take(self, box: Box, uid: int) -> None:
        """Take one mail in. What can't be taken is left, so that it keeps no other from coming."""
        try:
            size = box.size_of(uid)
            too_large = size is not None and size > LARGEST
            raw = None if size is None else box.head(uid) if too_large else box.whole(uid)
        except (IMAPClientAbortError, OSError):
            self.leave(box, uid, "broke_off")
            raise
        except IMAPClientError:
            self.leave(box, uid, "refused")
            return
        except Exception as error:  # noqa: BLE001 – one odd answer must not stop the others
            log.error("answer not read", uid=uid, error=mishaps.describe(error))
            self.leave(box, uid, "refused")
            # how much of it was read nobody knows: what comes next may be the rest
            raise Unreachable(Trouble.REFUSED) from None
        try:
            kept = self.keep(box, uid, raw, size or 0)
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 – one mail must not stop the others
            log.error("mail not kept", uid=uid, error=mishaps.describe(error))
            self.leave(box, uid, "not_kept")
            return
        if kept:
            log.info("mail fetched", messages=kept, size=size)

    def keep(self, box: Box, uid: int, raw: bytes | None, size: int) -> list[int]:
        """Keep a mail at each place it came to, and in the same transaction that it was taken.

        Of one that is too large its headers are kept, for people to see who wrote. What is here
        already is not kept again.
        """
        at = clock.now()
        with self.working():
            if not mailboxes.claim(self.name, box.uid_validity, uid) or raw is None:
                return []
            envelope = read_envelope(raw)
            sender = UNKNOWN if envelope.sender is None else envelope.sender
            stored = (
                pipeline.store(raw, sender, one.name, "imap", at, one.token_id)
                for one in find_places(envelope)
            )
            kept = [one for one in stored if one is not None]
            if kept and size <= LARGEST:
                jobs.soon("inbound.read_waiting")
            if size > LARGEST:
                mailboxes.give_up(self.name, box.uid_validity, uid, TOO_LARGE, at)
                for one in kept:
                    message = session().get_one(InboundMessage, one)
                    message.size = size
                    settle(message, MailState.NOT_UNDERSTOOD, TOO_LARGE, at)
        return kept

    def leave(self, box: Box, uid: int, code: str) -> None:
        """Leave a mail where it is, to be tried again later."""
        with self.working():
            given_up = mailboxes.leave(self.name, box.uid_validity, uid, code, clock.now())
        if given_up:
            log.error("mail given up", uid=uid, why=code)

    def note(self, trouble: Trouble | None) -> None:
        """Note how it is, for whoever looks after the portal."""
        with contextlib.suppress(SQLAlchemyError, PoolTimeout), self.working():
            if trouble is None:
                mailboxes.note_looked(self.name, clock.now())
            else:
                mailboxes.note_trouble(self.name, trouble, clock.now())

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Work in a transaction of its own."""
        with self.app.app_context(), circumstances.under(channel="mail"):
            try:
                with unit_of_work():
                    yield
            finally:
                db.session.remove()


def find_places(envelope: Envelope) -> list[Where]:
    """Return which addresses of ours a mail was sent to, the lead address if none other.

    The one that its server wrote down, else all that it names. What came to an address for answers
    that is in no mail of ours came to one without a token: it is read by who wrote it, and waits
    for people where that is a stranger.
    """
    settings: Settings = current_app.config["SETTINGS"]
    lead = Where(settings.lead_address.lower())
    domains = {settings.inbound_domain, lead.name.rpartition("@")[2]}

    def find(asked: Iterable[str], most: int) -> list[Where]:
        ours = [one for one in asked if one.rpartition("@")[2] in domains]
        found = dict.fromkeys(places.find(one) for one in ours[:ASKED])
        return [one for one in found if one is not None and one != lead][:most]

    written, named = envelope.written, envelope.named
    return (
        find(written, 1)
        or find(named, ASKED)
        or find(without_token(written), 1)
        or find(without_token(named), 1)
        or [lead]
    )


def without_token(asked: Iterable[str]) -> Iterator[str]:
    """Yield these addresses without what stands behind the plus, those that have one."""
    for one in asked:
        if "+" in one:
            yield f"{one.partition('+')[0]}@{one.rpartition('@')[2]}"


def main(app: Flask) -> None:
    """Fetch mail until told to stop."""
    settings: Settings = app.config["SETTINGS"]
    account = mailboxes.read_url(settings.imap_url)
    # it would write down who writes to whom
    logging.getLogger("imapclient").setLevel(logging.ERROR)
    wish, stop = {signal.SIGTERM, signal.SIGINT}, threading.Event()
    # before the thread starts, so that it inherits the mask and `sigwait` gets the signal
    signal.pthread_sigmask(signal.SIG_BLOCK, wish)
    fetching = threading.Thread(target=Fetcher(app, account).run, args=(stop,), name="mail-fetch")
    fetching.start()
    log.info("mail-fetch looks into a mailbox", host=account.host)
    signal.sigwait(wish)
    stop.set()
    fetching.join(timeout=10)

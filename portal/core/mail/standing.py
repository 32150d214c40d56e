"""Whether an address takes our mails: what came back from it, what its reader complained of.

An address is known by a keyed hash alone. It is marked once a mail comes back for good, or on so
many days for now; from then on it gets nothing but what its reader asks for herself, until somebody
releases it. A complaint ends the mails that can be left with one press, and no others.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.core import jobs
from portal.core.config import Settings
from portal.core.db import AnyRow, session
from portal.core.events import record
from portal.core.mail import addresses
from portal.core.mail.events import AddressMarked, MailComplainedOf
from portal.core.mail.models import MailAddress, MailReturn, OutgoingEmail

TOLD_WITHIN = timedelta(days=30)
"""So long after a mail was sent it is heard that it came back."""
COUNTED_FOR = timedelta(days=14)
DAYS_TO_MARK = 4
"""On so many days of `COUNTED_FOR` something came back for now: then the address is marked."""
KEPT = timedelta(days=180)
GOES_AGAIN = timedelta(days=1)
"""What was held for longer is past when an address is released, and stays with us."""
ASKED_FOR = frozenset(("address_check", "password_reset", "sign_in_link", "sign_up_confirm"))
"""Kinds of mails that somebody waits for who has just asked for them."""
LEFT_WITH_ONE_PRESS = "List-Unsubscribe"
FOR_GOOD = re.compile(r"recipient: (5\d\d 5\.(?:1\.(?:0|1|2|3|4|6|10)|2\.[01]|4\.[14]))")
"""How it is noted that a server says nobody has this address. What is held against us is not."""
HELD = "held: address marked"
STOPPED = "held: complaint"
GROUNDLESS = "held: no ground any more"


class Kind(StrEnum):
    """What was told of a mail."""

    HARD = "hard"
    SOFT = "soft"
    COMPLAINT = "complaint"


def hash_of(address: str) -> bytes:
    """Return what an address is known by; its case doesn't matter."""
    settings: Settings = current_app.config["SETTINGS"]
    said = f"mail address {address.strip().lower()}".encode()
    return hmac.new(settings.secret_key.encode(), said, hashlib.sha256).digest()


# -- something came back ----------------------------------------------------------------------


def note(mail_id: int, kind: Kind, code: str, at: datetime, told_of: str = "") -> bool:
    """Note what was told of a mail, once for each kind; False where there is nothing to note.

    What is told of a mail that we never handed over, long ago or before its address was released
    changes nothing. What is `told_of` an address at another domain, to which it was forwarded, is
    never for good.
    """
    mail = (
        session()
        .execute(
            select(
                OutgoingEmail.to_address,
                OutgoingEmail.domain,
                OutgoingEmail.user_id,
                func.coalesce(OutgoingEmail.sent_at, OutgoingEmail.handed_at).label("out_at"),
            ).where(OutgoingEmail.id == mail_id)
        )
        .one_or_none()
    )
    if mail is None or mail.out_at is None or mail.out_at < at - TOLD_WITHIN:
        return False
    if kind == Kind.HARD and told_of and addresses.domain_of(told_of) != mail.domain:
        kind = Kind.SOFT
    address = _take(mail.to_address, mail.domain, at)
    if mail.out_at < address.counts_from:
        return False
    new = session().scalar(
        insert(MailReturn)
        .values(address_id=address.id, mail_id=mail_id, kind=kind, code=code, at=at)
        .on_conflict_do_nothing(index_elements=["mail_id", "kind"])
        .returning(MailReturn.id)
    )
    if new is None:
        return False
    address.last_mail_id = mail_id
    marked = address.marked_at is None and (
        kind == Kind.HARD or (kind == Kind.SOFT and _days(address, at) >= DAYS_TO_MARK)
    )
    complained = kind == Kind.COMPLAINT and address.complained_at is None
    about: dict[str, Any] = {"at": at, "user_id": mail.user_id, "mail_id": mail_id}
    if marked:
        address.marked_at, address.code = at, code
        record(AddressMarked(address_id=address.id, code=code, **about))
    if complained:
        address.complained_at = at
        record(MailComplainedOf(address_id=address.id, **about))
    session().flush()
    return True


def refused(mail_id: int, error: str, at: datetime) -> None:
    """Note what a server said at once that took no mail for an address, if that is for good."""
    said = FOR_GOOD.fullmatch(error)
    if said is not None:
        note(mail_id, Kind.HARD, f"returned: {said[1]}", at)


def _take(to: str, domain: str, at: datetime) -> MailAddress:
    """Return the row of an address, new if need be, held until the end of the transaction."""
    known = hash_of(to)
    session().execute(
        insert(MailAddress)
        .values(address_hash=known, domain=domain, counts_from=at - TOLD_WITHIN)
        .on_conflict_do_nothing(index_elements=["address_hash"])
    )
    return (
        session()
        .scalars(
            select(MailAddress)
            .where(MailAddress.address_hash == known)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        .one()
    )


def _days(address: MailAddress, at: datetime) -> int:
    """Return on how many days lately something came back for now."""
    since = max(address.counts_from, at - COUNTED_FOR)
    query = select(func.count(func.distinct(func.date(MailReturn.at)))).where(
        MailReturn.address_id == address.id, MailReturn.kind == Kind.SOFT, MailReturn.at > since
    )
    return session().scalar(query) or 0


# -- what of it follows -----------------------------------------------------------------------


def find_barred(emails: Collection[str], *, lock: bool = False) -> dict[str, MailAddress]:
    """Return which of these addresses are marked or complained, by the address as it was given.

    With a `lock` none of them is released before the end of the transaction.
    """
    known = {one: hash_of(one) for one in emails if one}
    if not known:
        return {}
    query = select(MailAddress).where(MailAddress.address_hash.in_(known.values()), _barred())
    if lock:
        query = query.order_by(MailAddress.id).with_for_update(read=True)
        query = query.execution_options(populate_existing=True)
    barred = {row.address_hash: row for row in session().scalars(query)}
    return {one: barred[its] for one, its in known.items() if its in barred}


def find_marked(email: str) -> MailAddress | None:
    """Return the row of an address if it is marked."""
    found = find_barred([email]).get(email)
    return found if found is not None and found.marked_at is not None else None


def _barred() -> ColumnElement[bool]:
    return MailAddress.marked_at.is_not(None) | MailAddress.complained_at.is_not(None)


Ground = Callable[[Collection[int]], Collection[int]]

GROUNDS: dict[str, Ground] = {}


def ground(kind: str) -> Callable[[Ground], Ground]:
    """Register who says which mails of a kind must not go out any more, when they are to go."""

    def register(find: Ground) -> Ground:
        GROUNDS[kind] = find
        return find

    return register


def hold(mails: Sequence[Row[Any]]) -> dict[int, str]:
    """Return which of these mails must not go out now, and why as a code."""
    # who releases one meanwhile finds what is held here
    barred = find_barred({mail.to_address for mail in mails}, lock=True)
    held: dict[int, str] = {}
    for kind in {mail.kind for mail in mails} & GROUNDS.keys():
        groundless = GROUNDS[kind]([mail.id for mail in mails if mail.kind == kind])
        held.update(dict.fromkeys(groundless, GROUNDLESS))
    for mail in mails:
        address = barred.get(mail.to_address)
        if address is None or mail.kind in ASKED_FOR:
            continue
        if address.marked_at is not None:
            held[mail.id] = HELD
        elif LEFT_WITH_ONE_PRESS in mail.headers:
            held[mail.id] = STOPPED
    return held


def release(address_id: int, at: datetime) -> bool:
    """Let mails to an address go out again, those held within a day first; False if it was free.

    What came back before counts no more.
    """
    address = session().get(MailAddress, address_id, with_for_update=True, populate_existing=True)
    if address is None or (address.marked_at is None and address.complained_at is None):
        return False
    address.marked_at = address.complained_at = address.code = None
    address.counts_from = at
    session().flush()
    to = select(OutgoingEmail.to_address).where(OutgoingEmail.id == address.last_mail_id)
    session().execute(
        update(OutgoingEmail)
        .where(
            OutgoingEmail.status == "held",
            OutgoingEmail.to_address == to.scalar_subquery(),
            OutgoingEmail.created_at > at - GOES_AGAIN,
        )
        .values(status="queued", error=None, next_attempt_at=at)
        .execution_options(synchronize_session=False)
    )
    jobs.soon("mail.drain")
    return True


def list_barred(limit: int) -> list[AnyRow]:
    """Return the addresses that are marked or complained, the latest first.

    Each with the mail that was told of last and how often something came back; no address.
    """
    came_back = (
        select(func.count())
        .where(MailReturn.address_id == MailAddress.id, MailReturn.at > MailAddress.counts_from)
        .scalar_subquery()
    )
    since = func.coalesce(MailAddress.marked_at, MailAddress.complained_at)
    return list(
        session().execute(
            select(
                MailAddress.id,
                MailAddress.address_hash,
                MailAddress.domain,
                MailAddress.marked_at,
                MailAddress.complained_at,
                MailAddress.code,
                since.label("since"),
                came_back.label("came_back"),
                OutgoingEmail.user_id,
                OutgoingEmail.lead_id,
            )
            .outerjoin(OutgoingEmail, OutgoingEmail.id == MailAddress.last_mail_id)
            .where(_barred())
            .order_by(since.desc(), MailAddress.id.desc())
            .limit(limit)
        )
    )


def forget(at: datetime) -> None:
    """Forget what came back long ago, and the addresses of which nothing else is known."""
    session().execute(delete(MailReturn).where(MailReturn.at < at - KEPT))
    session().execute(
        delete(MailAddress).where(
            ~_barred(),
            MailAddress.counts_from < at - KEPT,
            ~select(MailReturn.id).where(MailReturn.address_id == MailAddress.id).exists(),
        )
    )

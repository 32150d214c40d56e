"""Mails of ours that came back, and who complained of one: the address is marked, or released.

Each mail goes out under a sender of its own, `b+<token>@` the domain mail comes in at; what doesn't
carry a token that we made changes nothing. What a report says is read in `delivery_reports`, what
follows for the address stands in the core (`mail.standing`). Here as well: the fresh mail by which
somebody shows that her address works again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from portal.accounts.actor import Actor
from portal.core.config import Settings
from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.events import record
from portal.core.mail import addresses, outbox, standing
from portal.core.mail.models import MailAddress
from portal.core.mail.standing import Kind
from portal.inbound.delivery_reports import Told, judge
from portal.inbound.events import AddressReleased
from portal.inbound.parsing import Mail

LINK_LASTS = timedelta(days=3)
LONGEST = 300
CHECKED_APART = timedelta(minutes=10)
KINDS = {
    Told.GONE: Kind.HARD,
    Told.FOR_NOW: Kind.SOFT,
    Told.CHALLENGE: Kind.SOFT,
    Told.COMPLAINT: Kind.COMPLAINT,
}


def place_of(address: str) -> str | None:
    """Return one of our senders as it is kept, without its secret; None for what is none."""
    settings: Settings = current_app.config["SETTINGS"]
    mail_id = addresses.read_bounce_address(address, settings.inbound_domain, settings.secret_key)
    return f"{addresses.BOUNCES}+{mail_id}@{settings.inbound_domain}" if mail_id else None


def hear(recipient: str, mail: Mail, at: datetime) -> str | None:
    """Note what a mail tells of one of ours, and return a code of it; None where it tells nothing.

    A complaint may come to any address of ours, as long as it names a sender that we made.
    """
    verdict = judge(mail.report, mail.subject, mail.text, mail.headers.get("content-type", ""))
    if verdict is None:
        return None
    place: str | None = recipient
    if not recipient.startswith(f"{addresses.BOUNCES}+"):
        place = place_of(mail.report.get("sender", "")) if verdict.told == Told.COMPLAINT else None
    if place is None:
        return None
    kind = KINDS.get(verdict.told)
    if kind is not None:
        mail_id = int(place.partition("+")[2].partition("@")[0])
        if not standing.note(mail_id, kind, verdict.code, at, mail.report.get("recipient", "")):
            return "told_before"
    return f"report_{verdict.told}"


# -- released ---------------------------------------------------------------------------------


def release(address_id: int, at: datetime, checked: bool = False) -> bool:
    """Let mails to an address go out again; False if nothing held them back.

    `checked`: a fresh mail has arrived there.
    """
    found = standing.release(address_id, at)
    if found:
        record(AddressReleased(at=at, address_id=address_id, checked=checked))
    return found


def send_check(actor: Actor, at: datetime) -> bool:
    """Send a fresh mail to a person's marked address, not too often; False if it isn't marked."""
    address = standing.find_marked(actor.email)
    if address is None:
        return False
    slot = int(at.timestamp() // CHECKED_APART.total_seconds())
    outbox.post(
        "address_check",
        outbox.Recipient(actor.id, actor.email, actor.name, actor.locale, actor.timezone),
        {
            "name": actor.name,
            "path": f"/address-check/{sign(address, at + LINK_LASTS)}",
            "until": at + LINK_LASTS,
        },
        at,
        dedupe_key=f"address-check:{address.id}:{slot}",
    )
    return True


def sign(address: MailAddress, until: datetime) -> str:
    """Return the secret of the link that releases an address: good for this mark alone."""
    return _signer().dumps([address.id, _ms(address.marked_at), _ms(until)])


def read_link(secret: str, at: datetime) -> MailAddress:
    """Return the address of a link while it is marked as it was then. Raises `NotFound`."""
    try:
        address_id, mark, until = _signer().loads(secret[:LONGEST])
    except (BadSignature, ValueError, TypeError):
        raise NotFound() from None
    address = session().get(MailAddress, int(address_id))
    if address is None or not mark or _ms(address.marked_at) != mark or _ms(at) > until:
        raise NotFound()
    return address


def confirm(secret: str, at: datetime) -> None:
    """Release an address to which a fresh mail has come. Raises `NotFound`."""
    release(read_link(secret, at).id, at, checked=True)


def _ms(moment: datetime | None) -> int:
    return int(moment.timestamp() * 1000) if moment else 0


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="address-check")

"""Addresses in outgoing mail: how a person is written, where bounces go.

Our own plus-addresses carry ids and a signature, so that an answer finds its lead without a table
and nobody can make one up. They survive being written in capitals.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from email.headerregistry import Address

BOUNCES = "b"
"""What the local part of an envelope sender begins with."""
LEADS = "l"
"""What the local part of a lead's own address begins with."""
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def one_line(text: str) -> str:
    """Return `text` without control characters and line breaks, as a header can carry it."""
    kept = ("" if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c for c in spaced(text))
    return " ".join("".join(kept).split())


def spaced(text: str) -> str:
    """Return `text` with every kind of white space as a plain space."""
    return "".join(" " if c.isspace() else c for c in text)


def written(name: str, address: str) -> Address:
    """Return a name and an address as a header writes them; a foreign domain in its ASCII form.

    Raises ValueError for an address that can't be written.
    """
    local, _at, domain = address.rpartition("@")
    if not local or not domain:
        raise ValueError("not an address")
    return Address(one_line(name), local, domain.encode("idna").decode())


def domain_of(address: str) -> str:
    """Return the domain of an address in lower case; empty where it has none."""
    return address.rpartition("@")[2].strip().rstrip(".").lower() if "@" in address else ""


def sender(mail_domain: str) -> str:
    """Return the address that our mails come from."""
    return f"leads@{mail_domain}"


def bounce_address(mail_id: int, inbound_domain: str, secret_key: str) -> str:
    """Return the envelope sender of one mail: what can't be delivered comes back there."""
    return f"{BOUNCES}+{_sign(_short(mail_id), secret_key)}@{inbound_domain}"


def read_bounce_address(address: str, inbound_domain: str, secret_key: str) -> int | None:
    """Return the mail whose envelope sender this is; None for what is none of ours."""
    local, _at, domain = address.strip().strip("<>").lower().rpartition("@")
    name, _plus, token = local.strip('"').partition("+")
    if name != BOUNCES or domain != inbound_domain:
        return None
    ids = read_token(token, secret_key) if token.isascii() else None
    return ids[0] if ids and len(ids) == 1 else None


def lead_address(lead_id: int, pickup_id: int, inbound_domain: str, secret_key: str) -> str:
    """Return the address of a lead for who holds it by a pickup; 0: for the vendor."""
    said = f"{_short(lead_id)}-{_short(pickup_id)}"
    return f"{LEADS}+{_sign(said, secret_key, LEADS)}@{inbound_domain}"


def read_lead_address(token: str, secret_key: str) -> tuple[int, int] | None:
    """Return lead and pickup of what stands after the plus of a lead's address; None: not ours."""
    ids = read_token(token, secret_key, LEADS) if token.isascii() else None
    return (ids[0], ids[1]) if ids and len(ids) == 2 else None


def read_token(token: str, secret_key: str, purpose: str = "address") -> list[int] | None:
    """Return the ids in what stands after the plus of one of our addresses; None if not ours.

    What was signed for another purpose is none.
    """
    token = token.lower()
    said = token.rpartition("-")[0]
    signed = _sign(said, secret_key, purpose)
    if not said or not hmac.compare_digest(signed.encode(), token.encode()):
        return None
    return [int(part, 36) for part in said.split("-")]


def message_id(dedupe_key: str, mail_domain: str, secret_key: str) -> str:
    """Return the Message-ID of a mail: the same whenever the same mail is sent."""
    return f"<{_mac('message ' + dedupe_key, secret_key)}@{mail_domain}>"


def _sign(said: str, secret_key: str, purpose: str = "address") -> str:
    return f"{said}-{_mac(f'{purpose} {said}', secret_key)}"


def _mac(said: str, secret_key: str) -> str:
    full = hmac.new(secret_key.encode(), said.encode(), hashlib.sha256).digest()
    return _short(int.from_bytes(full[:16], "big")).rjust(25, "0")


def _short(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = DIGITS[rest] + digits
        if number == 0:
            return digits

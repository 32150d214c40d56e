"""What a mail program has packed or sealed so that nobody else reads it, and what it only signed.

Pure. Of what is sealed nothing is opened: whoever wrote it is told so, and answers in plain text.
"""

from __future__ import annotations

import re

KINDS = frozenset(
    (
        *("application/ms-tnef", "application/vnd.ms-tnef"),
        *("application/pkcs7-mime", "application/x-pkcs7-mime"),
        *("multipart/encrypted", "application/pgp-encrypted"),
    )
)
NAMES = frozenset(("winmail.dat", "smime.p7m"))
SIGNATURES = frozenset(
    (
        *("application/pkcs7-signature", "application/x-pkcs7-signature"),
        "application/pgp-signature",
    )
)
"""The parts that say who signed the others: nothing to read, nothing to keep."""

SEALED = "-----BEGIN PGP MESSAGE-----"
SIGNED = re.compile(
    r"-----BEGIN PGP SIGNED MESSAGE-----\s*\n(?:Hash: [^\n]{1,80}\n)*\s*\n"
    r"(.*?)-----BEGIN PGP SIGNATURE-----",
    re.DOTALL,
)
DASHED = re.compile(r"^- (?=-)", re.MULTILINE)
"""A line that begins with a dash gets another when it is signed."""


def is_sealed(kind: str, name: str, data: bytes = b"") -> bool:
    """Say whether a part of a mail holds what only certain programs can open."""
    return (
        kind in KINDS
        or name.strip().lower() in NAMES
        or data[:200].lstrip().startswith(SEALED.encode())
    )


def without_armour(text: str) -> str | None:
    """Return a text without what its signature put around it; None where it is sealed."""
    begin = text[:2000].lstrip()
    if begin.startswith(SEALED):
        return None
    if not begin.startswith("-----BEGIN PGP"):
        return text
    found = SIGNED.search(text.replace("\r\n", "\n"))
    return DASHED.sub("", found[1]) if found else text

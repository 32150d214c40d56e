"""Whether our own mail server vouches for the sender of a mail: `Authentication-Results`. Pure.

Only what carries the name of our server counts, and of that the topmost; our server takes off
whatever came in under its name (RFC 8601, section 5). What another one with that name doubts is
doubted: a header can only make it worse.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

LONGEST = 8 * 1024
PAIR = re.compile(r'([a-z0-9_.-]{1,60})(?:\s*/\s*\d{1,3})?\s*=\s*("[^"]{0,500}"|[^\s;"]{1,500})')
GOOD, BAD = "pass", frozenset(("fail", "reject", "quarantine"))


class Vouched(StrEnum):
    """What our server says of the sender of a mail."""

    PASS = "pass"  # noqa: S105
    NONE = "none"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Result:
    """What was found by one method: `dmarc`, `dkim`, and what it was found about."""

    method: str
    value: str
    about: dict[str, str]


def vouched(headers: Sequence[str], authserv_id: str, sender: str) -> Vouched:
    """Return what our server says of a sender; `headers` are in the order of the mail."""
    domain = sender.rpartition("@")[2].lower()
    if not authserv_id or not domain:
        return Vouched.NONE
    ours = [found for one in headers if (found := read(one, authserv_id)) is not None]
    if not ours:
        return Vouched.NONE
    said = [say(results, domain) for results in ours]
    return Vouched.FAIL if Vouched.FAIL in said else said[0]


def say(results: Sequence[Result], domain: str) -> Vouched:
    """Return what one header says of a domain."""
    for one in results:
        if one.method != "dmarc":
            continue
        about = one.about.get("header.from", "").lower().rstrip(".")
        if one.value in BAD or (one.value == GOOD and about and about != domain):
            # what it judged is not what we read: one of us was fooled
            return Vouched.FAIL
        if one.value == GOOD and about:
            return Vouched.PASS
    signed = (one for one in results if one.method == "dkim" and one.value == GOOD)
    return Vouched.PASS if any(is_aligned(one, domain) for one in signed) else Vouched.NONE


def is_aligned(signature: Result, domain: str) -> bool:
    """Say whether a signature is of a domain, or of one that it is below of."""
    by = signature.about.get("header.d", "").lower().rstrip(".")
    return "." in by and (domain == by or domain.endswith(f".{by}"))


def read(header: str, authserv_id: str) -> list[Result] | None:
    """Return what a header says; None where another server wrote it, or it can't be read."""
    plain = without_comments(header)
    if plain is None:
        return None
    name, *parts = split(plain)
    words = name.split()
    if not words or words[0].strip('"') != authserv_id.lower():
        return None
    results = []
    for part in parts:
        pairs = [(key, value.strip('"')) for key, value in PAIR.findall(part)]
        if pairs:
            (method, value), *rest = pairs
            results.append(Result(method, value, dict(reversed(rest))))
    return results


def without_comments(header: str) -> str | None:
    """Return a header in lower case without what stands in brackets; None where they don't match.

    Each character is looked at once, however many brackets there are.
    """
    kept: list[str] = []
    depth, quoted, skip = 0, False, False
    for sign in header[: LONGEST + 1].lower():
        if skip:
            skip = False
            continue
        if sign == "\\":
            skip = True
        elif quoted:
            quoted = sign != '"'
            kept.append(sign)
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
            if depth < 0:
                return None
        elif depth == 0:
            quoted = sign == '"'
            kept.append(sign)
    return None if depth or quoted or skip or len(header) > LONGEST else "".join(kept)


def split(plain: str) -> list[str]:
    """Return the parts of a header between semicolons, none of which stands in quotes."""
    parts, quoted = [""], False
    for sign in plain:
        quoted = quoted != (sign == '"')
        if sign == ";" and not quoted:
            parts.append("")
        else:
            parts[-1] += sign
    return parts

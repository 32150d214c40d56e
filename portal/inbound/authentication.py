"""Whether our own mail server vouches for the sender of a mail: `Authentication-Results`. Pure.

Only what carries the name of our server counts, and of that the topmost; our server takes off
whatever came in under its name (RFC 8601, section 5). What another one with that name doubts is
doubted: a header can only make it worse.

A signature alone vouches where it covers all that an answer is read by; one of a part of the text
(`l=`) is none, for anybody may have written on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

LONGEST = 8 * 1024
PAIR = re.compile(r'([a-z0-9_.-]{1,60})(?:\s*/\s*\d{1,3})?\s*=\s*("[^"]{0,500}"|[^\s;"]{1,500})')
READ = frozenset(("from", "to", "subject", "date", "message-id", "content-type"))
"""The headers that a signature has to cover to vouch for a mail alone."""
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


def vouched(
    headers: Sequence[str], authserv_id: str, sender: str, signatures: Sequence[str] = ()
) -> Vouched:
    """Return what our server says of a sender; `headers` are in the order of the mail.

    `signatures` are the mail's own, which our server has looked at.
    """
    domain = sender.rpartition("@")[2].lower()
    if not authserv_id or not domain:
        return Vouched.NONE
    ours = [found for one in headers if (found := read(one, authserv_id)) is not None]
    if not ours:
        return Vouched.NONE
    hers = [tags for tags in map(tags_of, signatures) if is_of(domain, tags.get("d", ""))]
    said = [say(results, domain, hers) for results in ours]
    return Vouched.FAIL if Vouched.FAIL in said else said[0]


def say(results: Sequence[Result], domain: str, signed: Sequence[Mapping[str, str]]) -> Vouched:
    """Return what one header says of a domain, whose own signatures are `signed`."""
    whole = not any("l" in tags for tags in signed)
    for one in results:
        if one.method != "dmarc":
            continue
        about = one.about.get("header.from", "").lower().rstrip(".")
        if one.value in BAD or (one.value == GOOD and about and about != domain):
            # what it judged is not what we read: one of us was fooled
            return Vouched.FAIL
        if one.value == GOOD and about:
            return Vouched.PASS if whole else Vouched.NONE
    held = any(
        one.method == "dkim" and one.value == GOOD and is_of(domain, one.about.get("header.d", ""))
        for one in results
    )
    covers = bool(signed) and whole and all(headers_of(tags) >= READ for tags in signed)
    return Vouched.PASS if held and covers else Vouched.NONE


def is_of(domain: str, by: str) -> bool:
    """Say whether a signature is of a domain, or of one that it is below of."""
    by = by.lower().rstrip(".")
    return "." in by and (domain == by or domain.endswith(f".{by}"))


def tags_of(signature: str) -> dict[str, str]:
    """Return what a signature says, without the blanks in it."""
    pairs = (part.partition("=") for part in signature[:LONGEST].split(";"))
    return {"".join(name.split()).lower(): "".join(said.split()) for name, _is, said in pairs}


def headers_of(tags: Mapping[str, str]) -> set[str]:
    """Return the headers that a signature covers."""
    return set(tags.get("h", "").lower().split(":"))


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

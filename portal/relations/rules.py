"""What customers are recognised by, pure: reading a list, and the marks that are kept of it.

Normalised as inquiries are when two are compared (`leads.addresses`). A mark is the HMAC-SHA256 of
kind and value under the firm's own key, cut to 128 bits.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from portal.leads.addresses import hosts_of, mailbox
from portal.leads.intake.cleaning import find_domain, find_email, find_phone
from portal.relations.models import MarkKind

MOST = 20_000
"""So many customers a list may have: a firm's own ones, not a directory of all there are."""

LEAST = 10
"""A shorter list counts for nothing: being offered a lead first would say who its customer is."""

LONGEST_LINE = 2000
MARK_BYTES = 16
FEWEST_DIGITS = 7
"""A shorter number may be a postcode."""

_DIGIT = re.compile(r"[0-9]")
_CELLS = re.compile(r'[;,|\t"<>]+')

Trait = tuple[MarkKind, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """What was found in a list, and the numbers of the lines in which nothing was."""

    traits: frozenset[Trait]
    blank: tuple[int, ...]


def read_list(text: str, country: str | None) -> Listed:
    """Find web domains, e-mail addresses and phone numbers in a text, a line for each customer.

    Any other column is passed over. The first line may be a heading.
    """
    found: set[Trait] = set()
    blank = []
    for number, line in enumerate(text.splitlines(), start=1):
        traits = set(read_line(line[:LONGEST_LINE], country))
        if not traits and line.strip() and number > 1:
            blank.append(number)
        found |= traits
    return Listed(frozenset(found), tuple(blank))


def read_line(line: str, country: str | None) -> Iterator[Trait]:
    """Yield what one line recognises a customer by."""
    for cell in _CELLS.split(line):
        cell = cell.strip()
        if "@" in cell:
            email = find_email(cell)
            yield from traits_of([email] if email else [], [], [])
        elif host := find_domain(cell):
            yield from traits_of([], [host], [])
        elif len(_DIGIT.findall(cell)) >= FEWEST_DIGITS and (phone := find_phone(cell, country)):
            yield from traits_of([], [], [phone])


def traits_of(
    emails: Iterable[str], domains: Iterable[str], phones: Iterable[str]
) -> Iterator[Trait]:
    """Yield what somebody is recognised by; an address at one's own domain tells both."""
    emails = [found for one in emails if one and (found := mailbox(one))]
    for host in sorted(hosts_of(emails, [one for one in domains if one])):
        yield MarkKind.DOMAIN, host
    for email in emails:
        yield MarkKind.EMAIL, email
    for phone in phones:
        if phone:
            yield MarkKind.PHONE, phone


def mark_of(trait: Trait, key: bytes) -> bytes:
    """Return what recognises a trait, and can't be tried out without the key."""
    kind, value = trait
    told = f"{kind}:{value}".encode()
    return hmac.new(key, told, hashlib.sha256).digest()[:MARK_BYTES]


def marks_of(traits: Iterable[Trait], key: bytes) -> Mapping[bytes, MarkKind]:
    """Return the marks of traits with their kinds."""
    return {mark_of(trait, key): trait[0] for trait in traits}

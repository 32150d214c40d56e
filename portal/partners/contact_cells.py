"""How contacts stand in a cell of a list: "Anna Meyer <anna@firm.com> +49 511 123456; …".

Not here: what becomes of them (`contacts`) and what the columns are called (`columns`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from portal.partners.columns import BETWEEN, CLEARS, Unreadable
from portal.partners.models import ContactFunction, PartnerContact

PREFIX = "contacts_"
RESPONSIBLE = "responsible"
COLUMNS = {PREFIX + function: function for function in ContactFunction}
"""The columns of contacts, each with the function that they have."""

LONGEST_CELL = 20_000
LONGEST = 500
"""How long what is said of one contact can be."""

ADDRESS = re.compile(r"(?<![^\s<>,;()])(?P<email>[^\s<>,;()@]+@[^\s<>,;()]+)")
NUMBER = re.compile(r"[+(]?\d[\d\s()/.+-]{4,}(?: ext\. \d+)?")
OF_NUMBERS = "0123456789 \t()/.+-"
BEGINS = (re.compile(r"(?<![^\s,])\(?\+"), re.compile(r"(?<![^\s,])\(?0"))
"""How a phone number begins that doesn't stand behind an address."""
LEAST_DIGITS = 6
AROUND = " \t,"


@dataclass(frozen=True, slots=True)
class Said:
    """A contact as somebody wrote it."""

    name: str
    email: str | None = None
    phone: str | None = None


def read(cell: str, held: Iterable[PartnerContact] = ()) -> Sequence[Said]:
    """Return the contacts that a cell lists, each once. Raises `Unreadable`.

    What says of one that is `held` just what we write is that contact, whatever is in its name.
    """
    if cell == CLEARS:
        return []
    if len(cell) > LONGEST_CELL:
        raise Unreadable(_("At most %(most)d characters fit here.", most=LONGEST_CELL))
    pieces = _divide(cell)
    # a name may divide: the one that takes most pieces is meant
    left = sorted(((_divide(write([one])), one) for one in held), key=lambda each: -len(each[0]))
    found: list[Said] = []
    read_anew: set[Said] = set()
    place = 0
    while place < len(pieces):
        known = next(
            (each for each in left if pieces[place : place + len(each[0])] == each[0]), None
        )
        if known is not None:
            left.remove(known)
            found.append(as_it_is(known[1]))
            place += len(known[0])
            continue
        said = _read(pieces[place])
        if said not in read_anew:
            read_anew.add(said)
            found.append(said)
        place += 1
    return found


def as_it_is(contact: PartnerContact) -> Said:
    """Return what is kept of a contact."""
    return Said(contact.name, contact.email, contact.phone)


def _divide(cell: str) -> list[str]:
    lines = (" ".join(one.split()) for one in re.split(r"[;\n]", cell))
    return [line for line in lines if line]


def _read(line: str) -> Said:
    if len(line) > LONGEST:
        raise Unreadable(_("“%(name)s …” is too long for a contact.", name=line[:60]))
    before, email, behind = _at_address(line)
    whole = bool(NUMBER.fullmatch(behind))
    rest, phone = (before, behind) if whole else _at_phone(f"{before} {behind}")
    name = " ".join(rest.strip(AROUND).split())
    if not name:
        raise Unreadable(_("“%(name)s” doesn’t say who that is.", name=line[:60]))
    return Said(name, email, phone)


def _at_address(line: str) -> tuple[str, str | None, str]:
    """Return what stands before the address, the address, and what stands behind it."""
    found = list(ADDRESS.finditer(line))
    if not found:
        return line, None, ""
    if len(found) > 1:
        raise Unreadable(
            _(
                "“%(name)s” has several addresses; please put a semicolon between contacts.",
                name=line[:60],
            )
        )
    start, end = found[0].span()
    around = line[max(start - 1, 0) : start] + line[end : end + 1]
    if around in ("<>", "()"):
        start, end = start - 1, end + 1
    return line[:start], found[0]["email"], line[end:].strip(AROUND)


def _at_phone(text: str) -> tuple[str, str | None]:
    """Return what stands before the phone number at the end, and that number."""
    text = text.rstrip(AROUND)
    last = len(text.rstrip(OF_NUMBERS))
    for begins in BEGINS:
        found = begins.search(text, last)
        if found:
            number = text[found.start() :]
            if sum(one.isdecimal() for one in number) >= LEAST_DIGITS:
                return text[: found.start()], number
    return text, None


def write(contacts: Iterable[PartnerContact]) -> str:
    """Return a cell that lists contacts."""
    return BETWEEN.join(
        " ".join(filter(None, (one.name, f"<{one.email}>" if one.email else "", one.phone)))
        for one in contacts
    )


def write_all(contacts: Iterable[PartnerContact]) -> dict[str, str]:
    """Return the cells of a firm's contacts by column, and who takes responsibility for leads."""
    every = sorted(contacts, key=lambda one: (one.name, one.id))
    return {
        **{
            key: write(one for one in every if one.function == function)
            for key, function in COLUMNS.items()
        },
        RESPONSIBLE: next((one.name for one in every if one.for_leads), ""),
    }

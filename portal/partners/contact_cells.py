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

ADDRESS = re.compile(r"<?(?P<email>[^\s<>,;()]+@[^\s<>,;()]+)>?")
PHONE = re.compile(r"(?:^|[\s,])(?P<phone>[+(]?\d[\d\s()/.+-]{4,})$")
AROUND = " \t,<>()"


@dataclass(frozen=True, slots=True)
class Said:
    """A contact as somebody wrote it."""

    name: str
    email: str | None = None
    phone: str | None = None


def read(cell: str) -> Sequence[Said]:
    """Return the contacts that a cell lists, each once. Raises `Unreadable`."""
    if cell == CLEARS:
        return []
    lines = (one.strip() for one in re.split(r"[;\n]", cell))
    return list(dict.fromkeys(_read(line) for line in lines if line))


def _read(line: str) -> Said:
    rest, email, phone = line, None, None
    if found := ADDRESS.search(rest):
        email, rest = found["email"], f"{rest[: found.start()]} {rest[found.end() :]}"
    if found := PHONE.search(rest.rstrip(AROUND)):
        phone, rest = found["phone"].strip(), rest[: found.start()]
    name = " ".join(rest.strip(AROUND).split())
    if not name:
        raise Unreadable(_("“%(name)s” doesn’t say who that is.", name=line[:60]))
    return Said(name, email, phone)


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

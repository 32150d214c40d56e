"""People from a list: which column means what, what becomes of each row, and the invitations.

Here: a table of people as firms send them, read, checked and brought in. How a file is opened in
spite of its encoding and quotes stands in imports.reading.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts import operations
from portal.accounts.administration import LANGUAGES, LONGEST
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import ROLES, ROLES_OF_KIND
from portal.core.db import session
from portal.core.errors import Invalid
from portal.imports.reading import BrokenRow, Table, open_table
from portal.leads.intake.normalise import spelling_key

MOST_ROWS = 2000
MOST_BYTES = 1024 * 1024
COLUMNS = ("email", "name", "firm", "roles", "language", "phone")
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")

HEADERS: dict[str, str] = {
    "email": "email|e mail|mail|email address|mail address|e mail adresse|email adresse|mailadresse"
    "|e mail address|login",
    "name": "name|full name|person|vollstaendiger name|vor und nachname|mitarbeiter|employee",
    "first_name": "first name|firstname|given name|vorname",
    "last_name": "last name|lastname|surname|family name|nachname|familienname|zuname",
    "firm": "firm|company|partner|organisation|organization|firma|unternehmen|account"
    "|company name|firmenname|reseller|haendler",
    "roles": "role|roles|rolle|rollen|funktion|function",
    "language": "language|sprache|locale|lang",
    "phone": "phone|telephone|telefon|tel|mobile|mobil|telefonnummer|phone number|handy",
}

# words for a role; which of them is meant, the kind of the firm decides
ROLE_WORDS: dict[str, tuple[str, ...]] = {
    "rep|sales rep|sales|seller|vertrieb|verkauf|vertriebler|verkaeufer|verkaeuferin"
    "|aussendienst": ("partner_rep", "distributor_sales"),
    "manager|partner manager|leiter|leiterin|leitung|partnermanager|vertriebsleiter"
    "|geschaeftsfuehrer|head of sales|distributor manager": (
        "partner_manager",
        "distributor_manager",
    ),
    "admin|administrator|administratorin": ("admin",),
    "channel manager|channelmanager|channel|vertriebskanal": ("channel_manager",),
    "account manager|accountmanager|pam|partnerbetreuer|partnerbetreuerin": ("account_manager",),
    "regional manager|regionalmanager|regionalleiter|regionalleiterin": ("regional_manager",),
    "sales manager|verkaufsleiter|verkaufsleiterin|teamleiter|teamleiterin": ("sales_manager",),
    "management|geschaeftsfuehrung|geschaeftsleitung|executive": ("management",),
    "qualifier|telesales|tele sales|inside sales|innendienst|qualifizierung": ("qualifier",),
    "direct sales|digital sales|direktvertrieb": ("direct_sales",),
    "operations|backoffice|sachbearbeitung": ("operations",),
}
LANGUAGE_WORDS = {
    "en": "en|english|englisch|en us|en gb",
    "de": "de|german|deutsch|de de|de at|de ch",
}


class Fate(StrEnum):
    """What becomes of a row."""

    INVITE = "invite"
    HERE = "here"
    REFUSED = "refused"


@dataclass(slots=True)
class ListRow:
    """A row of the list: what it says, what becomes of it, and what speaks against, by field."""

    number: int
    values: dict[str, str]
    fate: Fate = Fate.REFUSED
    errors: dict[str, str] = field(default_factory=dict)
    note: str = ""
    firm_id: int | None = None
    roles: tuple[str, ...] = ()
    locale: str | None = None


def _spellings(words: Mapping[str, str]) -> dict[str, str]:
    return {spelling_key(word): name for name, all_ in words.items() for word in all_.split("|")}


KNOWN_HEADERS, KNOWN_LANGUAGES = _spellings(HEADERS), _spellings(LANGUAGE_WORDS)
KNOWN_ROLES = {
    spelling_key(word): roles for words, roles in ROLE_WORDS.items() for word in words.split("|")
} | {spelling_key(role): (role,) for role in ROLES}


# -- reading ----------------------------------------------------------------------------------


def read(content: bytes, defaults: Mapping[str, str]) -> list[ListRow]:
    """Read a list; a column that it lacks, or an empty cell, takes the default.

    Raises `Invalid` at `list`, and `UnreadableFile`.
    """
    if len(content) > MOST_BYTES:
        raise Invalid({"list": _("This list is longer than 1 MB. Please bring it in in parts.")})
    table = open_table(io.BytesIO(content))
    places = _places(table)
    rows: list[ListRow] = []
    for record in table:
        if len(rows) >= MOST_ROWS:
            raise Invalid(
                {"list": _("At most %(limit)d people at a time, please.", limit=MOST_ROWS)}
            )
        if isinstance(record, BrokenRow):
            rows.append(ListRow(record.number, {}, errors={"row": record.message}))
            continue
        values = {name: record.values[header].strip() for name, header in places.items()}
        rows.append(ListRow(record.number, _filled(values, defaults)))
    if not rows:
        raise Invalid({"list": _("There is nobody in this list.")})
    return rows


def _places(table: Table) -> dict[str, str]:
    """Return which header of the file stands for which column."""
    found: dict[str, str] = {}
    for header in table.headers:
        name = KNOWN_HEADERS.get(spelling_key(header))
        if name:
            found.setdefault(name, header)
    named = "name" in found or "last_name" in found or "first_name" in found
    if "email" not in found or not named:
        raise Invalid(
            {
                "list": _(
                    "The first row must name the columns: at least E-mail and Name, "
                    "and if you like Firm, Role, Language, Phone."
                )
            }
        )
    return found


def _filled(values: dict[str, str], defaults: Mapping[str, str]) -> dict[str, str]:
    parts = [values.pop("first_name", ""), values.pop("last_name", "")]
    values["name"] = values.get("name") or " ".join(part for part in parts if part)
    return {name: values.get(name) or defaults.get(name, "") for name in COLUMNS}


def write(rows: Iterable[ListRow]) -> str:
    """Return rows as a plain table, to be read again when they are confirmed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        if row.values:
            writer.writerow([row.values[name] for name in COLUMNS])
    return out.getvalue()


# -- checking ---------------------------------------------------------------------------------


def check(rows: Sequence[ListRow]) -> None:
    """Decide what becomes of each row."""
    firms = _firms({row.values["firm"].lower() for row in rows if row.values})
    known = _people({row.values["email"].lower() for row in rows if row.values})
    seen: dict[str, int] = {}
    for row in rows:
        if not row.values:
            continue
        firm = firms.get(row.values["firm"].lower())
        address = _check_row(row, firm)
        if address in seen:
            row.errors.setdefault(
                "email", _("Stands in row %(number)d already.", number=seen[address])
            )
        seen.setdefault(address, row.number)
        person = known.get(row.values["email"].lower()) or known.get(address)
        if person is not None and firm is not None:
            _meet(row, person, firm)
        elif not row.errors:
            row.fate = Fate.INVITE
        if row.errors:
            row.fate = Fate.REFUSED


def _check_row(row: ListRow, firm: Organisation | None) -> str:
    """Note what speaks against a row; return its address as it will be kept."""
    values = row.values
    address = values["email"].lower()
    try:
        address = validate_email(
            values["email"], check_deliverability=False, test_environment=True
        ).normalized.lower()
    except EmailNotValidError:
        row.errors["email"] = _("Please check this e-mail address.")
    if not values["name"]:
        row.errors["name"] = _("Please give a name.")
    for name, limit in LONGEST.items():
        if len(values[name]) > limit:
            row.errors[name] = _("Please take at most %(limit)d characters.", limit=limit)
    if values["name"].startswith(FORMULA):
        row.errors["name"] = _("This looks like a formula, not like a name.")
    if not values["firm"]:
        row.errors["firm"] = _("Please name the firm.")
    elif firm is None:
        row.errors["firm"] = _("There is no firm with this name.")
    elif not firm.active:
        row.errors["firm"] = _("This firm has no access any more.")
    else:
        row.firm_id = firm.id
        row.roles, unknown = _roles_of(values["roles"], firm.kind)
        if unknown:
            row.errors["roles"] = _("This firm has no role “%(word)s”.", word=unknown[:60])
        elif not row.roles:
            row.errors["roles"] = _("Please choose at least one role.")
    if values["language"]:
        row.locale = KNOWN_LANGUAGES.get(spelling_key(values["language"]))
        if row.locale not in LANGUAGES:
            row.errors["language"] = _("We speak English (en) and German (de).")
    return address


def _roles_of(said: str, kind: str) -> tuple[tuple[str, ...], str]:
    """Return the roles that are meant in a firm of this kind, and the first word that is none."""
    found: list[str] = []
    for word in filter(None, (part.strip() for part in re.split(r"[,;/|+&]", said))):
        fitting = [
            role for role in KNOWN_ROLES.get(spelling_key(word), ()) if role in ROLES_OF_KIND[kind]
        ]
        if not fitting:
            return (), word
        found += fitting
    return tuple(dict.fromkeys(found)), ""


def _meet(row: ListRow, person: User, firm: Organisation) -> None:
    """Note that somebody of this address is here already."""
    if person.organisation_id != firm.id:
        row.errors["email"] = _(
            "Is of %(firm)s already. Please move the person there.", firm=person.organisation.name
        )
    elif not person.active:
        row.errors["email"] = _("Has no access any more. Please give it back on the person’s page.")
    else:
        row.fate = Fate.HERE
        waits = person.password_hash is None
        row.note = _("invited already") if waits else _("here already")


def _firms(names: set[str]) -> dict[str, Organisation]:
    found = session().scalars(
        select(Organisation).where(func.lower(Organisation.name).in_(names - {""}))
    )
    return {firm.name.lower(): firm for firm in found}


def _people(addresses: set[str]) -> dict[str, User]:
    found = session().scalars(select(User).where(User.email.in_(addresses - {""})))
    return {person.email.lower(): person for person in found}


# -- inviting ---------------------------------------------------------------------------------


def bring_in(rows: Sequence[ListRow], at: datetime, by_user_id: int) -> None:
    """Invite whom the list brings and who is not here by now, all in one transaction."""
    check(rows)
    newcomers: list[User] = []
    for row in rows:
        if row.fate != Fate.INVITE or row.firm_id is None:
            continue
        firm, values = session().get_one(Organisation, row.firm_id), row.values
        newcomers.append(
            operations.draft_person(
                firm,
                values["email"],
                values["name"],
                row.roles,
                at,
                locale=row.locale,
                phone=values["phone"] or None,
            )
        )
    operations.invite_all(newcomers, at, by_user_id)

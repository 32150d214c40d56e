"""What another system delivers as an inquiry: a JSON object becomes a `Draft`, field by field.

What has no place of its own goes into the note, so that nothing is lost; what can't be read is told
at its field. Not here: what becomes of drafts (operations).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from babel import localedata
from flask_babel import gettext as _

from portal.campaigns.queries import find_by_key
from portal.catalog.models import Entry
from portal.catalog.queries import book
from portal.core.amounts import fits
from portal.core.errors import Invalid
from portal.leads.basis import Basis
from portal.leads.intake.normalise import find_country, find_subdivision, spelling_key
from portal.leads.models import LeadKind, LeadType, Temperature
from portal.leads.operations import ContactDraft, Draft

LONGEST_ID = 200
LONGEST_TEXT = 40_000
MOST_PARTS = 100
EARLY = timedelta(hours=1)

CONTACT = frozenset(field.name for field in fields(ContactDraft)) - {"company"}
MEANT = {"website": "domain", "text": "partner_text", "people": "employees", "value": "amount"}
"""Other names under which fields are known."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delivered:
    """An inquiry as it was read; `digest` says whether it reads the same as another."""

    draft: Draft
    digest: str


class _Reader:
    """Reads one row and collects what is wrong with it."""

    def __init__(self, row: Row) -> None:
        self.row = {MEANT.get(str(name), str(name)): value for name, value in row.items()}
        self.errors: dict[str, str] = {}
        self.read = {"external_id"}

    def raw(self, name: str) -> Any:
        self.read.add(name)
        return self.row.get(name)

    def text(self, name: str) -> str:
        return self.as_text(self.raw(name), name)

    def as_text(self, value: Any, place: str) -> str:
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            self.errors[place] = str(_("Please give a text."))
            return ""
        if len(text := str(value)) > LONGEST_TEXT:
            self.errors[place] = str(_("This is far too long."))
            return ""
        return clean(text)

    def texts(self, name: str, value: Any) -> dict[str, str]:
        """Return an object of texts."""
        if value is None:
            return {}
        if not isinstance(value, Mapping) or len(value) > MOST_PARTS:
            self.errors[name] = str(_("Please give an object of texts."))
            return {}
        return {clean(str(key)): self.as_text(one, f"{name}.{key}") for key, one in value.items()}

    def number(self, name: str) -> Decimal | None:
        value = self.raw(name)
        if value is None or value == "":
            return None
        try:
            found = None if isinstance(value, bool) else Decimal(str(value))
        except ArithmeticError:
            found = None
        if found is None or not fits(found) or not 0 <= found < 10**11:
            self.errors[name] = str(_("Please give a number."))
            return None
        return found

    def moment(self, name: str, at: datetime) -> datetime | None:
        return self.as_moment(self.raw(name), name, at)

    def as_moment(self, value: Any, place: str, at: datetime) -> datetime | None:
        if value is None or value == "":
            return None
        found = read_moment(value)
        if found is None or found > at + EARLY:
            self.errors[place] = str(
                _("Please give a moment of the past, as 2026-11-30T09:00:00Z.")
            )
            return None
        return found

    def entry(self, name: str, kind: str) -> str | None:
        """Return the key of an entry of the catalogue that is named by key or in words."""
        said = self.text(name)
        found = find_entry(kind, said) if said else None
        if said and found is None:
            self.errors[name] = str(_("The catalogue has no such entry."))
        return found


def clean(text: str) -> str:
    """Return text as it can be kept: no halves of signs, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "").strip()


def read_moment(value: Any) -> datetime | None:
    """Return a moment in ISO 8601, in UTC where it names no zone; None for anything else."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        if found is not None:
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found


def find_entry(kind: str, said: str) -> str | None:
    """Return the key of the entry in use that somebody means by its key, name or synonym."""
    wanted = spelling_key(said)
    for entry in book().active(kind):
        if entry.key == said or wanted in spellings(entry):
            return entry.key
    return None


def spellings(entry: Entry) -> set[str]:
    """Return how an entry is written."""
    more: Sequence[str] = getattr(entry, "synonyms", None) or ()
    return {spelling_key(name) for name in (entry.key, *entry.names.values(), *more)}


def read_row(row: Any, system: str, at: datetime, types: Sequence[LeadType]) -> Delivered:
    """Read one delivered inquiry. Raises `Invalid` by the field as it was delivered.

    `types` are those of the active lead definition, read once for many rows.
    """
    if not isinstance(row, Mapping):
        raise Invalid({"lead": str(_("Please give an object."))})
    reader = _Reader(row)
    external_id = reader.text("external_id")
    if len(external_id) > LONGEST_ID or not (external_id.isprintable()):
        reader.errors["external_id"] = str(
            _("Please keep it under %(most)d characters.", most=LONGEST_ID)
        )
    country = _country(reader)
    products, notes = _products(reader)
    said_source, said_industry = reader.text("source"), reader.text("industry")
    contact = _contact(reader)
    kind, type_key = _kind(reader, types)
    draft = Draft(
        title=reader.text("title"),
        expectation=reader.text("expectation"),
        partner_text=reader.text("partner_text"),
        time_frame=reader.text("time_frame"),
        search_term=reader.text("search_term"),
        city=reader.text("city"),
        time_zone=_zone(reader),
        kind=kind,
        type_key=type_key,
        source_system=system,
        external_id=external_id or None,
        source_key=find_entry("source", said_source) if said_source else None,
        source_original=said_source[:200] or None,
        country=country,
        subdivision=find_subdivision(reader.text("subdivision"), country),
        language=_language(reader),
        brand_key=reader.entry("brand", "brand"),
        product_keys=products,
        product_notes=notes,
        industry_key=find_entry("industry", said_industry) if said_industry else None,
        industry_original=said_industry[:200] or None,
        people=_whole(reader, "employees"),
        target_amount=reader.number("amount"),
        temperature=_temperature(reader),
        captured_at=reader.moment("captured_at", at),
        campaign_id=_campaign(reader),
        origin=reader.texts("origin", reader.raw("origin")) or None,
        basis=_basis(reader, at),
        answers=reader.texts("answers", reader.raw("answers")),
        custom=_custom(reader),
        contact=_with_the_rest(contact, reader),
    )
    named = (contact.company, contact.last_name, contact.phone, contact.email, contact.domain)
    if not any(named):
        words = _("Please name the company or the person, or how to reach them.")
        reader.errors.setdefault("company", str(words))
    if reader.errors:
        raise Invalid(reader.errors)
    return Delivered(draft, digest_of(row))


def digest_of(row: Any) -> str:
    """Return a fingerprint of what a row says."""
    said = json.dumps(row, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _contact(reader: _Reader) -> ContactDraft:
    given = reader.raw("contact")
    nested: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    if given is not None and not isinstance(given, Mapping):
        reader.errors["contact"] = str(_("Please give an object."))
    known = {MEANT.get(str(name), str(name)): value for name, value in nested.items()}
    values = {}
    for name in CONTACT:
        if known.get(name) is not None:
            values[name] = reader.as_text(known[name], f"contact.{name}")
        else:
            values[name] = reader.text(name)
    whole = reader.as_text(known.get("name"), "contact.name")
    if whole and not (values["first_name"] or values["last_name"]):
        first, _space, last = whole.rpartition(" ")
        values["first_name"], values["last_name"] = first, last
    company = reader.text("company") or reader.as_text(known.get("company"), "contact.company")
    rest = {
        f"contact.{name}": value
        for name, value in known.items()
        if name not in CONTACT | {"name", "company"}
    }
    reader.row |= rest
    return ContactDraft(company=company, **values)


def _with_the_rest(contact: ContactDraft, reader: _Reader) -> ContactDraft:
    """Return the contact with what has no place of its own in its note."""
    lines = []
    for name, value in reader.row.items():
        if name in reader.read or value is None or value == "":
            continue
        if isinstance(value, Mapping | list):
            reader.errors[clean(name)[:100]] = str(_("There is no such field."))
            continue
        lines.append(f"{clean(name)}: {clean(str(value))}"[:500])
    note = "\n".join([*filter(None, [contact.note]), *lines[:MOST_PARTS]])
    return replace(contact, note=note)


def _country(reader: _Reader) -> str | None:
    said = reader.text("country")
    found = find_country(said) if said else None
    if said and found is None:
        reader.errors["country"] = str(_("This is no country. It looks like DE or Germany."))
    return found


def _kind(reader: _Reader, types: Sequence[LeadType]) -> tuple[str, str]:
    """Return kind and key of the lead's type; the type says the kind where both are named."""
    said, kind = reader.text("type"), reader.text("kind")
    if kind and kind not in list(LeadKind):
        reader.errors["kind"] = str(_("Please choose one of the list."))
    found = next((one for one in types if said and one.key == said), None)
    if said and found is None:
        reader.errors["type"] = str(_("Please choose one of the list."))
    if found is None:
        wanted = kind or LeadKind.END_CUSTOMER
        preferred = sorted(types, key=lambda one: one.key != "organisation")
        found = next((one for one in preferred if one.kind == wanted), types[0])
    return found.kind, found.key


def _products(reader: _Reader) -> tuple[list[str], dict[str, str]]:
    given = reader.raw("products")
    if given is None:
        return [], {}
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list) or len(listed) > MOST_PARTS:
        reader.errors["products"] = str(_("Please give a list."))
        return [], {}
    keys: list[str] = []
    notes = {}
    for place, one in enumerate(listed):
        at_place = f"products.{place}"
        about = one if isinstance(one, Mapping) else {"key": one}
        said = reader.as_text(about.get("key") or about.get("name"), at_place)
        key = find_entry("product", said) if said else None
        if key is None:
            reader.errors.setdefault(at_place, str(_("The catalogue has no such entry.")))
            continue
        keys.append(key)
        if note := reader.as_text(about.get("note"), f"{at_place}.note"):
            notes[key] = note
    return list(dict.fromkeys(keys)), notes


def _whole(reader: _Reader, name: str) -> int | None:
    found = reader.number(name)
    if found is None:
        return None
    if found != int(found) or not 0 < found <= 10_000_000:
        reader.errors[name] = str(_("Please give a whole number."))
        return None
    return int(found)


def _language(reader: _Reader) -> str | None:
    # many write the code of a country; in a language that is none nobody can be written to
    said = reader.text("language").lower()[:5].partition("-")[0]
    return said if len(said) == 2 and localedata.exists(said) else None


def _zone(reader: _Reader) -> str | None:
    said = reader.text("time_zone")
    if said and said not in available_timezones():
        reader.errors["time_zone"] = str(_("This is no time zone. It looks like Europe/Berlin."))
        return None
    return said or None


def _temperature(reader: _Reader) -> str | None:
    said = reader.text("temperature").lower()
    if said and said not in list(Temperature):
        reader.errors["temperature"] = str(_("Please choose hot, warm or cold."))
        return None
    return said or None


def _campaign(reader: _Reader) -> int | None:
    said = reader.text("campaign")
    found = find_by_key(said) if said else None
    if said and found is None:
        reader.errors["campaign"] = str(_("There is no such campaign."))
    return found.id if found else None


def _basis(reader: _Reader, at: datetime) -> Basis | None:
    given = reader.raw("basis")
    if given is None:
        return None
    about: Mapping[str, Any] = given if isinstance(given, Mapping) else {"kind": given}
    kind = reader.as_text(about.get("kind"), "basis.kind")
    words = reader.as_text(about.get("words"), "basis.words")
    moment = reader.as_moment(about.get("at"), "basis.at", at)
    return Basis(kind, words or None, moment)


def _custom(reader: _Reader) -> dict[str, str | list[str]]:
    given = reader.raw("custom")
    if given is None:
        return {}
    if not isinstance(given, Mapping) or len(given) > MOST_PARTS:
        reader.errors["custom"] = str(_("Please give an object of texts."))
        return {}
    found: dict[str, str | list[str]] = {}
    for key, value in given.items():
        place = f"custom.{key}"
        if isinstance(value, bool):
            found[clean(str(key))] = "yes" if value else "no"
        elif isinstance(value, list):
            found[clean(str(key))] = [reader.as_text(one, place) for one in value[:MOST_PARTS]]
        else:
            found[clean(str(key))] = reader.as_text(value, place)
    return found


OUTSIDE: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("answer-", lambda key: f"answers.{key}"),
    ("own-", lambda key: f"custom.{key}"),
    ("note-", lambda key: f"products.{key}"),
)


def as_delivered(errors: Mapping[str, str], row: Any) -> dict[str, str]:
    """Return refusals of the operation at the fields as they were delivered."""
    nested = row.get("contact") if isinstance(row, Mapping) else None
    inside: Mapping[str, Any] = nested if isinstance(nested, Mapping) else {}
    told = {}
    for name, words in errors.items():
        place = name
        for begins, called in OUTSIDE:
            if name.startswith(begins):
                place = called(name.removeprefix(begins))
        if name in CONTACT and inside.get(name) is not None:
            place = f"contact.{name}"
        told[place] = str(words)
    return told

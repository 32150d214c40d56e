"""One row and a mapping become a CleanRow, or refusals in friendly words.

What decides whom to call (number in its system, e-mail, country, dates, amounts) is refused when it
can't be understood, so that someone mends it in the list. What only describes (industry, source,
stage, temperature) is kept as written, without a key. Nothing here raises on hostile input.
Not here: the database, duplicates, whether a lead may be offered: imported leads are inquiries.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, TypeVar

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _

from portal.catalog import fields, seed
from portal.catalog.models import CustomField
from portal.leads.addresses import own_host
from portal.leads.intake.mapping import DATE_ORDER, DUPLICATES, OF_THE_LIST, OWN
from portal.leads.intake.mapping import Mapping as ColumnMapping
from portal.leads.intake.normalise import (
    NO_ROLE,
    Vocabulary,
    find_country,
    find_subdivision,
    find_time_zone,
    industry_vocabulary,
    reason_vocabulary,
    says_nothing,
    source_vocabulary,
    spelling_key,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


_LIMITS = {
    "external_id": 200,
    "title": 200,
    "company": 200,
    "contact_name": 200,
    "first_name": 100,
    "last_name": 100,
    "role": 200,
    "phone": 100,
    "email": 320,
    "domain": 300,
    "street": 200,
    "postcode": 20,
    "city": 100,
    "industry": 200,
    "source": 200,
    "stage": 100,
    "disqualified_reason": 200,
    "note": 10_000,
    "expectation": 2_000,
    "partner_text": 5_000,
    "product": 500,
    "brand": 100,
    "reference": 200,
}
_OTHER_LIMIT = 200
_OWN_LIMIT = 4000
_SEVERAL_LINES = frozenset({"note", "expectation", "partner_text"})
# Where even "N/A" stays: originals are kept as written, and a person may be called Null.
_KEEPS_ODD_WORDS = _words(
    "external_id|first_name|last_name|country|note|partner_text|do_not_call"
    "|industry|source|stage|disqualified_reason"
)

# Signs that don't print, turn the reading direction or can't be stored.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_EXCEL_TEXT = re.compile(r'="(.*)"', re.DOTALL)
_EXCEL_ERROR = re.compile(r"#(?:N/A|NV|REF!|BEZUG!|NAME\?|VALUE!|WERT!|DIV/0!|NUM!|ZAHL!|NULL!)")
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)

_DISQUALIFIED_STAGES = _words(
    "disqualified|unqualified|closed not converted|rejected|junk|spam|duplicate|dead|lost"
    "|disqualifiziert|abgelehnt|verworfen|nicht qualifiziert|bad lead|ausgeschlossen|not real"
)
_YES = frozenset({"1", "true", "yes", "y", "x", "ja", "j", "wahr", "on", "t"})
_NO = frozenset({"", "0", "false", "no", "n", "nein", "falsch", "off", "f"})
_TEMPERATURES = {
    "hot": "hot",
    "heiss": "hot",
    "warm": "warm",
    "lauwarm": "warm",
    "cold": "cold",
    "kalt": "cold",
}
_KINDS = {
    "end customer": "end_customer",
    "endcustomer": "end_customer",
    "customer": "end_customer",
    "endkunde": "end_customer",
    "kunde": "end_customer",
    "company": "end_customer",
    "person": "end_customer",
    "partner recruit": "partner_recruit",
    "partner": "partner_recruit",
    "recruit": "partner_recruit",
    "reseller": "partner_recruit",
    "new partner": "partner_recruit",
    "neuer partner": "partner_recruit",
    "haendler": "partner_recruit",
}
_CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP", "euro": "EUR", "fr.": "CHF", "sfr": "CHF"}
# RFC 5321's Dot-string: what stands before the @ of nearly every address
_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HOST = re.compile(r"(?=.{4,253}$)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,24}")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar jaenner",
            "feb february februar",
            "mar march maerz mrz",
            "apr april",
            "may mai",
            "jun june juni",
            "jul july juli",
            "aug august",
            "sep sept september",
            "oct october okt oktober",
            "nov november",
            "dec december dez dezember",
        ),
        1,
    )
    for name in names.split()
}
_DATE = re.compile(
    r"(?P<y>\d{4})(?P<s>[-/.]?)(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})"
    r"|(?P<a>\d{1,2})(?P<sep>[./-])(?P<b>\d{1,2})(?P=sep)(?P<c>\d{4}|\d{2})"
    r"|(?P<d1>\d{1,2})(?:\.|st|nd|rd|th)?[ -]*(?P<n1>[^\W\d_]{3,9})\.?[ ,-]*(?P<y1>\d{4})"
    r"|(?P<n2>[^\W\d_]{3,9})\.? *(?P<d2>\d{1,2})(?:st|nd|rd|th)?,? +(?P<y2>\d{4})"
)
_TIME = re.compile(
    r"(?:[ T]|, )+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?"
    r" ?([AaPp])?\.?(?:[Mm]\.?)?(?: ?Uhr)? ?(Z|UTC|[+-]\d{2}:?\d{2})?"
)
_EXCEL_EPOCH = date(1899, 12, 30)
_OLDEST_YEAR = 1980
_MAX_PEOPLE = 10_000_000
_MAX_AMOUNT = Decimal(10) ** 11
_HONORIFICS = _words(
    "mr|mrs|ms|miss|herr|frau|dr|prof|dipl|ing|med|phd|mba|hr|fr|mag|dott|sir|jur|rer|nat|pol"
    "|h|c|msc|bsc|ma|ba"
)
_PARTICLES = _words(
    "von|van|de|der|den|zu|zum|zur|vom|di|da|del|della|la|le|du|ten|ter|af|av|al|el|bin|dos|st"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason why a row can't come in; `field` is the mapping's name for the place."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class RefusedValues:
    """A row that can't come in, with every reason found."""

    refusals: tuple[Refusal, ...]

    def by_field(self) -> dict[str, str]:
        """Give the messages by field."""
        messages: dict[str, str] = {}
        for refusal in self.refusals:
            before = messages.get(refusal.field)
            messages[refusal.field] = f"{before} {refusal.message}" if before else refusal.message
        return messages


@dataclass(frozen=True, slots=True)
class CleanRow:
    """An inquiry as a file states it. Empty text is "", what isn't known or has no key is None.

    `digest` is of what the file says, not of what we made of it: the same row has the same digest
    even after the catalogue changed. `created_at` is UTC, noon where the file names only a day.
    `value` is in `currency`; the value band is known only in the programme's currency.
    `remarks` say what was kept as written because it could not be understood. `own` are the values
    of those of the programme's own fields that a column fills, None where its cell is empty.
    """

    external_id: str
    digest: str
    title: str
    kind: str
    company: str
    first_name: str
    last_name: str
    role: str
    phone: str
    phone_e164: str | None
    email: str | None
    domain: str | None
    street: str
    postcode: str
    city: str
    country: str | None
    subdivision: str | None
    time_zone: str | None
    industry: str
    industry_key: str | None
    people: int | None
    size_band: str | None
    value: Decimal | None
    currency: str | None
    value_band: str | None
    source: str
    source_key: str | None
    temperature: str | None
    created_at: datetime | None
    stage: str
    disqualified: bool
    disqualified_key: str | None
    disqualified_original: str
    do_not_call: bool
    note: str
    expectation: str
    partner_text: str
    product: str
    brand: str
    reference: str
    remarks: tuple[str, ...] = ()
    own: Mapping[str, Any] = field(default_factory=dict)

    @property
    def full_note(self) -> str:
        """The note and the remarks, each on lines of its own."""
        return "\n".join(filter(None, (self.note, *self.remarks)))


@dataclass(frozen=True, slots=True)
class Bands:
    """Lower ends and keys of bands, ascending."""

    steps: tuple[tuple[Decimal, str], ...]

    def find(self, amount: Decimal | int) -> str | None:
        """Find the band that an amount falls into."""
        found = None
        for lower, key in self.steps:
            if amount < lower:
                break
            found = key
        return found


def bands(rows: Iterable[tuple[str, Decimal]]) -> Bands:
    """Order bands given as (key, lower end)."""
    return Bands(tuple(sorted((lower, key) for key, lower in rows)))


@dataclass(frozen=True, slots=True)
class Vocabularies:
    """What the programme's catalogue calls things. Built once per import."""

    industries: Vocabulary
    sources: Vocabulary
    reasons: Vocabulary
    size_bands: Bands
    value_bands: Bands
    currency: str = "EUR"


def seed_vocabularies() -> Vocabularies:
    """Build the vocabularies of a programme whose catalogue nobody changed yet."""
    return Vocabularies(
        industry_vocabulary(),
        source_vocabulary(),
        reason_vocabulary(),
        bands((band.key, band.lower) for band in seed.SIZE_BANDS),
        bands((band.key, band.lower) for band in seed.VALUE_BANDS),
    )


class _Refuse(Exception):
    """Ends the reading of one field with a message for people."""


_T = TypeVar("_T")


class Cleaner:
    """Cleans the rows of one file. Keeps what it looked up, so equal cells cost nothing twice.

    `own` are the programme's own fields. `at` is the moment of the import: a lead can't have been
    made later.
    """

    def __init__(
        self,
        mapping: ColumnMapping,
        at: datetime,
        vocabularies: Vocabularies | None = None,
        own: Iterable[CustomField] = (),
    ) -> None:
        self._vocabularies = vocabularies or seed_vocabularies()
        mapped = set(mapping.columns.values())
        self._own = [one for one in own if OWN + one.key in mapped]
        self._latest = at + timedelta(days=1)
        self._columns = [(header, name) for header, name in mapping.columns.items()]
        self._constants = {
            name: clean_text(text, name in _SEVERAL_LINES)
            for name, text in mapping.constants.items()
        }
        self._date_order = self._constants.pop(DATE_ORDER, None)
        self._constants.pop(DUPLICATES, None)
        self._has_id_column = "external_id" in mapping.columns.values()
        self._has_stage = "stage" in mapping.columns.values()
        self._tidied: dict[str, dict[str, str]] = {name: {} for _header, name in self._columns}
        self._kept: dict[tuple[str, str], object] = {}
        self._inquiry_from = str(_("Inquiry: %(industry)s", industry="\0"))
        self._inquiry = str(_("Inquiry %(number)s", number="\0"))

    def clean(self, values: Mapping[str, str]) -> CleanRow | RefusedValues:
        """Clean one row (header → text). Never raises; refuses with every reason found."""
        refusals: list[Refusal] = []
        remarks: list[str] = []
        cells = self._collect(values, refusals)
        get = cells.get

        def read(name: str, reader: Callable[[str], _T], way: str = "") -> _T | None:
            text = get(name, "")
            if not text:
                return None
            try:
                return self._keep(name + way, text, reader)
            except _Refuse as refusal:
                refusals.append(Refusal(name, str(refusal)))
                return None

        digest = _digest(cells)
        external_id = get("external_id", "")
        if not external_id:
            if self._has_id_column:
                refusals.append(
                    Refusal(
                        "external_id",
                        str(
                            _(
                                "The number in its system is missing. Without it the lead would "
                                "come in again with every list."
                            )
                        ),
                    )
                )
            else:
                # A list without numbers: the row itself is its number.
                said = {name: text for name, text in cells.items() if name not in OF_THE_LIST}
                external_id = f"row-{_digest(said)[:20]}"
        elif _SHORTENED.fullmatch(external_id):
            refusals.append(
                Refusal(
                    "external_id",
                    str(
                        _(
                            "“%(text)s” was shortened by a spreadsheet program. Please format the "
                            "column as text and save again.",
                            text=external_id,
                        )
                    ),
                )
            )

        country = read("country", _read_country)
        subdivision = None
        if text := get("subdivision"):
            subdivision = find_subdivision(text, country)
            if subdivision is None:
                remarks.append(_remark(_("State or region"), text))
            elif country is None:
                country = subdivision[:2]

        email, other_addresses = read("email", _read_email) or (None, "")
        if other_addresses:
            remarks.append(_remark(_("Further e-mail addresses"), other_addresses))
        domain = None
        if text := get("domain"):
            domain = find_domain(text)
            if domain is None:
                remarks.append(_remark(_("Web site"), text))
        if domain is None and email is not None:
            own = email.rpartition("@")[2]
            domain = own if own_host(own) else None

        phone, phone_e164 = "", None
        if text := get("phone"):
            try:
                phone, phone_e164 = _read_phones(text, country)
                if phone_e164 is None:
                    remarks.append(_remark(_("Phone, kept as written"), phone))
            except _Refuse as refusal:
                refusals.append(Refusal("phone", str(refusal)))

        first_name, last_name = get("first_name", ""), get("last_name", "")
        if (text := get("contact_name")) and not (first_name and last_name):
            split_first, split_last = split_name(text)
            first_name, last_name = first_name or split_first, last_name or split_last

        role = get("role", "")
        if role and spelling_key(role) in NO_ROLE:
            role = ""

        industry = get("industry", "")
        industry_key = self._vocabularies.industries.find(industry)
        source = get("source", "")
        source_key = self._vocabularies.sources.find(source)

        people = read("employees", read_people)
        size_band = None if people is None else self._vocabularies.size_bands.find(people)

        value = currency = value_band = None
        if amount := read("value", read_amount):
            value, currency = amount
            stated = get("currency", "").upper()
            stated = _CURRENCIES.get(stated.lower(), stated)
            if re.fullmatch(r"[A-Z]{3}", stated):
                currency = stated
            currency = currency or self._vocabularies.currency
            if currency == self._vocabularies.currency:
                value_band = self._vocabularies.value_bands.find(value)

        temperature = None
        if text := get("temperature"):
            temperature = _TEMPERATURES.get(spelling_key(text))
            if temperature is None:
                remarks.append(_remark(_("Temperature"), text))
        time_zone = None
        if text := get("time_zone"):
            time_zone = find_time_zone(text)
            if time_zone is None:
                remarks.append(_remark(_("Time zone"), text))
        kind = "end_customer"
        if text := get("kind"):
            found_kind = _KINDS.get(spelling_key(text))
            if found_kind is None:
                remarks.append(_remark(_("Kind"), text))
            else:
                kind = found_kind

        created_at = None
        if text := get("created_at"):
            # What was read in one country's order must not be taken for another's.
            order = self._date_order or _date_order_of(country)
            created_at = read("created_at", lambda day: read_moment(day, order), f" {order}")
            if created_at is not None and created_at > self._latest:
                refusals.append(
                    Refusal("created_at", str(_("“%(text)s” lies in the future.", text=text)))
                )

        stage = get("stage", "")
        reason = get("disqualified_reason", "")
        reason_key = self._vocabularies.reasons.find(reason)
        if stage or self._has_stage:
            disqualified = spelling_key(stage) in _DISQUALIFIED_STAGES
        else:
            disqualified = bool(reason)
        if disqualified:
            if not reason:
                reason = stage
                reason_key = self._vocabularies.reasons.find(stage)
            reason_key = reason_key or "other"
        elif reason:
            remarks.append(_remark(_("Reason in the list"), reason))

        do_not_call = reason_key == "do_not_call"
        for text in get("do_not_call", "").split("\n"):
            answer = spelling_key(text)
            if answer in _NO or (text and says_nothing(text)):
                continue
            do_not_call = True
            # In doubt we keep away, and say why.
            if answer not in _YES:
                remarks.append(_remark(_("Do not contact"), text))

        own_values = self._read_own(cells, refusals, remarks)
        if refusals:
            return RefusedValues(tuple(refusals))
        return CleanRow(
            external_id=external_id,
            digest=digest,
            title=get("title")
            or self._make_title(get("product", ""), industry if industry_key else "", external_id),
            kind=kind,
            company=get("company", ""),
            first_name=first_name,
            last_name=last_name,
            role=role,
            phone=phone,
            phone_e164=phone_e164,
            email=email,
            domain=domain,
            street=get("street", ""),
            postcode=get("postcode", ""),
            city=get("city", ""),
            country=country,
            subdivision=subdivision,
            time_zone=time_zone,
            industry=industry,
            industry_key=industry_key,
            people=people,
            size_band=size_band,
            value=value,
            currency=currency,
            value_band=value_band,
            source=source,
            source_key=source_key,
            temperature=temperature,
            created_at=created_at,
            stage=stage,
            disqualified=disqualified,
            disqualified_key=reason_key if disqualified else None,
            disqualified_original=reason if disqualified else "",
            do_not_call=do_not_call,
            note=get("note", ""),
            expectation=get("expectation", ""),
            partner_text=get("partner_text", ""),
            product=get("product", ""),
            brand=get("brand", ""),
            reference=get("reference", ""),
            remarks=tuple(remarks),
            own=own_values,
        )

    def _read_own(
        self, cells: Mapping[str, str], refusals: list[Refusal], remarks: list[str]
    ) -> dict[str, Any]:
        """Read the programme's own fields; of a choice that nobody knows the word is kept."""
        found: dict[str, Any] = {}
        for one in self._own:
            text, value = cells.get(OWN + one.key, ""), None
            try:
                value = fields.read(one, text) if text else None
            except fields.Unreadable as refusal:
                if one.kind in fields.CHOOSING:
                    remarks.append(_remark(one.label("en"), text))
                else:
                    refusals.append(Refusal(OWN + one.key, refusal.said))
            found[one.key] = value
        return found

    def _collect(self, values: Mapping[str, str], refusals: list[Refusal]) -> dict[str, str]:
        """Bring cells and constants to their fields, tidied and within their lengths."""
        cells: dict[str, str] = {}
        for header, name in self._columns:
            raw = values.get(header)
            if not raw:
                continue
            # Ids never repeat and long texts hardly do; the rest is mostly the same few words.
            if name == "external_id" or len(raw) > 60:
                text = _tidy(name, raw)
            else:
                tidied = self._tidied[name]
                known = tidied.get(raw)
                if known is None:
                    if len(tidied) > 5_000:
                        tidied.clear()
                    known = tidied[raw] = _tidy(name, raw)
                text = known
            if not text:
                continue
            before = cells.get(name)
            if before is not None:
                text = before + (", " if name in ("product", "reference") else "\n") + text
            cells[name] = text
        for name, text in self._constants.items():
            if text:
                cells.setdefault(name, text)
        for name, text in cells.items():
            if len(text) > 20 and len(text) > (limit := _limit_of(name)):
                refusals.append(
                    Refusal(
                        name,
                        str(
                            _(
                                "The text has %(length)s characters; at most %(limit)s fit here.",
                                length=f"{len(text):,}",
                                limit=f"{limit:,}",
                            )
                        ),
                    )
                )
        for refusal in refusals:
            cells.pop(refusal.field, None)
        return cells

    def _keep(self, name: str, text: str, reader: Callable[[str], _T]) -> _T:
        """Read a text once per field; refusals aren't kept, they are rare."""
        key = (name, text)
        try:
            return self._kept[key]  # type: ignore[return-value]
        except KeyError:
            pass
        found = reader(text)
        # Bounded, whatever the file's length.
        if len(self._kept) > 30_000:
            self._kept.clear()
        self._kept[key] = found
        return found

    def _make_title(self, product: str, industry: str, external_id: str) -> str:
        if product:
            return product[:200]
        if industry:
            return self._inquiry_from.replace("\0", industry)
        # a number that was made here says nothing to a reader: the qualifier is asked for a title
        return self._inquiry.replace("\0", external_id) if self._has_id_column else ""


def suppression_keys(row: CleanRow, source_system: str) -> tuple[str, ...]:
    """Name the keys under which a person who must not be approached is known again."""
    keys = [f"external:{source_system}:{row.external_id}"]
    if row.email:
        keys.append(f"email:{row.email.lower()}")
    if row.phone_e164:
        keys.append(f"phone:{row.phone_e164}")
    return tuple(keys)


def clean_text(text: str, several_lines: bool = False) -> str:
    """Tidy a cell: unseen signs go, spaces are one, accents are composed, Excel's tricks undone."""
    if not (text.isascii() and text.isprintable()):
        text = _LINE_ENDS.sub("\n", text)
        text = unicodedata.normalize("NFC", _UNSEEN.sub("", text))
    if several_lines:
        lines = (" ".join(line.split()) for line in text.split("\n"))
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    else:
        text = " ".join(text.split())
    if not text:
        return ""
    first = text[0]
    if first == "=" and (excel := _EXCEL_TEXT.fullmatch(text)):
        return excel[1].replace('""', '"').strip()
    if first == "'" and len(text) > 1 and text[1] in "=+-@":
        return text[1:]
    if first == "#" and _EXCEL_ERROR.fullmatch(text):
        return ""
    return text


def _limit_of(name: str) -> int:
    return _OWN_LIMIT if name.startswith(OWN) else _LIMITS.get(name, _OTHER_LIMIT)


def _tidy(name: str, raw: str) -> str:
    text = clean_text(raw, name in _SEVERAL_LINES or name.startswith(OWN))
    return "" if name not in _KEEPS_ODD_WORDS and says_nothing(text) else text


def find_phone(text: str, country: str | None) -> str | None:
    """Find the E.164 form of a phone number; without "+" or "00" the country must be known."""
    if text.startswith("00"):
        text = "+" + text[2:]
    if country is None and not text.startswith("+"):
        return None
    # "(0)" is how people in Europe write both ways at once.
    try:
        number = phonenumbers.parse(text.replace("(0)", "")[:100], country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def find_email(text: str) -> str | None:
    """Find the canonical form of an e-mail address, or None if it is none. No DNS look-up."""
    if len(text) > 320:
        return None
    local, _at, domain = text.rpartition("@")
    if len(text) <= 254 and len(local) <= 64 and _DOT_ATOM.fullmatch(local) and domain.isascii():
        # most are so plain that only the domain is a question, and many share one
        host = _find_mail_host(domain)
        return f"{local}@{host}".lower() if host else None
    return _validated(text)


@lru_cache(maxsize=65536)
def _find_mail_host(domain: str) -> str | None:
    found = _validated(f"x@{domain}")
    return found.removeprefix("x@") if found else None


def _validated(text: str) -> str | None:
    try:
        checked = validate_email(text, check_deliverability=False)
    except (EmailNotValidError, ValueError):
        return None
    return checked.normalized.lower()


def find_domain(text: str) -> str | None:
    """Find the host of a web address without "www", or None if there is none."""
    host = text.strip().lower()
    host = re.sub(r"^[a-z]{2,10}:/{0,2}", "", host)
    host = re.split(r"[/?#:\s]", host, maxsplit=1)[0].rpartition("@")[2]
    host = host.removeprefix("www.").rstrip(".")
    return host if _HOST.fullmatch(host) else None


def split_name(text: str) -> tuple[str, str]:
    """Split a full name into first and last name; titles go, "von" stays with the last name."""
    last_first = text.count(",") == 1
    before, _comma, behind = text.partition(",")
    if last_first and behind.strip():
        words = _without_honorifics(behind)
        if words:
            return " ".join(words), " ".join(_without_honorifics(before))
        text = before
    words = _without_honorifics(text)
    if len(words) < 2:
        return "", " ".join(words)
    cut = len(words) - 1
    while cut > 1 and words[cut - 1].casefold() in _PARTICLES:
        cut -= 1
    return " ".join(words[:cut]), " ".join(words[cut:])


def _without_honorifics(text: str) -> list[str]:
    words = [word for word in text.replace(",", " ").split() if word]
    while len(words) > 1 and all(
        part in _HONORIFICS for part in re.split(r"[.\-]+", words[0].casefold()) if part
    ):
        # "C. Meier" has an initial, not a title.
        if len(words[0].rstrip(".")) == 1:
            break
        words.pop(0)
    return words


def read_people(text: str) -> int:
    """Read a number of people; of a range ("50 - 249", "1,000+") the lower end."""
    lowered = text.casefold()
    numbers = re.findall(r"\d{1,3}(?:[., '’]\d{3})+(?!\d)|\d{1,12}", lowered)
    if not numbers or "-" in lowered.split(numbers[0])[0]:
        raise _Refuse(_("“%(text)s” is no number of people.", text=text))
    count = int(re.sub(r"\D", "", numbers[0]))
    if len(numbers) == 1 and re.match(r"[<≤]|(?:bis|under|unter|up to|less than|max)\b", lowered):
        count = 1
    if count > _MAX_PEOPLE:
        raise _Refuse(_("“%(text)s” is more people than any company has.", text=text))
    return count


def read_amount(text: str) -> tuple[Decimal, str | None]:
    """Read an amount of money and, where it is stated, its currency: "€ 1.234,50", "12k"."""
    rest, currency = text.strip(), None
    if found := re.match(r"([A-Za-z]{3}|[€$£])\s*(?=[\d-])", rest):
        currency, rest = found[1], rest[found.end() :]
    if found := re.search(r"(?<=[\d.\skKmMtTo-])\s*([€$£]|[A-Za-z]{3}|[Ee]uro)$", rest):
        currency, rest = found[1], rest[: found.start()]
    rest = re.sub(r"[,.][-–]+$", "", rest.strip())
    factor = Decimal(1)
    if found := re.fullmatch(r"([\d.,' ’]+?)\s*(k|tsd\.?|t|m|mio\.?)", rest.strip(), re.IGNORECASE):
        factor = Decimal(1_000_000 if found[2].lower().startswith("m") else 1_000)
        rest = found[1]
    digits = re.sub(r"[\s'’]", "", rest)
    if not re.fullmatch(r"\d{1,20}(?:[.,]\d{1,20}){0,8}", digits):
        raise _Refuse(_("“%(text)s” is no amount.", text=text[:80]))
    try:
        amount = Decimal(_point_only(digits)) * factor
    except InvalidOperation:
        raise _Refuse(_("“%(text)s” is no amount.", text=text[:80])) from None
    if amount >= _MAX_AMOUNT:
        raise _Refuse(_("“%(text)s” is more than a lead can be worth.", text=text[:80]))
    if currency:
        currency = _CURRENCIES.get(currency.lower(), currency.upper())
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP), currency


def find_people(text: str) -> int | None:
    """Find a number of people in what somebody typed."""
    try:
        return read_people(text)
    except _Refuse:
        return None


def find_amount(text: str) -> Decimal | None:
    """Find an amount of money in what somebody typed; a currency beside it is passed over."""
    try:
        return read_amount(text)[0]
    except _Refuse:
        return None


def _point_only(digits: str) -> str:
    """Tell thousands from decimals: the last of two signs, or one not before three digits."""
    signs = re.findall(r"[.,]", digits)
    if not signs:
        return digits
    last = signs[-1]
    whole, _sign, fraction = digits.rpartition(last)
    thousands_only = len(set(signs)) == 1 and (len(signs) > 1 or len(fraction) == 3)
    if thousands_only and not digits.startswith("0"):
        return re.sub(r"[.,]", "", digits)
    return re.sub(r"[.,]", "", whole) + "." + fraction


def read_moment(text: str, order: str | None) -> datetime:
    """Read a date or a moment as UTC; `order` (dmy, mdy) settles 3/4/2022.

    A day alone is taken at noon, so that it is the same day in almost every zone.
    """
    # A spreadsheet may have made "20220403.0" of a whole number.
    number = re.fullmatch(r"(\d{5,13})(?:[.,]\d{1,12})?", text, re.ASCII)
    if number and (found := _from_number(number[1])):
        return found
    match = _DATE.match(text)
    if match is None:
        raise _not_a_date(text)
    day = _day_of(match, order, text)
    rest = text[match.end() :]
    if not rest:
        return datetime.combine(day, time(12), UTC)
    clock = _TIME.fullmatch(rest)
    if clock is None:
        raise _not_a_date(text)
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    if half := (clock[4] or "").lower():
        if not 1 <= hour <= 12:
            raise _not_a_date(text)
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        moment = datetime.combine(day, time(hour, minute, second), UTC)
        if clock[5] and clock[5] not in ("Z", "UTC"):
            sign = -1 if clock[5][0] == "-" else 1
            digits = clock[5][1:].replace(":", "")
            moment -= sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    except (ValueError, OverflowError):
        raise _not_a_date(text) from None
    # Midnight is how databases write a day without a time.
    if not (hour or minute or second or clock[5]):
        return moment.replace(hour=12)
    return moment


def _not_a_date(text: str) -> _Refuse:
    return _Refuse(
        _("“%(text)s” is no date we understand. 2022-04-03 always works.", text=text[:80])
    )


def _from_number(text: str) -> datetime | None:
    """Read 20220403, a spreadsheet's day number, or seconds since 1970."""
    number = int(text) if len(text) <= 13 else 0
    try:
        if len(text) == 8:
            day = date(number // 10_000, number // 100 % 100, number % 100)
            if day.year >= _OLDEST_YEAR:
                return datetime.combine(day, time(12), UTC)
        elif len(text) == 5 and number >= 29_221:
            return datetime.combine(_EXCEL_EPOCH + timedelta(days=number), time(12), UTC)
        elif len(text) == 10:
            return datetime.fromtimestamp(number, UTC)
        elif len(text) == 13:
            return datetime.fromtimestamp(number // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _day_of(match: re.Match[str], order: str | None, text: str) -> date:
    if match["y"]:
        year, month, day = int(match["y"]), int(match["m"]), int(match["d"])
    elif match["a"]:
        first, second, year = int(match["a"]), int(match["b"]), int(match["c"])
        year += 2000 if len(match["c"]) == 2 else 0
        # Points mean day first everywhere; slashes and dashes don't say.
        if match["sep"] == "." or first > 12 or first == second:
            day, month = first, second
        elif second > 12:
            day, month = second, first
        elif order is None:
            raise _Refuse(
                _(
                    "“%(text)s” can be two different days. Please say in the mapping whether the "
                    "day or the month comes first.",
                    text=text[:80],
                )
            )
        else:
            day, month = (first, second) if order == "dmy" else (second, first)
    else:
        name = spelling_key(match["n1"] or match["n2"])
        year, day = int(match["y1"] or match["y2"]), int(match["d1"] or match["d2"])
        month = _MONTHS.get(name, 0)
    try:
        found = date(year, month, day)
    except ValueError:
        raise _not_a_date(text) from None
    if found.year < _OLDEST_YEAR:
        raise _not_a_date(text)
    return found


def _date_order_of(country: str | None) -> str | None:
    if country is None:
        return None
    return "mdy" if country in ("US", "PH", "PR") else "dmy"


def _read_country(text: str) -> str | None:
    found = find_country(text)
    if found is None and says_nothing(text):
        return None
    if found is None:
        raise _Refuse(
            _("We don't know the country “%(text)s”. Leave it empty or use its code.", text=text)
        )
    return found


def _read_email(text: str) -> tuple[str, str]:
    """Read the first address; several are separated by ; or , or |."""
    parts = [part for part in re.split(r"[;,|\s]+", text) if "@" in part] or [text]
    addresses = [part.strip("<>()[]\"'").removeprefix("mailto:") for part in parts]
    found = find_email(addresses[0])
    if found is None:
        raise _Refuse(
            _("“%(text)s” is no e-mail address. It looks like name@company.com.", text=text[:80])
        )
    return found, ", ".join(addresses[1:])


def _read_phones(text: str, country: str | None) -> tuple[str, str | None]:
    """Read phone numbers on lines of their own: the first one understood, all as written."""
    lines = [line for line in text.split("\n") if line]
    written = ", ".join(lines)
    for line in lines:
        if found := find_phone(line, country):
            return written, found
    if _SHORTENED.fullmatch(lines[0]):
        raise _Refuse(
            _(
                "“%(text)s” was shortened by a spreadsheet program. Please format the column as "
                "text and save again.",
                text=lines[0],
            )
        )
    if sum(char.isdecimal() for char in written) < 5:
        raise _Refuse(_("“%(text)s” is no phone number.", text=written))
    return written, None


def _remark(label: str, text: str) -> str:
    return f"{label}: {text}"


def _digest(cells: dict[str, str]) -> str:
    said = "\x1e".join(f"{name}\x1f{cells[name]}" for name in sorted(cells))
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()

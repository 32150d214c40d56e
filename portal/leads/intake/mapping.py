"""Which column of a file means what: proposed from the headers, edited by people, kept as JSON.

Not here: what a cell's text turns into (cleaning).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.catalog.models import CustomField
from portal.core.errors import DomainError
from portal.leads.intake.normalise import spelling_key

MAX_NAME = 60
MAX_CONSTANT = 2_000


@dataclass(frozen=True, slots=True)
class TargetField:
    """A field of a lead that a column can fill. `label` is for the mapping page."""

    name: str
    label: Any
    spellings: tuple[str, ...]
    several: bool = False


def _field(name: str, label: Any, spellings: str, several: bool = False) -> TargetField:
    return TargetField(name, label, tuple(spellings.split("|")), several)


FIELDS: tuple[TargetField, ...] = (
    _field(
        "external_id",
        _l("Number in its system"),
        "lead id|leadid|id|record id|lead number|lead nr|leadnummer|lead nummer|lead no|nr|nummer"
        "|external number|externe id|externe nummer|vorgangsnummer|datensatz id|contact id|lfd nr"
        "|do not modify lead|uuid|guid|key|schluessel",
    ),
    _field(
        "title",
        _l("Title of the lead"),
        "lead title|topic|subject|betreff|thema|anliegen|lead name|lead titel|headline|projekt"
        "|project|project name|projektname|bezeichnung",
    ),
    _field(
        "kind",
        _l("Kind (end customer or new partner)"),
        "lead type|lead kind|lead art|typ",
    ),
    _field(
        "company",
        _l("Company"),
        "company name|company account|account|account name|organisation|organization|firma"
        "|firmenname|unternehmen|unternehmensname|kunde|customer|business name|betrieb|firma 1"
        "|organisation name|organization name|employer",
    ),
    _field(
        "contact_name",
        _l("Contact's full name"),
        "contact|full name|contact person|ansprechpartner|kontakt|kontaktperson|name|person"
        "|ansprechperson|vor und nachname|vollstaendiger name",
    ),
    _field(
        "first_name",
        _l("Contact's first name"),
        "firstname|given name|forename|vorname|contact first name|kontakt vorname|fname",
    ),
    _field(
        "last_name",
        _l("Contact's last name"),
        "lastname|surname|family name|nachname|familienname|contact last name|zuname|lname"
        "|kontakt nachname",
    ),
    _field(
        "role",
        _l("Contact's role"),
        "job title|jobtitle|position|function|funktion|rolle|contact role|job|beruf|stelle"
        "|job role|job function|contact title",
    ),
    _field(
        "phone",
        _l("Phone"),
        "phone number|telephone|tel|telefon|telefonnummer|rufnummer|mobile|mobile phone|mobil"
        "|handy|business phone|work phone|telefon geschaeftlich|mobilnummer|cell|cell phone"
        "|contact phone|festnetz|tel nr|telephone number|mobiltelefon|durchwahl",
        several=True,
    ),
    _field(
        "email",
        _l("E-mail"),
        "e mail|mail|email address|e mail address|e mail adresse|mailadresse|emailadresse"
        "|contact email|work email|business email|mail adresse",
    ),
    _field(
        "domain",
        _l("Web site"),
        "website|web site|web|url|homepage|webseite|webadresse|company domain|company website"
        "|internet|www|internetseite|web domain|domaene",
    ),
    _field(
        "street",
        _l("Street"),
        "street address|address|address 1|address line 1|strasse|strasse nr|strasse hausnummer"
        "|anschrift|adresse|strasse und hausnummer|mailing street",
    ),
    _field(
        "postcode",
        _l("Postcode"),
        "zip|zip code|postal code|postleitzahl|plz|zipcode|post code|zip postal code",
    ),
    _field("city", _l("City"), "town|ort|stadt|location|wohnort|standort|locality"),
    _field(
        "country",
        _l("Country"),
        "land|country region|country code|laendercode|land region|nation|laenderkennzeichen",
    ),
    _field(
        "subdivision",
        _l("State or region"),
        "state|region|province|bundesland|kanton|state province|state region|county|state code",
    ),
    _field("time_zone", _l("Time zone"), "timezone|tz|zeitzone"),
    _field(
        "industry",
        _l("Industry"),
        "branche|sector|vertical|wirtschaftszweig|industry sector|industrie|business type",
    ),
    _field(
        "employees",
        _l("Employees"),
        "number of employees|no of employees|employee count|mitarbeiter|mitarbeiterzahl"
        "|anzahl mitarbeiter|beschaeftigte|company size|size|headcount|unternehmensgroesse"
        "|firmengroesse|num employees|staff",
    ),
    _field(
        "value",
        _l("Value"),
        "amount|deal value|estimated value|value amount|budget|wert|betrag|auftragswert|volumen"
        "|umsatz|potential|deal size|est value|opportunity amount|projektvolumen|auftragsvolumen"
        "|geschaetzter wert|value eur|wert eur|betrag eur|wert in eur|budget eur",
    ),
    _field("currency", _l("Currency"), "value currency|waehrung|currency code"),
    _field(
        "source",
        _l("Source"),
        "lead source|leadsource|quelle|leadquelle|lead quelle|herkunft|channel|kanal|origin"
        "|original source|lead herkunft|how did you hear about us|source type",
    ),
    _field(
        "temperature",
        _l("Temperature (hot, warm, cold)"),
        "rating|lead rating|temperatur|heat|prioritaet|priority|bewertung|lead temperature",
    ),
    _field(
        "created_at",
        _l("Made on"),
        "created|created date|createddate|create date|created on|date created|creation date|date"
        "|datum|erstellt|erstellt am|erstelldatum|angelegt am|eingang|eingangsdatum|erfasst am"
        "|timestamp|received|received at|lead date|anlagedatum|zeitstempel|created time",
    ),
    _field(
        "stage",
        _l("Stage"),
        "lead stage|status|lead status|leadstatus|phase|state of lead|statusgrund",
    ),
    _field(
        "disqualified_reason",
        _l("Reason to disqualify"),
        "disqualifiedreason|disqualification reason|lost reason|reason|reject reason|absagegrund"
        "|grund|ablehnungsgrund|unqualified reason|ausschlussgrund|disqualify reason",
    ),
    _field(
        "do_not_call",
        _l("Do not contact"),
        "do not contact|dnc|donotcall|opt out|email opt out|unsubscribed|nicht anrufen"
        "|werbesperre|kontaktsperre|do not email|hasoptedoutofemail|keine werbung"
        "|nicht kontaktieren",
        several=True,
    ),
    _field(
        "note",
        _l("Note"),
        "notes|comment|comments|description|bemerkung|bemerkungen|notiz|notizen|kommentar"
        "|beschreibung|message|nachricht|remarks|anmerkung|anmerkungen|details|text",
        several=True,
    ),
    _field(
        "expectation",
        _l("What the customer expects"),
        "expectations|erwartung|next step|naechster schritt|customer expects",
    ),
    _field(
        "partner_text",
        _l("Text for partners"),
        "partnertext|teaser|teaser text|text for partners|text fuer partner|public description",
    ),
    _field(
        "product",
        _l("Products"),
        "products|produkt|produkte|product interest|product of interest|produktinteresse|solution"
        "|artikel|interest|interesse|product interests|interessiert an",
        several=True,
    ),
    _field("brand", _l("Brand"), "marke|vendor|hersteller|manufacturer"),
    _field(
        "reference",
        _l("Number elsewhere"),
        "converted opportunity id|convertedopportunityid|opportunity id|referenz|reference number",
        several=True,
    ),
)
FIELD_NAMES: frozenset[str] = frozenset(target.name for target in FIELDS)
_FIELDS_BY_NAME = {target.name: target for target in FIELDS}

# Settings that a mapping may state although no column holds them.
DATE_ORDER = "date_order"
# Whether rows of a contact whom a lead is about already come in all the same.
DUPLICATES, LEAVE_OUT = "duplicates", "leave_out"
# What is said of the list as a whole: why its contacts may be approached, what brought them.
CAMPAIGN, BASIS, BASIS_WORDS = "campaign", "basis", "basis_words"
OF_THE_LIST = frozenset({CAMPAIGN, BASIS, BASIS_WORDS})
CONSTANT_NAMES: frozenset[str] = (
    FIELD_NAMES - {"external_id"} | OF_THE_LIST | {DATE_ORDER, DUPLICATES}
)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Columns (header → field) and constants (field → text for every row) of one source system.

    `source_system` and a row's external id together say which lead a row is, in every later file.
    A header that isn't in `columns` is left out.
    """

    source_system: str
    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping found for some headers. `known_as` names the kind of file, if it is a known one."""

    mapping: Mapping
    known_as: str | None = None


class UnreadableMapping(DomainError):
    """The text is no mapping; the message says what would be right."""

    code = "unreadable_mapping"
    status = 422


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A kind of file recognised by headers that no other has."""

    name: str
    source_system: str
    headers: frozenset[str]
    columns: dict[str, str] = field(default_factory=dict)


KNOWN_FILES: tuple[KnownFile, ...] = (
    # Stage decides there, and Title is the role of the person.
    KnownFile(
        "MarketStar",
        "marketstar",
        frozenset({"leadid", "leadsource", "disqualifiedreason", "stage", "createddate"}),
        {
            "leadid": "external_id",
            "title": "role",
            "industry": "industry",
            "employees": "employees",
            "timezone": "time_zone",
            "stage": "stage",
            "createddate": "created_at",
            "convertedopportunityid": "reference",
            "leadsource": "source",
            "disqualifiedreason": "disqualified_reason",
        },
    ),
    KnownFile(
        "Salesforce",
        "salesforce",
        frozenset({"lead id", "lead status", "company account"}),
        {"title": "role"},
    ),
    KnownFile(
        "Salesforce",
        "salesforce",
        frozenset({"id", "isconverted", "leadsource"}),
        {"title": "role", "email": "email"},
    ),
    KnownFile(
        "HubSpot",
        "hubspot",
        frozenset({"record id", "lifecycle stage"}),
        {"lead status": "stage", "original source": "source"},
    ),
    KnownFile(
        "Dynamics 365",
        "dynamics",
        frozenset({"do not modify lead", "do not modify row checksum"}),
        {"do not modify lead": "external_id", "topic": "title"},
    ),
)


OWN = "own."
"""What the name of a column's target begins with where it is one of the programme's own fields."""


def own_targets(fields: Iterable[CustomField], locale: str = "en") -> tuple[TargetField, ...]:
    """Return the programme's own fields as targets, known by their names in any language."""
    return tuple(
        TargetField(
            OWN + one.key,
            one.label(locale),
            tuple(spelling_key(name) for name in one.names.values()),
        )
        for one in fields
    )


def _spelling_table() -> dict[str, str]:
    table: dict[str, str] = {}
    for target in FIELDS:
        table[spelling_key(target.name)] = target.name
    for target in FIELDS:
        for spelling in target.spellings:
            table.setdefault(spelling, target.name)
    return table


_SPELLINGS = _spelling_table()
# Headers of a contact: beside them "Title" is what stands on the person's card.
_CRM_HEADERS = frozenset(
    {
        "first name",
        "last name",
        "firstname",
        "lastname",
        "lead source",
        "leadsource",
        "salutation",
        "lead status",
    }
)
_FORMS_OF_ADDRESS = frozenset({"salutation", "anrede", "vorname", "nachname"})


def propose_mapping(
    headers: Iterable[str], source_system: str = "", own: Iterable[TargetField] = ()
) -> Proposal:
    """Propose which header means what; known kinds of file also get their source system.

    Headers that say nothing stay out. `source_system` wins over the known kind's name, the name of
    one of the programme's `own` fields over a spelling of ours.
    """
    names = list(headers)
    keys = {name: spelling_key(name) for name in names}
    present = set(keys.values())
    known = next((kind for kind in KNOWN_FILES if kind.headers <= present), None)
    columns: dict[str, str] = {}
    taken: set[str] = set()

    def take(header: str, target: str | None) -> None:
        if target is None or header in columns:
            return
        if target in taken and not _FIELDS_BY_NAME[target].several:
            return
        columns[header] = target
        taken.add(target)

    own_names = {spelling: target.name for target in own for spelling in target.spellings}
    for name in names:
        if keys[name] in own_names and own_names[keys[name]] not in taken:
            columns[name] = own_names[keys[name]]
            taken.add(columns[name])
    if known is not None:
        for name in names:
            take(name, known.columns.get(keys[name]))
    if known is None or known.source_system != "marketstar":
        plain = {spelling_key(target.name): target.name for target in FIELDS}
        for name in names:
            if keys[name] != "title":
                take(name, plain.get(keys[name]))
        # What a title or a bare name means depends on the columns beside it: they come last.
        unclear = [name for name in names if keys[name] in ("title", "titel", "name")]
        for name in [name for name in names if name not in unclear] + unclear:
            take(name, _meaning(keys[name], present, taken))
    if "contact_name" in taken and {"first_name", "last_name"} <= taken:
        columns = {name: target for name, target in columns.items() if target != "contact_name"}
    ordered = {name: columns[name] for name in names if name in columns}
    system = source_system or (known.source_system if known else "")
    return Proposal(Mapping(system, ordered), known.name if known else None)


def _meaning(key: str, present: set[str], taken: set[str]) -> str | None:
    if key == "title":
        return "role" if present & _CRM_HEADERS and "role" not in taken else "title"
    if key == "titel":
        # Beside a form of address it is "Dr.", which is neither title nor role of a lead.
        return None if present & _FORMS_OF_ADDRESS else "title"
    if key == "name":
        if present & {"first name", "vorname", "firstname"}:
            return "last_name" if "last_name" not in taken else None
        return "contact_name" if "company" in taken else "company"
    if found := _SPELLINGS.get(key):
        return found
    # "Phone 2", "E-mail (work)": a number or a word behind changes nothing.
    head = key.rstrip("0123456789 ")
    return _SPELLINGS.get(head) if head != key else None


def check_mapping(
    mapping: Mapping, headers: Iterable[str], own: Iterable[TargetField] = ()
) -> dict[str, str]:
    """Check a mapping against a file's headers and the programme's `own` fields.

    Returns messages by place: a header, a constant's name, or "source_system". Empty is good.
    """
    problems: dict[str, str] = {}
    system = mapping.source_system.strip()
    if not system:
        problems["source_system"] = _(
            "Please name the system this list comes from, so that its leads are known again "
            "next time."
        )
    elif len(system) > MAX_NAME or not system.isprintable():
        problems["source_system"] = _(
            "Please choose a name of at most %(limit)s characters.", limit=MAX_NAME
        )
    present = set(headers)
    known = {**_FIELDS_BY_NAME, **{target.name: target for target in own}}
    first_with: dict[str, str] = {}
    for header, target in mapping.columns.items():
        wanted = known.get(target)
        if wanted is None:
            problems[header] = _("There is no field called “%(name)s”.", name=target[:80])
        elif header not in present:
            problems[header] = _("The file has no column “%(name)s”.", name=header[:80])
        elif target in first_with and not wanted.several:
            problems[header] = _(
                "“%(other)s” already fills this field; only one column can.",
                other=first_with[target][:80],
            )
        first_with.setdefault(target, header)
    for name, text in mapping.constants.items():
        if name not in CONSTANT_NAMES:
            problems[name] = _("“%(name)s” can't be the same for every row.", name=name[:80])
        elif name == DATE_ORDER and text not in ("dmy", "mdy"):
            problems[name] = _("Please write dmy (3/4 is 3 April) or mdy (3/4 is 4 March).")
        elif name == DUPLICATES and text != LEAVE_OUT:
            problems[name] = _("Please write leave_out, or nothing.")
        elif len(text) > MAX_CONSTANT:
            problems[name] = _(
                "Please keep it under %(limit)s characters.", limit=f"{MAX_CONSTANT:,}"
            )
    if not mapping.columns:
        problems.setdefault("columns", _("Please say for at least one column what it means."))
    return problems


def dump_mapping(mapping: Mapping) -> str:
    """Write a mapping as JSON, for a file or to keep with the import."""
    return json.dumps(
        {
            "source_system": mapping.source_system,
            "columns": mapping.columns,
            "constants": mapping.constants,
        },
        ensure_ascii=False,
        indent=2,
    )


def load_mapping(text: str) -> Mapping:
    """Read a mapping from JSON. Refuses with `UnreadableMapping`."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableMapping(_("The mapping is no readable JSON.")) from None
    if not isinstance(data, dict):
        raise UnreadableMapping(_("A mapping has the parts source_system, columns and constants."))
    unknown = sorted(set(data) - {"source_system", "columns", "constants"})
    if unknown:
        raise UnreadableMapping(
            _("A mapping has no part called “%(name)s”.", name=str(unknown[0])[:80])
        )
    system = data.get("source_system", "")
    if not isinstance(system, str):
        raise UnreadableMapping(_("source_system is a text."))
    return Mapping(
        system.strip(),
        _texts(data.get("columns", {}), "columns"),
        _texts(data.get("constants", {}), "constants"),
    )


def _texts(part: object, name: str) -> dict[str, str]:
    if not isinstance(part, dict):
        raise UnreadableMapping(_("“%(part)s” is a list of names and texts.", part=name))
    texts: dict[str, str] = {}
    for key, value in part.items():
        if not isinstance(value, str):
            raise UnreadableMapping(
                _("“%(name)s” in “%(part)s” is a text.", name=str(key)[:80], part=name)
            )
        texts[str(key)] = value
    return texts

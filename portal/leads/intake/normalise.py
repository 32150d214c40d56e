"""Many spellings, one key. The original always stays beside the key.

Here: looking up industries, sources, reasons, countries and subdivisions by what a file calls
them. The vocabularies come from the caller (the programme's catalogue); the seed is the default.
Not here: refusing. What isn't known has no key, and that is an honest answer.
"""

from __future__ import annotations

import gettext
import html
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import pycountry

from portal.catalog import seed

_SEPARATORS = re.compile(r"[\W_]+", re.UNICODE)
_AND = re.compile(r"\b(and|und|et)\b")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})

# Cells in which people say that they say nothing.
_NOTHING = frozenset(
    {
        "n a",
        "na",
        "nan",
        "nil",
        "none",
        "null",
        "undefined",
        "unknown",
        "unbekannt",
        "not provided",
        "not available",
        "not applicable",
        "prefer not to answer",
        "no title",
        "keine angabe",
        "k a",
        "div 0",
    }
)
# What stands in a column of industries or roles and names neither.
_NO_INDUSTRY = ("unlisted", "test", "US", "No Page Info/Offsite")
NO_ROLE = frozenset({"xxx", "title", "example job title", "ssa", "test", "contact us", "keine"})

# Words that settle the industry of a spelling nobody listed; the first hit counts.
_INDUSTRY_STEMS: tuple[tuple[str, str], ...] = (
    ("insur|versicher", "insurance"),
    ("pharma|biotech|life scien", "life_sciences"),
    ("health|medic|hospital|clinic|gesund|klinik|dental|pflege", "healthcare"),
    ("telecom|telekom|telco|carrier", "telecom"),
    (
        "software|saas|informationstech|information tech|cyber|cloud|computer",
        "software_it",
    ),
    ("advertis|marketing|werb|public relation", "marketing"),
    ("media|medien|entertain|publish|broadcast|film|gaming", "media"),
    ("wholesal|grosshandel|distribut", "wholesale"),
    ("retail|einzelhandel|commerce|shop", "retail"),
    ("restaurant|hotel|gastro|hospitality|leisure|freizeit", "hospitality"),
    ("automotiv|automobil|vehicle|fahrzeug", "automotive"),
    ("logist|transport|airline|freight|travel|touris|spedition", "travel_transport"),
    ("aerospace|defen[cs]e|luftfahrt|military", "aerospace_defence"),
    ("bank|financ|finanz|account|invest|capital", "finance"),
    ("real estate|immobil", "real_estate"),
    ("construct|building|baugewerbe|architekt|architect", "construction"),
    ("energy|energie|utilit|electricity|oil gas|umwelt|waste", "energy"),
    ("chemi|metal|mining|plastic|kunststoff", "chemicals_materials"),
    ("semiconduct|electronic|elektro|hardware", "electronics"),
    ("food|beverage|lebensmittel|getraenk", "food"),
    ("agricult|landwirt|farming|forst", "agriculture"),
    ("apparel|textil|fashion|consumer good|konsum", "consumer_goods"),
    ("manufactur|machin|maschin|industri|fertigung", "manufacturing"),
    ("educat|school|universit|bildung|schul|research|forschung", "education"),
    ("govern|public admin|behoerde|verwaltung|municipal|oeffentlich", "public_sector"),
    ("non profit|nonprofit|charit|association|verein|verband|stiftung", "nonprofit"),
    (
        "consult|legal|law |anwalt|beratung|recruit|staffing|personal",
        "professional_services",
    ),
)

_SOURCE_STEMS: tuple[tuple[str, str], ...] = (
    ("trade ?show|messe|fair|event|expo|conference|konferenz", "trade_show"),
    ("webinar|webcast", "webinar"),
    ("download|white ?paper|e ?book", "content_download"),
    ("purchas|bought|gekauft", "purchased_list"),
    ("linkedin|facebook|social|xing|twitter|instagram", "social_media"),
    ("referr|recommend|empfehl", "referral"),
    ("newsletter|campaign|kampagne|mailing", "email_campaign"),
    ("google|adwords|advert|anzeige", "advertising"),
    ("web|online|form|internet|homepage", "web_registration"),
    ("tele|kaltakquise|cold", "tele_sales"),
    ("phone|call|telefon|anruf", "phone_inquiry"),
)

_REASON_STEMS: tuple[tuple[str, str], ...] = (
    ("do not (call|contact|mail)|dont call|unsubscri|abgemeldet|sperr", "do_not_call"),
    ("opt(ed)? ?out|nicht (anrufen|kontakt)", "do_not_call"),
    ("duplic|dublette|doppel", "duplicate"),
    ("spam|fake|junk|test", "not_real"),
    ("bad e ?mail|bounce|invalid e ?mail", "bad_email"),
    ("wrong|falsch", "wrong_contact"),
    ("not interest|no interest|kein interesse", "not_interested"),
    ("budget|expensive|teuer", "no_budget"),
    ("timing|zeitpunkt", "bad_timing"),
    ("competit|mitbewerb|konkurren", "competitor"),
    ("no need|kein bedarf|not a fit", "no_need"),
    ("abandon|no response|no answer|unreach|unrespons|nicht erreicht", "abandoned"),
)


@lru_cache(maxsize=10_000)
def spelling_key(text: str) -> str:
    """Reduce a spelling to what counts: case, accents, "&" and "and", punctuation don't."""
    text = html.unescape(text[:300]) if "&" in text else text[:300]
    text = text.casefold().translate(_UMLAUTS)
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(char for char in decomposed if not unicodedata.combining(char))
    text = _AND.sub(" ", _SEPARATORS.sub(" ", text))
    return " ".join(text.split())


def says_nothing(text: str) -> bool:
    """Tell whether a cell is a way of leaving it empty: "N/A", "-", "unbekannt", "#N/A"."""
    if len(text) > 30:
        return False
    key = spelling_key(text)
    return not key or key in _NOTHING


class Vocabulary:
    """A list of keys with their spellings; unlisted spellings fall to the first fitting stem."""

    def __init__(
        self,
        spellings: Iterable[tuple[str, Iterable[str]]],
        stems: Iterable[tuple[str, str]] = (),
        noise: Iterable[str] = (),
    ) -> None:
        self._noise = frozenset(map(spelling_key, noise))
        self._keys: dict[str, str] = {}
        for key, names in spellings:
            for name in (key, *names):
                self._keys.setdefault(spelling_key(name), key)
        known = set(self._keys.values())
        # A stem counts where a word begins, so that "oil" isn't found in "boiler".
        self._stems = [(re.compile(rf"\b(?:{stem})"), key) for stem, key in stems if key in known]
        self._found: dict[str, str | None] = {}

    def find(self, text: str) -> str | None:
        """Find the key for a spelling, or None where it says nothing or isn't known."""
        if not text:
            return None
        try:
            return self._found[text]
        except KeyError:
            pass
        key = self._look_up(text)
        # A hostile file of ever new spellings must not fill the memory.
        if len(self._found) > 20_000:
            self._found.clear()
        self._found[text] = key
        return key

    def _look_up(self, text: str) -> str | None:
        if len(text) > 300:
            return None
        spelling = spelling_key(text)
        if spelling in self._keys:
            return self._keys[spelling]
        if spelling in self._noise or says_nothing(text):
            return None
        for pattern, key in self._stems:
            if pattern.search(spelling):
                return key
        return None


def industry_vocabulary(
    rows: Iterable[tuple[str, Iterable[str]]] | None = None,
) -> Vocabulary:
    """Build the industries' vocabulary from (key, spellings); without rows from the seed."""
    if rows is None:
        rows = ((entry.key, (*entry.name.values(), *entry.spellings)) for entry in seed.INDUSTRIES)
    return Vocabulary(rows, _INDUSTRY_STEMS, _NO_INDUSTRY)


def source_vocabulary(
    rows: Iterable[tuple[str, Iterable[str]]] | None = None,
) -> Vocabulary:
    """Build the sources' vocabulary from (key, spellings); without rows from the seed."""
    if rows is None:
        rows = ((entry.key, (*entry.name.values(), *entry.spellings)) for entry in seed.SOURCES)
    return Vocabulary(rows, _SOURCE_STEMS)


def reason_vocabulary(
    rows: Iterable[tuple[str, Iterable[str]]] | None = None,
) -> Vocabulary:
    """Build the vocabulary of reasons to disqualify; without rows from the seed."""
    if rows is None:
        rows = (
            (entry.key, (*entry.name.values(), *entry.spellings))
            for entry in seed.REASONS
            if entry.purpose is seed.Purpose.DISQUALIFY
        )
    return Vocabulary(rows, _REASON_STEMS)


_COUNTRY_NICKNAMES = {
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "grossbritannien": "GB",
    "usa": "US",
    "u s a": "US",
    "u s": "US",
    "america": "US",
    "vereinigte staaten von amerika": "US",
    "holland": "NL",
    "czech republic": "CZ",
    "tschechische republik": "CZ",
    "turkey": "TR",
    "tuerkei": "TR",
    "russia": "RU",
    "south korea": "KR",
    "suedkorea": "KR",
    "vietnam": "VN",
    "brd": "DE",
    "d": "DE",
    "a": "AT",
    "ch": "CH",
    "schweizerische eidgenossenschaft": "CH",
    "republic of ireland": "IE",
    "uae": "AE",
}


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    german = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["de"])
    table: dict[str, str] = {}
    for country in pycountry.countries:
        code = country.alpha_2
        spellings = {country.name, country.alpha_3, code}
        for attribute in ("common_name", "official_name"):
            if official := getattr(country, attribute, None):
                spellings.add(official)
        spellings |= {german.gettext(name) for name in tuple(spellings)}
        for spelling in spellings:
            table.setdefault(spelling_key(spelling), code)
    # The nicknames are no one's official name but "A" and "D" on letters from Europe.
    return table | {key: code for key, code in _COUNTRY_NICKNAMES.items() if key not in table}


def find_country(text: str) -> str | None:
    """Find the ISO 3166 alpha-2 code for a country's code or its English or German name."""
    return _countries().get(spelling_key(text)) if text else None


_STATE_NAMES = {
    "DE": "BY=Bavaria|HE=Hesse|NI=Lower Saxony|MV=Mecklenburg-Western Pomerania"
    "|NW=North Rhine-Westphalia|NW=NRW|RP=Rhineland-Palatinate|SN=Saxony|ST=Saxony-Anhalt"
    "|TH=Thuringia",
    "AT": "1=Burgenland|2=Carinthia|3=Lower Austria|4=Upper Austria|5=Salzburg|6=Styria|7=Tyrol"
    "|8=Vorarlberg|9=Vienna",
    "CH": "ZH=Zurich|GE=Geneva|LU=Lucerne|BE=Berne|SG=St. Gallen|SG=St Gallen|BS=Basel|VS=Wallis"
    "|VD=Waadt|FR=Freiburg|NE=Neuenburg|TI=Tessin|GR=Graubünden|GE=Genf",
}


@lru_cache(maxsize=300)
def _subdivisions(country: str) -> dict[str, str]:
    table: dict[str, str] = {}
    for subdivision in pycountry.subdivisions:
        if subdivision.country_code != country:
            continue
        code: str = subdivision.code
        for spelling in (code, code.partition("-")[2], subdivision.name):
            table.setdefault(spelling_key(spelling), code)
    for pair in filter(None, _STATE_NAMES.get(country, "").split("|")):
        code, _, name = pair.partition("=")
        table.setdefault(spelling_key(name), f"{country}-{code}")
    return table


def find_subdivision(text: str, country: str | None) -> str | None:
    """Find the ISO 3166-2 code ("DE-BY") for a state's code or name.

    Without a country only a full code says which state is meant.
    """
    if country is None:
        prefix = text[:2].upper()
        if not re.fullmatch(r"[A-Za-z]{2}-[A-Za-z0-9]{1,3}", text):
            return None
        return _subdivisions(prefix).get(spelling_key(text))
    return _subdivisions(country).get(spelling_key(text))


_TIME_ZONES = {
    "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles",
    "pt": "America/Los_Angeles",
    "mst": "America/Denver",
    "mdt": "America/Denver",
    "mt": "America/Denver",
    "cst": "America/Chicago",
    "cdt": "America/Chicago",
    "ct": "America/Chicago",
    "est": "America/New_York",
    "edt": "America/New_York",
    "et": "America/New_York",
    "gmt": "Europe/London",
    "bst": "Europe/London",
    "utc": "UTC",
    "cet": "Europe/Berlin",
    "cest": "Europe/Berlin",
    "mez": "Europe/Berlin",
    "mesz": "Europe/Berlin",
    "eet": "Europe/Helsinki",
    "wet": "Europe/Lisbon",
}
_IANA_ZONE = re.compile(
    r"(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)"
    r"/[A-Za-z_]{2,30}(?:/[A-Za-z_]{2,30})?"
)


def find_time_zone(text: str) -> str | None:
    """Find the IANA name for an abbreviation ("PST", "MEZ") or for such a name itself.

    A hint only: it never decides the country.
    """
    if found := _TIME_ZONES.get(text.casefold()):
        return found
    return text if _IANA_ZONE.fullmatch(text) else None

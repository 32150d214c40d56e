"""Find contact data in a text that partners read before pickup.

Pure: compares a text with what is known of the contact, as people write it: other case, accents,
"Müller" or "Mueller", spaces and slashes in numbers, initials. It warns; it forbids nothing.
Not here: the words of the warning (templates) and what a partner may read (the lead type).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

MAX_TEXT = 10_000


class LeakKind(StrEnum):
    """What of the contact a text gives away. Where two overlap, the first one here is named."""

    EMAIL = "email"
    PHONE = "phone"
    STREET = "street"
    EMAIL_DOMAIN = "email_domain"
    WEB_DOMAIN = "web_domain"
    COMPANY = "company"
    NAME = "name"
    POSTCODE = "postcode"


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What is known of a contact. `city` is no secret: it only helps to tell what is."""

    company: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    phone_e164: str = ""
    email: str = ""
    domain: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""


@dataclass(frozen=True, slots=True)
class Leak:
    """A place in the text, `text[start:end] == excerpt`, and what it gives away."""

    kind: LeakKind
    excerpt: str
    start: int
    end: int


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEGAL_FORMS = _words(
    "gmbh ag kg ohg ug se ev ek gbr kgaa mbh co cokg partg inc incorporated llc llp lp ltd limited"
    " corp corporation company plc pty sa sas sarl srl spa bv nv oy oyj ab as aps asa sro doo"
    " kft zrt"
    " haftungsbeschraenkt haftungsbeschrankt gesellschaft e v k g m b h"
)
# Words of company names that many firms share; alone they give nobody away.
_SHARED_WORDS = _words(
    "the and und of for fuer fur der die das dem den von vom im am in an la le les il el de des"
    " it edv ict systems system systeme solutions solution loesungen losungen services service"
    " consulting consultants consultancy beratung technologies technology technologie tech technik"
    " software hardware digital data daten media medien network networks netzwerk netzwerke cloud"
    " security sicherheit group gruppe holding holdings international global worldwide europe"
    " europa"
    " european germany deutschland german deutsche austria oesterreich osterreich switzerland"
    " schweiz"
    " america american usa united states north south east west nord sued sud ost central first new"
    " neue neuer trading trade handel handels handelsgesellschaft grosshandel vertrieb vertriebs"
    " distribution import export logistics logistik transport transporte spedition bau hochbau"
    " tiefbau bauunternehmen construction engineering ingenieurbuero ingenieurburo maschinenbau"
    " anlagenbau metallbau machinery machines industry industries industrie industrial"
    " manufacturing"
    " produktion production werke werk works stadtwerke energie energy power electric electronics"
    " elektro elektronik elektrotechnik automation automotive auto autohaus car cars foods food"
    " lebensmittel baeckerei backerei bakery restaurant hotel hotels klinik clinic hospital"
    " krankenhaus praxis medical health healthcare care pharma pharmacy apotheke labs lab labor"
    " laboratories institute institut university universitaet universitat hochschule school schule"
    " college academy akademie education bildung bank banking financial finance finanz insurance"
    " versicherung versicherungen capital invest investment investments partners partner associates"
    " sohn soehne sohne sons son brothers brueder bruder gebrueder gebruder kanzlei law legal"
    " steuerberater rechtsanwaelte immobilien real estate properties property management verwaltung"
    " office buero buro print druck druckerei verlag publishing marketing agentur agency design"
    " studio studios creative innovation innovations innovative smart green blue red black white"
    " gold golden silver star sun best top pro plus max mini city stadt gemeinde landkreis kreis"
    " verein verband stiftung foundation association union club center centre zentrum point house"
    " haus home shop store market markt online web internet com net org info business enterprise"
    " enterprises unternehmen firma team world welt life open core alpha beta delta gamma"
    " omega next"
    " one customer customers kunde kunden project projekt server storage backup printer wireless"
    " telecom telecommunications telekom mobile communication communications kommunikation general"
    " advanced modern quality professional premium select prime active access future vision concept"
    " concepts konzept gastro travel reisen tours sport sports fashion mode moebel mobel furniture"
    " garten garden holz wood glas glass stahl steel metal metall plastics kunststoff chemie"
    " chemical"
    " chemicals water wasser solar wind umwelt environment recycling"
)
# Surnames that are words as well: they count only beside a first name, an initial or "Herr".
_WORD_NAMES = _words(
    "klein gross lang kurz jung alt neu schwarz weiss braun roth rot blau gruen grun koch bauer"
    " fischer schneider jaeger jager kaufmann richter schreiber wagner winter sommer"
    " herbst montag freitag sonntag ernst frei fuchs wolf vogel berg stein bach wald feld haus"
    " kaiser koenig konig graf fuerst furst engel sauer stark reich arm kraft krieg friede gut"
    " best long short young old new black white brown green grey gray strong small little good"
    " rich wise king prince cook baker butler carpenter page price cost bill mark may will church"
    " hill wood woods stone field fields rivers lake day knight major case banks bank mason"
    " walker hunter fisher parker porter cooper gardener forest summers winters love power"
    " powers hope grace bright sharp swift noble holder partner home house west north south east"
    " park street gates golden silver steel field may june august"
)
_FORMS_OF_ADDRESS = _words(
    "herr herrn frau hr fr mr mrs ms miss dr prof sir madame monsieur mme signor signora kollege"
    " kollegin mister"
)
_PARTICLES = _words("von van de der den zu zum zur vom di da del della la le du ten ter af al el")
# Names of streets that nearly every town has.
_COMMON_STREETS = _words(
    "hauptstr bahnhofstr dorfstr schulstr gartenstr bergstr lindenstr kirchstr waldstr ringstr"
    " industriestr mainstreet highstreet churchstreet parkavenue broadway marktplatz"
    " industriepark gewerbepark technologiepark businesspark"
)
_MAILBOXES = _words(
    "info office sales contact kontakt mail hello hallo service support vertrieb admin einkauf"
    " purchasing buchhaltung team it edv marketing welcome anfrage post zentrale bestellung"
    " post. webmaster inquiry enquiry"
)
_FREE_MAIL_NAMES = _words(
    "gmail googlemail outlook hotmail live msn yahoo icloud me mac aol gmx web t-online freenet"
    " arcor mail proton protonmail posteo mailbox bluewin aon orange wanadoo free laposte libero"
    " comcast verizon att 1und1 yandex qq"
)
# Behind a number of five digits these say that it counts something.
_UNITS = _words(
    "eur euro usd dollar chf gbp k users user licences licenses lizenzen employees mitarbeiter"
    " mitarbeitende beschaeftigte beschaftigte pieces stueck stuck people personen geraete gerate"
    " devices clients seats arbeitsplaetze arbeitsplatze m2 qm square"
)
_SECOND_LEVELS = _words("co com net org ac gov edu or ne gv ltd plc")

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_UNSEEN = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
_GERMAN = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe"}
_PLAIN = {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"}
_NUMBER_WORDS = {
    word: str(digit)
    for digit, words in enumerate(
        (
            "null zero oh",
            "eins one",
            "zwei zwo two",
            "drei three",
            "vier four",
            "fuenf five",
            "sechs six",
            "sieben seven",
            "acht eight",
            "neun nine",
        )
    )
    for word in words.split()
}


@dataclass(frozen=True, slots=True)
class _Token:
    """A word of the text and its foldings: umlauts as two letters, and without their dots."""

    german: str
    plain: str
    start: int
    end: int

    @property
    def forms(self) -> frozenset[str]:
        return frozenset((self.german, self.plain))


def find_leaks(text: str, contact: ContactFacts) -> list[Leak]:
    """Find what a text gives away of a contact, in the order of the text, without overlaps.

    Texts beyond 10,000 characters are looked at up to there.
    """
    text = text[:MAX_TEXT]
    if not text.strip():
        return []
    tokens = _tokens(text)
    found: list[tuple[LeakKind, int, int]] = []
    found += ((LeakKind.EMAIL, *span) for span in _emails(text, tokens, contact.email))
    for number in dict.fromkeys((contact.phone, contact.phone_e164)):
        found += ((LeakKind.PHONE, *span) for span in _phones(text, tokens, number))
    found += ((LeakKind.STREET, *span) for span in _streets(tokens, contact.street))
    mail_domain = contact.email.rpartition("@")[2] if "@" in contact.email else ""
    common = _common_words(contact)
    found += (
        (LeakKind.EMAIL_DOMAIN, *span) for span in _domains(text, tokens, mail_domain, common)
    )
    found += (
        (LeakKind.WEB_DOMAIN, *span) for span in _domains(text, tokens, contact.domain, common)
    )
    found += ((LeakKind.COMPANY, *span) for span in _companies(text, tokens, contact, common))
    found += ((LeakKind.NAME, *span) for span in _names(text, tokens, contact))
    found += ((LeakKind.POSTCODE, *span) for span in _postcodes(text, tokens, contact))
    return _without_overlaps(text, found)


def _without_overlaps(text: str, found: list[tuple[LeakKind, int, int]]) -> list[Leak]:
    rank = {kind: position for position, kind in enumerate(LeakKind)}
    kept: list[tuple[LeakKind, int, int]] = []
    # A longer place says more; of equal ones the kind named first.
    for kind, start, end in sorted(
        set(found), key=lambda leak: (leak[1] - leak[2], rank[leak[0]], leak[1])
    ):
        if all(end <= other[1] or start >= other[2] for other in kept):
            kept.append((kind, start, end))
    kept.sort(key=lambda leak: leak[1])
    return [Leak(kind, text[start:end], start, end) for kind, start, end in kept]


def _fold(word: str, letters: dict[str, str]) -> str:
    composed = unicodedata.normalize("NFKC", word).casefold()
    spelt = "".join(letters.get(char, char) for char in composed)
    decomposed = unicodedata.normalize("NFKD", spelt)
    return "".join(_PLAIN.get(char, char) for char in decomposed if not unicodedata.combining(char))


def _token(word: str, start: int, end: int) -> _Token:
    if word.isascii():
        folded = word.lower()
        return _Token(folded, folded, start, end)
    # casefold() would turn "ß" into "ss" anyway; both foldings agree on it.
    return _Token(_fold(word, _GERMAN), _fold(word, _PLAIN), start, end)


def _tokens(text: str) -> list[_Token]:
    """Cut a text into words with their places; unseen signs and loose accents don't cut."""
    if text.isascii():
        return [_token(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]
    seen: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if char in _UNSEEN:
            continue
        if unicodedata.combining(char) and seen:
            seen[-1] = unicodedata.normalize("NFC", seen[-1] + char)[:1]
            continue
        seen.append(char)
        places.append(place)
    places.append(len(text))
    return [
        _token(match[0], places[match.start()], places[match.end() - 1] + 1)
        for match in _WORD.finditer("".join(seen))
    ]


def _windows(tokens: list[_Token], longest: int) -> Iterator[tuple[list[_Token], int, int]]:
    for first in range(len(tokens)):
        for last in range(first + 1, min(first + longest, len(tokens)) + 1):
            yield tokens[first:last], tokens[first].start, tokens[last - 1].end


def _joined(tokens: list[_Token]) -> frozenset[str]:
    return frozenset(
        ("".join(token.german for token in tokens), "".join(token.plain for token in tokens))
    )


def _emails(text: str, tokens: list[_Token], email: str) -> Iterator[tuple[int, int]]:
    """Find the address itself, written with "(at)" and "(dot)" too, and a telling local part."""
    local, _at, domain = email.strip().casefold().rpartition("@")
    if not local or not domain:
        return
    at = r"\s{0,3}(?:@|[(\[{<]\s?(?:at|ät|@)\s?[)\]}>]|\bat\b|\bät\b)\s{0,3}"
    dot = r"\s{0,3}(?:\.|[(\[{<]\s?(?:dot|punkt|\.)\s?[)\]}>]|\bdot\b|\bpunkt\b)\s{0,3}"

    def loosely(part: str) -> str:
        return dot.join(re.escape(piece) for piece in part.split("."))

    whole = re.compile(rf"(?<![\w]){loosely(local)}{at}{loosely(domain)}(?![\w])", re.IGNORECASE)
    for match in whole.finditer(text):
        yield match.span()
    pieces = [piece for piece in _tokens(local) if not piece.german.isdecimal()]
    if len(local) < 5 or local in _MAILBOXES or any(p.german in _MAILBOXES for p in pieces):
        return
    if len(pieces) == 1 and pieces[0].german in _SHARED_WORDS | _WORD_NAMES:
        return
    wanted = _joined(_tokens(local))
    for window, start, end in _windows(tokens, max(len(pieces), 1)):
        # One word, or words tied by the signs of an address: "max.meier", not "max meier".
        if _joined(window) & wanted and not any(char.isspace() for char in text[start:end]):
            yield start, end


def _domain_name(domain: str) -> str:
    """Return the telling part of a domain: "meier-bau" of "mail.meier-bau.co.uk"."""
    labels = [label for label in domain.casefold().strip(". ").split(".") if label]
    if len(labels) < 2:
        return ""
    labels.pop()
    if len(labels) > 1 and labels[-1] in _SECOND_LEVELS:
        labels.pop()
    return labels[-1]


def _host(address: str) -> str:
    host = re.sub(r"^[a-z]{2,10}:/{0,2}", "", address.strip().casefold())
    host = re.split(r"[/?#:\s]", host, maxsplit=1)[0]
    return host.removeprefix("www.").strip(".")


def _domains(
    text: str, tokens: list[_Token], address: str, common: frozenset[str]
) -> Iterator[tuple[int, int]]:
    host = _host(address)
    name = _domain_name(host)
    if not name or name in _FREE_MAIL_NAMES:
        return
    ending = host[host.rindex(name) + len(name) :].strip(".")
    dot = r"\s{0,2}(?:\.|[(\[]\s?(?:dot|punkt)\s?[)\]]|\bdot\b|\bpunkt\b)\s{0,2}"
    pattern = re.compile(
        rf"(?<![\w-])(?:[\w-]{{1,40}}\.){{0,3}}{re.escape(name)}{dot}"
        rf"{dot.join(map(re.escape, ending.split('.')))}(?![\w-])",
        re.IGNORECASE,
    )
    for match in pattern.finditer(text):
        yield match.span()
    # Its name alone tells as much, unless it is a word of everyday.
    parts = _tokens(name)
    letters = "".join(part.german for part in parts)
    if len(letters) < 4 or not parts or all(part.forms & common for part in parts):
        return
    wanted = _joined(parts)
    for window, start, end in _windows(tokens, len(parts) + 1):
        if _joined(window) & wanted:
            yield start, end


def _phones(text: str, tokens: list[_Token], number: str) -> Iterator[tuple[int, int]]:
    """Find the number however it is broken up: the national part, its last seven digits or more."""
    needle = _national_digits(number)
    if len(needle) < 6:
        return
    streams = [_digits(text)]
    spelled = _digits_with_words(text, tokens)
    if len(spelled) > len(streams[0]):
        streams.append(spelled)
    wanted = [needle] if len(needle) < 9 else [needle, needle[-8:], needle[-7:]]
    for stream in streams:
        for run in _runs(stream):
            digits = "".join(digit for digit, _start, _end in run)
            hit = next((tail for tail in wanted if tail in digits), None)
            # A short number of a local line stands alone: "123456" of 0711 123456.
            if hit is None and len(needle) >= 8 and digits.lstrip("0") == needle[-6:]:
                hit = digits
            if hit is None:
                continue
            at = digits.index(hit)
            last = run[at + len(hit) - 1][2]
            # The zero, country or area code before it belongs to the place as well.
            for _more in range(6):
                if not at or run[at][1] - run[at - 1][2] > 3:
                    break
                at -= 1
            yield run[at][1], last


def _national_digits(number: str) -> str:
    digits = "".join(digit for digit, _start, _end in _digits(number.partition("ext")[0]))
    stripped = number.strip()
    if stripped.startswith("+") or digits.startswith("00"):
        digits = digits.lstrip("0")
        # The length of a country code is not written; a number is told apart by its tail anyway.
        code = next((size for size in (1, 2, 3) if digits[:size] in _COUNTRY_CODES), 2)
        digits = digits[code:]
    return digits.lstrip("0")


# Calling codes of one and two digits; all others have three.
_COUNTRY_CODES = (
    frozenset({"1", "7"})
    | _words(
        "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61"
        " 62 63 64"
        " 65 66 81 82 84 86 90 91 92 93 94 95 98"
    )
    | frozenset(str(code) for code in range(210, 1000))
)


def _digits(text: str) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = []
    for place, char in enumerate(text):
        value = unicodedata.decimal(char, None)
        if value is not None:
            found.append((str(value), place, place + 1))
    return found


def _digits_with_words(text: str, tokens: list[_Token]) -> list[tuple[str, int, int]]:
    found = _digits(text)
    for token in tokens:
        if digit := _NUMBER_WORDS.get(token.german):
            found.append((digit, token.start, token.end))
    return sorted(found, key=lambda digit: digit[1])


def _runs(stream: list[tuple[str, int, int]]) -> Iterator[list[tuple[str, int, int]]]:
    """Split digits where more than a dozen other signs stand between them."""
    run: list[tuple[str, int, int]] = []
    for digit in stream:
        if run and digit[1] - run[-1][2] > 12:
            yield run
            run = []
        run.append(digit)
    if run:
        yield run


def _common_words(contact: ContactFacts) -> frozenset[str]:
    """Return the words that give nobody away: those many share, and the city, which is shown."""
    city = frozenset(form for token in _tokens(contact.city) for form in token.forms)
    return _SHARED_WORDS | _LEGAL_FORMS | city


def _company_core(company: str) -> list[_Token]:
    """Return the words of a company's name without its legal form."""
    words = _tokens(company)
    core = list(words)
    while core and core[-1].german in _LEGAL_FORMS:
        core.pop()
    cut = next(
        (
            place
            for place, word in enumerate(core)
            if place
            and word.german in ("gmbh", "ag", "kg", "ohg", "ug", "inc", "llc", "ltd", "kgaa")
        ),
        len(core),
    )
    core = core[:cut]
    # "S. & P." is nothing but legal forms to us: then the name stays as it is.
    return core or words


def _companies(
    text: str, tokens: list[_Token], contact: ContactFacts, common: frozenset[str]
) -> Iterator[tuple[int, int]]:
    core = _company_core(contact.company)
    letters = "".join(word.german for word in core)
    if len(letters) < 2:
        return
    telling = [word for word in core if not word.forms & common]
    if not telling and len(core) < 2:
        # One everyday word ("Systems GmbH") would be found in every text.
        return
    wanted = _joined(core)
    written = contact.company[core[0].start : core[-1].end]
    short = len(letters) <= 3
    for window, start, end in _windows(tokens, min(len(core) + 1, 8)):
        if not _joined(window) & wanted:
            continue
        # "IBM" is a company, "it" and "one" are words: short names count as they are written.
        if short and text[start:end] != written and not text[start:end].isupper():
            continue
        yield start, end
    if not telling or len(core) == 1:
        return
    lead = telling[0]
    as_written = contact.company[lead.start : lead.end]
    enough = len(lead.german) >= 4 or (len(lead.german) == 3 and as_written.isupper())
    if not enough or lead.german.isdecimal():
        return
    # A name that is a word as well counts where it is written as a name.
    is_word = bool(lead.forms & _WORD_NAMES)
    for token in tokens:
        if not _same_word(token, lead):
            continue
        shown = text[token.start : token.end]
        if len(lead.german) == 3 and shown != as_written:
            continue
        if is_word and (not shown[:1].isupper() or _starts_sentence(text, token.start)):
            continue
        yield token.start, token.end


def _starts_sentence(text: str, place: int) -> bool:
    before = text[:place].rstrip(" \t\"'“„(")
    return not before or before[-1] in ".!?:\n"


def _same_word(token: _Token, wanted: _Token) -> bool:
    """Compare two words; a genitive's "s" is no difference."""
    if token.forms & wanted.forms:
        return True
    return len(wanted.german) > 3 and bool(
        token.forms & frozenset(form + "s" for form in wanted.forms)
    )


@dataclass(frozen=True, slots=True)
class _Person:
    """The names of a contact, ready to compare."""

    first: list[_Token]
    last: list[_Token]
    first_forms: frozenset[str]
    initials: frozenset[str]

    def is_first_name(self, token: _Token) -> bool:
        """Tell whether a word is the first name or its initial."""
        if token.forms & self.first_forms:
            return True
        return len(token.german) == 1 and token.german in self.initials


def _names(text: str, tokens: list[_Token], contact: ContactFacts) -> Iterator[tuple[int, int]]:
    """Find the surname, with what stands before it, and the first name with an initial behind."""
    first = _tokens(contact.first_name)
    last = [word for word in _tokens(contact.last_name) if word.german not in _PARTICLES]
    person = _Person(
        first,
        last or _tokens(contact.last_name),
        frozenset(form for word in first for form in word.forms if len(form) > 1),
        frozenset(form[0] for word in first for form in word.forms if form),
    )
    if not person.last:
        return
    yield from _surnames(text, tokens, person)
    if person.first:
        yield from _names_run_together(tokens, person)
        yield from _first_names_with_initial(text, tokens, person)


def _surnames(text: str, tokens: list[_Token], person: _Person) -> Iterator[tuple[int, int]]:
    wanted = _joined(person.last)
    length = sum(len(word.german) for word in person.last)
    certain = length >= 3 and not (
        len(person.last) == 1 and person.last[0].forms & (_WORD_NAMES | _SHARED_WORDS)
    )
    places = [
        (at, at + size, certain)
        for size in range(1, len(person.last) + 2)
        for at in range(len(tokens) - size + 1)
        if _joined(tokens[at : at + size]) & wanted
        or (size == 1 == len(person.last) and _same_word(tokens[at], person.last[0]))
    ]
    if len(person.last) > 1:
        # Of "Meier-Schulz" one half alone tells enough, if it is no everyday word.
        places += [
            (at, at + 1, not word.forms & (_WORD_NAMES | _SHARED_WORDS))
            for word in person.last
            if len(word.german) >= 4
            for at, token in enumerate(tokens)
            if _same_word(token, word)
        ]
    for at, behind, sure in places:
        front = at
        while front > 0 and at - front < 4 and _leads_to_name(tokens[front - 1], person):
            front -= 1
        follows = (
            behind < len(tokens)
            and len(tokens[behind].german) > 1
            and person.is_first_name(tokens[behind])
        )
        if not (sure or follows or front < at):
            continue
        if not sure and not text[tokens[at].start].isupper():
            continue
        last = behind if follows else behind - 1
        yield tokens[front].start, tokens[last].end


def _leads_to_name(token: _Token, person: _Person) -> bool:
    if person.is_first_name(token):
        return True
    return token.german in _FORMS_OF_ADDRESS or token.german in _PARTICLES - {"der", "den", "la"}


def _names_run_together(tokens: list[_Token], person: _Person) -> Iterator[tuple[int, int]]:
    """Find "annameier" and "ameier", as names stand in addresses."""
    wanted = frozenset(
        front + back
        for back in _joined(person.last)
        if len(back) >= 4
        for front in person.first_forms | person.initials
    )
    for token in tokens:
        if token.forms & wanted:
            yield token.start, token.end


def _first_names_with_initial(
    text: str, tokens: list[_Token], person: _Person
) -> Iterator[tuple[int, int]]:
    """Find "Anna M."."""
    initials = frozenset(form[0] for form in person.last[0].forms)
    for token, follower in pairwise(tokens):
        if (
            len(token.german) > 2
            and token.forms & person.first_forms
            and follower.german in initials
            and text[follower.start].isupper()
            and not text[token.end : follower.start].strip()
            and text[follower.end : follower.end + 1] == "."
        ):
            yield token.start, follower.end


def _street_key(words: list[_Token]) -> frozenset[str]:
    """Join a street's words; "Straße", "Strasse" and "Str." are one ending."""
    return frozenset(
        re.sub("(?:strasse|str)$", "str", "".join(getattr(word, form) for word in words))
        for form in ("german", "plain")
    )


def _streets(tokens: list[_Token], street: str) -> Iterator[tuple[int, int]]:
    """Find a street with its number, and one of a rare name without it."""
    words = _tokens(street)
    name = [word for word in words if not word.german[0].isdecimal()]
    if not name:
        return
    # "Hinterhaus", "3. Stock": what stands behind the number is no part of the name.
    number = next((word for word in words if word.german[0].isdecimal()), None)
    if number is not None and words[0] is not number:
        name = words[: words.index(number)]
    wanted = _street_key(name)
    letters = max(map(len, wanted))
    if letters < 4:
        return
    rare = letters >= 8 and not wanted & _COMMON_STREETS
    for size in range(1, len(name) + 2):
        for at in range(len(tokens) - size + 1):
            window = tokens[at : at + size]
            if not _street_key(window) & wanted:
                continue
            start, end = window[0].start, window[-1].end
            behind = tokens[at + size] if at + size < len(tokens) else None
            before = tokens[at - 1] if at else None
            if number is not None and behind is not None and behind.german == number.german:
                yield start, behind.end
            elif number is not None and before is not None and before.german == number.german:
                yield before.start, end
            elif rare:
                yield start, end


def _postcodes(text: str, tokens: list[_Token], contact: ContactFacts) -> Iterator[tuple[int, int]]:
    """Find the postcode; one of four digits only where it can't be a year or an amount."""
    words = _tokens(contact.postcode)
    wanted = "".join(word.german for word in words)
    if len(wanted) < 4:
        return
    city = frozenset(form for word in _tokens(contact.city) for form in word.forms)
    for size in range(1, len(words) + 2):
        for at in range(len(tokens) - size + 1):
            window = tokens[at : at + size]
            if "".join(token.german for token in window) != wanted:
                continue
            start, end = window[0].start, window[-1].end
            before = tokens[at - 1].german if at else ""
            behind = tokens[at + size] if at + size < len(tokens) else None
            named = before in ("plz", "postcode", "zip", "postleitzahl", "d", "a", "ch", "at", "de")
            at_city = behind is not None and bool(behind.forms & city)
            if wanted.isdecimal() and not (named or at_city):
                if len(wanted) == 4 or size > 1:
                    continue
                if behind is not None and behind.german in _UNITS:
                    continue
                if re.match(r"\s?[€$£%]", text[end:]) or re.search(r"[€$£]\s?$", text[:start]):
                    continue
            yield start, end

"""What counts of a name, an address or a number when two are compared. Pure.

Each form is its own: what was normalised once stays the same when it is normalised again.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ODD = str.maketrans(
    {"æ": "a", "œ": "o", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_SEPARATORS = re.compile(r"[\W_]+")
_DIGRAPH = re.compile(r"([aou])e+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


AND = _words("and und et og och")

LEGAL = _words(
    # Germany, Austria, Switzerland
    "gmbh ggmbh mbh gesmbh ag kg kgaa ohg og gbr ug ek ev eg egen eu gmbhco cokg "
    "haftungsbeschrankt gesellschaft aktiengesellschaft kommanditgesellschaft "
    # English
    "inc incorporated corp corporation co company llc llp lp ltd limited plc pllc pty pte "
    # French, Italian, Spanish, Portuguese
    "sa sas sasu sarl eurl snc sci scop spa srl srls sapa sl slu sau sll lda ltda "
    # Dutch and Belgian
    "bv nv vof bvba cvba "
    # the North
    "ab aktiebolag hb as asa ans aps oy oyj ky "
    # the East
    "ou sia uab sro kft zrt nyrt bt doo dd ad ood eood spzoo ooo oao zao pjsc "
    # elsewhere
    "se scs sicav kk bhd sdn ltdsti sti tas"
)
"""Legal forms as `folded` leaves them: "GmbH & Co. KG" are three of them."""

WEAK = _words(
    "the group gruppe groupe holding international global deutschland germany austria "
    "osterreich schweiz suisse switzerland france italia espana uk usa europe europa emea"
)
"""What a company's name often has or lacks without being another's."""

SHARED_BOXES = _words(
    "accounting admin anfrage anfragen bestellung buchhaltung buero buro büro contact contacto "
    "direction edv einkauf empfang hallo hello help hr info infos inquiry it jobs kontakt mail "
    "marketing office order orders personal post postmaster procurement purchasing reception "
    "sales secretariat sekretariat service shop support team technik vertrieb verwaltung "
    "webmaster welcome zentrale"
)
"""Names before the @ behind which nobody in particular is."""

_CALLED = {
    "alexander": "alex sascha sasha",
    "andreas": "andi andy",
    "anthony": "tony",
    "benjamin": "ben benny",
    "charles": "charlie chuck",
    "christian": "chris",
    "christina": "tina christine",
    "christopher": "christoph",
    "daniel": "dan danny",
    "david": "dave",
    "edward": "ed eddie ted",
    "elisabeth": "elizabeth lisa liz beth sissi",
    "francesco": "franco",
    "friedrich": "fritz",
    "gabriele": "gabi gaby",
    "gregory": "greg",
    "heinrich": "heinz",
    "james": "jim jimmy",
    "jennifer": "jenny jen",
    "johannes": "hannes hans",
    "john": "jack johnny",
    "jonathan": "jon",
    "josef": "sepp joseph joe",
    "karl": "carl",
    "katharina": "kathrin katrin kathi catherine kate cathy katherine",
    "kenneth": "ken",
    "klaus": "claus",
    "lawrence": "larry",
    "margarete": "grete margaret",
    "maximilian": "max",
    "matthias": "mathias",
    "matthew": "matt",
    "michael": "mike michel mick",
    "nicholas": "nick nicolas",
    "patricia": "pat patty",
    "peter": "pete",
    "philip": "phil philipp phillip",
    "rainer": "reiner",
    "rebecca": "becky",
    "richard": "dick rick",
    "robert": "bob rob bobby robbie",
    "ronald": "ron",
    "samuel": "sam",
    "sebastian": "basti",
    "stefan": "stephan steffen",
    "stephen": "steve steven",
    "susanne": "susi susan sue",
    "theodor": "theo",
    "thomas": "tom tommy",
    "timothy": "tim",
    "ulrich": "uli ulli",
    "walter": "walther",
    "wilhelm": "willi willy",
    "william": "bill will billy liam",
    "wolfgang": "wolf",
}


_STREET = re.compile(r"(strasse|street|str|st)\b")


@lru_cache(maxsize=100_000)
def folded(text: str) -> str:
    """Return a text in lower case without accents and signs, "ä" and "ae" the same letter."""
    while (again := _fold(text)) != text:
        text = again
    return text


def _fold(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.casefold()).translate(_ODD)
        text = "".join(char for char in text if not unicodedata.combining(char))
    text = _SEPARATORS.sub(" ", text.casefold()).strip()
    return _DIGRAPH.sub(r"\1", text)


CALLED = {folded(one): folded(name) for name, shorts in _CALLED.items() for one in shorts.split()}
"""The name behind a short form."""


@lru_cache(maxsize=100_000)
def company_core(text: str) -> str:
    """Return what tells a company's name from others: without legal form, "and" and the like."""
    text = folded(text[:300])
    while (again := _core(text)) != text:
        text = again
    return text


def _core(text: str) -> str:
    words: list[str] = []
    letters = ""
    # "G. m. b. H." is a word
    for word in (*text.split(), ""):
        if len(word) == 1 and not word.isdecimal():
            letters += word
            continue
        if letters:
            words.append(letters)
            letters = ""
        if word:
            words.append(word)
    text = " ".join(words).replace("sp zoo", "spzoo")
    words = text.split()
    for needless in (AND, LEGAL, WEAK):
        kept = [word for word in words if word not in needless]
        words = kept or words
    return folded(" ".join(words))


@lru_cache(maxsize=100_000)
def given_name(text: str) -> str:
    """Return a first name, short forms as the name behind them."""
    name = folded(text[:100])
    return CALLED.get(name, name)


def family_name(text: str) -> str:
    """Return a last name."""
    return folded(text[:100])


def is_shared_box(email: str) -> bool:
    """Tell whether nobody in particular is behind an address."""
    return email.partition("@")[0] in SHARED_BOXES


def postcode_key(text: str) -> str:
    """Return a postcode without spaces and the country before it."""
    compact = re.sub(r"[\W_]+", "", text.upper())
    return re.sub(r"^(?:DE|AT|CH|D|A|CH|F|FR|I|IT|NL|B|BE|L|LU)(?=\d)", "", compact)


def street_key(text: str) -> str:
    """Return a street and number, "Straße" and "str." the same."""
    found = folded(text[:200])
    while (again := folded(_STREET.sub("st", found).replace(" ", ""))) != found:
        found = again
    return found


def squashed(text: str) -> str:
    """Return a text without its spaces."""
    return text.replace(" ", "")


def skeleton(text: str) -> str:
    """Return about how a word sounds: its first letter and the consonants, doubled ones once."""
    text = squashed(text)
    for sound, letter in _SOUNDS:
        text = text.replace(sound, letter)
    if not text:
        return ""
    rest = [one for one in text[1:] if one not in "aeiouhyw"]
    return text[0] + "".join(
        one for before, one in zip(("", *rest), rest, strict=False) if one != before
    )


_SOUNDS = (
    *(("sch", "s"), ("ph", "f"), ("ck", "k"), ("ch", "k"), ("th", "t"), ("dt", "t"), ("tz", "z")),
    *(("v", "f"), ("c", "k"), ("z", "s"), ("q", "k"), ("x", "ks"), ("j", "i"), ("d", "t")),
    *(("b", "p"), ("g", "k"), ("n", "m")),
)

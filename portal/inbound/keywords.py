"""The words that an answer by mail may begin with, in English and German, and what they mean. Pure.

A line begins with one of them in its plain letters or it doesn't: signs that only look like
letters, and those that can't be seen, are told apart from it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum

from portal.feedback.rules import Status


class Action(StrEnum):
    """What one word asks for besides the five answers."""

    PICK = "pick"
    DECLINE = "decline"
    GIVE_BACK = "give_back"
    UNDO = "undo"
    STOP = "stop"


Meaning = Status | Action

ANSWERS = {
    "en": ("OPEN", "WAITING", "PROPOSAL", "WON", "LOST"),
    "de": ("OFFEN", "WARTEN", "ANGEBOT", "GEWONNEN", "VERLOREN"),
}
"""The five answers as our mails name them, in the order of `Status`; a programme reads them."""

CHOICES = {"en": ("PICK UP", "NOT FOR ME"), "de": ("ÜBERNEHMEN", "NICHTS FÜR MICH")}
"""What our mails name for an answer to an offer."""

AGREES = {"en": ("AGREE",), "de": ("ZUSTIMMEN",)}
"""What our mails name for a yes to terms."""

PHRASES: dict[Meaning, dict[str, tuple[str, ...]]] = {
    Status.NOT_CONTACTED: {
        "en": (
            *("open", "not made contact yet", "not contacted", "not contacted yet"),
            *("not yet contacted", "no contact yet", "not reached", "not reached yet"),
        ),
        "de": (
            *("offen", "noch kein kontakt", "kein kontakt", "nicht kontaktiert"),
            *("noch nicht kontaktiert", "nicht erreicht", "noch nicht erreicht"),
        ),
    },
    Status.WAITING: {
        "en": (
            *("waiting", "waiting for their answer", "waiting for the customer"),
            *("waiting for customer", "waiting for feedback"),
            *("waiting for feedback from the end customer", "pending"),
        ),
        "de": (
            *("warten", "warten auf rückmeldung", "warten auf rückmeldung des kunden"),
            *("warten auf den kunden", "warten auf kunden", "warte", "warte auf rückmeldung"),
            *("warte auf den kunden", "warte auf kunden"),
        ),
    },
    Status.PROPOSAL: {
        "en": (
            *("proposal", "proposal in progress", "proposal sent", "quote", "quote sent"),
            *("quotation", "quotation sent"),
        ),
        "de": (
            *("angebot", "angebot in arbeit", "angebot verschickt", "angebot versendet"),
            *("angebot gesendet", "angebot abgegeben", "angebot erstellt", "angebot ist raus"),
            *("angebot raus",),
        ),
    },
    Status.WON: {
        "en": ("won", "order won", "deal won", "closed won"),
        "de": ("gewonnen", "auftrag gewonnen", "auftrag erhalten"),
    },
    Status.LOST: {
        "en": ("lost", "lost not interested", "not interested", "order lost", "closed lost"),
        "de": ("verloren", "verloren kein interesse", "kein interesse", "auftrag verloren"),
    },
    Action.PICK: {
        "en": ("pick up", "pick", "pickup", "take", "take it", "i take it", "i'll take it"),
        "de": ("übernehmen", "übernehme", "ich übernehme", "nehme ich", "nehm ich", "ich nehme"),
    },
    Action.DECLINE: {
        "en": ("not for me", "not for us", "decline", "pass", "i pass", "no thanks"),
        "de": (
            *("nichts für mich", "nicht für mich", "nichts für uns", "nicht für uns"),
            *("absagen", "ablehnen", "nein danke"),
        ),
    },
    Action.GIVE_BACK: {
        "en": ("give back", "give it back", "i give back", "i give it back"),
        "de": (
            *("zurückgeben", "ich gebe zurück", "ich gebe ihn zurück", "ich gebe den lead zurück"),
            *("gebe zurück", "gebe ihn zurück", "gebe den lead zurück"),
        ),
    },
    Action.UNDO: {
        "en": ("undo", "take back", "take it back"),
        "de": ("rückgängig", "rückgängig machen", "zurücknehmen"),
    },
    Action.STOP: {
        "en": ("stop", "unsubscribe"),
        "de": ("stopp", "abmelden", "abbestellen"),
    },
}

YES_TO_TERMS = (
    *("agree", "i agree", "we agree"),
    *("zustimmen", "ich stimme zu", "wir stimmen zu"),
)
"""What is a yes to terms as a whole line; in answers to other mails these are words as others."""

THANKS = (
    *("thanks", "thank you", "many thanks", "thanks a lot", "thank you very much"),
    *("danke", "danke schön", "vielen dank", "besten dank", "herzlichen dank", "danke sehr"),
)
"""What says no more than thanks, as all that somebody wrote."""

ASKS = {"en": ("HELP",), "de": ("HILFE",)}
"""What our mails name for a question to the vendor."""

ASKED_FOR: dict[str, tuple[str, ...]] = {
    "help": (
        *("help", "help please", "please help", "need help", "i need help", "help needed"),
        *("hilfe", "bitte hilfe", "hilfe bitte", "brauche hilfe", "ich brauche hilfe"),
    ),
    "price": (
        *("price", "special price", "project price", "special pricing"),
        *("sonderpreis", "projektpreis", "sonderkonditionen"),
    ),
}
"""What asks for help or a special price as a whole line; within others these are words as others.
"""

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZäöüÄÖÜßẞ'’")
LIKE = str.maketrans(
    "АВЕКМНОРСТХУІЅЈаеорсхуіѕјԛԝιονρτυκΑΒΕΖΗΙΚΜΝΟΡΤΥΧѡωһԁɡ",
    "ABEKMHOPCTXYISJaeopcxyisjqwiovptukABEZHIKMNOPTYXwwhdg",
)
"""Letters of other scripts that look like ours."""

UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "’": "'"})
UNSEEN = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
"""Signs that can't be seen, or turn round what can."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """What a line begins with, where it stands, and whether `loud`: in capitals as mails name it.

    `alike` says that it only looks like a keyword; its place is then not that in the line.
    """

    meaning: Meaning
    language: str
    start: int
    end: int
    loud: bool
    alike: bool = False


def fold(text: str) -> str:
    """Return a text as it is compared: small letters, umlauts in two letters, one space."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().translate(UMLAUTS).split())


BY_WORDS: dict[tuple[str, ...], tuple[Meaning, str]] = {
    tuple(fold(phrase).split()): (meaning, language)
    for meaning, languages in PHRASES.items()
    for language, phrases in languages.items()
    for phrase in phrases
}
MOST_WORDS = max(len(words) for words in BY_WORDS)
DIGITS = dict(zip("12345", Status, strict=True))
BEFORE = re.compile("[\\s*_\"'„“”«»•·\u00ad\u200b-\u200d\u2060\ufeff]*")
"""What may stand before a keyword: marks of type, quotation marks, signs without width."""


def find_keyword(line: str) -> Keyword | None:
    """Return the keyword that a line begins with, the longest; None where it begins with none.

    One that only looks like it, or is parted by what can't be seen, comes back as `alike`.
    """
    found = _read(line)
    if found is not None:
        return found if _is_plain(line[: found.end]) else replace(found, alike=True)
    found = _read(unicodedata.normalize("NFKC", UNSEEN.sub("", line)).translate(LIKE))
    return replace(found, alike=True) if found else None


def find_all(line: str) -> list[tuple[int, Meaning]]:
    """Return every keyword in a line, each with its place among the words; the longest of each."""
    words = [fold(found[0]) for found in WORD.finditer(UNSEEN.sub("", line))]
    place, meant = 0, []
    while place < len(words):
        for length in range(min(MOST_WORDS, len(words) - place), 0, -1):
            hit = BY_WORDS.get(tuple(words[place : place + length]))
            if hit:
                meant.append((place, hit[0]))
                place += length - 1
                break
        place += 1
    return meant


def _read(line: str) -> Keyword | None:
    before = BEFORE.match(line)
    at = before.end() if before else 0
    found: list[re.Match[str]] = []
    for word in WORD.finditer(line, at):
        # between the words of a phrase stands little: a space, " / "
        if word.start() - (found[-1].end() + 3 if found else at) > 0 or len(found) == MOST_WORDS:
            break
        found.append(word)
    words = tuple(fold(one[0]) for one in found)
    for length in range(len(found), 0, -1):
        hit = BY_WORDS.get(words[:length])
        if hit:
            end = found[length - 1].end()
            return Keyword(*hit, at, end, loud=line[at:end].isupper())
    return None


def _is_plain(written: str) -> bool:
    return all(c in PLAIN for c in written if unicodedata.category(c)[0] in "LM")

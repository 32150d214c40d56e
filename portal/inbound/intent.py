"""What an answer by mail means: a status or an action by its first line, never by a guess. Pure.

The first line begins with a keyword, the rest is the comment. Whatever makes that doubtful is named
by a code, and then nothing but a suggestion remains, which a person confirms with one press.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from portal.feedback.rules import LONGEST_NOTE, Status
from portal.inbound import amounts
from portal.inbound.doubtful import (
    AGAINST,
    BUT,
    FUTURE_WORDS,
    LEGAL_FORMS,
    NOT,
    ONLY_NOT,
    OR,
    PERHAPS,
    POLITE,
)
from portal.inbound.keywords import (
    DIGITS,
    UNSEEN,
    WORD,
    Action,
    Keyword,
    Meaning,
    find_all,
    find_keyword,
    fold,
)
from portal.inbound.labels import find_label
from portal.inbound.written import TICKED, own_words

EMPTY, REACTION, NO_KEYWORD = "empty", "reaction", "no_keyword"
SENTENCE, COMPANY, NEGATED, QUESTION = "sentence", "company_name", "negated", "question"
FUTURE, TWO_STATUSES, TWO_LEADS = "future", "two_statuses", "two_leads"
TICKED_OPTION, ALIKE, SECOND, DAY = "ticked", "lookalike", "second_reading", "day_unclear"


@dataclass(frozen=True, slots=True)
class Reader:
    """How who answers reads and writes: language, the programme's currency, and today."""

    locale: str
    currency: str
    today: date


@dataclass(frozen=True, slots=True)
class Told:
    """What was told besides. `value_text` is an amount as it was written, also an unclear one."""

    value: Decimal | None = None
    value_text: str = ""
    reason: str = ""
    next_step: str = ""
    next_step_on: date | None = None
    waiting_since: date | None = None
    decision_maker: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """What an answer means.

    `status` or `action` stands only where there is no doubt. Where there is, `doubts` says why in
    codes, and `suggested` is what it may mean. `number` is the lead that its line names, `words`
    is all that was written.
    """

    status: Status | None = None
    action: Action | None = None
    suggested: Meaning | None = None
    comment: str = ""
    told: Told = field(default_factory=Told)
    number: str = ""
    doubts: tuple[str, ...] = ()
    words: str = ""


def read_reply(body: str, sent: str | None, reader: Reader) -> Intent:
    """Return what a mail means that answers `sent`; None: it is not known what was sent.

    A second way of reading must not find another status, and has to find the same where it isn't
    known what was sent.
    """
    written = own_words(body, sent)
    intent = understand(written.words, reader)
    other = understand(written.second, reader)
    meant = intent.status or intent.action
    theirs = other.status or other.action
    doubts = [code for code in written.doubts if code != EMPTY]
    if meant and theirs != meant and (theirs or sent is None):
        doubts.append(SECOND)
    return replace(doubted(intent, doubts), words=written.words)


def understand(words: str, reader: Reader) -> Intent:
    """Return what somebody's own words mean."""
    lines = [line.strip() for line in unicodedata.normalize("NFC", words).splitlines()]
    lines = from_first(lines)
    if lines and is_greeting(lines[0]):
        lines = from_first(lines[1:])
    if not lines:
        return Intent(doubts=(EMPTY,))
    if is_reaction(lines):
        return Intent(doubts=(REACTION,))
    first, number = take_number(lines[0])
    ticked = bool(TICKED.match(first))
    keyword, rest, doubts = begin(TICK.sub("", first) if ticked else first)
    if keyword is None:
        suggested = suggest(lines)
        comment = "\n".join(lines)[:LONGEST_NOTE]
        doubts = [*doubts, *(doubts_of_free(lines))]
        return Intent(suggested=suggested, comment=comment, number=number, doubts=tuple(doubts))
    if ticked:
        doubts.append(TICKED_OPTION)
    # of a line that may be a sentence all stays, keyword included
    rest = lines[0] if doubts else MARKS.sub("", rest)
    told, comment, more = read_fields([rest, *lines[1:]], keyword, reader, plain=not doubts)
    more += doubts_below(lines[1:], keyword.meaning, number)
    return doubted(
        Intent(
            status=keyword.meaning if isinstance(keyword.meaning, Status) else None,
            action=keyword.meaning if isinstance(keyword.meaning, Action) else None,
            comment=comment[:LONGEST_NOTE],
            told=told,
            number=number,
        ),
        [*doubts, *more],
    )


def doubted(intent: Intent, doubts: Sequence[str]) -> Intent:
    """Return an intent with more doubts; with any, what was clear is a suggestion."""
    if not doubts:
        return intent
    both = tuple(dict.fromkeys((*intent.doubts, *doubts)))
    meant = intent.status or intent.action or intent.suggested
    return Intent(
        suggested=None if {NEGATED, TWO_STATUSES, TWO_LEADS} & set(both) else meant,
        comment=intent.comment,
        told=intent.told,
        number=intent.number,
        doubts=both,
    )


# -- the first line ------------------------------------------------------------------------------

GREETING = re.compile(
    r"(hallo|hi|hello|hey|moin|servus|guten (tag|morgen|abend)|good (morning|afternoon|evening)|"
    r"gr(ü|ue)(ß|ss) gott|sehr geehrte|liebe[rs]?|dear)\b",
    re.IGNORECASE,
)
LONGEST_GREETING = 50
NUMBER = re.compile(r"\[?([A-Z]{1,6}-\d{1,9})\]?(\s*[:–-]\s+|\s+|$)")
TICK = re.compile(r"^[\[(]?\s?[xX✓✔☑✗✘]\s?[\])]?\s+|\s+(\[[xX]\]|[xX]|[✓✔☑]|<-+|←)$")
DIGIT = re.compile(r"[*_\s]*([1-5])[*_]?(?:[.):]?\s*$|[.):]?\s+(?=\S)|\s*[:,–-]\s+(?=\S))")
PARTING = re.compile(r"[*_\"'“”«»]*(?:$|[.,:;!?()/]+(?:\s|$)|\s+[–—/(-]|[–—])")
MARKS = re.compile(r"^[\s.,:;!*_–—]*(?:-+\s+)?")
CLAUSE = re.compile(r"[.,:;!?()]+(?:\s|$)|\s[–—-]+\s")

FAR = 4
"""So many words behind a keyword may be the rest of a company's name."""

ENDINGS = (Status.WON, Status.LOST)
LEADS_ON: dict[Meaning, frozenset[str]] = {
    Status.WON: frozenset(fold("mit für über for at with").split()),
    Status.LOST: frozenset(fold("an gegen wegen weil zu to too against because due").split()),
    Status.WAITING: frozenset(fold("auf seit for since").split()),
    Status.PROPOSAL: frozenset(fold("am vom heute gestern on today yesterday").split()),
}
"""Words with which a line may go on behind a keyword in small letters."""


def from_first(lines: list[str]) -> list[str]:
    """Return lines from the first on that is not empty."""
    return lines[next((place for place, line in enumerate(lines) if line), len(lines)) :]


def is_greeting(line: str) -> bool:
    """True for a line that only greets."""
    return len(line) <= LONGEST_GREETING and bool(GREETING.match(line)) and not find_all(line)


def is_reaction(lines: Sequence[str]) -> bool:
    """True where a mail program tells of a thumb that was pressed, or nothing but signs stands."""
    said = " ".join(lines[:3]).casefold()[:400]
    told = ("reacted via gmail", "reacted to your message", "per gmail reagiert", "mit gmail auf")
    return not any(c.isalnum() for line in lines for c in line) or any(one in said for one in told)


def take_number(line: str) -> tuple[str, str]:
    """Part the number of a lead from the beginning of a line."""
    found = NUMBER.match(line)
    return (line[found.end() :], found[1]) if found else (line, "")


def begin(line: str) -> tuple[Keyword | None, str, list[str]]:
    """Read the first line: the keyword that it begins with, what follows, and what is doubtful.

    A digit stands for an answer as the whole line, before its word, or as "won" before a sum.
    """
    digit = DIGIT.match(line)
    if digit is not None:
        status, rest = DIGITS[digit[1]], line[digit.end() :]
        named = find_keyword(rest)
        if not rest or (status == Status.WON and begins_with_sum(line, rest)):
            return Keyword(status, "", 0, 0, loud=True), rest, []
        if named is None or named.meaning != status:
            return Keyword(status, "", 0, 0, loud=False), rest, [SENTENCE]
        line = rest
    keyword = find_keyword(line)
    if keyword is None:
        return None, line, []
    if keyword.alike:
        return keyword, line, [ALIKE]
    rest = line[keyword.end :]
    doubts = doubts_of_line(keyword, rest)
    # a choice of ours that goes on in other words was changed on its way
    changed = digit is not None and not PARTING.match(rest) and SENTENCE not in doubts
    return keyword, rest, [*doubts, SENTENCE] if changed else doubts


def doubts_of_line(keyword: Keyword, rest: str) -> list[str]:
    """Name what makes a first line doubtful that begins with a keyword."""
    doubts: list[str] = []
    meaning = keyword.meaning
    parted = bool(PARTING.match(rest))
    words = [fold(found[0]) for found in WORD.finditer(rest)]
    clause = [fold(found[0]) for found in WORD.finditer(CLAUSE.split(rest.lstrip(" .,:;!–—-"))[0])]
    if not parted and LEGAL_FORMS & set(words[:FAR]):
        doubts.append(COMPANY)
    elif BUT & set(words) or not stands_alone(keyword, rest, words, parted=parted):
        doubts.append(SENTENCE)
    if "?" in LABELLED_QUESTION.sub("", rest):
        doubts.append(QUESTION)
    strict = meaning in (Status.WON, Action.PICK, Action.UNDO, Action.STOP)
    gives_back = meaning == Action.GIVE_BACK and keyword.loud
    denied = NOT & set(words if strict else clause if not parted and not gives_back else ())
    if denied or (clause and clause[0] in ONLY_NOT and set(clause) <= ONLY_NOT):
        doubts.append(NEGATED)
    hoped = FUTURE_WORDS if meaning in ENDINGS else PERHAPS
    # of an answer that is no end, what stands behind a mark is a remark
    heard = words if meaning in (*ENDINGS, *Action) else clause if not parted else ()
    if hoped & set(heard) or (meaning in ENDINGS and "going to" in " ".join(words)):
        doubts.append(FUTURE)
    against = AGAINST.get(meaning)
    if speaks_of_another(meaning, rest) or (against and against.search(" ".join(words))):
        doubts.append(TWO_STATUSES)
    return doubts


def stands_alone(keyword: Keyword, rest: str, words: Sequence[str], *, parted: bool) -> bool:
    """Say whether what follows a keyword leaves it an answer, and makes no sentence of it.

    A mark parts them, or an amount follows, or a word that leads on. Behind a word that picks a
    lead up stands nothing but what is polite.
    """
    if keyword.meaning == Action.PICK:
        return set(words) <= POLITE
    if parted or not rest:
        return True
    if not rest[0].isspace():
        return False
    if not words or keyword.meaning == Action.GIVE_BACK:
        # what follows there is why, and only a reason of the programme's counts
        return keyword.loud
    if keyword.meaning == Status.WON and begins_with_amount(rest.strip()):
        return True
    return words[0] in LEADS_ON.get(keyword.meaning, frozenset())


def speaks_of_another(meaning: Meaning, rest: str) -> bool:
    """True where a line names another answer: an end, one in capitals, or one after "or".

    Whoever has not made contact has no other answer.
    """
    words = [found[0] for found in WORD.finditer(UNSEEN.sub("", rest))]
    for place, another in find_all(rest):
        if another == meaning:
            continue
        before = fold(words[place - 1]) if place else ""
        loud = words[place].isupper() and len(words[place]) > 2
        other = meaning == Status.NOT_CONTACTED and isinstance(another, Status)
        if other or another in (*ENDINGS, Action.DECLINE) or loud or before in OR:
            return True
    return bool(re.match(r"\s*/", rest)) and bool(find_all(rest[:40]))


# -- below and beside it -------------------------------------------------------------------------


def doubts_below(lines: Sequence[str], meaning: Meaning, number: str) -> list[str]:
    """Name what later lines make doubtful: another answer, or another lead."""
    doubts: list[str] = []
    for line in lines:
        said, other = take_number(line)
        if other and other != number:
            doubts.append(TWO_LEADS)
        digit = DIGIT.match(said)
        keyword = find_keyword(said[digit.end() :] if digit else said)
        if keyword is None or keyword.meaning == meaning:
            continue
        rest = (said[digit.end() :] if digit else said)[keyword.end :]
        if keyword.alike or keyword.loud or not rest.strip(" .:!*"):
            doubts.append(TWO_STATUSES)
    return doubts


def doubts_of_free(lines: Sequence[str]) -> list[str]:
    """Name why a text that begins with no keyword gives no answer."""
    said = " ".join(lines[:3])
    words = {fold(found[0]) for found in WORD.finditer(said)}
    meant = {meaning for _place, meaning in find_all(said)}
    doubts = [NO_KEYWORD]
    if meant and words & NOT:
        doubts.append(NEGATED)
    if meant and "?" in said:
        doubts.append(QUESTION)
    if len(meant) > 1:
        doubts.append(TWO_STATUSES)
    if meant and words & FUTURE_WORDS:
        doubts.append(FUTURE)
    return doubts


def suggest(lines: Sequence[str]) -> Meaning | None:
    """Return the one answer that the first lines of a free text speak of, if nothing denies it."""
    meant = {meaning for _place, meaning in find_all(" ".join(lines[:3]))}
    return meant.pop() if len(meant) == 1 and doubts_of_free(lines) == [NO_KEYWORD] else None


ONLY_OF: dict[str, tuple[Meaning, ...]] = {
    "value": (Status.WON,),
    "reason": (Status.LOST, Action.DECLINE, Action.GIVE_BACK),
    "waiting_since": (Status.WAITING,),
}
"""What belongs to some answers alone; in any other one its line is a remark, and stays."""
LABELLED_QUESTION = re.compile(r"(?i)\b(warum|weshalb|why|wer hat entschieden|who decided)\?")


def read_fields(
    lines: Sequence[str], keyword: Keyword, reader: Reader, *, plain: bool
) -> tuple[Told, str, list[str]]:
    """Read labelled lines; return what was told, the comment that is left, and what is doubtful.

    A line that belongs to another answer stays. Where an answer is `plain`, the first line is what
    follows its keyword: an amount behind "won", the reason behind "lost" and "give back".
    """
    found: dict[str, str] = {}
    rest: list[str] = []
    first = lines[0]
    for place, line in enumerate(lines):
        of, written = find_label(line)
        if not of or keyword.meaning not in ONLY_OF.get(of, (keyword.meaning,)):
            rest.append(line)
        elif written:
            found.setdefault(of, written)
            first = "" if place == 0 else first
    first, labelled = first if plain else "", "value" in found
    if keyword.meaning == Status.WON and not labelled and begins_with_amount(first):
        found["value"], rest[0] = part_amount(first)
    if keyword.meaning in (Status.LOST, Action.GIVE_BACK) and first:
        found.setdefault("reason", first)
    if keyword.meaning == Status.WAITING and fold(first).startswith(("seit ", "since ")):
        found.setdefault("waiting_since", first)
    comment = re.sub(r"\n{3,}", "\n\n", "\n".join(rest)).strip()
    told, doubts = weigh(found, keyword, reader, labelled=labelled)
    return told, comment, doubts


WITH = re.compile(r"(?:(?:mit|for|für|at|über|with|ca\.?|about)\s+)?", re.IGNORECASE)
FEWEST_DIGITS = 3
AFTER_AMOUNT = re.compile(r"[,;.!:]\s|\s[–—-]\s")


def begins_with_amount(text: str) -> bool:
    """True for "12.500 EUR", "mit € 12500" and the like."""
    bare = amounts.CURRENCY.sub("", WITH.sub("", text, count=1)).lstrip(" .:-\u2212")
    return bare[:1].isdecimal()


def begins_with_sum(line: str, rest: str) -> bool:
    """True where what follows a digit is money and not the rest of a day or of a list."""
    written = part_amount(rest)[0]
    digits = sum(c.isdecimal() for c in written)
    told = digits >= FEWEST_DIGITS or bool(amounts.CURRENCY.search(written))
    return begins_with_amount(rest) and told and not amounts.DOTTED.match(line)


def part_amount(text: str) -> tuple[str, str]:
    """Part an amount that a text begins with from the words behind it."""
    found = AFTER_AMOUNT.search(text)
    return (text[: found.start()], text[found.end() :].strip()) if found else (text, "")


def weigh(
    found: dict[str, str], keyword: Keyword, reader: Reader, *, labelled: bool
) -> tuple[Told, list[str]]:
    """Read amounts and days of what was told; an amount matters where the lead ends.

    `labelled` says that a label stood before the amount.
    """
    doubts: list[str] = []
    value: Decimal | None = None
    written = found.get("value", "")
    if written:
        value, why = amounts.read_amount(
            re.sub(r"(?i)^(mit|for|für|at|über|with)\s+", "", written),
            grouping_of(reader.locale, keyword.language),
            reader.currency,
            labelled=labelled,
        )
        if why and keyword.meaning in ENDINGS:
            doubts.append(why)
    days: dict[str, date | None] = {
        name: amounts.find_day(found.get(name, ""), reader.today, ahead=name != "waiting_since")
        for name in ("next_step_on", "next_step", "waiting_since")
    }
    if any(name in found and days[name] is None for name in ("next_step_on", "waiting_since")):
        doubts.append(DAY)
    return Told(
        value=value,
        value_text=written,
        reason=found.get("reason", ""),
        next_step=found.get("next_step", ""),
        next_step_on=days["next_step_on"] or days["next_step"],
        waiting_since=days["waiting_since"],
        decision_maker=found.get("decision_maker", ""),
    ), doubts


def grouping_of(locale: str, language: str) -> str:
    """Return what a reader groups thousands with; empty where he answered in another language."""
    if language and language != locale[:2]:
        return ""
    return "." if locale.startswith("de") else ","

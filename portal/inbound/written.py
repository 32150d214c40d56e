"""What somebody wrote himself in an answer by mail, without what he quotes and signs. Pure.

We know what we sent: its lines are taken out of the answer wherever they stand, above, below or
between his own. Attributions, header blocks, banners and signatures go by how mail programs write
them. Everything is cut to size first, and no line is longer than `LONGEST_LINE` from then on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mailparser_reply import EmailReplyParser

from portal.core.mail.rendering import SENTINEL
from portal.inbound.keywords import UNSEEN, find_keyword
from portal.inbound.labels import find_label

UNSEEN_EDGE = re.compile("^[\u200b\ufeff\u00ad]+|[\u200b\ufeff\u00ad]+$")
MOST_BYTES, MOST_LINES, LONGEST_LINE = 16 * 1024, 300, 400
MOST_SENT = 200_000
MOST_OF_ALL, MOST_OF_A_LINE = 4096, 160
OUR_LINK = re.compile(r"/m/[A-Za-z0-9_-]{8}|\?s=\w|\bbody=[A-Z]{3}|##-|-##")
DIGIT = re.compile(r"^[1-5][.)]?\s+")
REFERENCE = re.compile(r"(?i)ref: [a-z]{1,4}-\S{5,40}")
"""What stands at the end of a mail that can be answered."""
SURE = 12
"""A line of more characters that stands anywhere in what we sent is ours."""


@dataclass(frozen=True, slots=True)
class Written:
    """Somebody's own words; `second` is what another way of reading takes for them.

    `doubts` are codes: `empty` where nothing is left, `cut` where his words may go on behind what
    was read, `ours_left` where a link of ours among them says that not all of ours was recognised.
    """

    words: str
    second: str
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """What we sent, to compare with: its lines and runs of a few, and all of it in one."""

    lines: frozenset[str]
    joined: str


def own_words(body: str, sent: str | None) -> Written:
    """Return what somebody wrote in answer to `sent`, the text that he answers; None: not known.

    What a mail showed besides its text, the words of its HTML part, belongs into `sent` too.
    """
    lines, was_cut = cap(body)
    known = take_in(sent or "")
    kept, to_the_end = sift(lines, known)
    words = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")
    doubts = {
        "empty": not words,
        "cut": bool(words) and was_cut and to_the_end,
        "ours_left": bool(OUR_LINK.search(words)),
    }
    found = tuple(code for code, holds in doubts.items() if holds)
    return Written(words, second_reading(lines), found)


def second_reading(lines: Sequence[str]) -> str:
    """Return what a reader that knows mail programs, not what we sent, takes for the answer.

    It goes through long lines again and again, and has enough of the beginning.
    """
    text = "\n".join(line[:MOST_OF_A_LINE] for line in lines)[:MOST_OF_ALL]
    return EmailReplyParser(languages=["en", "de", "fr", "david"]).parse_reply(text) or ""


def cap(body: str) -> tuple[list[str], bool]:
    """Return the lines of a text as far as it is read, long ones parted, and whether it goes on."""
    text = body.encode("utf-8", "replace")[:MOST_BYTES].decode("utf-8", "ignore")
    lines: list[str] = []
    for line in unicodedata.normalize("NFC", text).splitlines():
        while len(line) > LONGEST_LINE and len(lines) < MOST_LINES:
            end = line.rfind(" ", 1, LONGEST_LINE)
            end = end if end > 0 else LONGEST_LINE
            lines.append(line[:end])
            line = line[end:].lstrip(" ")
        if len(lines) >= MOST_LINES:
            return lines, True
        lines.append(line)
    return lines, len(text) < len(body)


QUOTED = re.compile(r"\s*[>|]")
LINK = re.compile(r"[<\[(]?\b(?:https?://|mailto:|www\.)[^\s<>\])]*[>\])]?", re.IGNORECASE)
TYPE = str.maketrans(dict.fromkeys("*_>|", " "))


def plain(line: str) -> str:
    """Return a line without marks of quoting and type, links, and what can't be seen."""
    line = LINK.sub(" ", UNSEEN.sub("", line))
    return " ".join(line.translate(TYPE).split())


def take_in(sent: str) -> Sent:
    """Return what we sent as it is compared with."""
    lines = [found for line in sent[:MOST_SENT].splitlines() if (found := plain(line))]
    runs = (
        " ".join(lines[place : place + length])
        for place in range(len(lines))
        for length in (1, 2, 3, 4)
    )
    return Sent(
        frozenset(one for one in runs if len(one) <= LONGEST_LINE),
        f" {' '.join(lines)} ".casefold(),
    )


# -- what mail programs put around an answer -----------------------------------------------------

FIELDS = {
    **dict.fromkeys(("von", "from", "de", "absender"), "from"),
    **dict.fromkeys(("gesendet", "sent", "date", "datum", "envoyé", "gesendet am"), "date"),
    **dict.fromkeys(("an", "to", "à", "empfänger"), "to"),
    **dict.fromkeys(("betreff", "subject", "objet"), "subject"),
    **dict.fromkeys(("cc", "kopie", "reply-to", "antwort an", "priorität", "importance"), "other"),
}
FIELD = re.compile(
    rf"({'|'.join(sorted(FIELDS, key=len, reverse=True))})(\s*:|\s)\s*\S?", re.IGNORECASE
)
BLOCK = 12
"""So many lines a header block may have."""
FEWEST_FIELDS = 3

LONGEST_RULE = 90
SEPARATOR = re.compile(
    r"\[?(original message|original-nachricht|originalnachricht|ursprüngliche nachricht|"
    r"ursprüngliche (e-)?mail|original-mail|reply message|message d'origine|"
    r"original message processed by david.{0,40})\]?"
)
WROTE = re.compile(
    r"\b(schrieb|geschrieben|wrote|writes|a écrit|ha scritto|escribió|schreef|skrev)\b"
)
SINCE = re.compile(r"(am|on|le|el|il|op|den|um)\s")
BEGUN = re.compile(r"(?i)[\s>|]*(am|on|le|el|il|op|den)\s.{0,30}\d|.{0,80}[<@]")
DATED = re.compile(r"\d{1,2}[:.h]\d{2}|\b20\d\d\b")

LONGEST_MOBILE = 120
MOBILE = re.compile(
    r"(von meinem|sent from|sent with|sent via|sent using|gesendet von|gesendet mit|gesendet über|"
    r"get outlook for|outlook für|holen sie sich outlook|diese nachricht wurde von|"
    r"diese nachricht wurde mit|envoyé de|envoyé depuis|von mobil gesendet|via mobil)\b"
)
BANNER = re.compile(
    r"\[?\(?(external|extern|externe e-?mail|external e-?mail|external sender|caution|achtung|"
    r"warnung|warning|vorsicht)\b.{0,60}(e-?mail|mail|message|nachricht|sender|absender|\]|$)|"
    r"(this|diese) (e-?mail|message|nachricht) (originated|stammt|wurde von außerhalb|came from|"
    r"kommt von außerhalb)|you don't often get e-?mail|some people who received this|"
    r"sie erhalten nicht (häufig|oft)|do not click|klicken sie (nicht|keine)|"
    r"(öffnen|klicken) sie .{0,60}(anhänge|links)|(sender and|absender kennen).{0,80}$|"
    r"\[translated\b|\[übersetzt\b|(translated from|übersetzt aus|aus dem .{3,20} übersetzt)"
)
FOOTER = re.compile(
    r"virenfrei\b|virus-free\b|(this|diese) (e-?mail|message|nachricht) (has been|wurde) "
    r"(checked|scanned|von avast|auf viren)|(this|diese|the|der|die) .{0,30}(e-?mail|message|"
    r"nachricht|information).{0,60}(confidential|vertraulich|intended|bestimmt)|"
    r"confidentiality notice|disclaimer\b|haftungsausschluss"
)
CLOSING = re.compile(
    r"((mit )?(freundlich|herzlich|best|viel|lieb|schön|sonnig)\w* gr(ü|ue)(ß|ss)\w*|"
    r"gr(ü|ue)(ß|ss)e?|best regards|kind regards|warm regards|many regards|regards|"
    r"best wishes|sincerely|yours (sincerely|truly|faithfully)|cheers|cordialement|"
    r"bien à vous)\b.{0,40}$|"
    r"(mfg|vg|lg|bg|br)\b[,.!]?( \w{1,20})?$|yours[,.!]?$"
)


def is_rule(line: str) -> bool:
    """True for a line that only parts: dashes, underscores, or words like "Original Message"."""
    bare = line.strip(" -_=*~>|")
    if not bare:
        return len(line.strip()) >= 3
    return len(bare) < LONGEST_RULE and bool(SEPARATOR.fullmatch(bare.casefold()))


def is_attribution(text: str, quote_follows: bool) -> bool:
    """True for a line like "On Monday Firstcome <...> wrote:"."""
    said = plain(text).casefold()
    if not text.rstrip().endswith(":") or not DATED.search(said):
        return False
    if WROTE.search(said):
        return "@" in text or bool(SINCE.match(said)) or quote_follows
    return "@" in text and quote_follows


def header_block(lines: Sequence[str], start: int, after_rule: bool) -> int:
    """Return where a block of headers ends that begins here; `start` where none does.

    Behind "Original Message" some programs leave the colons out.
    """
    seen: set[str] = set()
    place = end = start
    while place < min(len(lines), start + BLOCK):
        line = plain(lines[place])
        found = FIELD.match(line)
        if found and (found[2].strip() or after_rule):
            seen.add(FIELDS[found[1].casefold()])
            end = place + 1
        elif place == start or (line and place > end):
            # a field may go on in the next line, none in the one after that
            break
        place += 1
    return end if len(seen) >= FEWEST_FIELDS else start


def frame_end(lines: Sequence[str], start: int, after_rule: bool) -> int:
    """Return where that ends which a program puts before a quote; `start` where none begins."""
    for length in (1, 2, 3):
        parts = lines[start : start + length]
        if not all(parts) or (length > 1 and not BEGUN.match(parts[0])):
            break
        follows = next((one for one in lines[start + length : start + length + 3] if one), "")
        quoted = bool(QUOTED.match(follows))
        # not somebody's own line and an attribution below it
        whole = length == 1 or not is_attribution(" ".join(parts[1:]), quoted)
        if whole and is_attribution(" ".join(parts), quoted):
            return start + length
    end = header_block(lines, start, after_rule)
    if end == start and after_rule and header_block(lines, start + 1, after_rule) > start + 1:
        # the subject may stand above it
        end = header_block(lines, start + 1, after_rule)
    return end


# -- sifting -------------------------------------------------------------------------------------

TICKED = re.compile(r"[\[(]?\s?[xX✓✔☑✗✘]\s?[\])]?\s+\S|.{1,60}(\s[xX]|\[[xX]\]|[✓✔☑]|<-+|←)$")


@dataclass(slots=True)
class Sifting:
    """Where the sifting of a mail stands.

    `marked` says that this program marks what it quotes line by line, `quoting` that what we sent
    has begun, `signed` that a signature has, `frames` how many
    programs have put something around an answer so far.
    """

    known: Sent
    kept: list[str] = field(default_factory=list)
    marked: bool = False
    quoting: bool = False
    signed: bool = False
    frames: int = 0
    framed: bool = False

    @property
    def has_words(self) -> bool:
        return any(self.kept)

    def quote(self) -> None:
        """Note that a quote begins or goes on; a signature ends there."""
        self.quoting, self.signed = True, False


def sift(lines: Sequence[str], known: Sent) -> tuple[list[str], bool]:
    """Return the lines that are somebody's own, and whether they go on to the last one.

    Where his words stand above what he quotes, nothing below counts; unless the quote is marked
    line by line, then he may have written between. Nothing counts below a second quote: an answer
    that he gave before may stand there.
    """
    marked = sum(bool(QUOTED.match(line)) for line in lines) > 1
    so_far = Sifting(known, marked=marked)
    bare = [plain(line) for line in lines]
    place, after_rule, last = 0, False, -1
    while place < len(lines):
        line, said = lines[place], bare[place]
        end = frame_end(lines, place, after_rule)
        if end > place:
            so_far.frames += not so_far.framed
            if not marked and (so_far.frames > 1 or so_far.has_words):
                break
            so_far.framed, after_rule, place = True, False, end
            so_far.quote()
            continue
        place += 1
        if SENTINEL[:3] in line:
            if so_far.has_words:
                break
            so_far.quote()
            continue
        if is_rule(line):
            after_rule = any(c.isalpha() for c in line)
            if after_rule and so_far.has_words and not marked:
                break
            continue
        if not said:
            so_far.kept.append("")
            continue
        after_rule = so_far.framed = False
        around = nearest(reversed(bare[: place - 1])), nearest(bare[place:])
        if keep(line, said, around, so_far):
            so_far.kept.append(said if QUOTED.match(line) else UNSEEN_EDGE.sub("", line).strip())
            last = place
    return so_far.kept, last == len(lines)


def nearest(lines: Iterable[str]) -> str:
    """Return the first line that is not empty."""
    return next(filter(None, lines), "")


def keep(line: str, said: str, around: tuple[str, str], so_far: Sifting) -> bool:
    """Say whether a line is somebody's own.

    `said` is the line without marks and links, `around` are the ones before and behind it.
    """
    quoted = bool(QUOTED.match(line))
    ours = is_ours(said, around, so_far, quoted or (so_far.quoting and not so_far.marked))
    if quoted or ours:
        so_far.quote()
        # an answer ticked in what we offered to choose from
        return quoted and not ours and bool(so_far.known.lines) and bool(TICKED.match(said))
    folded = said.casefold()
    if said == "--" or CLOSING.match(folded) or FOOTER.match(folded):
        so_far.signed = True
    is_mobile = len(said) < LONGEST_MOBILE and MOBILE.match(folded)
    # below his own words a warning is his own
    is_banner = (so_far.quoting or not so_far.has_words) and BANNER.match(folded)
    # "LG Electronics" is no greeting: what names its field is his own also below it
    is_signature = so_far.signed and not find_label(said)[1]
    return not (is_signature or is_mobile or is_banner)


def is_ours(said: str, around: tuple[str, str], so_far: Sifting, in_quote: bool) -> bool:
    """True for a line that we sent, whole or as another program breaks it.

    Our choices are what people copy to answer: above all quotes, and without a mark between lines
    that have one, such a line is theirs, unless it goes on as what we sent does.
    """
    known, (before, behind) = so_far.known, around
    joins = (before and f"{before} {said}", behind and f"{said} {behind}")
    if any(one and f" {one.casefold()} " in known.joined for one in joins):
        return True
    if not in_quote and find_keyword(DIGIT.sub("", said)):
        return False
    if said in known.lines or REFERENCE.fullmatch(said):
        return True
    return len(said) > SURE and f" {said.casefold()} " in known.joined

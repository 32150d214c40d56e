"""Taking a mail apart: what it says, in plain words, and the files that came with it.

`take_apart` has that done in a process of its own with bounds (`parsing_child`) and gives up after
some seconds; whatever a hostile mail does happens there. HTML is never kept: it becomes text.
"""

from __future__ import annotations

import base64
import codecs
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

from portal.inbound import parsing_process, sealed
from portal.inbound.delivery_reports import report_in

LARGEST = 15 * 1024 * 1024
MOST_HEADER_BYTES, MOST_HEADERS, LONGEST_HEADER = 64 * 1024, 300, 8 * 1024
LONGEST_OF_PART = 4 * 1024
MOST_BOUNDARIES, MOST_MULTIPARTS = 2000, 12
MOST_PARTS, MOST_FILES, LARGEST_FILE = 100, 10, 10 * 1024 * 1024
LARGEST_LOGO, LARGEST_DOT = 64 * 1024, 4 * 1024
MOST_OPEN = 2000
LONGEST_TEXT, LONGEST_WRITTEN = 200_000, 20_000
MEMORY, CPU_SECONDS, SECONDS = 768 * 1024 * 1024, 5, 10

REACTION = "text/vnd.google.email-reaction+json"
"""The part by which Gmail says that somebody put an emoji to a mail."""
UNREAD = frozenset(("text/calendar", REACTION)) | sealed.SIGNATURES

HIDDEN = {
    **dict.fromkeys(range(0x202A, 0x202F)),
    **dict.fromkeys(range(0x2066, 0x206A)),
    **dict.fromkeys(range(0x200B, 0x2010)),
    **dict.fromkeys([0x2060, 0xFEFF, 0x00AD]),
}
TROUBLE = (
    *(MessageError, RecursionError, MemoryError, KeyError, LookupError, ValueError),
    *(IndexError, AttributeError, TypeError, AssertionError),
)


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a mail."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail taken apart. `sender` is empty where it can't be said for sure whom it is from.

    `headers` are those that tell what sent it, in lower case; `forwarded` is the sender, name,
    subject and text of a mail that was forwarded as a file. `addressed` are the addresses it names
    as its own, the one nearest to us first, `answers` the Message-IDs it is an answer to, and
    `vouched` what servers on its way say of the sender, the last one first, `signatures` what
    servers signed of it. `written` is
    the beginning of the text with the signs in it that can't be seen, for who must know of them;
    `report` what a mail system says of one of ours (`delivery_reports`).
    `shown` is the beginning of what its HTML says where there is a text besides; `sealed` says that
    nothing can be read because a program packed or sealed it. `besides` says that there is more to
    it than its text: a file, a mail, another text.
    """

    sender: str
    sender_name: str
    subject: str
    text: str
    headers: dict[str, str]
    files: tuple[File, ...]
    left_out: int
    forwarded: dict[str, str] | None
    written: str = ""
    addressed: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    vouched: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    report: dict[str, str] = field(default_factory=dict)
    shown: str = ""
    sealed: bool = False
    besides: bool = False


class Unreadable(Exception):
    """The mail can't be taken apart within the bounds; the message is a code."""


def take_apart(raw: bytes) -> Mail:
    """Take a mail apart in a process of its own. Raises `Unreadable`, and `NoProcess`."""
    if why := refuse(raw):
        raise Unreadable(why)
    try:
        return mail_of(json.loads(parsing_process.ask(raw, SECONDS)))
    except ValueError:
        raise Unreadable("unreadable") from None


def mail_of(told: dict[str, Any]) -> Mail:
    """Return a mail from what the process that took it apart told of it."""
    files = tuple(File(one["name"], base64.b64decode(one["data"])) for one in told.pop("files"))
    for name in ("addressed", "answers", "vouched", "signatures"):
        told[name] = tuple(told[name])
    return Mail(files=files, **told)


PART_HEADER = re.compile(
    rb"(?im)^(?:content-(?:type|disposition|transfer-encoding)|from|subject):"
    rb"[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*"
)
"""What is read of the head of a part, and of a mail that came as a file."""


def refuse(raw: bytes) -> str | None:
    """Say by a code why a mail is not taken apart at all; None for one that may be."""
    if len(raw) > LARGEST:
        return "too_large"
    head = re.split(rb"\r?\n\r?\n", raw[: MOST_HEADER_BYTES * 2], maxsplit=1)[0]
    if len(head) > MOST_HEADER_BYTES:
        return "odd_headers"
    unfolded = re.sub(rb"\r?\n[ \t]+", b" ", head).splitlines()
    if len(unfolded) > MOST_HEADERS or any(len(one) > LONGEST_HEADER for one in unfolded):
        return "odd_headers"
    if any(len(one[0]) > LONGEST_OF_PART for one in PART_HEADER.finditer(raw)):
        return "odd_parts"
    boundaries = raw.count(b"\n--")
    multiparts = len(re.findall(rb"(?i)content-type:\s{0,80}multipart/", raw))
    if boundaries > MOST_BOUNDARIES or multiparts > MOST_MULTIPARTS:
        return "odd_parts"
    return None


def read(mail: EmailMessage) -> dict[str, Any]:
    """Return what a mail says, as JSON can carry it."""
    sender, name = sender_of(mail)
    headers = telling(mail)
    plain, html, packed, more = "", "", False, False
    came: list[tuple[EmailMessage, bytes]] = []
    attached: EmailMessage | None = None
    for part in list(parts_of(mail))[:MOST_PARTS]:
        kind = part.get_content_type()
        if kind == "message/rfc822":
            attached = attached or part
            continue
        if kind == REACTION or str(part.get_param("method", "")).lower() == "reply":
            headers["x-part"] = kind
        is_file = part.get_content_disposition() == "attachment" or part.get_filename()
        # an invitation, a signature: nothing to read, nothing to keep
        if part.is_multipart() or kind in UNREAD:
            continue
        data = payload_of(part) if is_file else b""
        if sealed.is_sealed(kind, part.get_filename() or "", data):
            packed = True
        elif kind == "text/plain" and not is_file:
            more = more or bool(plain.strip() and text_of(part).strip())
            plain = plain or text_of(part)
        elif kind == "text/html" and not is_file:
            more = more or bool(html.strip() and text_in(text_of(part)).strip())
            html = html or text_of(part)
        elif is_file:
            came.append((part, data))
    came = [(part, data) for part, data in came if not is_decoration(part, data, html)]
    files = [
        {
            "name": one_line(str(part.get_filename() or "file"))[:200],
            "data": base64.b64encode(data).decode("ascii"),
        }
        for part, data in came
        if 0 < len(data) <= LARGEST_FILE
    ][:MOST_FILES]
    shown = text_in(html)[: LONGEST_TEXT * 2]
    found = sealed.without_armour(plain[: LONGEST_TEXT * 2] if plain.strip() else shown)
    said = found or ""
    return {
        "sender": sender,
        "sender_name": name,
        "subject": one_line(str(mail.get("Subject", "")))[:1000],
        "text": tidy(said)[:LONGEST_TEXT],
        "written": tidy(said, unseen=True)[:LONGEST_WRITTEN],
        "headers": headers,
        "files": files,
        "left_out": len(came) - len(files),
        "forwarded": forwarded_in(attached) if attached is not None else None,
        "addressed": addressed(mail),
        "answers": answers(mail),
        "report": report_in(mail),
        "shown": tidy(shown, unseen=True)[:LONGEST_WRITTEN] if plain.strip() else "",
        "sealed": found is None or (packed and not said.strip()),
        "besides": bool(came or packed or more or attached is not None),
        "vouched": [one_line(str(one)) for one in mail.get_all(VOUCHED, [])[:MOST_VOUCHED]],
        "signatures": [one_line(str(one)) for one in mail.get_all(SIGNED, [])],
    }


def is_decoration(part: EmailMessage, data: bytes, html: str) -> bool:
    """Say whether a picture only adorns a mail: the logo of a signature, a line, a dot.

    What is larger somebody has put into his text on purpose.
    """
    if part.get_content_maintype() != "image":
        return False
    name = str(part.get("Content-ID", "")).strip(" <>")
    if name and f"cid:{name}" in unquote(html):
        return len(data) <= LARGEST_LOGO
    return part.get_content_disposition() == "inline" and len(data) <= LARGEST_DOT


def parts_of(mail: Any) -> Iterator[EmailMessage]:
    """Yield the parts of a mail, none of those within a mail that came as a file."""
    yield mail
    if mail.get_content_type() == "message/rfc822" or not mail.is_multipart():
        return
    for part in mail.iter_parts():
        yield from parts_of(part)


def forwarded_in(part: EmailMessage) -> dict[str, str] | None:
    """Return who wrote a mail that came as a file, and what."""
    inner = part.get_payload(0) if part.is_multipart() else None
    if not isinstance(inner, EmailMessage):
        return None
    sender, name = sender_of(inner)
    text = ""
    for one in list(parts_of(inner))[:MOST_PARTS]:
        kind = one.get_content_type()
        if kind in ("text/plain", "text/html") and not one.get_filename() and not text:
            found = text_of(one)
            text = found if kind == "text/plain" else text_in(found)
    subject = one_line(str(inner.get("Subject", "")))[:1000]
    text = tidy(text)[:LONGEST_TEXT]
    return {"sender": sender, "sender_name": name, "subject": subject, "text": text}


def sender_of(mail: EmailMessage) -> tuple[str, str]:
    """Return address and name of whom a mail is from: one header, one plain address, or nothing."""
    headers = mail.get_all("From") or []
    if len(headers) != 1 or headers[0].defects:
        return "", ""
    groups = headers[0].groups
    if len(groups) != 1 or groups[0].display_name is not None or len(groups[0].addresses) != 1:
        return "", ""
    (address,) = groups[0].addresses
    spec = address.addr_spec
    plain = spec.isascii() and spec.isprintable() and spec.count("@") == 1 and '"' not in spec
    if not plain or not address.domain:
        return "", ""
    return spec.lower().rstrip("."), one_line(address.display_name)[:200]


ADDRESSED = ("Delivered-To", "X-Original-To", "To", "Cc")
"""Where the address stands that a mail was sent to; of the first two the topmost is ours."""
VOUCHED, SIGNED, MOST_VOUCHED, MOST_IDS = "Authentication-Results", "DKIM-Signature", 5, 50
MESSAGE_ID = re.compile(r"<([^<>\s]{3,250})>")
ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,190}")


def addressed(mail: EmailMessage) -> list[str]:
    """Return the addresses that a mail names as those it was sent to."""
    said = (str(mail[name]) for name in ADDRESSED if mail[name] is not None)
    return [one.lower() for line in said for one in ADDRESS.findall(line)][:MOST_IDS]


def answers(mail: EmailMessage) -> list[str]:
    """Return the Message-IDs that a mail says it answers."""
    said = " ".join(str(mail.get(name, "")) for name in ("In-Reply-To", "References"))
    return list(dict.fromkeys(MESSAGE_ID.findall(said)))[-MOST_IDS:]


TELLING = (
    *("auto-submitted", "precedence", "x-autoreply", "x-autorespond", "x-autoresponder"),
    *("list-id", "message-id", "date", "return-path", "content-type", "x-loop"),
    *("x-auto-response-suppress", "x-ms-exchange-inbox-rules-loop"),
)


def telling(mail: EmailMessage) -> dict[str, str]:
    """Return the headers that say which mail it is, and whether a program sent it."""
    return {name: one_line(str(mail[name]))[:300] for name in TELLING if mail[name] is not None}


def payload_of(part: EmailMessage) -> bytes:
    """Return what a part holds."""
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def text_of(part: EmailMessage) -> str:
    """Return the text of a part, whatever its label says it is written in."""
    data = payload_of(part)
    named = part.get_content_charset() or "utf-8"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        named = "utf-16"
    for charset in (named, "utf-8", "cp1252"):
        try:
            return data.decode(charset)
        except (LookupError, ValueError):
            continue
    return data.decode("latin-1", "replace")


def tidy(text: str, *, unseen: bool = False) -> str:
    """Return a text without what can't be seen, unless it is to stay, with plain line ends."""
    text = (text if unseen else text.translate(HIDDEN)).replace("\x00", "")
    text = re.sub(r"\r\n?|[\u2028\u2029\x85\x0b\x0c]", "\n", text).replace("\xa0", " ")
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    kept = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")
    return re.sub(r"\n{4,}", "\n\n\n", kept).strip()


def one_line(text: str) -> str:
    """Return a text on one line."""
    return " ".join(tidy(text).split())


@dataclass(frozen=True, slots=True)
class _Element:
    """What is open around a text: hidden, in white letters, on a ground laid under it, quoted."""

    tag: str
    hidden: bool
    pale: bool
    ground: bool
    quoted: bool


class _Reader(HTMLParser):
    """Reads the text of HTML that people see: nothing hidden, no style, no script.

    What is quoted is marked line by line, as in plain text. White letters are hidden unless some
    ground was laid under them: dark mail programs write so.
    """

    BLOCKS = frozenset(
        [
            "p",
            "div",
            "br",
            "tr",
            "li",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "table",
            "ul",
            "ol",
            "blockquote",
            "hr",
            "section",
        ]
    )
    VOID = frozenset(
        [
            "br",
            "hr",
            "img",
            "meta",
            "link",
            "input",
            "area",
            "base",
            "col",
            "embed",
            "source",
            "track",
            "wbr",
        ]
    )
    QUOTED = "\ue000"
    CELLS = frozenset(["td", "th"])
    UNSEEN = frozenset(["script", "style", "head", "title", "template", "noscript"])
    NOTHING = r"\s*:\s*0(?![.\d]*[1-9])"
    CLOSED = re.compile(
        r"(?i)display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|text-indent\s*:\s*-\d{3}|"
        rf"(font-size|opacity){NOTHING}"
    )
    FLAT = re.compile(rf"(?i)(?<![\w-])(max-)?(height|width){NOTHING}")
    CLIPPED = re.compile(r"(?i)overflow\s*:\s*hidden")
    WHITE = r"(#fff|#ffffff|white|transparent|rgba?\(\s*255\s*,\s*255\s*,\s*255[^)]{0,9}\))(?!\w)"
    COLOURED = re.compile(r"(?i)(?<![-\w])color\s*:")
    PALE = re.compile(rf"(?i)(?<![-\w])color\s*:\s*{WHITE}")
    GROUND = re.compile(rf"(?i)background(-color)?\s*:(?!\s*({WHITE}|none|inherit))")
    IS_WHITE = re.compile(rf"(?i)\s*{WHITE}")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.open: list[_Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.BLOCKS:
            self.said.append("\n")
        if tag in self.CELLS:
            self.said.append(" ")
        if tag in self.VOID or len(self.open) >= MOST_OPEN:
            return
        given = {name: (value or "")[:2000] for name, value in attrs}
        style, colour, laid = given.get("style", ""), given.get("color"), given.get("bgcolor")
        around = self.open[-1] if self.open else _Element("", False, False, False, False)
        hidden = (
            tag in self.UNSEEN
            or "hidden" in given
            or bool(self.CLOSED.search(style))
            or bool(self.FLAT.search(style) and self.CLIPPED.search(style))
        )
        pale, ground = around.pale, around.ground
        if colour or self.COLOURED.search(style):
            pale = bool(self.PALE.search(style) or self.IS_WHITE.match(colour or ""))
        if (laid and not self.IS_WHITE.match(laid)) or self.GROUND.search(style):
            ground = True
        quoted = around.quoted or tag == "blockquote"
        self.open.append(_Element(tag, hidden or around.hidden, pale, ground, quoted))

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self.open) - 1, max(-1, len(self.open) - 40), -1):
            if self.open[place].tag == tag:
                del self.open[place:]
                break
        if tag in self.BLOCKS:
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        around = self.open[-1] if self.open else None
        if around is None or not (around.hidden or (around.pale and not around.ground)):
            mark = self.QUOTED if around and around.quoted else ""
            self.said.append(mark + re.sub(r"\s+", " ", data))


def marked(line: str, sign: str) -> str:
    """Return a line with the mark of a quote before it where it has the sign of one."""
    said = line.replace(sign, "").strip()
    return f"> {said}" if said and sign in line else said


UNSHOWN = re.compile(r"<!--.*?(?:-->|\Z)|<[!?][^>]*(?:>|\Z)", re.DOTALL)
"""Remarks and what else of HTML is never shown; one that never ends would be read for long."""


def text_in(html: str) -> str:
    """Return what people see of HTML, as text."""
    reader = _Reader()
    seen = UNSHOWN.sub("", html[: LONGEST_TEXT * 5].replace(reader.QUOTED, ""))
    tags = seen.rfind(">") + 1
    reader.feed(seen[:tags] + seen[tags:].replace("<", "&lt;"))
    reader.close()
    lines = (marked(line, reader.QUOTED) for line in "".join(reader.said).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

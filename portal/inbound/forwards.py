"""Who wrote a mail that somebody forwards, as mail programs tell it in English and German. Pure.

Outlook, Gmail, Apple Mail and Thunderbird put a block of lines before what they forward: from whom,
when, to whom, about what. Two of these beside the sender make it one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FROM = ("from", "von")
SUBJECT = ("subject", "betreff")
OTHERS = frozenset(
    (
        *SUBJECT,
        *("date", "datum", "sent", "gesendet", "to", "an", "cc", "kopie"),
        *("reply-to", "antwort an", "antwort-an"),
    )
)
NAMES = "|".join(sorted((re.escape(one) for one in (*FROM, *OTHERS)), key=len, reverse=True))
FIELD = re.compile(rf"(?i)^({NAMES})\s*:\s*(.*)$")
ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}")
MARK = re.compile(
    r"(?i)^[-\s_>*]*(begin forwarded message|forwarded message|original message|"
    r"anfang der weitergeleiteten (nachricht|e-?mail)|weitergeleitete (nachricht|e-?mail)|"
    r"urspr(ü|ue)ngliche nachricht|originalnachricht)\s*:?[-\s_*]*$"
)
WITHIN = 12
"""So many lines a block of these may have."""

LONGEST_LINE = 400


@dataclass(frozen=True, slots=True)
class Original:
    """The mail that was forwarded; `remark` is what the forwarder wrote above it."""

    name: str
    address: str
    subject: str
    text: str
    remark: str


def find_original(text: str) -> Original | None:
    """Return the mail that stands forwarded in a text; None where none is recognised."""
    lines = [bare(line) for line in text.splitlines()]
    for place in range(len(lines)):
        found = FIELD.match(lines[place][:LONGEST_LINE])
        if found is None:
            continue
        end, fields = block(lines, place)
        sender = next((fields[name] for name in FROM if name in fields), "")
        address = ADDRESS.search(sender)
        if address is None or len(OTHERS & fields.keys()) < 2:
            continue
        before = lines[:place]
        while before and (not before[-1] or MARK.match(before[-1])):
            before.pop()
        return Original(
            name=name_in(sender, address[0]),
            address=address[0],
            subject=next((fields[name] for name in SUBJECT if name in fields), ""),
            text="\n".join(lines[end:]).strip(),
            remark="\n".join(before).strip(),
        )
    return None


def bare(line: str) -> str:
    """Return a line without the signs of quoting and of bold type."""
    line = re.sub(r"^(\s{0,3}>)+\s?", "", line[: LONGEST_LINE * 10]).strip()
    found = re.match(r"^\*([^*:]{1,20}):\*\s*(.*)$", line)
    return f"{found[1]}: {found[2]}" if found else line


def block(lines: list[str], start: int) -> tuple[int, dict[str, str]]:
    """Return where a block of fields ends, and the fields; a line may go on in the next."""
    fields: dict[str, str] = {}
    last, place = "", start
    while place < min(len(lines), start + WITHIN):
        line = lines[place][:LONGEST_LINE]
        found = FIELD.match(line)
        if found:
            last = found[1].lower()
            fields.setdefault(last, found[2].strip())
        elif not line or not last:
            break
        elif last in (*FROM, "to", "an", "cc", "kopie", *SUBJECT):
            fields[last] = f"{fields[last]} {line}".strip()
        else:
            break
        place += 1
    return place, fields


def name_in(written: str, address: str) -> str:
    """Return the name before an address as mail programs write it."""
    before = written[: written.find(address)]
    before = re.sub(r"(?i)[\[<(]?\s*(mailto:)?\s*$", "", before)
    return "" if "@" in before else before.strip(" \"'<[(*,;")[:200]


def names(display: str) -> tuple[str, str]:
    """Return first and last name of a display name: `Eva Meier`, or `Meier, Eva`."""
    display = " ".join(display.split())
    if not display or "@" in display:
        return "", ""
    if display.count(",") == 1:
        last, _comma, first = display.partition(",")
        return first.strip(), last.strip()
    first, _space, last = display.rpartition(" ")
    return first, last

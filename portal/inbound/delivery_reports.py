"""What comes back to the sender of a mail, and what it says of it. Pure.

A report of a mail system (RFC 3464) names a status; others say in words that nobody has this
mailbox. A mailbox that is full, a letter that was too large and a receiver that takes us for
somebody who bothers tell nothing of the address: they are counted, and so is who wants us to
confirm that we are people. Who complains sends a feedback report (RFC 5965).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from enum import StrEnum
from typing import Any

LONGEST = 500
MOST_GROUPS = 20
DELIVERY = ("message/delivery-status", "message/global-delivery-status")
COMPLAINT = "message/feedback-report"
SYSTEM = re.compile(r"(?i)mailer-daemon|postmaster|mail delivery (sub)?system")
ORIGINAL = ("message/rfc822", "text/rfc822-headers", "message/global")


class Told(StrEnum):
    """What a mail to the sender of one of ours tells of that one."""

    GONE = "gone"
    FOR_NOW = "for_now"
    STILL_TRIED = "still_tried"
    COMPLAINT = "complaint"
    CHALLENGE = "challenge"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was told, and the code that says why, as the queue notes errors."""

    told: Told
    code: str = ""


# -- what stands in it: read where mails are taken apart --------------------------------------


def report_in(mail: Any) -> dict[str, str]:
    """Return what a report says as JSON can carry it: what is not said is left out."""
    found: dict[str, str] = {}
    if mail["X-Failed-Recipients"] is not None or SYSTEM.search(str(mail["From"])):
        found["system"] = "yes"
    for part in parts_of(mail):
        kind = part.get_content_type()
        if kind in DELIVERY:
            found.update(worst(list(groups_of(part))[:MOST_GROUPS]))
        elif kind == COMPLAINT:
            for fields in groups_of(part):
                found["complaint"] = said(fields, "Feedback-Type") or found.get("complaint", "")
                found["sender"] = said(fields, "Original-Mail-From") or found.get("sender", "")
        elif kind in ORIGINAL and not found.get("sender"):
            for fields in groups_of(part):
                found["sender"] = said(fields, "Return-Path") or found.get("sender", "")
    return {name: value[:LONGEST] for name, value in found.items() if value}


def parts_of(mail: Any) -> Iterator[Any]:
    """Yield the parts of a mail, none of those within a part that is a mail itself."""
    yield mail
    if mail.get_content_maintype() == "multipart" and mail.is_multipart():
        for part in mail.get_payload():
            yield from parts_of(part)


def groups_of(part: Any) -> Iterator[Message]:
    """Yield the groups of fields of a part, however its type had it taken apart."""
    payload = part.get_payload()
    for block in payload if isinstance(payload, list) else [part.get_payload(decode=True)]:
        if isinstance(block, Message):
            yield block
            rest = block.get_payload()
            text = rest if isinstance(rest, str) else ""
        else:
            text = block.decode("utf-8", "replace") if isinstance(block, bytes) else ""
        for lines in re.split(r"\r?\n\s*\r?\n", text[:20_000].strip()):
            yield HeaderParser().parsestr(lines)


def said(fields: Message, name: str) -> str:
    """Return what a field says, on one line."""
    return " ".join(str(fields.get(name, "")).split())[:LONGEST]


def worst(groups: list[Message]) -> dict[str, str]:
    """Return action, status, diagnosis and address of the recipient who fared worst."""
    named = [one for one in groups if one.get("Action") or one.get("Status")]
    ranks = {"failed": 0, "": 0, "delayed": 1}
    named.sort(key=lambda one: ranks.get(said(one, "Action").lower(), 2))
    if not named:
        return {}
    one = named[0]
    return {
        "action": said(one, "Action").lower() or "failed",
        "status": said(one, "Status"),
        "diagnostic": said(one, "Diagnostic-Code"),
        "recipient": said(one, "Final-Recipient").rpartition(";")[2].strip(" <>"),
    }


# -- what it means ----------------------------------------------------------------------------

STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
REPLY = re.compile(r"(?<![\d.])([45])[0-7]\d(?=[ \-]|$)")
GONE = re.compile(r"0\.0|1\.(0|1|2|3|4|6|10)|2\.[01]|4\.[14]")
VAGUE = (("0", "0"), ("5", "0"))
FULL = re.compile(
    r"(?i)over ?quota|quota (is )?(exceeded|full)|exceed\w* (the |its |their )?(storage|quota)|"
    r"(mailbox|inbox|postfach|storage) (is |ist )?(full|voll|überfüllt)|out of storage|"
    r"容量|いっぱい"
)
BLOCKED = re.compile(
    r"(?i)\b(spam|block(ed|list)|black ?list\w*|reputation|dmarc|spf|policy|greylist\w*|"
    r"banned|rate limit\w*|unsolicited)\b"
)
NOBODY = re.compile(
    r"(?i)user unknown|unknown user|no such (user|mailbox|person|address|recipient)|"
    r"no mailbox (here )?by that name|(does not|doesn.t|nicht) exist|unknown (recipient|address)|"
    r"mailbox (not found|unavailable|disabled)|recipient (not found|unknown|rejected)|"
    r"(couldn.t|wasn.t|could not be|not) (be )?found|unbekannt|unrouteable address|account (is )?"
    r"(disabled|closed)|見つかりません|存在しない|宛先.{0,6}(不明|誤)|ユーザー?が(不明|見つ)"
)
STILL_TRIED = re.compile(
    r"(?i)\bdelay(ed)?\b|verzögert|could not send message for past|still be retried|遅延"
)
CHALLENGE = re.compile(
    r"(?i)challenge|boxbe|spamarrest|verify (that )?you|(confirm|prove) (that )?you are|"
    r"click .{0,60}(deliver|release|verify|confirm)|bestätigen sie (bitte )?ihre (mail|nachricht)"
)
COPY = re.compile(
    r"(?im)^\W*(below this line is a copy|this is a copy of|original message|"
    r"the message headers|ursprüngliche nachricht|return-path:|received:)"
)


def judge(report: Mapping[str, str], subject: str, text: str, kind: str) -> Verdict | None:
    """Say what a mail to the sender of one of ours tells of it; None where no system says it.

    `kind` is its content type.
    """
    if "complaint" in report:
        spares = report["complaint"].lower() == "not-spam"
        return Verdict(Told.NOTHING) if spares else Verdict(Told.COMPLAINT, "complaint")
    if "action" in report:
        return of_status(report)
    head = COPY.split(text[:20_000])[0]
    if "system" in report or kind.lower().startswith("multipart/report"):
        if STILL_TRIED.search(subject) or STILL_TRIED.search(head[:600]):
            return Verdict(Told.STILL_TRIED)
        return of_words(head) or Verdict(Told.FOR_NOW, "returned: 450")
    if CHALLENGE.search(subject) or CHALLENGE.search(head[:3000]):
        return Verdict(Told.CHALLENGE, "challenge")
    return None


def of_status(report: Mapping[str, str]) -> Verdict:
    """Judge by the fields of a report."""
    action, why = report["action"], report.get("diagnostic", "")
    if action == "delayed":
        return Verdict(Told.STILL_TRIED)
    if action != "failed":
        return Verdict(Told.NOTHING)
    status = STATUS.search(report.get("status", ""))
    closer = STATUS.search(why)
    if status is None or status.group(2, 3) in VAGUE:
        # the system in between didn't say; the one that refused did
        status = closer or status
    if status is None:
        return of_words(why) or Verdict(Told.FOR_NOW, "returned: 450")
    return of_code(status[1], status[2], status[3], why)


def of_words(text: str) -> Verdict | None:
    """Judge by codes and words of a text; None where it says neither."""
    status = STATUS.search(text)
    if status is not None:
        return of_code(status[1], status[2], status[3], text)
    reply = REPLY.search(text)
    if reply is not None:
        return of_code(reply[1], "0", "0", text)
    for pattern, code in ((FULL, "452 4.2.2"), (NOBODY, "550 5.1.1"), (BLOCKED, "550 5.7.1")):
        if pattern.search(text):
            told = Told.GONE if pattern is NOBODY else Told.FOR_NOW
            return Verdict(told, f"returned: {code}")
    return None


def of_code(family: str, subject: str, detail: str, words: str) -> Verdict:
    """Judge by an RFC 3463 code; words say more than one that says nothing."""
    if family == "2":
        return Verdict(Told.NOTHING)
    if (subject, detail) in VAGUE:
        if FULL.search(words):
            subject, detail = "2", "2"
        elif BLOCKED.search(words):
            subject, detail = "7", "1"
        elif NOBODY.search(words):
            subject, detail = "1", "1"
    gone = family == "5" and GONE.fullmatch(f"{subject}.{detail}") is not None
    code = f"returned: {family}50 {family}.{subject}.{detail}"
    return Verdict(Told.GONE if gone else Told.FOR_NOW, code)

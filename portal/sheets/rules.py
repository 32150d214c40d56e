"""What a row of a returned sheet says: which lead, which answer. And when a sheet is due. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from portal.feedback.rules import Status
from portal.leads.intake.normalise import spelling_key

KEY = re.compile(r"([0-9]{1,18})-([0-9]{1,18})-([0-9a-f]{16})")
# 24.11.2026 or 24.11.26, as people write a day in a cell of text
WRITTEN_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.((?:20)?\d{2})")
# what a spreadsheet makes of a day to which somebody gave an hour
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d) \d\d:\d\d:\d\d")

STATUS_WORDS: dict[Status, str] = {
    Status.NOT_CONTACTED: (
        "not made contact yet|not made contact|no contact yet|not contacted|not contacted yet|open|"
        "noch kein kontakt|noch keinen kontakt|kein kontakt|nicht kontaktiert|"
        "noch nicht kontaktiert|noch nicht erreicht|offen"
    ),
    Status.WAITING: (
        "waiting for their answer|waiting for feedback from the end customer|"
        "waiting feedback from end user|waiting for feedback|waiting|"
        "wartet auf antwort|wartet auf rueckmeldung|wartet auf die antwort|warten|wartet|warte|"
        "warte auf antwort|warten auf antwort|warte auf rueckmeldung|warten auf rueckmeldung"
    ),
    Status.PROPOSAL: (
        "proposal in progress|proposal|offer|quote|quotation|"
        "angebot laeuft|angebot in arbeit|angebot|angebot erstellt"
    ),
    Status.WON: "won|gewonnen|auftrag|auftrag erhalten",
    Status.LOST: (
        "lost not interested|lost|not interested|no interest|"
        "verloren kein interesse|verloren|kein interesse"
    ),
}
"""What people write for an answer, in both languages, spelled as `spelling_key` has it."""


class Fate(StrEnum):
    """What became of a row."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    CONFLICT = "conflict"


NOT_TAKEN = (Fate.REFUSED, Fate.CONFLICT)
"""Rows that there is something to look at."""


@dataclass(frozen=True, slots=True)
class RowKey:
    """What a row is about: a pickup, as it stood after an answer (0: before the first)."""

    pickup_id: int
    feedback_id: int


def write_key(key: RowKey, secret: str) -> str:
    """Return the key of a row, signed: one that was dragged down a column is found to be none."""
    said = f"{key.pickup_id}-{key.feedback_id}"
    return f"{said}-{_sign(said, secret)}"


def read_key(text: str, secret: str) -> RowKey | None:
    """Return what a row is about; None for what is no key of ours."""
    found = KEY.fullmatch(text.strip().lower())
    if found is None:
        return None
    pickup_id, feedback_id, sign = found.groups()
    if not hmac.compare_digest(_sign(f"{pickup_id}-{feedback_id}", secret), sign):
        return None
    return RowKey(int(pickup_id), int(feedback_id))


def write_mark(user_id: int, made_at: datetime, secret: str) -> str:
    """Return what names a sheet in its properties: for whom it was made, and when."""
    said = f"{user_id}-{made_at:%Y%m%dT%H%M%SZ}"
    return f"{said}-{_sign(said, secret)}"


def _sign(said: str, secret: str) -> str:
    return hmac.new(secret.encode(), f"sheet {said}".encode(), hashlib.sha256).hexdigest()[:16]


def read_status(text: str, own_words: dict[str, str]) -> str | None:
    """Return which answer words mean; None where they mean none. `own_words` come first."""
    if text.startswith("="):
        # a formula of a CSV: nobody typed that
        return None
    said = spelling_key(text)
    return own_words.get(said) or _KNOWN.get(said)


_KNOWN = {
    words: status.value
    for status, said in STATUS_WORDS.items()
    for words in (*said.split("|"), spelling_key(status.value))
}


def as_day(text: str) -> str:
    """Return a day that was written 24.11.2026 as 2026-11-24, anything else as it is."""
    if moment := MOMENT.fullmatch(text):
        return moment[1]
    found = WRITTEN_DAY.fullmatch(text.strip())
    if found is None:
        return text
    day, month, year = (int(part) for part in found.groups())
    try:
        return date(year + 2000 if year < 100 else year, month, day).isoformat()
    except ValueError:
        return text

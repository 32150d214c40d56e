"""When customers are written to, how long their word can be changed, what they may do. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.core.errors import Refused
from portal.pickup.rules import UNDO_WITHIN
from portal.witness.models import Said

SETTLES = timedelta(minutes=15)
"""So long after a pickup nobody is told yet: it may have been a slip."""
TOLD_LATELY = UNDO_WITHIN
"""Who was told of a person within this time is not told of the same one again."""
LATE = timedelta(days=2)
"""A mail that could not go for so long is left out: it would say what was."""
MAY_CHANGE = UNDO_WITHIN
"""So long after the first answer another one can be given."""
LASTS = timedelta(days=30)
"""So long a link, and the address for answers, leads to the page."""

WORDS = {
    Said.YES: "yes|yes they did|yes they called|yes thanks|yes thank you|"
    "ja|ja danke|ja hat geklappt|ja wurde angerufen|ja ich wurde angerufen",
    Said.NO: "no|not yet|no not yet|no they did not|no they didnt|no nobody|no nobody called|"
    "nein|noch nicht|nein noch nicht|nein leider nicht|nein leider noch nicht|nein niemand|"
    "nein bisher nicht|nein es hat niemand angerufen",
}
"""What a first line says that is clear: these words and no others."""
SAID = {words: said for said, listed in WORDS.items() for words in listed.split("|")}
MARKS = re.compile(r"[\s.,;:!–—-]+")
LONGEST_LINE = 80


class Settled(Refused):
    """The lead is not in those hands any more: there is nothing to say about it."""

    code = "settled"


class TooLateToChange(Refused):
    """What was said first stands by now."""

    code = "too_late_to_change"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a customer finds behind a link: who calls by when, what was said, what can be done.

    Nothing of the customer's own.
    """

    letter_id: int
    person: str
    firm: str
    phone: str | None
    call_by: datetime | None
    question: bool
    said: str | None
    may_say: bool
    declined: bool
    over: bool


def may_change(first_at: datetime, at: datetime) -> bool:
    """Say whether what was said can still be said otherwise."""
    return at - first_at <= MAY_CHANGE


def read_word(text: str) -> Said | None:
    """Return what the first line of an answer says; None where that is not clear.

    A question, or any word besides, makes it unclear: "no problem, they called".
    """
    line = next((one for one in text.splitlines() if one.strip()), "")
    if len(line) > LONGEST_LINE:
        return None
    plain = line.casefold().replace("'", "").replace("’", "")
    return SAID.get(MARKS.sub(" ", plain).strip())

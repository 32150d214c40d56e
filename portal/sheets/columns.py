"""The columns of a feedback sheet: what they are called in both languages, and which are filled in.

Headings are read by programme when a sheet is back, in whichever language it left; so they stand
here and are not translated.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from portal.leads.intake.normalise import spelling_key

KEY = "key"
NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `answers`: it is filled in; `known_as`: other headings that mean it, by bars.

    It stands in every sheet, or in those alone that need it (`always`).
    """

    key: str
    en: str
    de: str
    width: int
    answers: bool = False
    always: bool = True
    known_as: str = ""

    def label(self, locale: str) -> str:
        """Return the heading in a language."""
        return self.de if locale.startswith("de") else self.en


COLUMNS: Sequence[Column] = (
    Column(KEY, "Key", "Schlüssel", 4, known_as="row key|zeilenschluessel"),
    Column("first_name", "Name", "Vorname", 15, known_as="first name"),
    Column("last_name", "Surname", "Nachname", 17, known_as="last name"),
    Column("phone", "Contact number", "Telefonnummer", 19, known_as="phone|telefon"),
    Column("email", "E-mail", "E-Mail", 29),
    Column("company", "Company", "Firma", 25, known_as="company name|unternehmen"),
    Column(NUMBER, "Lead", "Lead", 10),
    Column("holder", "With", "Bei", 17, always=False),
    Column("so_far", "So far", "Bisher", 29),
    Column("due", "Answer due", "Antwort fällig", 14),
    Column("remark", "Please look", "Bitte ansehen", 40, always=False),
    Column("status", "Status", "Status", 27, answers=True, known_as="answer|antwort"),
    Column("note", "Feedback", "Rückmeldung", 40, answers=True, known_as="note|notiz|kommentar"),
    Column("next_step", "Next step", "Nächster Schritt", 27, answers=True),
    Column("next_step_on", "Next step on", "Nächster Schritt am", 17, answers=True),
    Column("waiting_since", "Waiting since", "Wartet seit", 15, answers=True, always=False),
    Column("value", "Value", "Wert", 13, answers=True, known_as="auftragswert|order value|amount"),
    Column("also", "Bought", "Gekauft", 25, answers=True, always=False),
    Column("why", "Why bought", "Kaufgrund", 25, answers=True, always=False),
    Column("reason", "Reason", "Grund", 25, answers=True, known_as="verlustgrund|lost reason"),
    Column("competitor", "Who got it", "Wer ihn bekam", 21, answers=True, always=False),
    Column("lost_value", "Value lost", "Verlorener Wert", 15, answers=True, always=False),
    Column(
        *("decision_maker", "Decided by", "Entschieden von", 21),
        answers=True,
        known_as="decision maker|entscheider",
    ),
)
BY_KEY: Mapping[str, Column] = {one.key: one for one in COLUMNS}
ANSWERS = tuple(one.key for one in COLUMNS if one.answers)
DAYS = ("next_step_on", "waiting_since")
AMOUNTS = ("value", "lost_value")

OF_NEEDED = {
    "products": "also",
    "why": "why",
    "competitor": "competitor",
    "lost_value": "lost_value",
}
"""What the lead definition may ask for at the end of a lead, and the column that answers it."""


def shown(besides: Collection[str]) -> Sequence[Column]:
    """Return the columns of a sheet: those of every sheet, and these besides."""
    return [one for one in COLUMNS if one.always or one.key in besides]


def find_places(headings: Sequence[str]) -> dict[str, str]:
    """Return which heading of a returned sheet stands for which column, the first that does."""
    known: dict[str, str] = {}
    for one in COLUMNS:
        for words in (one.key, one.en, one.de, *one.known_as.split("|")):
            known.setdefault(spelling_key(words), one.key)
    found: dict[str, str] = {}
    for heading in headings:
        meant = known.get(spelling_key(heading))
        if meant:
            found.setdefault(meant, heading)
    return found

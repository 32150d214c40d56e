"""What became of a sheet in words. Nobody's own words, and no contact data: mails carry them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_babel import force_locale, get_locale, ngettext
from flask_babel import gettext as _

from portal.catalog.queries import book
from portal.feedback.models import Feedback
from portal.feedback.rules import Status, words_of
from portal.leads.intake.normalise import spelling_key
from portal.pickup.questions import lost_reasons
from portal.sheets.columns import BY_KEY
from portal.sheets.rules import Fate
from portal.web.filters import money, when

LOCALES = ("en", "de")
"""The languages in which a sheet may be filled in, whichever its reader speaks."""


def told(given: Feedback) -> str:
    """Say what was recorded: the answer and what hangs on it."""
    said = [words_of(given.status)]
    if given.value is not None:
        said.append(money(given.value))
    if given.reason_id:
        said.append(book().label(given.reason_id, str(get_locale())))
    return ", ".join(said)


def answered_meanwhile(newest: Feedback | None) -> str:
    """Say what stands instead of a row that came too late."""
    if newest is None:
        return str(_("The answer before was taken back meanwhile. Please fill in a new sheet."))
    return str(
        _(
            "Answered meanwhile (%(when)s): %(answer)s. That stays.",
            when=when(newest.at),
            answer=told(newest),
        )
    )


def missing(errors: Mapping[str, str]) -> str:
    """Say what is missing or wrong in a row, by column."""
    named = [(called("also" if key == "products" else key), said) for key, said in errors.items()]
    return " ".join(f"{column}: {said}" if column else said for column, said in named)


def called(key: str) -> str:
    """Return what a column is called; empty for what is none."""
    column = BY_KEY.get(key)
    return column.label(str(get_locale())) if column else ""


def in_short(counts: Mapping[str, int]) -> Sequence[str]:
    """Say how many rows became what, what was done first."""
    applied, unchanged = counts[Fate.APPLIED], counts[Fate.UNCHANGED]
    conflicts, refused = counts[Fate.CONFLICT], counts[Fate.REFUSED]
    said = {
        ngettext("%(num)d answer recorded", "%(num)d answers recorded", applied): applied,
        ngettext("%(num)d row not taken", "%(num)d rows not taken", refused): refused,
        ngettext(
            "%(num)d row answered meanwhile", "%(num)d rows answered meanwhile", conflicts
        ): conflicts,
        ngettext("%(num)d row without a change", "%(num)d rows without a change", unchanged): (
            unchanged
        ),
    }
    return [str(words) for words, count in said.items() if count]


def unread(filename: str, why: str) -> str:
    """Say which file could not be read, and why."""
    return str(_("%(file)s: %(why)s", file=filename, why=why))


# -- what may be written ----------------------------------------------------------------------


def answers_spelled() -> dict[str, str]:
    """Return the five answers by the words that our lists use for them, in either language."""
    found: dict[str, str] = {}
    for locale in LOCALES:
        with force_locale(locale):
            found |= {spelling_key(words_of(one)): one.value for one in Status}
    return found


def reasons_spelled() -> dict[str, str]:
    """Return why leads are lost, by how that is called in either language."""
    found = {spelling_key(key): key for key, _label in lost_reasons()}
    for one in book().reasons("lost"):
        found |= {spelling_key(one.label(locale)): str(one.id) for locale in LOCALES}
    return found


def competitors_spelled() -> dict[str, str]:
    """Return competitors by how they are called."""
    return {
        spelling_key(label): key
        for locale in LOCALES
        for key, label in book().choices("competitor", locale)
    }

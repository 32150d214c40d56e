"""The script: which questions are asked of a lead, how an answer is read, kept and told. Pure.

An answer is kept as one text: what was written, the key of the option, a number without anything
around it, a day as 2026-11-30. Whoever takes answers in calls `read`, whoever shows them `told`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from flask_babel import get_locale
from flask_babel import gettext as _

from portal.leads.definition import Sort
from portal.leads.definition_words import called
from portal.leads.intake.cleaning import find_amount
from portal.leads.models import QualificationQuestion
from portal.web.filters import day, money, number

LARGEST = Decimal(10) ** 12


def asked(
    questions: Iterable[QualificationQuestion], answers: Mapping[str, str]
) -> list[QualificationQuestion]:
    """Return the questions that these answers, by key, have asked: others wait for another answer.

    `questions` stand in the order of the script. What a question waits for that is itself not asked
    has no answer.
    """
    found: list[QualificationQuestion] = []
    open_to: dict[str, str] = {}
    for one in questions:
        if one.shown_by is not None:
            given = open_to.get(one.shown_by, "")
            if not given or (one.shown_for and given not in one.shown_for):
                continue
        found.append(one)
        open_to[one.key] = (answers.get(one.key) or "").strip()
    return found


def read(
    questions: Iterable[QualificationQuestion],
    typed: Mapping[str, str],
    kept: Mapping[int, str],
) -> tuple[dict[str, str], dict[str, str]]:
    """Return typed answers as they are kept, by key, and a sentence at `answer-<key>` for others.

    What is kept of a question already may stay as it is: it may once have been of another sort.
    """
    found, errors = {}, {}
    for one in questions:
        if one.key not in typed:
            continue
        text = typed[one.key]
        if not text or text == kept.get(one.id):
            found[one.key] = text
            continue
        value = _value(one, text)
        if value is None:
            errors[f"answer-{one.key}"] = _refusal(one)
        else:
            found[one.key] = value
    return found, errors


def _value(one: QualificationQuestion, text: str) -> str | None:
    if one.sort == Sort.TEXT:
        return text
    if one.sort == Sort.CHOICE:
        return _option(one, text)
    if len(text) > 40:
        return None
    if one.sort == Sort.DATE:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            return None
    amount = find_amount(text)
    if amount is None or abs(amount) >= LARGEST:
        return None
    return f"{amount.normalize():f}" if one.sort == Sort.NUMBER else f"{amount:.2f}"


def _option(one: QualificationQuestion, text: str) -> str | None:
    """Return the key of an option by its key, or by what it is called in any language."""
    wanted = text.casefold()
    for option in one.options:
        names = {str(name).casefold() for name in option["names"].values()}
        if wanted == option["key"] or wanted in names:
            return str(option["key"])
    return None


def _refusal(one: QualificationQuestion) -> str:
    words = {
        Sort.CHOICE: _("Please choose one of the list."),
        Sort.DATE: _("Please give a date, as 2026-11-30."),
        Sort.NUMBER: _("Please give a number."),
    }
    return str(words.get(Sort(one.sort), _("Please give an amount, such as 25000 or 25k.")))


def told(one: QualificationQuestion, answer: str) -> str:
    """Return a kept answer as people read it; what can't be read is told as it stands."""
    try:
        if one.sort == Sort.CHOICE:
            return next(
                (called(option["names"]) for option in one.options if option["key"] == answer),
                answer,
            )
        if one.sort == Sort.DATE:
            return str(day(date.fromisoformat(answer)))
        if one.sort == Sort.NUMBER:
            return str(number(Decimal(answer)))
        if one.sort == Sort.MONEY:
            return str(money(Decimal(answer)))
    except (ValueError, InvalidOperation):
        return answer
    return answer


def options_of(one: QualificationQuestion, kept: str = "") -> list[tuple[str, str]]:
    """Return the options of a question; a kept answer that is none any more stays choosable."""
    found = [(str(option["key"]), called(option["names"])) for option in one.options]
    if kept and kept not in dict(found):
        found.append((kept, kept))
    return found


def name_of(one: QualificationQuestion) -> str:
    """Return the question in the reader's language."""
    return str(one.names.get(str(get_locale())[:2]) or one.names.get("en") or one.key)

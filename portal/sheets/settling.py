"""What becomes of each row of a sheet that came back; every answer goes the way of the form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from portal.accounts.actor import Actor
from portal.accounts.chosen import secret_key
from portal.core.db import session
from portal.core.errors import DomainError, Invalid
from portal.feedback import operations as feedback
from portal.feedback.forms import AMOUNTS, read_answer
from portal.feedback.models import Feedback
from portal.feedback.rules import CLOSING, Answer, Status
from portal.imports.workbook_child import FORMULA
from portal.leads.intake.normalise import spelling_key
from portal.leads.models import Lead
from portal.offers import operations as offers
from portal.pickup import queries as pickups
from portal.sheets import queries, words
from portal.sheets.columns import DAYS
from portal.sheets.reading import Line
from portal.sheets.rules import Fate, RowKey, as_day, read_key, read_status


@dataclass(frozen=True, slots=True)
class Settled:
    """A row and what became of it, `said` in words."""

    line: Line
    fate: Fate
    said: str
    pickup_id: int | None = None
    feedback_id: int | None = None


class Stays(DomainError):
    """A row changes nothing, for the reason that `fate` and the message give."""

    def __init__(self, fate: Fate, message: str) -> None:
        super().__init__(message)
        self.fate = fate


@dataclass(frozen=True, slots=True)
class Desk:
    """What is known while the rows of one sheet are settled.

    `leads` and `newest` answers are by pickup, of the reader's firm alone; `times` is in how many
    rows a pickup is answered. The rest is how answers may be called.
    """

    actor: Actor
    at: datetime
    may_close: bool
    leads: Mapping[int, Lead]
    newest: Mapping[int, Feedback]
    times: Mapping[int, int]
    answers: dict[str, str]
    reasons: dict[str, str]
    competitors: dict[str, str]


def settle(
    lines: Sequence[Line], actor: Actor, at: datetime, *, may_close: bool
) -> Sequence[Settled]:
    """Do what each row says, each by itself. Locks the firm, then the leads by id."""
    keys = [read_key(line.key, secret_key()) for line in lines]
    offers.lock_partner(actor.organisation_id)
    named = {key.pickup_id for key in keys if key is not None}
    leads = queries.leads_of(named, actor.organisation_id)
    # all of them before the line of the first customer, so that two returns never cross
    offers.lock_leads({lead.id for lead in leads.values()})
    read = list(zip(lines, keys, strict=True))
    desk = Desk(
        actor=actor,
        at=at,
        may_close=may_close,
        leads=leads,
        newest=queries.newest_of(leads),
        times=Counter(key.pickup_id for line, key in read if key and line.answers),
        answers=words.answers_spelled(),
        reasons=words.reasons_spelled(),
        competitors=words.competitors_spelled(),
    )
    return [_settle(line, key, desk) for line, key in read]


def _settle(line: Line, key: RowKey | None, desk: Desk) -> Settled:
    pickup_id = key.pickup_id if key and key.pickup_id in desk.leads else None
    try:
        with session().begin_nested():
            given = _answer(line, key, desk)
    except Stays as stays:
        return Settled(line, stays.fate, stays.message, pickup_id)
    except Invalid as refusal:
        return Settled(line, Fate.REFUSED, words.missing(refusal.errors), pickup_id)
    except DomainError as refusal:
        # whose it is, and whether there is such a lead, is nobody's business
        said = refusal.message or str(_("This lead is not in your hands."))
        return Settled(line, Fate.REFUSED, said, pickup_id if refusal.message else None)
    return Settled(line, Fate.APPLIED, words.told(given), pickup_id, given.id)


def _answer(line: Line, key: RowKey | None, desk: Desk) -> Feedback:
    """Give the answer of a row. Raises `Stays`, and what `feedback.operations.give` raises."""
    if line.broken:
        raise Stays(Fate.REFUSED, line.broken)
    if key is None:
        raise Stays(
            Fate.REFUSED,
            _("This row has no key of ours, so we can’t tell which lead it is about."),
        )
    pickups.get_visible(key.pickup_id, desk.actor)
    if not line.answers:
        raise Stays(Fate.UNCHANGED, _("Nothing filled in."))
    _check_place(line, key, desk)
    newest = desk.newest.get(key.pickup_id)
    if (newest.id if newest else 0) != key.feedback_id:
        if newest is not None and _is_here(newest, line, desk):
            raise Stays(Fate.UNCHANGED, _("This answer is here already."))
        raise Stays(Fate.CONFLICT, words.answered_meanwhile(newest))
    answer = read_row(line, desk)
    if answer.status in CLOSING and not desk.may_close:
        raise Stays(
            Fate.REFUSED,
            _("Won and lost we take from you on the page only: your mail can’t prove whose it is."),
        )
    return feedback.give(key.pickup_id, answer, desk.actor, desk.at)


def _check_place(line: Line, key: RowKey, desk: Desk) -> None:
    """Refuse a row that stands twice, whose cells got mixed up, or were calculated."""
    if desk.times[key.pickup_id] > 1:
        raise Stays(
            Fate.REFUSED, _("This lead is answered in more than one row. Please leave it in one.")
        )
    number = desk.leads[key.pickup_id].number
    if line.lead_number and spelling_key(line.lead_number) != spelling_key(number):
        raise Stays(
            Fate.REFUSED, _("The rows got mixed up: by its key, this is %(number)s.", number=number)
        )
    for column, said in line.answers.items():
        if said == FORMULA:
            raise Stays(
                Fate.REFUSED,
                _(
                    "%(column)s: there is a formula. Please type the answer.",
                    column=words.called(column),
                ),
            )


def _is_here(newest: Feedback, line: Line, desk: Desk) -> bool:
    try:
        return feedback.says_the_same(newest, read_row(line, desk))
    except Invalid:
        return False


def read_row(line: Line, desk: Desk) -> Answer:
    """Return the answer that a row gives. Raises `Invalid` by column."""
    typed = dict(line.answers)
    status = read_status(typed.get("status", ""), desk.answers)
    if status is None:
        raise Invalid({"status": _("Please choose one of the five answers.")})
    for day in DAYS:
        typed[day] = as_day(typed.get(day, ""))
    if status == Status.LOST:
        errors: dict[str, str] = {}
        for column, known in (("reason", desk.reasons), ("competitor", desk.competitors)):
            said = typed.get(column, "")
            typed[column] = known.get(spelling_key(said), "")
            if said and not typed[column]:
                errors[column] = str(_("Please choose one of the list."))
        if errors:
            raise Invalid(errors)
    # what stands in the column of another answer is no part of this one, and is not lost
    beside = [column for column, of in AMOUNTS.items() if typed.get(column) and status != of]
    remarks = [f"{words.called(column)}: {typed[column]}" for column in beside]
    typed["note"] = "\n".join(filter(None, [typed.get("note", ""), *remarks]))
    return read_answer({**typed, "status": status})

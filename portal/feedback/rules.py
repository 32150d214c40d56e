"""What an answer must contain. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from flask_babel import gettext as _

from portal.core.errors import Refused
from portal.pickup.rules import UNDO_WITHIN
from portal.pickup.words import next_step_wanted, since_wanted

MOST_VALUE = Decimal("999999999999.99")
LONGEST_NOTE = 5_000
LONGEST_WAIT = timedelta(days=366)


class TooLateToUndo(Refused):
    """An answer can't be taken back any more. Facts: `why`, a code."""

    code = "too_late_to_undo"


class Status(StrEnum):
    """The partner's five answers."""

    NOT_CONTACTED = "not_contacted"
    WAITING = "waiting"
    PROPOSAL = "proposal"
    WON = "won"
    LOST = "lost"


CLOSING = (Status.WON, Status.LOST)
"""The answers that end a pickup and close its lead."""

CANCELLED = "cancelled"
"""What the vendor alone says, of a lead that should not be there."""


def words_of(status: str | None) -> str:
    """Return an answer, or how the vendor ended a lead, in words; empty for anything else."""
    words: dict[str, str] = {
        Status.NOT_CONTACTED: _("Not made contact yet"),
        Status.WAITING: _("Waiting for their answer"),
        Status.PROPOSAL: _("Proposal in progress"),
        Status.WON: _("Won"),
        Status.LOST: _("Lost / not interested"),
        CANCELLED: _("Cancelled"),
    }
    return words.get(status or "", "")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it was typed. `reason` is a key or an id of the catalogue, `competitor` an id.

    `products` are the ids of what was bought, `also` says what else, `why` what decided for it.
    `settles` says that what is planned about the lead is not needed any more once it is closed.
    `own` is what was written into the programme's own fields that it needs, by their keys.
    """

    status: str
    note: str = ""
    next_step: str = ""
    next_step_on: date | None = None
    waiting_since: date | None = None
    value: Decimal | None = None
    reason: str = ""
    decision_maker: str = ""
    products: tuple[int, ...] = ()
    also: str = ""
    why: str = ""
    lost_value: Decimal | None = None
    competitor: str = ""
    settles: bool = False
    own: tuple[tuple[str, str | tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Acceptable:
    """What a policy takes for an answer about a lead as it stands.

    "Not made contact yet" was said `uncontacted` times in a row, and without a next step it is an
    answer `free` times. "Waiting" needs `since` when, where nobody has said so yet.
    """

    uncontacted: int = 0
    free: int = 1
    since: bool = False


def check_answer(
    answer: Answer,
    acceptable: Acceptable,
    needed: set[str],
    today: date,
) -> dict[str, str]:
    """Return a sentence per field that is missing or can't be right.

    `needed` are the fields that the lead definition asks for when a lead is won or lost.
    """
    errors: dict[str, str] = {}
    if answer.status not in set(Status):
        errors["status"] = str(_("Please choose one of the five answers."))
    if answer.status == Status.NOT_CONTACTED and acceptable.uncontacted >= acceptable.free:
        if not answer.next_step:
            errors["next_step"] = next_step_wanted(acceptable.uncontacted)
        if answer.next_step_on is None:
            errors["next_step_on"] = str(_("Please name the day on which you try next."))
    since = answer.waiting_since
    if answer.status == Status.WAITING and acceptable.since and since is None:
        errors["waiting_since"] = since_wanted()
    if since is not None and not today - LONGEST_WAIT <= since <= today:
        errors["waiting_since"] = str(_("Please choose today or a day of the past year."))
    if answer.next_step_on is not None and answer.next_step_on < today:
        errors["next_step_on"] = str(_("Please choose today or a day ahead."))
    errors |= check_ending(answer, needed)
    for field in ("note", "next_step"):
        if len(getattr(answer, field)) > LONGEST_NOTE:
            errors[field] = str(_("Please keep it under %(most)d characters.", most=LONGEST_NOTE))
    return errors


def check_ending(answer: Answer, needed: Collection[str]) -> dict[str, str]:
    """Return a sentence per field that is missing or can't be right of how a lead ends."""
    errors: dict[str, str] = {}
    if answer.status == Status.WON:
        if answer.value is None:
            errors["value"] = str(_("Please give the value of the order."))
        if "products" in needed and not (answer.products or answer.also):
            errors["products"] = str(_("Please say what was bought."))
        if "why" in needed and not answer.why:
            errors["why"] = str(_("Please say why they bought it."))
    if answer.status == Status.LOST:
        if not answer.reason:
            errors["reason"] = str(_("Please choose why it was lost."))
        if "decision_maker" in needed and not answer.decision_maker:
            errors["decision_maker"] = str(_("Please say who decided: a name or a role."))
        if "competitor" in needed and not answer.competitor:
            errors["competitor"] = str(_("Please choose who got it."))
        if "lost_value" in needed and answer.lost_value is None:
            errors["lost_value"] = str(_("Please give the value that was lost."))
    if answer.status == CANCELLED and not answer.reason:
        errors["reason"] = str(_("Please choose a reason."))
    for field in ("value", "lost_value"):
        amount = getattr(answer, field)
        if amount is not None and not 0 <= amount <= MOST_VALUE:
            errors[field] = str(_("Please check this amount."))
    for field in ("note", "decision_maker", "also", "why"):
        if len(getattr(answer, field)) > LONGEST_NOTE:
            errors[field] = str(_("Please keep it under %(most)d characters.", most=LONGEST_NOTE))
    return errors


def may_take_back(
    given_at: datetime, taken_back_at: datetime | None, newest: bool, untouched: bool, at: datetime
) -> TooLateToUndo | None:
    """Return why an answer can't be taken back, or None.

    `newest` says that no later answer stands, `untouched` that pickup and lead are as the answer
    left them.
    """
    if taken_back_at is not None:
        return TooLateToUndo(_("This answer was taken back already."), why="done")
    if not newest:
        return TooLateToUndo(_("There is a newer answer. It stays as it is."), why="newer")
    if not untouched:
        return TooLateToUndo(_("This lead has gone on meanwhile. It stays as it is."), why="moved")
    if at - given_at > UNDO_WITHIN:
        return TooLateToUndo(_("That was too long ago to take it back here."), why="late")
    return None


GROUPED = re.compile(
    r"([-+]?[1-9][0-9]{0,2})((?:([.,' ])[0-9]{3})(?:\3[0-9]{3}){0,5})(?:(?!\3)[.,]([0-9]+))?"
)
"""12.500 and 1.250.000,75: groups of three behind one mark, decimals behind another."""
UNGROUPED = re.compile(r"([-+]?(?:0|[1-9][0-9]{0,17}))()()(?:[.,]([0-9]*))?")
MARKS = str.maketrans({"\u2019": "'", "\u00a0": " ", "\u202f": " "})


def read_amount(text: str) -> Decimal:
    """Read an amount as people write it: 12.500,00 or 12,500.00 or 12500 or € 12 500.

    Three digits behind a lone mark are a group of thousands, for no money has three decimals.
    Raises ValueError where it can't be told; days and lists are none.
    """
    bare = re.sub(r"(?i)\b(eur|euro|usd|chf|gbp)\b|[€$£]", "", text).translate(MARKS).strip()
    found = GROUPED.fullmatch(bare) or UNGROUPED.fullmatch(bare)
    if found is None:
        raise ValueError(text)
    whole, groups, _mark, decimals = found.groups()
    digits = whole + re.sub(r"[^0-9]", "", groups)
    return Decimal(f"{digits}.{decimals or 0}").quantize(Decimal("0.01"))

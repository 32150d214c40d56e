"""What stands in a feedback sheet: the leads in hand, in the language of who fills it in.

Contact data comes through its wall (`leads.contacts`), for whoever may see it at this moment. Not
here: how it becomes a file (`files`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from flask import current_app
from flask_babel import format_date, get_locale
from flask_babel import gettext as _

from portal.accounts.actor import Actor
from portal.accounts.chosen import secret_key
from portal.accounts.permissions import Permission
from portal.catalog.queries import book
from portal.core.config import Settings
from portal.feedback.rules import Status, words_of
from portal.leads import contacts
from portal.leads.models import LeadContact
from portal.pickup.questions import lost_reasons
from portal.sheets import queries
from portal.sheets.columns import KEY, NUMBER, Column, shown
from portal.sheets.queries import InHand
from portal.sheets.reading import MOST_ROWS
from portal.sheets.rules import RowKey, write_key, write_mark
from portal.web.filters import local

Cells = Mapping[str, str | date]


@dataclass(frozen=True, slots=True)
class Again:
    """A row that was not taken: what was typed into it, and what to look at."""

    typed: Mapping[str, str]
    remark: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet before it is a file: cells by column, and the words of the lists to choose from.

    `mark` names it in the properties of its file, `made_on` is the day where its reader is.
    """

    columns: Sequence[Column]
    rows: Sequence[Cells]
    help: str
    locale: str
    mark: str
    made_on: date
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)


def of_firm(actor: Actor) -> bool:
    """Say whether a person's sheet holds all leads of her firm, or only her own."""
    return actor.may(Permission.PICKUPS_SEE_FIRM)


def fill(
    actor: Actor, at: datetime, *, firm: bool, again: Mapping[int, Again] | None = None
) -> Sheet:
    """Return the sheet of a person with the leads that she, or her `firm`, has in hand now.

    With `again` only those pickups, each with what was typed and what to look at. No more than a
    sheet that comes back may have, those that are due first.
    """
    found = queries.list_in_hand(actor, MOST_ROWS + 1, firm=firm, only=again)
    found, more = found[:MOST_ROWS], len(found) > MOST_ROWS
    known = contacts.load_contacts([one.lead for one in found], actor, at)
    besides = queries.asked_besides({one.lead.type_id for one in found})
    if any(one.needs_since for one in found):
        besides.add("waiting_since")
    if any(one.pickup.user_id != actor.id for one in found):
        besides.add("holder")
    if again is not None:
        besides.add("remark")
    columns = shown(besides)
    return Sheet(
        columns=columns,
        rows=[_row(one, known.get(one.lead.id), (again or {}).get(one.pickup.id)) for one in found],
        help=how_to_fill_in(more=more),
        locale=str(get_locale()),
        mark=write_mark(actor.id, at, secret_key()),
        made_on=local(at).date(),
        choices={key: said for key, said in choices().items() if said},
        hints=hints(),
    )


def _row(one: InHand, contact: LeadContact | None, again: Again | None) -> Cells:
    cells: dict[str, str | date] = {
        KEY: write_key(RowKey(one.pickup.id, one.last.id if one.last else 0), secret_key()),
        NUMBER: one.lead.number,
        "holder": one.holder,
        "so_far": so_far(one),
        "due": local(one.pickup.feedback_due_at).date(),
    }
    if contact is not None:
        cells |= {
            "first_name": contact.first_name or "",
            "last_name": contact.last_name or "",
            "phone": contact.phone or contact.phone_e164 or "",
            "email": contact.email or "",
            "company": contact.company or "",
        }
    if again is not None:
        cells |= {**again.typed, "remark": again.remark}
    return cells


def so_far(one: InHand) -> str:
    """Say what was answered about a lead last, and when."""
    if one.last is None:
        return str(_("No answer yet"))
    day = format_date(local(one.last.at), "medium")
    return str(_("%(answer)s, %(day)s", answer=words_of(one.last.status), day=day))


def how_to_fill_in(*, more: bool) -> str:
    """Say what to do with a sheet, in one line above it, and whether `more` is in hand."""
    settings: Settings = current_app.config["SETTINGS"]
    said = str(
        _(
            "Fill in the white cells of the leads of which there is something to tell and give "
            "the file back: on %(address)s, or with your answer to our mail. What you leave empty "
            "stays as it is.",
            address=f"{settings.public_url}/sheet",
        )
    )
    if more:
        said += " " + _(
            "These are the %(limit)d leads that are due first; more are in hand.", limit=MOST_ROWS
        )
    return said


def choices() -> Mapping[str, Sequence[str]]:
    """Return what may be chosen, by column."""
    locale = str(get_locale())
    return {
        "status": [words_of(status) for status in Status],
        "reason": [label for _key, label in lost_reasons()],
        "competitor": [label for _id, label in book().choices("competitor", locale)],
    }


def hints() -> Mapping[str, str]:
    """Return what to know of a column while it is filled in."""
    settings: Settings = current_app.config["SETTINGS"]
    currency = settings.currency
    return {
        "status": str(_("How far are you? Choose one of the five answers.")),
        "next_step_on": str(_("A day, for example 2026-12-01.")),
        "waiting_since": str(_("Since when you wait for their answer, for example 2026-12-01.")),
        "value": str(_("If it is won: the value of the order, %(currency)s.", currency=currency)),
        "lost_value": str(_("If it is lost: its value, %(currency)s.", currency=currency)),
        "reason": str(_("If it is lost: why?")),
        "competitor": str(_("If it is lost: who got it?")),
        "decision_maker": str(_("If it is lost: who decided, a name or a role.")),
        "also": str(_("If it is won: what was bought?")),
        "why": str(_("If it is won: why did they buy it?")),
    }

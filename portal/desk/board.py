"""How the board reads: its columns, the line of each card, and the four figures above.

What stands in a column is read by `queries`; never contact data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission
from portal.accounts.reach import Reached
from portal.core.db import AnyRow
from portal.desk import queries
from portal.reports.queries import read_last
from portal.reports.slices import slice_of, slices_of
from portal.web.filters import ago, day, money, number, percent, when

SLOW_TO_QUALIFY = timedelta(days=3)
DAYS = 30
"""Of so many days are the figures above the columns."""


@dataclass(frozen=True, slots=True)
class BoardCard:
    """The view model of `templates/desk/_board_card.html`."""

    lead_id: int
    url: str
    title: str
    temperature: str | None
    line: str
    late: bool
    number: str = ""
    ours: bool = False
    cause_url: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """The view model of `templates/desk/_board_column.html`."""

    key: str
    label: str
    count: int
    empty: str
    more_url: str | None
    cards: list[BoardCard] = field(default_factory=list)


def column_words() -> dict[str, tuple[str, str]]:
    """Return the heading of each column and what it means that it is empty."""
    return {
        "to_qualify": (_("To qualify"), _("No inquiry waits.")),
        "ready": (_("Ready"), _("Nothing waits to be offered.")),
        "on_offer": (_("On offer"), _("Nothing is on offer just now.")),
        "held": (_("Held"), _("Nobody holds a lead.")),
        "overdue": (_("Overdue"), _("Nobody is late.")),
        "direct": (_("We sell ourselves"), _("We sell nothing ourselves just now.")),
        "returned": (_("Came back"), _("Nothing came back.")),
    }


def read_whose() -> queries.Whose:
    """Return whose leads the address asks for; all where it says nothing that is known."""
    asked = request.args.get("whose", "")
    return queries.Whose(asked) if asked in set(queries.Whose) else queries.Whose.ALL


def board_columns(
    search: str,
    actor: Actor,
    at: datetime,
    reached: Reached | None,
    whose: queries.Whose = queries.Whose.ALL,
) -> tuple[list[Column], int]:
    """Return the columns of the board with their first cards, and how many leads are ready."""
    counts = queries.count_columns(actor, at, reached, whose)
    texts = column_words()
    columns = []
    for key in queries.COLUMNS:
        page = queries.list_column(key, actor, at, search=search, reached=reached, whose=whose)
        more = counts[key] > len(page.items) and (not search or page.more)
        columns.append(
            Column(
                key=key,
                label=texts[key][0],
                count=counts[key],
                empty=_("Nothing here for this search.") if search else texts[key][1],
                more_url=(
                    url_for("desk.column", key=key, q=search or None, whose=whose or None)
                    if more or key == "ready"
                    else None
                ),
                cards=board_cards(key, page.items, actor, at),
            )
        )
    return columns, counts["ready"]


def board_cards(key: str, rows: Any, actor: Actor, at: datetime) -> list[BoardCard]:
    """Return the cards of a column."""
    return [board_card(key, row, actor, at) for row in rows]


def board_card(key: str, row: AnyRow, actor: Actor, at: datetime) -> BoardCard:
    """Return a card: what, with whom, what is next; late is said in words."""
    line, late = LINES[key](row, at)
    qualifies = key == "to_qualify" and actor.may(Permission.LEADS_QUALIFY)
    endpoint = "qualification.qualify_lead" if qualifies else "desk.lead"
    explains = key == "returned" and actor.may(Permission.RULES_EDIT)
    return BoardCard(
        lead_id=row.id,
        url=url_for(endpoint, lead_id=row.id),
        title=row.title or row.number,
        temperature=row.temperature,
        line=line,
        late=late,
        number=row.number,
        ours=key == "direct" or row.ours,
        cause_url=url_for("doctor.of_lead", lead_id=row.id) if explains else None,
    )


def _line_to_qualify(row: AnyRow, at: datetime) -> tuple[str, bool]:
    late = at - row.state_since > SLOW_TO_QUALIFY
    text = _("waits since %(day)s", day=day(row.state_since))
    return str(text), late


def _line_ready(row: AnyRow, _at: datetime) -> tuple[str, bool]:
    return str(_("qualified %(ago)s", ago=ago(row.state_since))), False


def _line_on_offer(row: AnyRow, at: datetime) -> tuple[str, bool]:
    firms = ngettext("%(num)d firm", "%(num)d firms", row.offered - row.declined)
    return str(
        _("%(firms)s · ends %(when)s", firms=firms, when=when(row.ends_at))
    ), row.ends_at <= at


def answer_word(status: str | None) -> str:
    """Return the short word for one of the five answers."""
    words_for = {
        "not_contacted": _("not contacted"),
        "waiting": _("waiting"),
        "proposal": _("proposal"),
        "won": _("won"),
        "lost": _("lost"),
    }
    return str(words_for.get(status or "", _("just picked up")))


def _line_direct(row: AnyRow, at: datetime) -> tuple[str, bool]:
    if row.expected_on is None:
        return str(_("%(owner)s · no date yet", owner=row.owner or _("nobody yet"))), False
    late = row.expected_on < at.date()
    return str(
        _(
            "%(owner)s · expected %(day)s",
            owner=row.owner or _("nobody yet"),
            day=day(row.expected_on),
        )
    ), late


def _line_held(row: AnyRow, _at: datetime) -> tuple[str, bool]:
    return str(
        _(
            "%(firm)s · %(status)s · due %(when)s",
            firm=row.firm,
            status=answer_word(row.last_status),
            when=when(row.feedback_due_at),
        )
    ), False


def _line_overdue(row: AnyRow, at: datetime) -> tuple[str, bool]:
    days = (at - (row.last_feedback_at or row.picked_at)).days
    silent = ngettext("silent for %(num)d day", "silent for %(num)d days", days)
    return str(_("%(firm)s · %(silent)s", firm=row.firm, silent=silent)), True


def _line_returned(row: AnyRow, _at: datetime) -> tuple[str, bool]:
    why = {
        "picked": _("given back, nobody left"),
        "expired": _("nobody picked it up"),
        "declined": _("every firm declined"),
        "withdrawn": _("taken off the market"),
    }.get(row.outcome or "", _("came back"))
    return str(_("%(why)s, %(day)s", why=why, day=day(row.state_since))), False


LINES = {
    "to_qualify": _line_to_qualify,
    "ready": _line_ready,
    "on_offer": _line_on_offer,
    "held": _line_held,
    "overdue": _line_overdue,
    "direct": _line_direct,
    "returned": _line_returned,
}


def figures(actor: Actor, at: datetime, reached: Reached | None) -> list[dict[str, Any]]:
    """Return the four figures that matter, in words."""
    whole = slice_of(slices_of(actor)[0], actor, reached)
    found = read_last(whole, DAYS, at)
    deal = " · ".join(
        part
        for part in (
            _("%(days)s d", days=number(round(found.deal_days))) if found.deal_days else "",
            money(found.deal_size, compact=True) if found.deal_size else "",
        )
        if part
    )
    return [
        {
            "label": _("Really processed, 30 days"),
            "value": percent(found.processed_share) or "–",
            "note": ngettext("of %(num)d offered", "of %(num)d offered", found.offered),
        },
        {
            "label": _("Median time to pickup"),
            "value": duration(queries.read_minutes_to_pick(whole, DAYS, at)),
            "note": _("from offer to pickup, 30 days"),
        },
        {
            "label": _("Won of closed"),
            "value": percent(found.conversion) or "–",
            "note": _("n = %(count)s, 30 days", count=number(found.closed)),
        },
        {
            "label": _("Average deal time and size"),
            "value": deal or "–",
            "note": _("won in the last 30 days"),
        },
    ]


def duration(minutes: float | None) -> str:
    """Return minutes as people say them: 38 min, 5 h, 2 d."""
    if minutes is None:
        return "–"
    if minutes < 90:
        return str(_("%(count)s min", count=number(round(minutes))))
    if minutes < 48 * 60:
        return str(_("%(count)s h", count=number(round(minutes / 60))))
    return str(_("%(count)s d", count=number(round(minutes / 60 / 24))))

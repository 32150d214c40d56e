"""How what sits is told: the reason in a word, since when in a sentence, and with whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.core.db import AnyRow
from portal.desk.neglected import Why
from portal.web.filters import day, when

WORDS: Mapping[str, Any] = {
    Why.UNANSWERED: _l("Answer overdue"),
    Why.NOT_CALLED: _l("The customer says nobody called"),
    Why.NO_CONTACT: _l("No first contact"),
    Why.HELP: _l("Asked for help"),
    Why.OWNER: _l("Owner owes a call"),
    Why.RETURNED: _l("Came back"),
    Why.UNPICKED: _l("Nobody picks it up"),
    Why.UNOFFERED: _l("Ready, not on offer"),
    Why.UNQUALIFIED: _l("Not qualified"),
    Why.PAST_END: _l("Past its expected date"),
}
LATE = frozenset(
    {Why.UNANSWERED, Why.NOT_CALLED, Why.NO_CONTACT, Why.HELP, Why.OWNER, Why.PAST_END}
)
"""Reasons of which somebody is late by name."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason in words."""

    label: str
    sentence: str
    late: bool


@dataclass(frozen=True, slots=True)
class Sitting:
    """The view model of a lead that sits."""

    lead_id: int
    number: str
    title: str
    temperature: str | None
    since: datetime
    reasons: Sequence[Reason]
    whom: str
    whose: str
    owner: str
    held: bool


def tell(rows: Sequence[AnyRow], names: Mapping[int, str]) -> list[Sitting]:
    """Return the leads of a page in words; `names` are those of who is waited for."""
    return [_sitting(row, names) for row in rows]


def people_of(rows: Sequence[AnyRow]) -> list[int]:
    """Return who is waited for by the leads of a page."""
    return sorted({person for row in rows for person in row.people if person is not None})


def _sitting(row: AnyRow, names: Mapping[int, str]) -> Sitting:
    reasons = [
        Reason(str(WORDS[why]), _sentence(Why(why), since, row), why in LATE)
        for why, since in zip(row.whys, row.sinces, strict=True)
    ]
    whom, whose = _with_whom(row, names)
    return Sitting(
        lead_id=row.id,
        number=row.number,
        title=row.title,
        temperature=row.temperature,
        since=row.since,
        reasons=reasons,
        whom=whom,
        whose=whose,
        owner=row.owner or "",
        held=row.pickup_id is not None,
    )


def _sentence(why: Why, since: datetime, row: AnyRow) -> str:
    sentences = {
        Why.UNANSWERED: lambda: _("The answer was due %(when)s.", when=when(since)),
        Why.NOT_CALLED: lambda: _("The customer said so %(when)s.", when=when(since)),
        Why.NO_CONTACT: lambda: _("First contact was due %(when)s.", when=when(since)),
        Why.HELP: lambda: _("The vendor’s answer was due %(when)s.", when=when(since)),
        Why.OWNER: lambda: _("The owner was to speak to them by %(when)s.", when=when(since)),
        Why.RETURNED: lambda: _("Nobody is left to offer it to since %(day)s.", day=day(since)),
        Why.UNPICKED: lambda: ngettext(
            "On offer for the %(round)s. time; %(num)d firm sees it.",
            "On offer for the %(round)s. time; %(num)d firms see it.",
            (row.offered or 0) - (row.declined or 0),
            round=row.round,
        ),
        Why.UNOFFERED: lambda: _("Ready since %(day)s, offered to nobody.", day=day(since)),
        Why.UNQUALIFIED: lambda: _("Waits to be qualified since %(day)s.", day=day(since)),
        Why.PAST_END: lambda: _("Was to be closed before %(day)s.", day=day(since)),
    }
    return str(sentences[why]())


def _with_whom(row: AnyRow, names: Mapping[int, str]) -> tuple[str, str]:
    """Return with whom a lead is, and of which firm or unit she is."""
    if row.holder:
        return row.holder, row.firm or ""
    asked = next((names[one] for one in row.people if one in names), "")
    unit = (row.unit or "") if Why.UNQUALIFIED in row.whys else ""
    return (asked, unit) if asked else (unit or str(_("nobody")), "")

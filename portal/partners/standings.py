"""How partners stand: green, amber or red, why, and how they stood before.

What weighs stands in `pickup.standing`, which looks at deadlines; here it is kept, read and told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import ColumnElement, exists, select

from portal.core.db import session
from portal.partners.models import Colour, Partner, PartnerStanding
from portal.web.filters import day

Reason = dict[str, Any]
"""Why a partner stands so: a `code`, a `count`, and what else its words need."""


class StandingReason(StrEnum):
    """Why a partner doesn't stand green."""

    SUSPENDED = "suspended"
    BLOCKED = "blocked"
    FAR_TOO_LATE = "far_too_late"
    PAUSED = "paused"
    PEOPLE_SUSPENDED = "people_suspended"
    LATE = "late"
    OFTEN_LATE = "often_late"
    TAKEN_BACK = "taken_back"
    SILENT = "silent"


def colour_words(colour: str) -> str:
    """Return in a word how a partner stands."""
    words = {Colour.GREEN: _("Good"), Colour.AMBER: _("Needs attention"), Colour.RED: _("Poor")}
    return str(words[Colour(colour)])


def reason_words(reason: Reason) -> str:
    """Say why a partner doesn't stand green, in one sentence."""
    count = int(reason.get("count", 0))
    match StandingReason(reason["code"]):
        case StandingReason.SUSPENDED:
            until = datetime.fromisoformat(reason["until"])
            return str(
                _(
                    "Too many deadlines were missed: nothing is picked up until %(day)s.",
                    day=day(until),
                )
            )
        case StandingReason.PAUSED:
            until = datetime.fromisoformat(reason["until"])
            return str(_("The firm pauses until %(day)s.", day=day(until)))
        case StandingReason.BLOCKED:
            return str(
                ngettext(
                    "%(num)d answer is so late that it comes before any other pick.",
                    "%(num)d answers are so late that they come before any other pick.",
                    count,
                )
            )
        case StandingReason.FAR_TOO_LATE:
            return str(
                ngettext(
                    "%(num)d answer is so late that the whole firm waits for it.",
                    "%(num)d answers are so late that the whole firm waits for them.",
                    count,
                )
            )
        case StandingReason.PEOPLE_SUSPENDED:
            return str(
                ngettext(
                    "%(num)d person of the firm picks up nothing for a while.",
                    "%(num)d people of the firm pick up nothing for a while.",
                    count,
                )
            )
        case StandingReason.LATE:
            return str(
                ngettext("%(num)d answer is late.", "%(num)d answers are late.", count),
            )
        case StandingReason.OFTEN_LATE:
            return str(
                _(
                    "%(late)d of %(all)d deadlines of the last %(days)d days were missed.",
                    late=count,
                    all=reason["of"],
                    days=reason["days"],
                )
            )
        case StandingReason.TAKEN_BACK:
            return str(
                ngettext(
                    "%(num)d lead was taken back in the last %(days)d days.",
                    "%(num)d leads were taken back in the last %(days)d days.",
                    count,
                    days=reason["days"],
                )
            )
        case StandingReason.SILENT:
            return str(
                ngettext(
                    "No word about the %(num)d offer of the last %(days)d days, not even a no.",
                    "No word about the %(num)d offers of the last %(days)d days, not even a no.",
                    count,
                    days=reason["days"],
                )
            )


def find_now(ids: Collection[int]) -> Mapping[int, PartnerStanding]:
    """Return how these partners stand now; who is not among them stands green."""
    rows = session().scalars(
        select(PartnerStanding).where(
            PartnerStanding.organisation_id.in_(ids), PartnerStanding.until.is_(None)
        )
    )
    return {row.organisation_id: row for row in rows}


@dataclass(frozen=True, slots=True)
class Stood:
    """How a partner stands now, None where he never stood but green, and how he stood before."""

    now: PartnerStanding | None
    before: Sequence[PartnerStanding]


def read_stood(organisation_id: int, limit: int = 20) -> Stood:
    """Return how a partner stands and stood, the newest first."""
    rows = (
        session()
        .scalars(
            select(PartnerStanding)
            .where(PartnerStanding.organisation_id == organisation_id)
            .order_by(PartnerStanding.since.desc(), PartnerStanding.id.desc())
            .limit(limit)
        )
        .all()
    )
    now = next((row for row in rows if row.until is None), None)
    return Stood(now, [row for row in rows if row is not now])


def stands(colour: str) -> ColumnElement[bool]:
    """Return, for a query of partners, the condition that they stand so."""
    now = exists().where(
        PartnerStanding.organisation_id == Partner.organisation_id,
        PartnerStanding.until.is_(None),
    )
    if colour == Colour.GREEN:
        return ~now.where(PartnerStanding.colour != Colour.GREEN)
    return now.where(PartnerStanding.colour == colour)


def says_else(now: PartnerStanding | None, colour: str, reasons: Sequence[Reason]) -> bool:
    """Say whether a partner stands otherwise than was kept."""
    if now is None:
        return colour != Colour.GREEN
    return now.colour != colour or now.reasons != list(reasons)


def keep(organisation_id: int, colour: str, reasons: Sequence[Reason], at: datetime) -> None:
    """Keep how a partner stands, whose firm the caller has locked.

    Where only the figures of the same reasons have changed, it is the same standing.
    """
    now = find_now([organisation_id]).get(organisation_id)
    if not says_else(now, colour, reasons):
        return
    if now is not None and (now.colour, _codes(now.reasons)) == (colour, _codes(reasons)):
        now.reasons = list(reasons)
        return
    if now is not None:
        now.until = at
        session().flush()
    session().add(
        PartnerStanding(
            organisation_id=organisation_id, colour=colour, reasons=list(reasons), since=at
        )
    )
    session().flush()


def _codes(reasons: Sequence[Reason]) -> list[str]:
    return [reason["code"] for reason in reasons]

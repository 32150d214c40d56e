"""How a partner stands, weighed from what he owes and owed. Pure.

Silence costs: answers that are late, leads that had to be taken back, offers about which nobody
says a word. A no costs nothing, and neither does giving back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.partners.models import Colour
from portal.partners.standings import Reason, StandingReason

REMEMBERED = timedelta(days=90)
"""How long a missed deadline and a lead that was taken back count."""

OFTEN = 3
OFTEN_SHARE = 0.25
"""From how many missed deadlines on, and from what share of all, somebody is late often."""

SILENCE = timedelta(days=30)
SILENT_OFFERS = 10
"""About how many offers of a time nobody may be silent altogether."""

GRAVE = (StandingReason.SUSPENDED, StandingReason.BLOCKED, StandingReason.FAR_TOO_LATE)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a partner.

    Of open leads, each counted once: blocked ones, else answers so late that the firm waits, else
    late ones. Of the time that is remembered: deadlines met and missed, leads taken back. The firm
    is suspended for what it missed, or paused by hand. `unheard` are the offers of a while without
    any word of the firm.
    """

    late: int = 0
    blocked: int = 0
    far_too_late: int = 0
    met: int = 0
    missed: int = 0
    taken_back: int = 0
    suspended_until: datetime | None = None
    paused_until: datetime | None = None
    people_suspended: int = 0
    unheard: int = 0


def weigh(facts: Facts) -> tuple[Colour, Sequence[Reason]]:
    """Return how a partner stands, and why: the gravest reason first."""
    reasons: list[Reason] = []
    pauses = (
        (StandingReason.SUSPENDED, facts.suspended_until),
        (StandingReason.PAUSED, facts.paused_until),
    )
    reasons += [{"code": code, "until": until.isoformat()} for code, until in pauses if until]
    remembered = REMEMBERED.days
    counted: tuple[tuple[StandingReason, int, Reason], ...] = (
        (StandingReason.BLOCKED, facts.blocked, {}),
        (StandingReason.FAR_TOO_LATE, facts.far_too_late, {}),
        (StandingReason.PEOPLE_SUSPENDED, facts.people_suspended, {}),
        (StandingReason.LATE, facts.late, {}),
        (StandingReason.TAKEN_BACK, facts.taken_back, {"days": remembered}),
    )
    reasons += [{"code": code, "count": count, **more} for code, count, more in counted if count]
    ended = facts.met + facts.missed
    if facts.missed >= OFTEN and facts.missed >= ended * OFTEN_SHARE:
        often = {"code": StandingReason.OFTEN_LATE, "count": facts.missed, "of": ended}
        reasons.append({**often, "days": remembered})
    if facts.unheard >= SILENT_OFFERS:
        silent = {"code": StandingReason.SILENT, "count": facts.unheard}
        reasons.append({**silent, "days": SILENCE.days})
    if any(one["code"] in GRAVE for one in reasons):
        return Colour.RED, reasons
    return Colour.AMBER if reasons else Colour.GREEN, reasons

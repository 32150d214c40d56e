"""Decisions about offers, and the refusals that come with them."""

from __future__ import annotations

from collections.abc import Sequence

from portal.core.errors import Refused
from portal.deadlines.models import Rung
from portal.leads.models import OFFERABLE
from portal.offers.models import Way

MOST_LAPSES = 3
"""So many rounds in a row are opened by the same rule that nobody picks up."""
WIDER = (Rung.GROUP, Rung.OVERFLOW)
"""The rungs on which others see a lead than before."""


class AlreadyTaken(Refused):
    """Somebody was faster, or the offer has ended. Facts: `gone_at`, `seen_by`, `mine`."""

    code = "already_taken"


class Outscored(AlreadyTaken):
    """Who took part in a photo-finish did not get the lead. Facts, too: `entry_id`, `score`, `why`,
    `refusal`, and `entered`, how many firms took part."""

    code = "outscored"


class BeingDecided(Refused):
    """Nobody joins a photo-finish any more, and who gets the lead is not decided yet.

    Facts: `round_id`, `decides_at`.
    """

    code = "deciding"


class NothingToWaitFor(Refused):
    """No stand-by place can be had: nobody else holds the lead, or the firm is out."""

    code = "nothing_to_wait_for"


class NotReady(Refused):
    """The lead can't be offered in its present state."""

    code = "not_ready"


class Resting(Refused):
    """The lead was taken back a moment ago. Facts: `until`."""

    code = "resting"


class StaysDirect(Refused):
    """Leads of this type stay with the vendor: no partner is offered them."""

    code = "stays_direct"


class OthersDecide(Refused):
    """Firms are concerned for which somebody else decides."""

    code = "others_decide"


class NobodyMatches(Refused):
    """No partner fits. Facts: `excluded` (criterion → how many it took out)."""

    code = "nobody_matches"


def rungs_left(chain: Sequence[str], last: str | None, why: str, lapses: int) -> list[str]:
    """Return the rungs that a lead is tried on now, in the order of its policy's chain.

    One that was picked up begins with the first. One that nobody picked up goes on behind the rung
    that it is on (`last`, None: it was offered by hand): its next group may be another one, and the
    same rule is tried `MOST_LAPSES` times where nothing wider follows.
    """
    rungs = list(dict.fromkeys(chain))
    if why in (Way.GIVEN_BACK, Way.RECALLED):
        return rungs
    if last in rungs:
        behind = rungs[rungs.index(last) + 1 :]
        stays = last == Rung.GROUP or (last == Rung.AGAIN and not set(behind) & set(WIDER))
        rungs = [last, *behind] if stays else behind
    if why == Way.LAPSED and lapses >= MOST_LAPSES:
        rungs = [rung for rung in rungs if rung != Rung.AGAIN]
    return rungs


def may_be_offered(state: str, suppressed: bool) -> bool:
    """Say whether a lead in this state can be put on offer."""
    return state in OFFERABLE and not suppressed

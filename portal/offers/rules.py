"""Decisions about offers, and the refusals that come with them."""

from __future__ import annotations

from portal.core.errors import Refused
from portal.leads.models import OFFERABLE

MOST_LAPSES = 3
"""After so many rounds in a row that nobody picked up, a lead comes back to the Board."""


class AlreadyTaken(Refused):
    """Somebody was faster, or the offer has ended. Facts: `gone_at`, `seen_by`, `mine`."""

    code = "already_taken"


class NothingToWaitFor(Refused):
    """No stand-by place can be had: nobody else holds the lead, or the firm is out."""

    code = "nothing_to_wait_for"


class NotReady(Refused):
    """The lead can't be offered in its present state."""

    code = "not_ready"


class StaysDirect(Refused):
    """Leads of this type stay with the vendor: no partner is offered them."""

    code = "stays_direct"


class NobodyMatches(Refused):
    """No partner fits. Facts: `excluded` (criterion → how many it took out)."""

    code = "nobody_matches"


def may_be_offered(state: str, suppressed: bool) -> bool:
    """Say whether a lead in this state can be put on offer."""
    return state in OFFERABLE and not suppressed

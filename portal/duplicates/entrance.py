"""The one way in for an inquiry, whoever brings it: form, mail, programme, list or hand.

Not here: what an inquiry is made of and how it is kept (`leads.operations.capture`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portal.accounts.actor import Actor
from portal.leads.models import Lead
from portal.leads.operations import Draft, capture


class How(StrEnum):
    """What became of an inquiry: a lead of its own, or news of a lead that is already worked on."""

    NEW = "new"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Taken:
    """The lead that an inquiry became, or was added to."""

    lead: Lead
    how: How


def take_in(draft: Draft, at: datetime, actor: Actor | None = None) -> Taken:
    """Take in an inquiry and say which lead it is. Raises `Invalid`."""
    return Taken(capture(draft, at, actor), How.NEW)

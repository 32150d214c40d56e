"""Jobs that weigh how partners stand: when something is heard, when time passes, all of them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from portal.core.db import unit_of_work
from portal.core.jobs import Payload, long_job, sweep
from portal.core.reactions import reaction
from portal.offers import operations as offers
from portal.partners import standings
from portal.pickup import standing


class OfFirm(Protocol):
    """An event about a firm."""

    @property
    def organisation_id(self) -> int | None: ...


@sweep("pickup.weigh_standings", standing.find_changed)
def weigh_standings(organisation_id: int, at: datetime) -> None:
    standing.keep(organisation_id, at)


@long_job("pickup.weigh_all_standings")
def weigh_all_standings(_payload: Payload, at: datetime) -> None:
    """Weigh all partners, those also of whom nothing is heard."""
    with unit_of_work():
        changed = standing.find_all_changed(at)
    for organisation_id, (colour, reasons) in changed.items():
        with unit_of_work():
            offers.lock_partner(organisation_id)
            standings.keep(organisation_id, colour, reasons, at)


@reaction("pickup.weigh_standing", queue="bulk")
def weigh_standing(event: OfFirm, at: datetime) -> None:
    """Weigh a partner anew of whom something is heard."""
    if event.organisation_id is not None:
        standing.keep(event.organisation_id, at)

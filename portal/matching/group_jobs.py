"""Groups of partners stay current: when a partner changes, and once a day."""

from __future__ import annotations

from datetime import datetime

from portal.catalog.events import CatalogEntrySaved
from portal.core import jobs
from portal.core.events import Event
from portal.core.jobs import Payload, job
from portal.core.reactions import reaction
from portal.matching import groups


@reaction("matching.doubt_groups", queue="bulk")
def doubt_groups(_event: Event, _at: datetime) -> None:
    """React to a partner of whom something else is known now; many at once fill groups once."""
    if groups.doubt():
        jobs.soon("matching.fill_groups")


@reaction("matching.doubt_by_load", queue="bulk")
def doubt_by_load(_event: Event, _at: datetime) -> None:
    """React to a firm that holds a lead more or less; what is doubted is filled within a minute."""
    groups.doubt(groups.LOAD)


@reaction("matching.doubt_by_ranks", queue="bulk")
def doubt_by_ranks(event: CatalogEntrySaved, _at: datetime) -> None:
    """React to a level of partners that ranks elsewhere from now on."""
    if "rank" in event.fields:
        groups.doubt(groups.RANKS)


@job("matching.fill_groups", queue="bulk", timeout=600)
def fill_groups(_payload: Payload, at: datetime) -> None:
    """Fill the groups that are doubted, or were not looked at today."""
    stale = groups.find_stale(at)
    if stale:
        groups.fill(at, stale)

"""Stand-by places: whose lead comes back to them first, and when a place ends.

Taking and leaving a place are verbs of `operations`; what is here follows from what became of the
lead, which is locked wherever it may still change.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, DateTime, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from portal.accounts.models import Organisation, User
from portal.accounts.permissions import PICKING_ROLES
from portal.core.db import ask, session
from portal.leads.models import Lead, LeadState
from portal.offers.models import StandBy, StandByOutcome
from portal.partners.queries import away

Places = list[tuple[int, int]]
"""Person and firm of places, in the order in which they were taken."""

ENDED = (LeadState.CLOSED, LeadState.DISQUALIFIED)


def head_start(hours: int, lasts: timedelta) -> timedelta:
    """Return for how long who stood by sees a lead alone: half of the offer's length at most."""
    return min(timedelta(hours=hours), lasts / 2)


# every round that opens asks this, so it is built once
WAITING = (
    select(StandBy.user_id, StandBy.organisation_id)
    .join(User, User.id == StandBy.user_id)
    .join(Organisation, Organisation.id == StandBy.organisation_id)
    .where(
        StandBy.lead_id == bindparam("lead_id"),
        StandBy.ended_at.is_(None),
        User.organisation_id == StandBy.organisation_id,
        User.active,
        User.roles.overlap(list(PICKING_ROLES)),
        ~away(bindparam("at", type_=DateTime(timezone=True))),
    )
    .order_by(StandBy.created_at, StandBy.id)
)


def list_waiting(lead_id: int, organisation_ids: Collection[int], at: datetime) -> Places:
    """Return the places of these firms in a lead that came back, who waited longest first.

    Whoever left the firm, may not pick any more or is away today keeps the place for another time.
    """
    places = ask(WAITING, {"lead_id": lead_id, "at": at})
    # few wait for a lead, many may be offered it
    offered = set(organisation_ids)
    return [(row.user_id, row.organisation_id) for row in places if row.organisation_id in offered]


def hear(lead_id: int, places: Places, at: datetime) -> None:
    """Note that those who stood by see a lead that came back to them."""
    if not places:
        return
    session().execute(
        update(StandBy)
        .where(
            StandBy.lead_id == lead_id,
            StandBy.ended_at.is_(None),
            StandBy.user_id.in_([user_id for user_id, _organisation_id in places]),
        )
        .values(heard_at=at)
        .execution_options(synchronize_session=False)
    )


def take_place(lead_id: int, user_id: int, organisation_id: int, at: datetime) -> None:
    """Have a person wait for a lead; who heard of it and was too late waits anew."""
    session().execute(
        upsert(StandBy)
        .values(lead_id=lead_id, user_id=user_id, organisation_id=organisation_id, created_at=at)
        .on_conflict_do_update(
            index_elements=["lead_id", "user_id"],
            index_where=StandBy.ended_at.is_(None),
            set_={"organisation_id": organisation_id, "created_at": at, "heard_at": None},
        )
    )


def end(
    lead_id: int, outcome: StandByOutcome, at: datetime, *which: ColumnElement[bool]
) -> list[int]:
    """End the open places of a lead, all or `which`; return whose they were."""
    ended = session().scalars(
        update(StandBy)
        .where(StandBy.lead_id == lead_id, StandBy.ended_at.is_(None), *which)
        .values(ended_at=at, outcome=outcome)
        .returning(StandBy.user_id)
        .execution_options(synchronize_session=False)
    )
    return sorted(ended)


def end_heard(lead_id: int, at: datetime, firm_with_it: int | None = None) -> None:
    """End the places that had their head start by `at`, and those in the firm that has the lead."""
    over = StandBy.heard_at <= at
    if firm_with_it is not None:
        over = or_(over, StandBy.organisation_id == firm_with_it)
    end(lead_id, StandByOutcome.HEARD, at, over)


def wait_on(lead_id: int) -> None:
    """Let those wait on whose head start was cut short."""
    session().execute(
        update(StandBy)
        .where(
            StandBy.lead_id == lead_id, StandBy.ended_at.is_(None), StandBy.heard_at.is_not(None)
        )
        .values(heard_at=None)
        .execution_options(synchronize_session=False)
    )


def settle(lead: Lead, at: datetime) -> list[int]:
    """End the places of a lead that has ended; restore them where it has not after all.

    Returns whose places ended.
    """
    if lead.state in ENDED or lead.suppressed:
        return end(lead.id, StandByOutcome.OVER, at)
    other = (
        select(StandBy.user_id)
        .where(StandBy.lead_id == lead.id, StandBy.ended_at.is_(None))
        .scalar_subquery()
    )
    session().execute(
        update(StandBy)
        .where(
            StandBy.lead_id == lead.id,
            StandBy.outcome == StandByOutcome.OVER,
            StandBy.user_id.not_in(other),
        )
        .values(ended_at=None, outcome=None, heard_at=None)
        .execution_options(synchronize_session=False)
    )
    return []

"""The programme on a dry run: what would be offered is worked out and noted, nothing is offered.

Everything goes its way up to the moment at which a round would open. Nobody sees an offer, nobody
is mailed, the lead stays ready; what stands on offer already goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from portal.core.db import session
from portal.core.events import record
from portal.leads.models import Lead, LeadState
from portal.matching.operations import Matched
from portal.offers import events
from portal.offers.models import DryRun, OfferRound, Rehearsal

SHOWN = 50


# every round that opens asks this, so it is built once
OPEN = select(DryRun).where(DryRun.ended_at.is_(None))


def find_open() -> DryRun | None:
    """Return the dry run that the programme is on."""
    return session().scalar(OPEN)


def begin(user_id: int | None, at: datetime) -> None:
    """Begin a dry run; nothing happens where the programme is on one."""
    begun = (
        insert(DryRun)
        .values(began_at=at, began_by_id=user_id)
        .on_conflict_do_nothing()
        .returning(DryRun.id)
    )
    if session().scalar(begun) is not None:
        record(events.DryRunBegun(at=at))


def end(user_id: int | None, at: datetime) -> None:
    """End the dry run; from now on leads are offered. What was noted stays until it is cleared."""
    ended = (
        update(DryRun)
        .where(DryRun.ended_at.is_(None))
        .values(ended_at=at, ended_by_id=user_id)
        .returning(DryRun.id)
    )
    if session().scalar(ended) is not None:
        record(events.DryRunEnded(at=at))


def note(
    lead: Lead,
    opened: OfferRound,
    partners: Sequence[Matched],
    ring_of: Mapping[int, int],
    at: datetime,
) -> None:
    """Note the round that would have opened for a locked lead."""
    session().add(
        Rehearsal(
            lead_id=lead.id,
            at=at,
            rule_id=opened.rule_id,
            rule_version=opened.rule_version,
            mode=opened.mode,
            ends_at=opened.ends_at,
            offers=[
                {
                    "organisation_id": one.organisation_id,
                    "ring": ring_of.get(one.organisation_id, 1),
                    "score": one.score,
                    "explanation": one.explanation,
                }
                for one in partners
            ],
            excluded=opened.excluded,
        )
    )
    session().flush()
    record(events.OfferRehearsed(at=at, lead_id=lead.id, firms=len(partners)))


def clear() -> None:
    """Forget all that was noted."""
    session().execute(delete(Rehearsal))


def count_noted() -> tuple[int, int]:
    """Return how many rounds were noted, and for how many leads."""
    found = session().execute(
        select(func.count(), func.count(Rehearsal.lead_id.distinct())).select_from(Rehearsal)
    )
    rounds, leads = found.one()
    return rounds, leads


def count_on_offer() -> int:
    """Return how many leads are on offer, whatever the programme is on."""
    on_offer = select(func.count()).select_from(Lead).where(Lead.state == LeadState.OFFERED)
    return session().scalar(on_offer) or 0


def list_noted(page: int) -> Sequence[tuple[Rehearsal, str, str | None]]:
    """Return a page of what was noted, the newest first, with numbers and titles of the leads."""
    noted = (
        select(Rehearsal, Lead.number, Lead.title)
        .join(Lead, Lead.id == Rehearsal.lead_id)
        .order_by(Rehearsal.id.desc())
        .limit(SHOWN + 1)
        .offset((page - 1) * SHOWN)
    )
    return [(one, number, title) for one, number, title in session().execute(noted)]


# a lead counts once for a firm, however often it was rehearsed
BY_PARTNER = text(
    """
    SELECT o.id, o.name, count(DISTINCT r.lead_id) AS leads,
           count(DISTINCT r.lead_id) FILTER (WHERE (line->>'ring')::int = 1) AS at_once,
           avg((line->>'score')::float8) AS score
    FROM rehearsals r
    CROSS JOIN LATERAL jsonb_array_elements(r.offers) AS line
    JOIN organisations o ON o.id = (line->>'organisation_id')::bigint
    GROUP BY o.id, o.name
    ORDER BY leads DESC, o.name, o.id
    LIMIT :shown OFFSET :before
    """
)


def list_partners(page: int) -> Sequence[Any]:
    """Return a page of partners with the leads they would have been offered: those with most first.

    Each has `id`, `name`, `leads`, `at_once` (how many of them in the first ring), `score` (mean).
    """
    asked = {"shown": SHOWN + 1, "before": (page - 1) * SHOWN}
    return session().execute(BY_PARTNER, asked).all()

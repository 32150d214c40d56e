"""Reads of the clocks that something is to be done about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, text

from portal.core.db import AnyRow, ask, session
from portal.core.events import EventRow
from portal.deadlines.models import Clock
from portal.escalation.events import HolderReminded
from portal.escalation.rules import REMINDED_AGAIN, SILENCE

AT_ONCE = 20_000
"""So many clocks a round; the rest comes a minute later, the longest waiting first."""


def clocks_due(at: datetime) -> Sequence[int]:
    """Return the running clocks of which a step is due, the longest waiting first."""
    return (
        session()
        .scalars(
            select(Clock.id)
            .where(Clock.stopped_at.is_(None), Clock.paused_at.is_(None), Clock.next_step_at <= at)
            .order_by(Clock.next_step_at, Clock.id)
            .limit(AT_ONCE)
        )
        .all()
    )


# what a step needs to know of its clock; past the ORM, because each of very many asks it
CLOCK = """
    SELECT c.id, c.kind, c.lead_id, c.pickup_id, c.round_id, c.organisation_id, c.policy_id,
           c.started_at, c.due_at, c.length_minutes, p.steps, k.picked_at, k.last_feedback_at,
           ARRAY(
             SELECT s.place FROM clock_steps s
             WHERE s.clock_id = c.id AND s.due_at = c.due_at
               AND (s.again_at IS NULL OR s.again_at > :at)
           ) AS taken,
           (SELECT jsonb_object_agg(s.place, s.again_at) FROM clock_steps s
            WHERE s.clock_id = c.id AND s.due_at = c.due_at AND s.again_at IS NOT NULL) AS refused
    FROM clocks c
    JOIN deadline_policies p ON p.id = c.policy_id
    LEFT JOIN pickups k ON k.id = c.pickup_id
    WHERE c.id = :id AND c.stopped_at IS NULL AND c.paused_at IS NULL
"""
DUE = text(f"{CLOCK} AND c.next_step_at <= :at")


def find_due(clock_id: int, at: datetime) -> AnyRow | None:
    """Return a running clock of which a step is due, with its policy's steps and those taken.

    `refused` has when those that were refused come again, by place.
    """
    return ask(DUE, {"id": clock_id, "at": at}).one_or_none()


# a clock goes on in silence whose note was taken a week ago and that nobody has noted since
GOES_ON = """
    c.stopped_at IS NULL AND c.paused_at IS NULL AND c.due_at <= :before
    AND EXISTS (
      SELECT FROM clock_steps s
      WHERE s.clock_id = c.id AND s.due_at = c.due_at AND s.action = 'note'
        AND s.outcome = 'done' AND s.taken_at <= :before
    )
    AND NOT EXISTS (
      SELECT FROM events e
      WHERE e.lead_id = c.lead_id AND e.name = 'SilenceNoted' AND e.at > :before
        AND CAST(e.data->>'clock_id' AS bigint) = c.id
    )
"""
SILENT_IDS = text(f"SELECT c.id FROM clocks c WHERE {GOES_ON} ORDER BY c.id")  # noqa: S608
SILENT = text(f"{CLOCK} AND {GOES_ON}")


def silent_clocks(at: datetime) -> Sequence[int]:
    """Return the clocks whose silence is to be noted once more."""
    return ask(SILENT_IDS, {"before": at - SILENCE}).scalars().all()


def find_silent(clock_id: int, at: datetime) -> AnyRow | None:
    """Return a clock whose silence is to be noted once more; None where it isn't."""
    return ask(SILENT, {"id": clock_id, "at": at, "before": at - SILENCE}).one_or_none()


def lock_silent(clock_id: int) -> bool:
    """Lock a clock; False where somebody else has it."""
    locked = (
        select(Clock.id)
        .where(Clock.id == clock_id)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return session().scalar(locked) is not None


def reminded_lately(lead_ids: Collection[int], at: datetime) -> set[int]:
    """Return the pickups of these leads whose holder somebody has asked a short while ago."""
    found = session().scalars(
        select(EventRow.data["pickup_id"].as_integer()).where(
            EventRow.lead_id.in_(lead_ids),
            EventRow.name == HolderReminded.__name__,
            EventRow.at > at - REMINDED_AGAIN,
        )
    )
    return set(found)

"""The one statement by which a lead comes into somebody's hands, and what a claim answers.

Whoever calls it has the firm's people in one line and has asked the gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import text

from portal.accounts.actor import Actor
from portal.core.db import AnyRow, ask
from portal.core.events import record
from portal.deadlines.business_time import Calendar
from portal.deadlines.models import ClockKind
from portal.deadlines.rules import rhythm_of
from portal.leads.lifecycle import TransitionRefused
from portal.pickup import clocks
from portal.pickup.events import LeadPickedUp
from portal.pickup.queries import Position


@dataclass(frozen=True, slots=True)
class Claimed:
    """The verdict of a claim that was won; `again` where the rep had it already."""

    lead_id: int
    pickup_id: int
    again: bool


@dataclass(frozen=True, slots=True)
class Deciding:
    """The rep takes part in a photo-finish; `again` where he did already."""

    lead_id: int
    decides_at: datetime
    again: bool


TAKE = text(
    """
    WITH taken AS (
      UPDATE leads
      SET state = 'held', state_since = :at, status_id = :status, holder_id = :rep,
          holder_organisation_id = :firm, picked_at = :at, version = version + 1,
          owner_id = COALESCE(:owner, owner_id)
      WHERE id = :lead AND state = 'offered' AND round = :round
      RETURNING id
    ),
    picked AS (
      INSERT INTO pickups (lead_id, round, organisation_id, user_id, picked_at, feedback_due_at,
                           rhythm_days, uncontacted, debt, policy_id)
      SELECT id, :round, :firm, :rep, :at, :due, :rhythm, 0, 'none', :policy FROM taken
      RETURNING id
    ),
    clocked AS (
      INSERT INTO clocks (kind, lead_id, pickup_id, user_id, organisation_id, policy_id, started_at,
                          length_minutes, working, due_at, first_due_at, next_step, next_step_at)
      SELECT c.kind, :lead, picked.id, :rep, :firm, :policy, :at,
             c.minutes, c.working, c.due, c.due, c.step, c.step_at
      FROM picked, unnest(
        CAST(:clock_kinds AS text[]), CAST(:clock_minutes AS int[]),
        CAST(:clock_working AS boolean[]), CAST(:clock_dues AS timestamptz[]),
        CAST(:clock_steps AS int[]), CAST(:clock_step_ats AS timestamptz[])
      ) AS c(kind, minutes, working, due, step, step_at)
    ),
    stopped AS (
      UPDATE clocks SET stopped_at = :at, outcome = 'met', next_step = NULL, next_step_at = NULL
      FROM taken WHERE clocks.round_id = :round_id AND clocks.stopped_at IS NULL
    ),
    ended AS (
      UPDATE offer_rounds SET ended_at = :at, outcome = 'picked' FROM taken
      WHERE offer_rounds.id = :round_id
    ),
    counted AS (
      INSERT INTO partner_figures AS figures (organisation_id, open_pickups, picked)
      SELECT :firm, 1, 1 FROM taken
      ON CONFLICT (organisation_id) DO UPDATE
      SET open_pickups = figures.open_pickups + 1, picked = figures.picked + 1
    )
    SELECT id FROM picked
    """
)


def take(
    lead_id: int,
    offer: AnyRow,
    position: Position,
    calendar: Calendar,
    actor: Actor,
    at: datetime,
) -> int | None:
    """Move a lead into the actor's hands, as `offer` says; None where somebody was faster.

    What is given is what `queries.read_claim` returned. Raises `TransitionRefused`.
    """
    if offer.progress_id is None:
        raise TransitionRefused(_("This change of status is not part of the programme."))
    rhythm = rhythm_of(offer, offer.kind)
    planned = clocks.plan(offer, rhythm, calendar, at)
    pickup_id: int | None = ask(
        TAKE,
        {
            "lead": lead_id,
            "round": offer.round,
            "round_id": offer.round_id,
            "status": offer.progress_id,
            "rep": actor.id,
            "firm": actor.organisation_id,
            "owner": position.account_manager_id,
            "at": at,
            "due": planned[ClockKind.FEEDBACK].due_at,
            "rhythm": rhythm,
            "policy": offer.policy_id,
            **clocks.as_values(planned),
        },
    ).scalar()
    if pickup_id is not None:
        record(
            LeadPickedUp(
                at=at,
                lead_id=lead_id,
                pickup_id=pickup_id,
                user_id=actor.id,
                organisation_id=actor.organisation_id,
                round=offer.round,
            )
        )
    return pickup_id

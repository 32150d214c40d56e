"""What should never be: every lead has somebody who can take it, holds it, or answers for it.

Each invariant is one statement over all leads that names those that break it. A job notes them, and
that they are whole again; the Board and `portal doctor` tell. Nothing is mended here: what is wrong
with a lead is for people to decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from portal.accounts.actor import Actor
from portal.accounts.permissions import PICKING_ROLES
from portal.accounts.reach import Reached
from portal.core.db import AnyRow, session
from portal.escalation.models import Broken, BrokenInvariant
from portal.leads.models import Lead
from portal.leads.queries import visible_to

GRACE = timedelta(minutes=10)
"""So long the sweeps may take: what is due for less is on its way."""
UNTOUCHED = timedelta(hours=24)
"""So long an inquiry may wait for somebody to be responsible for it."""
MOST = 500
"""So many of a kind are noted at a time: more say nothing new."""

# the people who may pick up what is offered to their firm, or to their unit or one above it
_RECIPIENTS = """
    SELECT 1 FROM users u JOIN organisations f ON f.id = u.organisation_id
    WHERE f.id = o.organisation_id AND f.active AND u.active AND u.password_hash IS NOT NULL
      AND u.roles && CAST(:picking AS text[])
      AND (o.unit_id IS NULL OR u.unit_id IN (
        WITH RECURSIVE below AS (
          SELECT o.unit_id AS id
          UNION SELECT units.id FROM units JOIN below ON units.parent_id = below.id
        ) SELECT id FROM below))
      AND NOT EXISTS (SELECT 1 FROM offer_dismissals d WHERE d.offer_id = o.id AND d.user_id = u.id)
"""

STATEMENTS: Mapping[Broken, str] = {
    Broken.HELD_BY_NOBODY: """
        SELECT l.id, CAST(NULL AS bigint) FROM leads l
        LEFT JOIN users u ON u.id = l.holder_id
        LEFT JOIN organisations f ON f.id = l.holder_organisation_id
        LEFT JOIN pickups p ON p.lead_id = l.id AND p.ended_at IS NULL AND p.user_id = l.holder_id
        WHERE l.state = 'held' AND NOT (coalesce(u.active, false) AND coalesce(f.active, false)
                                        AND p.id IS NOT NULL)
    """,
    Broken.OFFERED_TO_NOBODY: f"""
        SELECT l.id, CAST(NULL AS bigint) FROM leads l
        WHERE l.state = 'offered' AND NOT EXISTS (
          SELECT 1 FROM offers o JOIN offer_rounds r ON r.id = o.round_id
          WHERE o.lead_id = l.id AND o.round = l.round AND o.declined_at IS NULL
            AND r.ended_at IS NULL AND o.ends_at > :overdue AND EXISTS ({_RECIPIENTS}))
    """,  # noqa: S608 – both parts stand here
    Broken.WITHOUT_OWNER: """
        SELECT l.id, CAST(NULL AS bigint) FROM leads l
        LEFT JOIN users o ON o.id = l.owner_id AND o.active
        LEFT JOIN users q ON q.id = l.qualifier_id AND q.active
        LEFT JOIN units u ON u.id = l.unit_id AND u.closed_at IS NULL
        WHERE o.id IS NULL
          AND (l.state IN ('held', 'direct')
               OR (l.state NOT IN ('closed', 'disqualified') AND q.id IS NULL AND u.id IS NULL
                   AND l.state_since < :untouched))
    """,
    Broken.WITHOUT_CLOCK: """
        SELECT p.lead_id, CAST(NULL AS bigint) FROM pickups p
        WHERE p.ended_at IS NULL AND p.picked_at < :overdue AND NOT EXISTS (
          SELECT 1 FROM clocks c
          WHERE c.pickup_id = p.id AND c.kind = 'feedback' AND c.stopped_at IS NULL
            AND c.due_at = p.feedback_due_at)
        UNION ALL
        SELECT r.lead_id, NULL FROM offer_rounds r
        WHERE r.ended_at IS NULL AND r.opened_at < :overdue AND NOT EXISTS (
          SELECT 1 FROM clocks c
          WHERE c.round_id = r.id AND c.kind = 'offer' AND c.stopped_at IS NULL)
    """,
    Broken.STRAY_CLOCK: """
        SELECT c.lead_id, c.id FROM clocks c
        LEFT JOIN deadline_policies d ON d.id = c.policy_id
        LEFT JOIN pickups p ON p.id = c.pickup_id
        LEFT JOIN offer_rounds r ON r.id = c.round_id
        WHERE c.stopped_at IS NULL
          AND (d.id IS NULL
               OR (c.pickup_id IS NOT NULL AND p.ended_at IS NOT NULL AND c.request_id IS NULL)
               OR (c.round_id IS NOT NULL AND r.ended_at IS NOT NULL))
    """,
    Broken.STRAY_STEP: """
        SELECT c.lead_id, c.id FROM clocks c JOIN deadline_policies d ON d.id = c.policy_id
        WHERE c.next_step IS NOT NULL
          AND (c.stopped_at IS NOT NULL
               OR c.next_step >= jsonb_array_length(d.steps)
               OR d.steps->c.next_step->>'clock' <> c.kind
               OR (c.next_step_at < :overdue AND c.paused_at IS NULL))
    """,
}

NOTE = """
    WITH broken AS MATERIALIZED (
      SELECT DISTINCT lead_id, clock_id FROM ({statement}) AS found(lead_id, clock_id)
    ),
    whole AS (
      UPDATE broken_invariants b SET gone_at = :at
      WHERE b.kind = :kind AND b.gone_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM broken
        WHERE broken.lead_id = b.lead_id AND broken.clock_id IS NOT DISTINCT FROM b.clock_id)
    )
    INSERT INTO broken_invariants (kind, lead_id, clock_id, found_at)
    SELECT :kind, lead_id, clock_id, CAST(:at AS timestamptz) FROM broken
    WHERE NOT EXISTS (
      SELECT 1 FROM broken_invariants b
      WHERE b.kind = :kind AND b.gone_at IS NULL AND b.lead_id = broken.lead_id
        AND b.clock_id IS NOT DISTINCT FROM broken.clock_id)
    LIMIT :most
    ON CONFLICT DO NOTHING
"""


def check(kind: Broken, at: datetime) -> None:
    """Note which leads break an invariant now, and which of those noted do not any more."""
    session().execute(
        text(NOTE.format(statement=STATEMENTS[kind])),
        {**_asked(at), "at": at, "kind": kind, "most": MOST},
    )


def count_now(kind: Broken, at: datetime) -> int:
    """Return how many leads and clocks break an invariant at this moment."""
    counted = f"SELECT count(*) FROM ({STATEMENTS[kind]}) AS broken"  # noqa: S608 – they stand here
    return int(session().execute(text(counted), _asked(at)).scalar_one())


def _asked(at: datetime) -> dict[str, object]:
    return {"overdue": at - GRACE, "untouched": at - UNTOUCHED, "picking": list(PICKING_ROLES)}


def count_noted(actor: Actor, reached: Reached | None = None) -> int:
    """Return how much was noted and still holds of the leads that somebody sees."""
    query = (
        select(func.count())
        .select_from(BrokenInvariant)
        .join(Lead, Lead.id == BrokenInvariant.lead_id)
        .where(BrokenInvariant.gone_at.is_(None), visible_to(actor, reached))
    )
    return session().scalar(query) or 0


def list_noted(actor: Actor, limit: int) -> Sequence[AnyRow]:
    """Return what was noted and still holds: `kind`, `found_at`, `id`, `number`, `title`.

    The worst kind first, of each the oldest; only of leads that the person sees.
    """
    order = func.array_position([kind.value for kind in Broken], BrokenInvariant.kind)
    return (
        session()
        .execute(
            select(
                BrokenInvariant.kind,
                BrokenInvariant.found_at,
                Lead.id,
                Lead.number,
                Lead.title,
            )
            .join(Lead, Lead.id == BrokenInvariant.lead_id)
            .where(BrokenInvariant.gone_at.is_(None), visible_to(actor))
            .order_by(order, BrokenInvariant.found_at, BrokenInvariant.id)
            .limit(limit)
        )
        .all()
    )

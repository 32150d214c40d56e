"""What the one a lead is about does by himself: visits, downloads, answers, asks again.

Kinds, moments and the name of the system that saw it; who did it stands with the contact alone.
What signals are worth is decided above (`scoring`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import record
from portal.leads.events import SignalSeen
from portal.leads.models import Lead, LeadSignal, SignalKind

LONGEST_SOURCE = 60
EARLY = timedelta(hours=1)
"""The clocks of other systems may be ahead by so much."""


def add_signal(
    lead_id: int,
    kind: str,
    at: datetime,
    *,
    source: str = "portal",
    weight: int | None = None,
    now: datetime | None = None,
) -> LeadSignal:
    """Note that somebody did something at a moment, of which is heard `now`.

    `weight` is in per cent of a usual one. Raises `NotFound` for a lead that is not there,
    `Invalid` at `kind`, `at`, `weight` or `source`.
    """
    errors = {}
    if kind not in set(SignalKind):
        errors["kind"] = _("Please choose one of: %(names)s.", names=", ".join(SignalKind))
    if at > (now or at) + EARLY:
        errors["at"] = _("This lies in the future.")
    if weight is not None and not 1 <= weight <= 1000:
        errors["weight"] = _("A number from %(least)d to %(most)d fits here.", least=1, most=1000)
    if not source or len(source) > LONGEST_SOURCE or not source.isprintable():
        errors["source"] = _("Please name the system in a word.")
    if errors:
        raise Invalid(errors)
    if session().scalar(select(Lead.id).where(Lead.id == lead_id)) is None:
        raise NotFound()
    signal = LeadSignal(lead_id=lead_id, kind=kind, at=at, source=source, weight=weight)
    session().add(signal)
    session().flush()
    record(SignalSeen(at=now or at, lead_id=lead_id, signal_id=signal.id, kind=kind, source=source))
    return signal


def list_signals(lead_id: int, most: int = 100) -> Sequence[LeadSignal]:
    """Return the newest signals of a lead, newest first."""
    return (
        session()
        .scalars(
            select(LeadSignal)
            .where(LeadSignal.lead_id == lead_id)
            .order_by(LeadSignal.at.desc(), LeadSignal.id.desc())
            .limit(most)
        )
        .all()
    )

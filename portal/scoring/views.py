"""What pages show of a lead's points, for those who mark it and those who call.

Rooms below and beside put it on their pages by the functions of templates that `routes` registers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import get_locale

from portal.catalog.queries import book
from portal.leads.models import Lead, Temperature
from portal.leads.signals import list_signals
from portal.scoring.queries import find_answer, list_questions, read_score
from portal.scoring.records import Promise, read_records
from portal.scoring.rules import RECENT, Seen, next_of, stage_of
from portal.scoring.words import SIGNALS, tell_line, tell_part


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the rules propose for a lead, why, and what marks of its source came to."""

    proposed: Temperature
    points: int
    parts: Sequence[tuple[str, int]]
    line: str
    source: str
    promises: Sequence[Promise]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a buyer stands, in a line, and what he did last by himself."""

    line: str
    last: Seen | None


def propose(lead: Lead, at: datetime) -> Proposal | None:
    """Return what the rules propose for a lead; None before there are any."""
    found = read_score(lead.id, at)
    if found is None:
        return None
    facts, score, rules = found
    questions = dict(list_questions())
    stage = stage_of(facts, at)
    step = next_of(facts, stage, find_answer(lead.status_id), at)
    record = read_records().of(lead.source_id) if lead.source_id else None
    promises = record.promises if record else {}
    return Proposal(
        score.proposed,
        score.points,
        sorted(
            (tell_part(part, rules, questions) for part in score.parts),
            key=lambda told: -told[1],
        ),
        tell_line(stage, step),
        book().label(lead.source_id, str(get_locale())),
        [promises[one] for one in Temperature if one in promises and promises[one].closed],
    )


def recent_signals(lead_id: int, at: datetime) -> list[tuple[str, int]]:
    """Return what somebody did of late, in words, with how often; the most telling first."""
    counted = Counter(
        one.kind for one in list_signals(lead_id) if timedelta(0) <= at - one.at <= RECENT
    )
    return [
        (str(words), counted[kind]) for kind, words in reversed(SIGNALS.items()) if counted[kind]
    ]


def stand(lead: Lead, at: datetime) -> Standing | None:
    """Return where the buyer of a lead stands; None before there are rules."""
    found = read_score(lead.id, at)
    if found is None:
        return None
    facts = found[0]
    stage = stage_of(facts, at)
    step = next_of(facts, stage, find_answer(lead.status_id), at)
    return Standing(tell_line(stage, step), facts.signals[-1] if facts.signals else None)

"""A change of a rule that the channel manager of the demo has drafted and replayed."""

from __future__ import annotations

from datetime import datetime

from portal.core import circumstances
from portal.demo.stage import Stage
from portal.matching import queries, replays, versions
from portal.matching.criteria import Criterion, Kind, Mode

NEARER = 150
"""Kilometres; the rule only gives points for being near."""
DAYS = 90
"""So far back the draft is replayed."""


def try_one(stage: Stage, at: datetime) -> None:
    """Draft the rule for most leads: only who is near, and points for punctuality; replay it."""
    rule = queries.list_rules()[-1]
    newest = versions.get_newest(rule.id)
    near = Criterion(Kind.RADIUS, km=NEARER).to_data()
    asked = [near if one["kind"] == Kind.RADIUS else one for one in newest.content["criteria"]]
    punctual = Criterion(Kind.PUNCTUALITY, Mode.WEIGHTED, 15).to_data()
    with circumstances.under(channel="web", actor_id=stage.manager.id):
        draft = versions.save(
            rule.id,
            newest.number,
            {**newest.content, "criteria": [*asked, punctual]},
            at,
            stage.manager.id,
        )
        replays.run(replays.ask(rule.id, draft.number, DAYS, at, stage.manager.id), at)

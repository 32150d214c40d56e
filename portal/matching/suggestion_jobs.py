"""What outcomes suggest about weights is looked at once a day."""

from __future__ import annotations

from datetime import datetime

from portal.core.jobs import sweep
from portal.matching import suggestions


@sweep("matching.suggest", suggestions.weighing_rules, queue="bulk")
def suggest(rule_id: int, at: datetime) -> None:
    suggestions.suggest(rule_id, at)

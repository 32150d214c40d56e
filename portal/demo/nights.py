"""What the nights count in the demo: how firms work, what outcomes suggest, how leads were shared.

The same jobs do it that do it in every programme.
"""

from __future__ import annotations

from datetime import datetime

from portal.desk import fairness
from portal.feedback import rates
from portal.matching import groups, suggestions


def count_rates(at: datetime) -> None:
    """Count how firms work; their offers keep it with what else was known of them."""
    rates.count_all(at)


def count(at: datetime) -> None:
    """Count all that is counted by night."""
    count_rates(at)
    groups.fill(at, groups.find_stale(at))
    for rule_id in suggestions.weighing_rules(at):
        suggestions.suggest(rule_id, at)
    for month in fairness.due_months(at):
        fairness.count_month(month, at)

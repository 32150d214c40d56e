"""Counting what becomes of attempts to pick up, for `/metrics`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from prometheus_client import Counter

from portal.core.errors import DomainError

P = ParamSpec("P")
T = TypeVar("T")

PICKS = Counter(
    "firstcome_picks_total",
    "Attempts to pick up a lead: won, again (held already), or the code of the refusal.",
    ["outcome"],
)


def count_picks(claim: Callable[P, T]) -> Callable[P, T]:
    """Count what becomes of each attempt to pick up a lead."""

    @functools.wraps(claim)
    def counted(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            claimed = claim(*args, **kwargs)
        except DomainError as refusal:
            PICKS.labels(refusal.code).inc()
            raise
        PICKS.labels("again" if getattr(claimed, "again", False) else "won").inc()
        return claimed

    return counted

"""Counting a partner's work; the rooms above call it downward."""

from __future__ import annotations

from functools import cache
from typing import cast

from sqlalchemy import Table, bindparam
from sqlalchemy.dialects.postgresql import Insert, insert

from portal.core.db import ask
from portal.partners.models import PartnerFigures

FIGURES = cast(Table, PartnerFigures.__table__)


def count(organisation_id: int, **changes: int) -> None:
    """Add to a partner's figures, named as the columns: `count(7, picked=1, open_pickups=1)`."""
    first = {name: max(0, by) for name, by in changes.items()}
    by = {f"by_{name}": by for name, by in changes.items()}
    ask(_adding(*changes), {"organisation_id": organisation_id, **first, **by})


@cache
def _adding(*names: str) -> Insert:
    """Build the statement once: it runs in every claim."""
    columns = FIGURES.c
    return insert(FIGURES).on_conflict_do_update(
        index_elements=["organisation_id"],
        set_={name: columns[name] + bindparam(f"by_{name}") for name in names},
    )

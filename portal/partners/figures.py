"""Counting a partner's work; the rooms above call it downward."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from portal.core.db import session
from portal.partners.models import PartnerFigures


def count(organisation_id: int, **changes: int) -> None:
    """Add to a partner's figures, named as the columns: `count(7, picked=1, open_pickups=1)`."""
    statement = insert(PartnerFigures).values(
        organisation_id=organisation_id, **{name: max(0, by) for name, by in changes.items()}
    )
    session().execute(
        statement.on_conflict_do_update(
            index_elements=["organisation_id"],
            set_={name: getattr(PartnerFigures, name) + by for name, by in changes.items()},
        ).execution_options(synchronize_session=False)
    )

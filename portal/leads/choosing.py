"""Choose who sees what, within the bounds of the table."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.events import record
from portal.leads import visibility
from portal.leads.events import VisibilityChanged
from portal.leads.models import VisibilityChoice
from portal.leads.sight import read_choices
from portal.leads.visibility import SEEN, Field, Phase, Tier

Place = tuple[Field, Tier, Phase]

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('visibility_choices'))")


def choose(shown: Collection[Place], actor: Actor, at: datetime) -> int:
    """Have exactly these of the editable cells seen, all others hidden; return how many changed.

    What is no editable cell is left as the table has it.
    """
    session().execute(ONE_AT_A_TIME)
    before = read_choices()
    changed: dict[Place, bool] = {}
    for place in sorted(visibility.EDITABLE):
        was, now = visibility.cell_of(*place, before) in SEEN, place in shown
        if was != now:
            changed[place] = now
    if not changed:
        return 0
    statement = insert(VisibilityChoice).values(
        [
            {"field": field, "tier": tier, "phase": phase, "seen": seen}
            for (field, tier, phase), seen in changed.items()
        ]
    )
    session().execute(
        statement.on_conflict_do_update(
            index_elements=["field", "tier", "phase"], set_={"seen": statement.excluded.seen}
        )
    )
    record(
        VisibilityChanged(
            at=at,
            user_id=actor.id,
            shown=[" ".join(place) for place, seen in changed.items() if seen],
            hidden=[" ".join(place) for place, seen in changed.items() if not seen],
        )
    )
    return len(changed)

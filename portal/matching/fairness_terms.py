"""The terms of fairness are agreed on: each saving is a version of its own, kept for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select, text

from portal.accounts.models import User
from portal.core.db import session
from portal.core.errors import Conflict, Invalid
from portal.core.events import record
from portal.matching.events import FairnessTermsSaved
from portal.matching.fairness import read_terms
from portal.matching.fairness_rules import Terms
from portal.matching.models import FairnessTerms

PARTS = tuple(one.name for one in fields(Terms) if one.name != "number")
CAPS = ("most_offers", "most_hot_offers", "most_picks", "most_hot_picks")
LONGEST = 366
MOST = 100_000
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('fairness terms'))")


def save(draft: Terms, by: int | None, at: datetime) -> Terms:
    """Agree on terms anew; `draft.number` is the version that was read. The same again is no news.

    Raises `Invalid` by field, `Conflict` (facts: `number`) where somebody has saved meanwhile.
    """
    session().execute(ONE_AT_A_TIME)
    check(draft)
    now = read_terms()
    if draft.number != now.number:
        raise Conflict(
            _("Somebody has changed the terms meanwhile. Please look at them again, then save."),
            number=now.number,
        )
    if draft == now:
        return now
    made = replace(draft, number=now.number + 1)
    session().add(FairnessTerms(**made.kept(), saved_at=at, saved_by_id=by))
    session().flush()
    record(FairnessTermsSaved(at=at, number=made.number, user_id=by))
    return made


def check(draft: Terms) -> None:
    """Raise `Invalid` for what can't be agreed on."""
    errors = {}
    bounds = {
        "period_days": (1, LONGEST),
        "cooling_days": (0, LONGEST),
        "explored": (0, 100),
        "new_days": (0, 10 * LONGEST),
        "small_people": (0, MOST),
        **dict.fromkeys(CAPS, (1, MOST)),
    }
    for name, (least, most) in bounds.items():
        value = getattr(draft, name)
        if value is not None and not least <= value <= most:
            errors[name] = _(
                "A number from %(least)d to %(most)d fits here.", least=least, most=most
            )
    if errors:
        raise Invalid(errors)


def list_versions(limit: int = 20) -> Sequence[tuple[FairnessTerms, str | None]]:
    """Return the newest versions, each with the name of who saved it."""
    rows = session().execute(
        select(FairnessTerms, User.name)
        .outerjoin(User, User.id == FairnessTerms.saved_by_id)
        .order_by(FairnessTerms.number.desc())
        .limit(limit)
    )
    return [(row.FairnessTerms, row.name) for row in rows]

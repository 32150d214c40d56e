"""The work of qualifying goes along when a lead becomes part of another, and comes back.

Attempts, how the work stands (step, unit, whose it is, call back) and a nurture that goes on. Of
two nurtures the one that has come further goes on, until the later day, so that no mail goes twice.
What somebody has changed on the lead that stays since then stays when the two are two again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from portal.core.db import session
from portal.duplicates.along import Along, Kept, goes_along
from portal.leads.models import TO_QUALIFY, Lead, LeadState
from portal.leads.rules import EDITABLE
from portal.qualification import nurture, routing
from portal.qualification.models import ContactAttempt, DeskWork, Nurture

WORK = ("last_outcome", "last_attempt_at", "reached_at", "call_back_at", "step")
HANDS = ("owner_id", "unit_id", "qualifier_id", "state", "state_since")
NURTURE = ("since", "until", "by_id", "sent", "sent_days", "ended_at", "reason_id", "mails")


def over(kept: Lead, gone: Lead, at: datetime) -> Kept:
    """Let the work on a lead go to the one that stays; return what it was."""
    return {
        "attempts": give_attempts(kept.id, gone.id),
        **_give_work(kept, gone, at),
        "nurture": _give_nurture(kept, gone, at),
    }


def back(kept: Lead, gone: Lead, was: Mapping[str, Any]) -> None:
    """Let it come back."""
    ids = give_attempts(gone.id, kept.id, was["attempts"])
    work = _lock_work(kept.id) if was["work"] or ids else None
    if work is not None:
        work.attempts = max(0, work.attempts - was["count"])
        _restore(work, was["work"])
    _restore(kept, was["hands"])
    if was["nurture"]:
        _take_nurture_back(kept, gone, was["nurture"])
    session().flush()


# -- attempts and how the work stands -------------------------------------------------------------


def give_attempts(to_id: int, from_id: int, only: list[int] | None = None) -> list[int]:
    """Let attempts to reach the contact of one lead be those of another; return their ids."""
    given = update(ContactAttempt).where(ContactAttempt.lead_id == from_id).values(lead_id=to_id)
    if only is not None:
        given = given.where(ContactAttempt.id.in_(only))
    found = given.returning(ContactAttempt.id).execution_options(synchronize_session=False)
    return sorted(session().scalars(found))


def _lock_work(lead_id: int) -> DeskWork | None:
    return session().get(DeskWork, lead_id, with_for_update=True, populate_existing=True)


def _give_work(kept: Lead, gone: Lead, at: datetime) -> Kept:
    """Have both leads' work stand on the one that stays; the row of the other is left alone."""
    said = _lock_work(gone.id)
    if said is None:
        said = DeskWork(lead_id=gone.id, attempts=0)
        before = _lock_work(kept.id)
    else:
        none = upsert(DeskWork).values(lead_id=kept.id, attempts=0)
        session().execute(none.on_conflict_do_nothing())
        before = _lock_work(kept.id)
    work = before if before is not None else DeskWork(lead_id=kept.id, attempts=0)
    was, hands = _read(work, WORK), _read(kept, HANDS)
    ahead = _is_ahead(kept, said, work)
    if kept.state in EDITABLE:
        _take_hands(kept, gone, at, ahead=ahead)
        due = [one for one in (work.call_back_at, said.call_back_at) if one is not None]
        work.call_back_at = min(due, default=None)
        work.step = said.step if ahead else work.step
    work.attempts += said.attempts
    if said.last_attempt_at is not None and (
        work.last_attempt_at is None or work.last_attempt_at < said.last_attempt_at
    ):
        work.last_attempt_at, work.last_outcome = said.last_attempt_at, said.last_outcome
    reached = [one for one in (work.reached_at, said.reached_at) if one is not None]
    work.reached_at = min(reached, default=None)
    session().flush()
    return {
        "count": said.attempts,
        "work": _changes(was, _read(work, WORK)),
        "hands": _changes(hands, _read(kept, HANDS)),
    }


def _is_ahead(kept: Lead, said: DeskWork, work: DeskWork) -> bool:
    """Tell whether the lead that goes is in a later step than the one that stays."""
    places = {one.key: place for place, one in enumerate(routing.list_steps(kept.kind))}
    return places.get(said.step or "", 0) > places.get(work.step or "", 0)


def _take_hands(kept: Lead, gone: Lead, at: datetime, *, ahead: bool) -> None:
    """Have the people of the lead that goes go on with it, where nobody has the one that stays."""
    if kept.owner_id is None:
        kept.owner_id = gone.owner_id
    waits = kept.state == LeadState.CAPTURED and kept.qualifier_id is None
    if kept.state not in TO_QUALIFY or gone.state not in TO_QUALIFY:
        return
    if ahead or (waits and gone.qualifier_id is not None):
        kept.unit_id, kept.qualifier_id = gone.unit_id, gone.qualifier_id
        if kept.state != gone.state:
            kept.state, kept.state_since = gone.state, at
    elif kept.unit_id is None:
        kept.unit_id = gone.unit_id


# -- nurture --------------------------------------------------------------------------------------


def _lock_nurtures(kept: Lead, gone: Lead) -> tuple[Nurture | None, Nurture | None]:
    rows = session().scalars(
        select(Nurture)
        .where(Nurture.lead_id.in_([kept.id, gone.id]))
        .order_by(Nurture.lead_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {row.lead_id: row for row in rows}
    return found.get(kept.id), found.get(gone.id)


def _give_nurture(kept: Lead, gone: Lead, at: datetime) -> Kept:
    """Let a nurture that goes on go on for the lead that stays, unless nobody may write to it.

    Whether that one is still written to is asked before each mail: not where somebody has it.
    """
    mine, its = _lock_nurtures(kept, gone)
    if its is None or its.ended_at is not None:
        return {}
    was: Kept = {"before": _read(mine, NURTURE) if mine else None, "gone": _read(its, NURTURE)}
    if not kept.suppressed and not gone.suppressed:
        if mine is None:
            mine = Nurture(lead_id=kept.id, **{name: getattr(its, name) for name in NURTURE})
            session().add(mine)
        elif mine.ended_at is not None:
            for name in NURTURE:
                setattr(mine, name, getattr(its, name))
        else:
            if (its.sent_days, mine.since) > (mine.sent_days, its.since):
                mine.since, mine.sent_days = its.since, its.sent_days
            mine.sent += its.sent
            mine.until = max(mine.until, its.until)
        mine.next_at = nurture.next_at(mine)
    its.ended_at, its.next_at = at, None
    session().flush()
    return {**was, "behind": _read(mine, NURTURE) if mine else None}


def _take_nurture_back(kept: Lead, gone: Lead, was: Mapping[str, Any]) -> None:
    """Let both be written to as before, with nothing that went out meanwhile going twice."""
    mine, its = _lock_nurtures(kept, gone)
    behind, now = was["behind"], _read(mine, NURTURE) if mine else None
    meanwhile = -1
    if mine is not None and now is not None and behind and now["since"] == behind["since"]:
        meanwhile = mine.sent_days if mine.sent_days > behind["sent_days"] else -1
        same = all(now[name] == behind[name] for name in ("until", "by_id", "ended_at"))
        if same and was["before"] is None:
            session().delete(mine)
        elif same:
            _set(mine, was["before"])
            _go_on(mine, meanwhile)
    if its is None:
        its = Nurture(lead_id=gone.id)
        session().add(its)
    elif its.ended_at is None:
        return
    _set(its, was["gone"])
    _go_on(its, meanwhile)


def _go_on(row: Nurture, meanwhile: int) -> None:
    row.sent_days = max(row.sent_days, meanwhile)
    row.next_at = nurture.next_at(row) if row.ended_at is None else None
    session().flush()


# -- as JSON keeps it -----------------------------------------------------------------------------


def _read(row: object, names: tuple[str, ...]) -> Kept:
    values = {name: getattr(row, name) for name in names}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _changes(was: Kept, now: Kept) -> Kept:
    return {name: [was[name], now[name]] for name in was if was[name] != now[name]}


def _restore(row: object, changes: Mapping[str, list[Any]]) -> None:
    """Have each column be as it was, unless somebody has changed it since."""
    now = _read(row, tuple(changes))
    _set(row, {name: was for name, (was, then) in changes.items() if now[name] == then})


def _set(row: object, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        moment = value is not None and name.endswith(("_at", "since", "until"))
        setattr(row, name, datetime.fromisoformat(value) if moment else value)


goes_along("qualification", Along(over, back))

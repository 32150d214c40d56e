"""Pairs that may be the same: found for whoever is new or changed, and what somebody says of them.

`check` is the one place that writes keys. One batch at a time in the whole house: two at once would
not see each other's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, any_, delete, func, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import BigInteger

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.events import record
from portal.customers import wall as customer_wall
from portal.customers.models import CustomerLead
from portal.duplicates import search
from portal.duplicates.events import FoundDifferent
from portal.duplicates.likeness import Likeness, Party
from portal.duplicates.models import (
    Answer,
    CustomerKey,
    DuplicatePair,
    Kind,
    LeadKey,
    UncheckedParty,
)
from portal.duplicates.queries import get_pair
from portal.leads import wall

BATCH = 500
AT_ONCE = 5_000
"""So many pairs are written with one statement: it can name 65,535 values."""
LINE = 7_309_441
"""The number of the lock that puts batches in one line."""

_Two = tuple[int | None, int | None, int | None, int | None]


def check(at: datetime, most: int = BATCH) -> int:
    """Compare a batch of those who are new or changed with all others; return how many it was."""
    session().execute(select(func.pg_advisory_xact_lock(LINE)))
    waiting = (
        select(UncheckedParty.kind, UncheckedParty.party_id)
        .order_by(UncheckedParty.kind, UncheckedParty.party_id)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("waiting")
    )
    taken = session().execute(
        delete(UncheckedParty)
        .where(
            tuple_(UncheckedParty.kind, UncheckedParty.party_id).in_(
                select(waiting.c.kind, waiting.c.party_id)
            )
        )
        .returning(UncheckedParty.kind, UncheckedParty.party_id)
        .execution_options(synchronize_session=False)
    )
    ids: dict[str, list[int]] = {kind: [] for kind in Kind}
    for row in taken:
        ids[row.kind].append(row.party_id)
    leads, customers = sorted(ids[Kind.LEAD]), sorted(ids[Kind.CUSTOMER])
    if not (leads or customers):
        return 0
    parties_of_leads = keep_lead_keys(leads)
    parties_of_customers = keep_customer_keys(customers)
    found: dict[_Two, Likeness] = {}
    for lead_id, matches in _matches(parties_of_leads, Kind.LEAD):
        for one in matches:
            found[_two(Kind.LEAD, lead_id, one.kind, one.id)] = one.likeness
    for customer_id, matches in _matches(parties_of_customers, Kind.CUSTOMER):
        for one in matches:
            found[_two(Kind.CUSTOMER, customer_id, one.kind, one.id)] = one.likeness
    write(_unlinked(found), leads, customers, at)
    return len(leads) + len(customers)


def _matches(parties: dict[int, Party], kind: Kind) -> Iterable[tuple[int, list[search.Match]]]:
    ids = list(parties)
    if not ids:
        return
    own = {f"{kind}_ids": ids}
    many = search.find_many([parties[one] for one in ids], **own)  # type: ignore[arg-type]
    for one, matches in zip(ids, many, strict=True):
        yield one, [match for match in matches if match.likeness.is_listed]


def _two(kind: Kind, one: int, other_kind: Kind, other: int) -> _Two:
    if kind == other_kind:
        low, high = sorted((one, other))
        return (low, high, None, None) if kind == Kind.LEAD else (None, None, low, high)
    return (one, None, other, None) if kind == Kind.LEAD else (other, None, one, None)


def keep_lead_keys(lead_ids: Sequence[int]) -> dict[int, Party]:
    """Write the keys of leads anew; return who they are, without what is part of another lead."""
    if not lead_ids:
        return {}
    with wall.open_for(lead_ids, session()) as opened:
        parties = search.read_leads(lead_ids, opened)
        opened.execute(delete(LeadKey).where(LeadKey.lead_id == any_(_ids(lead_ids))))
        _add_keys(LeadKey, "lead_id", parties)
        merged = search.stands_for(list(parties), opened)
    return {one: who for one, who in parties.items() if one not in merged}


def keep_customer_keys(customer_ids: Sequence[int]) -> dict[int, Party]:
    """Write the keys of customers anew; return who they are."""
    if not customer_ids:
        return {}
    with customer_wall.open_for(customer_ids, session()) as opened:
        parties = search.read_customers(customer_ids, opened)
        opened.execute(
            delete(CustomerKey).where(CustomerKey.customer_id == any_(_ids(customer_ids)))
        )
        _add_keys(CustomerKey, "customer_id", parties)
    return parties


def _add_keys(table: type[LeadKey | CustomerKey], column: str, parties: dict[int, Party]) -> None:
    rows = [(key, one) for one, who in parties.items() for key in who.keys]
    if not rows:
        return
    sent = func.unnest(_ids([key for key, _one in rows]), _ids([one for _key, one in rows]))
    pairs = sent.table_valued("key", "one").render_derived("sent")
    session().execute(
        upsert(_table(table)).from_select(["key", column], select(pairs.c.key, pairs.c.one))
    )


def _table(model: Any) -> Table:
    found: Table = model.__table__
    return found


def _ids(ids: Iterable[int]) -> Any:
    return literal(list(ids), ARRAY(BigInteger))


def _unlinked(found: dict[_Two, Likeness]) -> dict[_Two, Likeness]:
    """Leave out the leads that are known to be this very customer's."""
    leads = [two[0] for two in found if two[0] is not None and two[2] is not None]
    known = {
        (row.lead_id, row.customer_id)
        for row in session().execute(
            select(CustomerLead.lead_id, CustomerLead.customer_id).where(
                CustomerLead.lead_id == any_(_ids(leads))
            )
        )
    }
    return {two: one for two, one in found.items() if (two[0], two[2]) not in known}


COLUMNS = ("lead_id", "other_lead_id", "customer_id", "other_customer_id")


def write(
    found: dict[_Two, Likeness],
    leads: Collection[int],
    customers: Collection[int],
    at: datetime,
) -> None:
    """Write what was found for these leads and customers; what is no more alike goes.

    What somebody has said of a pair stays as it is.
    """
    theirs = or_(
        DuplicatePair.lead_id == any_(_ids(leads)),
        DuplicatePair.other_lead_id == any_(_ids(leads)),
        DuplicatePair.customer_id == any_(_ids(customers)),
        DuplicatePair.other_customer_id == any_(_ids(customers)),
    )
    gone = [
        row.id
        for row in session().execute(
            select(DuplicatePair.id, *(getattr(DuplicatePair, one) for one in COLUMNS)).where(
                theirs, DuplicatePair.answer.is_(None)
            )
        )
        if (row.lead_id, row.other_lead_id, row.customer_id, row.other_customer_id) not in found
    ]
    if gone:
        session().execute(delete(DuplicatePair).where(DuplicatePair.id == any_(_ids(gone))))
    for target, which in (
        (("lead_id", "other_lead_id"), DuplicatePair.other_lead_id.is_not(None)),
        (
            ("lead_id", "customer_id"),
            DuplicatePair.lead_id.is_not(None) & DuplicatePair.customer_id.is_not(None),
        ),
        (("customer_id", "other_customer_id"), DuplicatePair.other_customer_id.is_not(None)),
    ):
        rows = [
            {
                **dict(zip(COLUMNS, two, strict=True)),
                "score": one.score,
                "reasons": one.as_data(),
                "found_at": at,
            }
            for two, one in found.items()
            if all(two[COLUMNS.index(name)] is not None for name in target)
        ]
        for some in (rows[one : one + AT_ONCE] for one in range(0, len(rows), AT_ONCE)):
            added = upsert(DuplicatePair).values(some)
            session().execute(
                added.on_conflict_do_update(
                    index_elements=list(target),
                    index_where=which,
                    set_={"score": added.excluded.score, "reasons": added.excluded.reasons},
                    where=DuplicatePair.answer.is_(None),
                )
            )


def keep_apart(pair_id: int, actor: Actor, at: datetime) -> DuplicatePair:
    """Remember that two are not the same; nobody is asked again. Raises `NotFound`."""
    pair = get_pair(pair_id, actor)
    if pair.answer is None:
        pair.answer, pair.answered_by, pair.answered_at = Answer.DIFFERENT, actor.id, at
        session().flush()
        record(
            FoundDifferent(
                at=at,
                lead_id=pair.lead_id,
                other_lead_id=pair.other_lead_id,
                customer_id=pair.customer_id,
                other_customer_id=pair.other_customer_id,
                user_id=actor.id,
            )
        )
    return pair


def keep_leads_apart(one_id: int, other_id: int, actor: Actor, at: datetime) -> None:
    """Remember that two leads are not the same, whether the list has them or not."""
    low, high = sorted((one_id, other_id))
    added = upsert(DuplicatePair).values(
        lead_id=low, other_lead_id=high, score=0, reasons=[], found_at=at
    )
    session().execute(
        added.on_conflict_do_nothing(
            index_elements=["lead_id", "other_lead_id"],
            index_where=DuplicatePair.other_lead_id.is_not(None),
        )
    )
    pair = session().scalar(
        select(DuplicatePair.id).where(
            DuplicatePair.lead_id == low, DuplicatePair.other_lead_id == high
        )
    )
    keep_apart(pair or 0, actor, at)

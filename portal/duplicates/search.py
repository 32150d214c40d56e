"""Who might be the same: parties are read behind their walls, meet under keys, and are compared.

One way for one and for a thousand: the page that qualifies, every entrance, lists, the sweep. What
comes back names leads and customers and says what they share, never contact data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import BigInteger, Integer

from portal.customers import wall as customer_wall
from portal.customers.models import (
    AddressKind,
    Customer,
    CustomerAddress,
    CustomerKind,
    CustomerName,
)
from portal.duplicates.likeness import Likeness, Party, compare, of_row, party
from portal.duplicates.models import Kind
from portal.leads import wall
from portal.leads.models import Lead, LeadContact

OF_A_KEY = 40
"""Under a key that more share, the newest are looked at: it says little."""

LOOKED_AT = 24
"""So many of those that somebody meets are compared: who shares most keys, the newest first."""

_MET = """
SELECT n, {one} AS id FROM (
  SELECT n, {one}, row_number() OVER (PARTITION BY n ORDER BY count(*) DESC, {one} DESC) AS place
  FROM unnest(:places, :keys) AS asked(n, key)
  CROSS JOIN LATERAL (
    SELECT {one} FROM {table} WHERE {table}.key = asked.key ORDER BY {one} DESC LIMIT :most
  ) AS there
  GROUP BY n, {one}
  HAVING count(*) > 1 OR bool_or(asked.key & 1 = 1)
) AS met
WHERE place <= :few
"""


def _met(kind: Kind) -> object:
    statement = _MET.format(one=f"{kind}_id", table=f"{kind}_keys")
    return text(statement).bindparams(
        bindparam("places", type_=ARRAY(Integer)), bindparam("keys", type_=ARRAY(BigInteger))
    )


MET = {kind: _met(kind) for kind in Kind}


@dataclass(frozen=True, slots=True)
class Match:
    """A lead or customer that is like somebody. A merged lead is the one it became part of."""

    kind: Kind
    id: int
    likeness: Likeness


def find_alike(who: Party, *, lead_id: int = 0, customer_id: int = 0) -> list[Match]:
    """Return who is listed or related, the likest first; without the party itself."""
    (found,) = find_many([who], lead_ids=[lead_id], customer_ids=[customer_id])
    return found


def find_many(
    who: Sequence[Party],
    *,
    lead_ids: Sequence[int] = (),
    customer_ids: Sequence[int] = (),
    kinds: Collection[Kind] = tuple(Kind),
) -> list[list[Match]]:
    """Return for each party who is like it, in three statements for all of them together.

    `lead_ids`, `customer_ids`: which lead or customer each of them is; 0 or nothing is none.
    """
    found: list[list[Match]] = [[] for _one in who]
    for kind in Kind:
        if kind not in kinds:
            continue
        is_lead = kind == Kind.LEAD
        own = lead_ids if is_lead else customer_ids
        with wall.open_to_search() if is_lead else customer_wall.open_to_search() as opened:
            met = _meet(kind, who, opened)
            ids = {one for many in met.values() for one in many}
            parties = (read_leads if is_lead else read_customers)(ids, opened)
            stands = stands_for(ids, opened) if is_lead else {}
        for place, others in met.items():
            itself = own[place] if place < len(own) else 0
            best: dict[int, Match] = {}
            for other in others:
                now = stands.get(other, other)
                if now == itself or other not in parties:
                    continue
                likeness = compare(who[place], parties[other])
                known = best.get(now)
                if known is None or likeness.score > known.likeness.score:
                    best[now] = Match(kind, now, likeness)
            found[place] += [
                one for one in best.values() if one.likeness.is_listed or one.likeness.is_related
            ]
    for matches in found:
        matches.sort(key=lambda one: (-one.likeness.score, one.kind != Kind.LEAD, -one.id))
    return found


def _meet(kind: Kind, who: Sequence[Party], opened: Session) -> Mapping[int, list[int]]:
    asked = [(place, key) for place, one in enumerate(who) for key in one.keys]
    met: dict[int, list[int]] = defaultdict(list)
    if asked:
        given = {
            "places": [place for place, _key in asked],
            "keys": [key for _place, key in asked],
            "most": OF_A_KEY,
            "few": LOOKED_AT,
        }
        for row in opened.execute(MET[kind], given):  # type: ignore[call-overload]
            met[row.n].append(row.id)
    return met


CONTACT = select(
    LeadContact.lead_id,
    LeadContact.company,
    LeadContact.first_name,
    LeadContact.last_name,
    LeadContact.email,
    LeadContact.phone_e164,
    LeadContact.domain,
    LeadContact.street,
    LeadContact.postcode,
    Lead.city,
    Lead.country,
).join(Lead, Lead.id == LeadContact.lead_id)


def read_leads(lead_ids: Iterable[int], opened: Session) -> dict[int, Party]:
    """Return who the contacts of leads are, as far as the wall is open."""
    rows = opened.execute(CONTACT.where(LeadContact.lead_id.in_(list(lead_ids))))
    return {row.lead_id: of_row(row, row.phone_e164) for row in rows}


def read_customers(customer_ids: Iterable[int], opened: Session) -> dict[int, Party]:
    """Return who customers are, as far as the wall is open."""
    ids = list(customer_ids)
    reached: dict[tuple[int, str], list[str]] = defaultdict(list)
    for row in opened.execute(
        select(CustomerAddress.customer_id, CustomerAddress.kind, CustomerAddress.key).where(
            CustomerAddress.customer_id.in_(ids)
        )
    ):
        reached[row.customer_id, row.kind].append(row.key)
    rows = opened.execute(
        select(Customer, CustomerName)
        .join(CustomerName, CustomerName.customer_id == Customer.id)
        .where(Customer.id.in_(ids), Customer.merged_into.is_(None))
    )
    found = {}
    for customer, called in rows:
        is_company = customer.kind == CustomerKind.COMPANY
        first, _space, last = called.name.rpartition(" ")
        found[customer.id] = party(
            company=called.name if is_company else "",
            first_name="" if is_company else first,
            last_name="" if is_company else last,
            emails=reached[customer.id, AddressKind.EMAIL],
            phones=reached[customer.id, AddressKind.PHONE],
            domains=[called.domain],
            street=called.street,
            postcode=called.postcode,
            city=customer.city,
            country=customer.country,
        )
    return found


def stands_for(lead_ids: Collection[int], opened: Session) -> dict[int, int]:
    """Return of the leads that were merged which one each became part of in the end."""
    into: dict[int, int] = {}
    ask = set(lead_ids)
    while ask:
        rows = opened.execute(
            select(Lead.id, Lead.merged_into).where(Lead.id.in_(ask), Lead.merged_into.is_not(None))
        )
        step = {row.id: row.merged_into for row in rows}
        into |= step
        ask = set(step.values()) - into.keys()
    ends = {}
    for lead_id in lead_ids:
        end = lead_id
        while end in into:
            end = into[end]
        if end != lead_id:
            ends[lead_id] = end
    return ends

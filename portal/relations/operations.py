"""Verbs of relations: a firm keeps a list of its customers, a lead's customer is met with all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, text

from portal.accounts.actor import Actor
from portal.core.db import ask, session
from portal.core.errors import Invalid
from portal.core.events import record
from portal.leads import wall as contacts_wall
from portal.leads.models import Lead, LeadContact
from portal.partners.models import Partner
from portal.relations import keys, rules, wall
from portal.relations.events import KnownCustomersChanged
from portal.relations.models import KnownCustomer, MarkKind, RelationKey


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a list: new marks, marks that were there, marks gone, lines not understood."""

    new: int
    known: int
    gone: int
    blank: tuple[int, ...]


def keep_list(written: str, replace: bool, actor: Actor, at: datetime) -> Kept:
    """Add a firm's customers to its list, or put them in its place. Raises `Invalid`.

    What stays keeps the day from which it counts. Nothing of what was written is kept but marks.
    """
    firm = actor.organisation_id
    partner = session().get_one(Partner, firm, with_for_update={"key_share": True})
    listed = rules.read_list(written, partner.country)
    if not listed.traits:
        raise Invalid(
            {
                "written": _(
                    "We found no web domain, e-mail address or phone number. "
                    "Please write a line for each customer, as kanarienwerke.example."
                )
            }
        )
    with wall.open_for(firm):
        marks = rules.marks_of(listed.traits, keys.own_key(firm, at))
        gone = _drop_others(firm, marks) if replace else 0
        new = _add(firm, marks, at)
        count = session().scalar(select(func.count()).select_from(KnownCustomer)) or 0
    if count > rules.MOST:
        raise Invalid(
            {
                "written": _(
                    "A list has at most %(most)s entries; with these it would have %(count)s.",
                    most=rules.MOST,
                    count=count,
                )
            }
        )
    if new or gone:
        record(
            KnownCustomersChanged(
                at=at,
                organisation_id=firm,
                user_id=actor.id,
                added=new,
                removed=gone,
                marks=count,
            )
        )
    return Kept(new, len(marks) - new, gone, listed.blank)


def forget_list(actor: Actor, at: datetime) -> None:
    """Remove a firm's list and destroy the key it was kept under."""
    firm = actor.organisation_id
    session().get_one(Partner, firm, with_for_update={"key_share": True})
    with wall.open_for(firm):
        gone = session().execute(delete(KnownCustomer)).rowcount  # type: ignore[attr-defined]
        session().execute(delete(RelationKey))
    if gone:
        record(
            KnownCustomersChanged(
                at=at, organisation_id=firm, user_id=actor.id, added=0, removed=gone, marks=0
            )
        )


def count_marks(organisation_id: int) -> Mapping[MarkKind, int]:
    """Return how many entries a firm's own list has, by what they are."""
    with wall.open_for(organisation_id) as own:
        rows = own.execute(select(KnownCustomer.kind, func.count()).group_by(KnownCustomer.kind))
        return {MarkKind(kind): count for kind, count in rows}


DROP_OTHERS = text(
    """
    DELETE FROM known_customers AS known
    WHERE organisation_id = :firm AND NOT EXISTS (
      SELECT FROM unnest(CAST(:marks AS bytea[])) AS listed(mark) WHERE listed.mark = known.mark)
    """
)


def _drop_others(firm: int, marks: Mapping[bytes, MarkKind]) -> int:
    dropped = session().execute(DROP_OTHERS, {"firm": firm, "marks": list(marks)})
    return int(dropped.rowcount)  # type: ignore[attr-defined]


ADD = text(
    """
    INSERT INTO known_customers (organisation_id, mark, kind, noted_at)
    SELECT :firm, mark, kind, :at
    FROM unnest(CAST(:marks AS bytea[]), CAST(:kinds AS text[])) AS listed(mark, kind)
    ON CONFLICT DO NOTHING
    """
)


def _add(firm: int, marks: Mapping[bytes, MarkKind], at: datetime) -> int:
    added = session().execute(
        ADD,
        {
            "firm": firm,
            "at": at,
            "marks": list(marks),
            "kinds": [str(kind) for kind in marks.values()],
        },
    )
    return int(added.rowcount)  # type: ignore[attr-defined]


WHO_LISTS = text(
    """
    SELECT DISTINCT known.organisation_id
    FROM unnest(CAST(:firms AS bigint[]), CAST(:marks AS bytea[])) AS asked(firm, mark)
    JOIN known_customers known ON known.organisation_id = asked.firm AND known.mark = asked.mark
    WHERE known.noted_at < :came_in
      AND (SELECT count(*) FROM (
             SELECT FROM known_customers AS listed
             WHERE listed.organisation_id = known.organisation_id LIMIT :least
           ) AS enough) >= :least
    """
)

# accounts of customers and pickups belong to rooms above, so their tables are named here
KEEP_HITS = text(
    """
    WITH won AS (
      SELECT DISTINCT pickup.organisation_id AS firm
      FROM customer_leads this
      JOIN customer_leads other ON other.customer_id = this.customer_id AND other.lead_id <> :lead
      JOIN pickups pickup ON pickup.lead_id = other.lead_id AND pickup.outcome = 'won'
      WHERE this.lead_id = :lead AND pickup.ended_at <= :at
    ), known AS (
      SELECT firm, 'customer' AS by FROM won
      UNION ALL
      SELECT DISTINCT firm, 'list' FROM unnest(CAST(:listed AS bigint[])) AS listed(firm)
      WHERE firm NOT IN (SELECT firm FROM won)
    ), gone AS (
      DELETE FROM relation_hits
      WHERE lead_id = :lead AND by <> 'claim'
        AND organisation_id NOT IN (SELECT firm FROM known)
    )
    INSERT INTO relation_hits (lead_id, organisation_id, at, by)
    SELECT :lead, firm, :at, by FROM known ORDER BY firm
    ON CONFLICT DO NOTHING
    """
)


def meet(lead: Lead, at: datetime) -> None:
    """Find out anew which partners know the customer of a lead.

    By their own lists, as far as they named him before the lead came in: so no list that is changed
    later can find out who is behind a teaser. And by deals they won with the same customer. Claims
    that were granted stay.
    """
    ask(KEEP_HITS, {"lead": lead.id, "listed": _who_lists(lead), "at": at})


def meets(lead: Lead, traits: Collection[rules.Trait]) -> bool:
    """Say whether a lead's customer is recognised by one of these. For no partner's eyes."""
    return not set(traits).isdisjoint(_traits_of(lead))


def _traits_of(lead: Lead) -> list[rules.Trait]:
    with contacts_wall.open_for([lead.id]) as opened:
        contact = opened.execute(
            select(LeadContact.email, LeadContact.domain, LeadContact.phone_e164).where(
                LeadContact.lead_id == lead.id
            )
        ).one_or_none()
    if contact is None:
        return []
    email, domain, phone = (one or "" for one in contact)
    return list(rules.traits_of([email], [domain], [phone]))


def _who_lists(lead: Lead) -> list[int]:
    with wall.open_to_meet() as opened:
        found = opened.scalars(select(RelationKey).order_by(RelationKey.organisation_id)).all()
        traits = _traits_of(lead) if found else []
        if not traits:
            return []
        asked = [
            (row.organisation_id, rules.mark_of(trait, key))
            for row in found
            if (key := keys.open_key(row.sealed, row.organisation_id)) is not None
            for trait in traits
        ]
        if not asked:
            return []
        firms, marks = zip(*asked, strict=True)
        values = {"firms": list(firms), "marks": list(marks)}
        return list(
            opened.scalars(WHO_LISTS, {**values, "came_in": lead.created_at, "least": rules.LEAST})
        )

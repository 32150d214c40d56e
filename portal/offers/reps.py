"""Whom of a firm's people a lead suits best: she hears of it first, and nobody is left out.

Asked when mails are written, not when a lead is offered: a round opens no slower for it. Where a
firm's people say nothing of what they are good at, they hear as one. Who is away is passed over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text, update

from portal.accounts.models import User
from portal.accounts.permissions import PICKING_ROLES
from portal.accounts.reach import units_below
from portal.core.db import session
from portal.leads.models import Lead
from portal.matching.rules import draw
from portal.matching.shared_parts import in_full
from portal.offers.models import Offer, OfferRound
from portal.partners.queries import away

WEIGHTS = {"skills": 40, "region": 25, "load": 20, "punctuality": 15}
UNSAID = 0.5
"""What somebody gets for a part of which she has said nothing."""
PUNCTUAL, STRENGTH = 0.8, 5
"""Answers in time are drawn towards this share, as if so many more had been given."""
SINCE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Rep:
    """What is known of a person who picks leads up."""

    user_id: int
    organisation_id: int
    specialisation_ids: Collection[int]
    product_ids: Collection[int]
    territories: Collection[str]
    languages: Collection[str]
    held: int
    capacity: int
    in_time: int
    answers: int
    unit_id: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a lead asks of people; `specialisation_ids` are those that its firm was chosen by."""

    product_ids: Collection[int]
    country: str | None
    subdivision: str | None
    language: str | None
    specialisation_ids: Collection[int] = ()


def suits(rep: Rep, asked: Asked) -> float:
    """Return how well a lead suits somebody, from 0 to 1."""
    shares = {
        "skills": _skills(rep, asked),
        "region": _region(rep, asked),
        "load": max(0.0, 1 - rep.held / rep.capacity) if rep.capacity else 0.0,
        "punctuality": (rep.in_time + PUNCTUAL * STRENGTH) / (rep.answers + STRENGTH),
    }
    return sum(WEIGHTS[part] * share for part, share in shares.items()) / sum(WEIGHTS.values())


def _skills(rep: Rep, asked: Asked) -> float:
    parts = [
        _overlap(rep.product_ids, asked.product_ids),
        _overlap(rep.specialisation_ids, asked.specialisation_ids),
        _overlap(rep.languages, [asked.language] if asked.language else []),
    ]
    known = [one for one in parts if one is not None]
    return sum(known) / len(known) if known else UNSAID


def _overlap(has: Collection[Any], wanted: Collection[Any]) -> float | None:
    """Return which share of what is wanted she has; None where nothing is, or she says nothing."""
    if not wanted or not has:
        return None
    return len(set(has) & set(wanted)) / len(set(wanted))


def _region(rep: Rep, asked: Asked) -> float:
    if not rep.territories or asked.country is None:
        return UNSAID
    return float(bool({asked.country, asked.subdivision} & set(rep.territories)))


# leads in hand and answers stand in rooms above, so their tables are named here, not their models
REPS = text(
    """
    WITH firms AS (SELECT unnest(CAST(:firms AS bigint[])) AS id),
    answered AS (
      SELECT k.user_id, count(*) AS answers, count(*) FILTER (WHERE f.late_seconds = 0) AS in_time
      FROM firms JOIN pickups k ON k.organisation_id = firms.id AND k.picked_at > :since
      JOIN feedback f ON f.pickup_id = k.id AND f.taken_back_at IS NULL AND f.at <= :at
      GROUP BY k.user_id
    )
    SELECT u.id, u.organisation_id,
           coalesce(r.specialisation_ids, '{}'), coalesce(r.product_ids, '{}'),
           coalesce(r.territories, '{}'), coalesce(r.languages, '{}'),
           (SELECT count(*) FROM pickups k WHERE k.user_id = u.id AND k.ended_at IS NULL),
           p.rep_capacity, coalesce(a.in_time, 0), coalesce(a.answers, 0), u.unit_id
    FROM firms
    JOIN users u ON u.organisation_id = firms.id
    JOIN partners p ON p.organisation_id = firms.id
    LEFT JOIN rep_profiles r ON r.user_id = u.id
    LEFT JOIN answered a ON a.user_id = u.id
    WHERE u.id = ANY(:people)
      AND EXISTS (SELECT FROM rep_profiles said JOIN users c ON c.id = said.user_id
                  WHERE c.organisation_id = firms.id AND c.active)
    ORDER BY u.id
    """
)


def list_reps(organisation_ids: Collection[int], at: datetime) -> Sequence[Rep]:
    """Return the people of firms who pick leads up and are there today.

    Only of firms of which somebody has said what she is good at.
    """
    people = session().scalars(
        select(User.id)
        .join(User.organisation)
        .where(
            User.organisation_id.in_(organisation_ids),
            User.active,
            User.roles.overlap(list(PICKING_ROLES)),
            ~away(at),
        )
    )
    asked = {
        "firms": sorted(organisation_ids),
        "people": list(people),
        "since": at - SINCE,
        "at": at,
    }
    return [Rep(*row) for row in session().execute(REPS, asked)]


def choose(round_id: int, at: datetime) -> Mapping[int, int]:
    """Choose for each firm that sees a lead by now whom it suits best; return them by firm.

    Where it is on offer to a unit of a firm, of the unit's people.
    Doing it twice changes nothing: who was chosen once stays so in a round.
    """
    current = session().get(OfferRound, round_id)
    lead = session().get(Lead, current.lead_id) if current else None
    if current is None or lead is None:
        return {}
    offers = session().scalars(
        select(Offer).where(
            Offer.round_id == round_id,
            Offer.visible_from <= at,
            ~Offer.direct,
            Offer.user_id.is_(None),
            Offer.declined_at.is_(None),
            Offer.withdrawn_at.is_(None),
        )
    )
    chosen: dict[int, int] = {}
    open_yet: dict[int, Offer] = {}
    for offer in offers:
        if offer.suits_user_id is not None:
            chosen[offer.organisation_id] = offer.suits_user_id
        else:
            open_yet[offer.organisation_id] = offer
    of_units = {
        firm: units_below(offer.unit_id) for firm, offer in open_yet.items() if offer.unit_id
    }
    by_firm: dict[int, list[Rep]] = {}
    for rep in list_reps(open_yet, at) if open_yet else ():
        its = of_units.get(rep.organisation_id)
        if its is not None and rep.unit_id not in its:
            continue
        by_firm.setdefault(rep.organisation_id, []).append(rep)
    found = []
    for firm, reps in by_firm.items():
        if len(reps) < 2:
            continue
        asked = asked_of(lead, in_full(open_yet[firm].explanation, current.parts))
        best = min(reps, key=lambda rep: (-suits(rep, asked), draw(current.seed, rep.user_id)))
        chosen[firm] = best.user_id
        found.append({"id": open_yet[firm].id, "suits_user_id": best.user_id})
    if found:
        session().execute(update(Offer), found)
    return chosen


def asked_of(lead: Lead, explanation: Iterable[Mapping[str, Any]]) -> Asked:
    """Return what a lead asks of the people of the firm that it is offered to so explained."""
    by = [part for part in explanation if part.get("kind") == "specialisation"]
    return Asked(
        lead.product_ids or (),
        lead.country,
        lead.subdivision,
        lead.language,
        [one for part in by for one in part.get("ids", ())],
    )


def find_best(lead_id: int, organisation_id: int) -> str | None:
    """Return the name of whom of a firm a lead that is on offer to it suits best."""
    return session().scalar(
        select(User.name)
        .join(Offer, Offer.suits_user_id == User.id)
        .join(Lead, (Lead.id == Offer.lead_id) & (Lead.round == Offer.round))
        .where(Offer.lead_id == lead_id, Offer.organisation_id == organisation_id)
    )

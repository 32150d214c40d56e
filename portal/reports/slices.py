"""Whose leads a report is about: each role has its own slices, and nothing beyond them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, select, true

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission as P
from portal.accounts.reach import Reached
from portal.core.db import session
from portal.offers.models import Offer
from portal.partners.models import Partner, Shares
from portal.pickup.models import Pickup


class Whose(StrEnum):
    """Whose leads: one's own, one's firm's, one's resellers', one's partners', all of them."""

    PROGRAMME = "programme"
    PARTNERS = "partners"
    FIRM = "firm"
    RESELLERS = "resellers"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Slice:
    """Whose leads, as conditions of a `Pickup` and of an `Offer`.

    `offers` is None where every offer counts. `by_pick` says that leads count as come when they are
    picked up, and not when they are offered: an offer is nobody's alone. `tells_values` is false
    where firms don't share what their deals bring, `opens` where the reader has figures alone and
    no pages of the leads that they count.
    """

    whose: Whose
    pickups: ColumnElement[bool]
    offers: ColumnElement[bool] | None = None
    by_pick: bool = False
    tells_values: bool = True
    opens: bool = True


def slices_of(actor: Actor) -> tuple[Whose, ...]:
    """Return the slices that somebody has, the widest first."""
    has = {
        Whose.PROGRAMME: actor.may(P.REPORTS_SEE) and reach.sees_all_firms(actor),
        Whose.PARTNERS: actor.may(P.REPORTS_SEE) and not reach.sees_all_firms(actor),
        Whose.FIRM: actor.may(P.PICKUPS_SEE_FIRM),
        Whose.RESELLERS: actor.may(P.RESELLERS_SEE),
        Whose.OWN: actor.may(P.PICKUPS_SEE_OWN),
    }
    return tuple(whose for whose, its in has.items() if its)


def slice_of(whose: Whose, actor: Actor, reached: Reached | None = None) -> Slice:
    """Return one of the slices of somebody."""
    its = Pickup.organisation_id == actor.organisation_id
    match whose:
        case Whose.PROGRAMME:
            return Slice(whose, true(), opens=actor.may(P.BOARD_SEE))
        case Whose.PARTNERS:
            return Slice(
                whose,
                reach.answers_for(actor, Pickup.organisation_id, reached),
                reach.answers_for(actor, Offer.organisation_id, reached),
            )
        case Whose.FIRM:
            return Slice(whose, its, Offer.organisation_id == actor.organisation_id)
        case Whose.RESELLERS:
            # a firm that shares its figures keeps what is hidden, and what its deals bring
            shared = (
                select(Partner.organisation_id)
                .where(Partner.organisation_id.in_(firms_below(actor)), shares_figures())
                .scalar_subquery()
            )
            theirs = Pickup.organisation_id.in_(shared)
            return Slice(
                whose,
                and_(theirs, Pickup.hidden_from_distributor.is_(False)),
                by_pick=True,
                tells_values=False,
            )
        case Whose.OWN:
            return Slice(whose, and_(its, Pickup.user_id == actor.id), by_pick=True)


FIGURES_SHARED = (Shares.FIGURES, Shares.DEALS)
"""What a firm shares that lets its distributor see its figures."""


def shares_figures() -> ColumnElement[bool]:
    """Return the condition of a partner that lets its distributor see its figures."""
    return Partner.shares.in_(FIGURES_SHARED)


def firms_below(actor: Actor) -> Collection[int]:
    """Return the firms below a distributor."""
    below = session().execute(reach.firms_of(actor)).scalars()
    return set(below) - {actor.organisation_id}

"""Offers by hand: somebody chooses who sees a lead, longer or no more; nobody is given one.

To a person, a unit of a partner, a partner, several at once or in turn, a group. Whoever is chosen
must still accept, by the same claim and gate as in every round. Not here: who may decide
(`deciding`), and what speaks against a firm (`doubts`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select, update

from portal.accounts.actor import Actor
from portal.accounts.models import Unit
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.events import record
from portal.leads import requirements
from portal.leads.contest import DIRECT, MINUTES, Contest, Mode
from portal.leads.models import Lead, LeadState
from portal.matching.operations import Match, Matched, own_seed
from portal.offers import clocks, deciding, events, opening
from portal.offers.doubts import Doubt, list_doubts
from portal.offers.models import Offer, OfferRound
from portal.offers.operations import (
    MOST_HOURS,
    check_rested,
    lock_lead,
    lock_partners,
    take_from_market,
)
from portal.offers.publishing import publish, stays_direct
from portal.offers.rules import AlreadyTaken, NotReady, StaysDirect, may_be_offered
from portal.offers.taking_back import list_standing, take_out, with_offered_on
from portal.partners.models import Partner


@dataclass(frozen=True, slots=True)
class Choice:
    """To whom a lead is offered by hand, in this order, and how.

    With `user_id` to this person of the one firm alone, with `unit_id` to the people of this unit
    of it and of the units below. Several firms see it at once, or one after
    the other, each for `minutes`. `despite` are firms that get it although something speaks
    against them; the others of that kind are left out.
    """

    firms: Sequence[int]
    user_id: int | None = None
    unit_id: int | None = None
    in_turn: bool = False
    minutes: int | None = None
    hours: int = 72
    despite: Collection[int] = ()


def offer(
    lead_id: int, choice: Choice, actor: Actor, at: datetime
) -> tuple[OfferRound, list[Doubt]]:
    """Offer a lead to whom somebody chose; return the round, and why others were left out.

    Raises `Forbidden` (he doesn't decide), `OthersDecide` (not for these), `NotReady`,
    `Resting`, `StaysDirect`, `Invalid` (something is missing, nobody is left), `NotFound`.
    """
    deciding.get_right(actor, choice.firms)
    # whoever of the firms leaves just now has left, or waits: her leaving ends what is on offer
    lock_partners(choice.firms)
    lead = lock_lead(lead_id)
    if not may_be_offered(lead.state, lead.suppressed):
        raise NotReady(_("%(number)s can't be offered in its present state.", number=lead.number))
    check_rested(lead, at)
    if stays_direct(lead):
        raise StaysDirect(
            _(
                "%(number)s stays with us: leads of its type are not offered to partners.",
                number=lead.number,
            )
        )
    requirements.check_complete(lead, "offer")
    check_whole(choice)
    hold_unit(choice)
    doubts = list_doubts(lead_id, choice.firms, at, choice.user_id, choice.unit_id)
    left_out = [
        one
        for one in doubts
        if not (one.may_be_overruled and one.organisation_id in choice.despite)
    ]
    out = {one.organisation_id for one in left_out}
    known = set(
        session().scalars(
            select(Partner.organisation_id).where(Partner.organisation_id.in_(choice.firms))
        )
    )
    firms = [firm for firm in dict.fromkeys(choice.firms) if firm in known - out]
    if not firms:
        raise Invalid({"firms": _("Nobody is left to offer it to.")})
    alone = len(firms) == 1
    contest = Contest(Mode.RACE)
    if alone:
        contest = Contest(DIRECT)
    elif choice.in_turn:
        contest = Contest(Mode.SERIAL, None, choice.minutes)
    found = Match(
        rule_id=None,
        hours=choice.hours,
        partners=[Matched(organisation_id=firm, score=0, explanation=[]) for firm in firms],
        excluded={},
        candidates=len(firms),
        contest=contest,
        seed=own_seed(lead),
    )
    opened = publish(lead, found, at, choice.unit_id, choice.user_id, actor.id)
    return opened, left_out


def check_whole(choice: Choice) -> None:
    """Raise `Invalid` where something was not said that must be."""
    if not choice.firms:
        raise Invalid({"firms": _("Please choose to whom.")})
    if choice.user_id is not None and len(set(choice.firms)) != 1:
        raise Invalid({"whom": _("A person can be chosen where one firm is.")})
    if choice.unit_id is not None and (choice.user_id or len(set(choice.firms)) != 1):
        raise Invalid({"whom": _("A unit can be chosen where one firm is.")})
    if choice.in_turn and choice.minutes not in MINUTES:
        raise Invalid({"minutes": _("Please choose how long each firm has it alone.")})
    if not 1 <= choice.hours <= MOST_HOURS:
        raise Invalid({"days": _("Please choose how long.")})


def hold_unit(choice: Choice) -> None:
    """Hold the unit that was chosen: nobody closes it before the offer stands. Raises `Invalid`."""
    if choice.unit_id is None:
        return
    unit = session().get(
        Unit, choice.unit_id, with_for_update={"read": True}, populate_existing=True
    )
    if unit is None or unit.closed_at or unit.organisation_id not in choice.firms:
        raise Invalid({"whom": _("Please choose a unit of this firm.")})


def lock_round(lead_id: int) -> tuple[Lead, OfferRound]:
    """Lock a lead that is on offer with its round. Raises `AlreadyTaken`, `NotReady`."""
    lead = lock_lead(lead_id)
    if lead.state == LeadState.HELD:
        raise AlreadyTaken(_("%(number)s was picked up meanwhile.", number=lead.number))
    current = session().scalar(
        select(OfferRound)
        .where(
            OfferRound.lead_id == lead.id,
            OfferRound.number == lead.round,
            OfferRound.ended_at.is_(None),
        )
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if lead.state != LeadState.OFFERED or current is None:
        raise NotReady(_("%(number)s is not on offer.", number=lead.number))
    return lead, current


def firms_of(round_id: int) -> Sequence[int]:
    """Return the firms that a lead is offered to in a round, and was not taken from."""
    return (
        session()
        .scalars(
            select(Offer.organisation_id)
            .where(Offer.round_id == round_id, Offer.withdrawn_at.is_(None))
            .order_by(Offer.ring, Offer.score.desc(), Offer.id)
        )
        .all()
    )


def withdraw(lead_id: int, actor: Actor, at: datetime) -> Lead:
    """Take a lead off the market; it stands ready again.

    Raises `Forbidden`, `OthersDecide` where it is on offer to firms that he doesn't decide for,
    `AlreadyTaken`, `NotReady`.
    """
    lead, current = lock_round(lead_id)
    deciding.get_right(actor, firms_of(current.id))
    take_from_market(lead, at)
    return lead


def withdraw_from(
    lead_id: int, organisation_id: int, actor: Actor, at: datetime
) -> Sequence[Offer]:
    """Take an offer back from one firm; where no other is left, the lead off the market.

    Returns the offers that are taken back: what the firm offered on, and still stands, goes with
    its own. It may be offered to them again. Raises `Forbidden`, `OthersDecide`, `AlreadyTaken`,
    `NotReady`, `NotFound` (it is not on offer to the firm, or that said no), `Conflict` (the firm
    has offered it on just now).
    """
    deciding.get_right(actor, (organisation_id,))
    # whoever of the firms is picking it up just now is done, or finds it gone
    in_line = with_offered_on(lead_id, organisation_id)
    lock_partners(in_line)
    lead, current = lock_round(lead_id)
    gone = with_offered_on(lead_id, organisation_id)
    if not gone <= in_line:
        raise Conflict(
            _("%(number)s was offered on just now. Please look at it again.", number=lead.number)
        )
    taken = list_standing(current, gone, at)
    if organisation_id not in {one.organisation_id for one in taken}:
        raise NotFound()
    if not take_out(lead, current, taken, at):
        take_from_market(lead, at)
    return taken


def extend(lead_id: int, hours: int, actor: Actor, at: datetime) -> OfferRound:
    """Let a round last longer, for the firms that see the lead now; whose turn comes waits longer.

    Raises `Forbidden`, `OthersDecide`, `AlreadyTaken`, `NotReady`, `Invalid`.
    """
    lead, current = lock_round(lead_id)
    deciding.get_right(actor, firms_of(current.id))
    longer = timedelta(hours=hours)
    if hours < 1 or current.ends_at + longer - at > timedelta(hours=MOST_HOURS):
        raise Invalid({"days": _("An offer lasts 30 days at most.")})
    if current.closes_at is not None:
        raise NotReady(_("%(number)s is being decided on right now.", number=lead.number))
    if current.mode == Mode.SERIAL:
        opening.move(current, longer)
        if current.next_ring_at is not None:
            current.next_ring_at += longer
        stands = Offer.ring == current.ring
    else:
        current.ends_at += longer
        stands = Offer.ring >= 1
    session().execute(
        update(Offer)
        .where(Offer.round_id == current.id, stands, Offer.withdrawn_at.is_(None))
        .values(ends_at=Offer.ends_at + longer)
        .execution_options(synchronize_session=False)
    )
    session().flush()
    clocks.follow(current, at)
    record(events.RoundExtended(at=at, lead_id=lead.id, round_id=current.id, hours=hours))
    return current

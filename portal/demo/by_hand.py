"""What people of the demo choose by hand: who is offered a lead, who knew a customer, a dry run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.core import circumstances
from portal.core.db import session
from portal.demo import cast
from portal.demo.inquiries import Inquiry
from portal.demo.stage import Cast, Stage
from portal.leads.models import Lead
from portal.offers import by_hand, choosing, dry_run, passing_on
from portal.offers import operations as offers
from portal.offers import queries as offered
from portal.offers.by_hand import Choice
from portal.offers.deciding import Right
from portal.offers.doubts import list_doubts
from portal.offers.models import Offer
from portal.partners.models import PartnerGroup
from portal.pickup import knowledge
from portal.pickup.knowledge import Claim
from portal.relations.models import How

GROUP = cast.SCHOOLS
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
REHEARSED = 4
"""So many leads that are ready are tried on the dry run."""


def of_nobody_named(stage: Stage, firms: Sequence[int]) -> Iterator[Cast]:
    """Yield firms whose people have invented names, in this order."""
    for firm in firms:
        found = stage.firms.get(firm)
        if found is not None and not found.firm.people and found.reps:
            yield found


def choose_rep(stage: Stage, lead_id: int, at: datetime) -> Choice | None:
    """Choose one person of the firm that suits a lead best and can have it."""
    lead = session().get_one(Lead, lead_id)
    best = [one.id for one in choosing.list_suiting(lead, Right(), at)]
    for found in of_nobody_named(stage, best):
        for rep in found.reps:
            if not list_doubts(lead_id, [found.organisation_id], at, rep.id):
                return Choice([found.organisation_id], user_id=rep.id)
    return None


def choose_group(stage: Stage, lead_id: int, at: datetime) -> Choice | None:
    """Choose a group, whose firms have a lead in turn, a day each."""
    lead = session().get_one(Lead, lead_id)
    group_id = session().scalar(select(PartnerGroup.id).where(PartnerGroup.name == GROUP))
    members = choosing.members_of(group_id, lead, at) if group_id else []
    firms = [found.organisation_id for found in of_nobody_named(stage, members)]
    free = {one.organisation_id for one in list_doubts(lead_id, firms, at)} ^ set(firms)
    return Choice(firms, in_turn=True, minutes=24 * 60) if len(free) > 1 else None


def choose_distributor(stage: Stage, lead_id: int, at: datetime) -> Choice | None:
    """Choose the distributor, who offers a lead on."""
    firm = stage.named(cast.DELTA).organisation_id
    return None if list_doubts(lead_id, [firm], at) else Choice([firm])


CHOOSES: Mapping[str, Callable[[Stage, int, datetime], Choice | None]] = {
    "chosen_rep": choose_rep,
    "chosen_group": choose_group,
    "chosen_distributor": choose_distributor,
}
"""Fate → who is chosen."""


def offer(stage: Stage, fate: str, lead_id: int, at: datetime) -> None:
    """Let the channel manager offer a lead to whom he chooses; by its rule where nobody can."""
    choice = CHOOSES[fate](stage, lead_id, at)
    with circumstances.under(channel="web", actor_id=stage.manager.id):
        if choice is None:
            offers.offer(lead_id, at)
        else:
            by_hand.offer(lead_id, choice, stage.manager, at)


def offer_on(stage: Stage, lead_id: int, at: datetime) -> None:
    """Let the distributor offer a lead on to two of its resellers, if it has it on offer."""
    seller = stage.named(cast.DELTA).reps[0]
    if offered.find_card(lead_id, seller, at) is None:
        return
    below = [row.id for row in passing_on.list_resellers(lead_id, seller)]
    out = {one.organisation_id for one in list_doubts(lead_id, below, at)}
    free = [one for one in of_nobody_named(stage, below) if one.organisation_id not in out]
    with circumstances.under(channel="web", actor_id=seller.id):
        chosen = [one.organisation_id for one in free[:2]]
        passing_on.offer_on(lead_id, chosen, seller, at)


def rehearse(stage: Stage, at: datetime) -> None:
    """Let the channel manager try for a few minutes who would see the leads that are ready."""
    with circumstances.under(channel="web", actor_id=stage.manager.id):
        dry_run.begin(stage.manager.id, at)
        for number, lead_id in enumerate(offered.list_ready(REHEARSED), 1):
            offers.offer(lead_id, at + timedelta(minutes=number))
        dry_run.end(stage.manager.id, at + timedelta(minutes=12))


def say_who_knew(stage: Stage, held: Sequence[tuple[int, Actor, Inquiry]], at: datetime) -> None:
    """Let a holder say that his firm knew the customer, which is granted, and a firm that lost.

    What that says is for the channel manager to decide. `held` are leads with holder and inquiry.
    """
    mine = [one for one in held if not stage.firms[one[1].organisation_id].firm.people]
    for lead_id, holder, _inquiry in mine[:1]:
        with circumstances.under(channel="web", actor_id=holder.id):
            said = Claim(How.CUSTOMER, at.date() - 800 * DAY)
            made = knowledge.claim(lead_id, said, holder, at)
        with circumstances.under(channel="web", actor_id=stage.manager.id):
            knowledge.decide(made.id, True, stage.manager, at + 3 * HOUR)
    for lead_id, holder, inquiry in mine[1:]:
        others = session().scalars(
            select(Offer.organisation_id)
            .where(
                Offer.lead_id == lead_id,
                Offer.organisation_id != holder.organisation_id,
                Offer.visible_from <= at,
            )
            .order_by(Offer.score.desc(), Offer.id)
        )
        for firm in of_nobody_named(stage, others.all()):
            with circumstances.under(channel="web", actor_id=firm.reps[0].id):
                said = Claim(How.QUOTE, at.date() - 190 * DAY, inquiry.contact.email)
                knowledge.claim(lead_id, said, firm.reps[0], at + 5 * HOUR)
            return

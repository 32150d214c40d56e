"""A distributor offers a lead on to resellers of its own; they take part in the same round.

They see it as long as the distributor does, and whoever is first to pick it up gets it. Not while a
lead goes from one firm to the next: then each has it alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation
from portal.accounts.permissions import Permission
from portal.core.db import AnyRow, session
from portal.core.errors import Forbidden, Invalid
from portal.core.events import record
from portal.leads.contest import Mode
from portal.leads.models import Lead
from portal.matching import explaining
from portal.matching.rules import score_of
from portal.offers import deciding, dry_run, events, reasons
from portal.offers.by_hand import lock_round
from portal.offers.doubts import Doubt, list_doubts
from portal.offers.models import Offer, OfferRound
from portal.offers.operations import lock_lead, standing_offer
from portal.offers.rules import NotReady
from portal.partners.models import Partner


def may_offer_on(actor: Actor) -> bool:
    """Say whether somebody's firm may offer leads on at all."""
    return actor.may(Permission.RESELLERS_SEE) and deciding.terms().pass_on


def can_offer_on(lead_id: int, actor: Actor) -> bool:
    """Say whether somebody's firm may offer a lead on that it has on offer now."""
    if not may_offer_on(actor):
        return False
    current = session().scalar(
        select(OfferRound)
        .join(Lead, (Lead.id == OfferRound.lead_id) & (Lead.round == OfferRound.number))
        .where(Lead.id == lead_id, OfferRound.ended_at.is_(None))
    )
    return current is not None and is_open(current)


def is_open(current: OfferRound) -> bool:
    """Say whether others may come into a round: not in turn, nor while it is being decided on.

    On a dry run nobody is offered anything.
    """
    in_turn = current.mode == Mode.SERIAL
    return not in_turn and current.closes_at is None and dry_run.find_open() is None


def offer_on(
    lead_id: int, organisation_ids: Collection[int], actor: Actor, at: datetime
) -> list[Doubt]:
    """Offer a lead on to resellers; return those that can't have it.

    Who has it on offer already keeps it so. Raises `Forbidden`, `NotFound` (never offered to the
    own firm), `AlreadyTaken`, `Invalid`, `NotReady` (it goes in turn, is being decided on, or the
    programme is on a dry run).
    """
    if not may_offer_on(actor):
        raise Forbidden(_("In this programme leads are not offered on."))
    lock_lead(lead_id)
    # what the own firm never saw is answered like what there is not
    own = standing_offer(lead_id, actor, at)
    lead, current = lock_round(lead_id)
    if not is_open(current):
        raise NotReady(_("%(number)s can’t be offered on right now.", number=lead.number))
    wanted = [row.id for row in list_resellers(lead_id, actor) if row.id in organisation_ids]
    doubts = list_doubts(lead_id, wanted, at)
    out = {one.organisation_id for one in doubts}
    if not set(wanted) - out:
        raise Invalid({"firm": _("Please choose a reseller who can be offered it.")})
    has_it = set(
        session().scalars(select(Offer.organisation_id).where(Offer.round_id == current.id))
    )
    firms = [firm for firm in wanted if firm not in out | has_it]
    basis = reasons.basis_of(current, reasons.out_by(lead_id, current.opened_at))
    scored = explaining.parts_of(basis, firms)
    for firm in firms:
        parts = scored.get(firm, [])
        session().add(
            Offer(
                round_id=current.id,
                lead_id=lead_id,
                round=current.number,
                organisation_id=firm,
                via_organisation_id=actor.organisation_id,
                ring=current.ring,
                score=score_of(parts),
                explanation=parts,
                visible_from=at,
                ends_at=own.ends_at,
            )
        )
    if not firms:
        return doubts
    current.offered += len(firms)
    session().flush()
    record(
        events.OfferedOn(
            at=at,
            lead_id=lead_id,
            round_id=current.id,
            organisation_id=actor.organisation_id,
            user_id=actor.id,
            organisation_ids=firms,
        )
    )
    record(
        events.OfferVisible(
            at=at,
            lead_id=lead_id,
            round_id=current.id,
            number=current.number,
            organisation_ids=firms,
        )
    )
    return doubts


def list_resellers(lead_id: int, actor: Actor) -> Sequence[AnyRow]:
    """Return the resellers below a distributor by name, and what it offered on to them of a lead.

    Not what the vendor offers them itself: that is theirs to say.
    """
    below = reach.firms_of(actor)
    return (
        session()
        .execute(
            select(
                Organisation.id,
                Organisation.name,
                Partner.city,
                Offer.visible_from.label("offered_at"),
                Offer.declined_at,
                Offer.withdrawn_at,
            )
            .join(Partner, Partner.organisation_id == Organisation.id)
            .join(Lead, Lead.id == lead_id)
            .outerjoin(
                Offer,
                (Offer.organisation_id == Organisation.id)
                & (Offer.lead_id == Lead.id)
                & (Offer.round == Lead.round)
                & (Offer.via_organisation_id == actor.organisation_id),
            )
            .where(
                Organisation.id.in_(below),
                Organisation.id != actor.organisation_id,
                Organisation.active,
            )
            .order_by(func.lower(Organisation.name), Organisation.id)
        )
        .all()
    )

"""Why this firm, why not that one: what a round was based on, and how a firm did in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation
from portal.core.db import AnyRow, session
from portal.leads.models import Lead
from portal.matching import explaining
from portal.matching.explaining import Basis, Explained
from portal.matching.queries import find_rule_for
from portal.offers.models import Offer, OfferExclusion, OfferRound
from portal.offers.queries import FOR_READER


@dataclass(frozen=True, slots=True)
class Answer:
    """How a firm did in a round, or would do now where there was none (`round` None).

    `offer` is its line; `place` its place by score among `of` offers. `explained` is None where
    the round is older than what is kept, or was offered by hand.
    """

    at: datetime
    round: OfferRound | None
    offer: Offer | None
    place: int
    of: int
    explained: Explained | None

    @property
    def holds(self) -> bool:
        """True where the computed score is the stored one."""
        return (
            self.offer is None or self.explained is None or self.explained.score == self.offer.score
        )

    @property
    def offered_on(self) -> bool:
        """True where not the rule chose the firm: its distributor offered it on."""
        return self.offer is not None and self.offer.via_organisation_id is not None

    @property
    def counts_nothing(self) -> bool:
        """True where it was offered on to a firm that doesn't meet what the rule asks."""
        return self.offered_on and self.explained is not None and bool(self.explained.missed)


def answer(
    lead: Lead, last: OfferRound | None, organisation_id: int, at: datetime
) -> Answer | None:
    """Say how a firm did in a round, or would now; None where no rule fits the lead."""
    if last is None:
        rule = find_rule_for(lead)
        if rule is None:
            return None
        basis = explaining.basis_of_now(rule, lead, at, out_by(lead.id, at))
        return Answer(at, None, None, 0, 0, explaining.explain(basis, organisation_id))
    offer = session().scalar(
        select(Offer).where(
            Offer.round_id == last.id,
            Offer.organisation_id == organisation_id,
            ~Offer.direct,
        )
    )
    place, of = _place(last, offer)
    basis = basis_of(last, out_by(lead.id, last.opened_at))
    explained = explaining.explain(basis, organisation_id)
    return Answer(last.opened_at, last, offer, place, of, explained)


def basis_of(opened: OfferRound, without: Collection[int]) -> Basis:
    """Return what the match of a round was based on; `without` were out before it."""
    return Basis(
        lead_id=opened.lead_id,
        at=opened.opened_at,
        rule_id=opened.rule_id,
        rule_version=opened.rule_version,
        lead_facts=opened.lead_facts,
        facts_upto=opened.facts_upto,
        facts_unseen=opened.facts_unseen,
        relaxed=opened.relaxed,
        fairness=opened.fairness,
        without=without,
    )


def out_by(lead_id: int, at: datetime) -> Sequence[int]:
    """Return the firms that had declined a lead or given it back before a moment."""
    out = select(OfferExclusion.organisation_id).where(
        OfferExclusion.lead_id == lead_id, OfferExclusion.at < at
    )
    return session().scalars(out).all()


def _place(last: OfferRound, offer: Offer | None) -> tuple[int, int]:
    before = Offer.score > offer.score if offer is not None else Offer.id.is_(None)
    better, of = (
        session()
        .execute(select(func.count().filter(before), func.count()).where(Offer.round_id == last.id))
        .one()
    )
    return better + 1, of


def list_offered(round_id: int, firms: Collection[int] | None, most: int) -> Sequence[AnyRow]:
    """Return the partners of a round, of these `firms` (None: of all), the best score first."""
    offered = (
        select(Organisation.id, Organisation.name, Offer.score, Offer.explanation)
        .join(Organisation, Organisation.id == Offer.organisation_id)
        .where(Offer.round_id == round_id, ~Offer.direct)
        .order_by(Offer.score.desc(), Organisation.id)
        .limit(most)
    )
    if firms is not None:
        offered = offered.where(Organisation.id.in_(firms))
    return session().execute(offered).all()


def last_offer_seen(lead_id: int, actor: Actor, at: datetime) -> Offer | None:
    """Return the newest offer of a lead that somebody of a partner has seen."""
    return session().scalar(
        select(Offer)
        .where(
            Offer.lead_id == lead_id,
            Offer.organisation_id == actor.organisation_id,
            ~Offer.direct,
            FOR_READER,
            Offer.visible_from <= at,
        )
        .order_by(Offer.round.desc())
        .limit(1),
        {"units": reach.units_of(actor), "person": actor.id},
    )

"""Reads for notifications: who is told, and what still stands. None reaches contact data."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, select, true

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import PARTNER_KINDS, Organisation, Unit, User
from portal.accounts.permissions import MANAGING_ROLES, PICKING_ROLES
from portal.accounts.reach import units_below
from portal.core.db import session
from portal.core.events import EventRow
from portal.core.mail.outbox import Recipient
from portal.deadlines.models import Clock
from portal.escalation.events import HolderReminded
from portal.hearing.queries import never_hears
from portal.leads.models import Lead, LeadState
from portal.leads.queries import find_teaser
from portal.offers.models import Dismissal, Offer, OfferRound, RoundOutcome
from portal.partners import rules
from portal.partners.models import Absence
from portal.partners.queries import away
from portal.pickup.models import Pickup


def find_user(user_id: int) -> User | None:
    """Return an active person of an active firm."""
    return session().scalar(
        select(User)
        .join(User.organisation)
        .where(User.id == user_id, User.active, Organisation.active)
    )


def recipient(user: User) -> Recipient:
    """Return a person as somebody to write to."""
    return Recipient(user.id, user.email, user.name, user.locale, user.timezone)


def list_with_role(role: str) -> Sequence[User]:
    """Return everybody with a role who wants to hear by mail."""
    return (
        session()
        .scalars(
            select(User)
            .join(User.organisation)
            .where(
                User.active,
                Organisation.active,
                ~never_hears(),
                User.roles.contains([role]),
            )
            .order_by(User.id)
        )
        .all()
    )


def standing_offers(at: datetime, *, gone_too: bool = False) -> list[ColumnElement[bool]]:
    """Return the conditions under which an offer is one that a person may be told of.

    Not where the firm has declined or the person has dismissed it, nor, but for `gone_too`, where
    either is away.
    """
    dismissed = exists().where(Dismissal.offer_id == Offer.id, Dismissal.user_id == User.id)
    return [
        Offer.declined_at.is_(None),
        Offer.visible_from <= at,
        Offer.ends_at > at,
        Organisation.active,
        User.active,
        User.roles.overlap(list(PICKING_ROLES)),
        ~dismissed,
        *(() if gone_too else (~away(at),)),
    ]


Offered = tuple[Row[Any], Offer, OfferRound]
"""Teaser, offer, and the round, which says how many firms have it and when more will."""


def list_offered(
    lead_id: int, round_id: int, at: datetime, organisation_id: int | None = None
) -> Sequence[tuple[User, Offered]]:
    """Return everybody, or those of a firm, who may pick up a lead in this round.

    Who is away is among them; who hears nothing by mail is not.
    """
    teaser = find_teaser(lead_id)
    if teaser is None or teaser.state != LeadState.OFFERED:
        return []
    query = _offers(round_id, at, gone_too=True).where(User.hears_by_mail).order_by(User.id)
    if organisation_id is not None:
        query = query.where(User.organisation_id == organisation_id)
    found = session().execute(query)
    rows = [row for row in found if is_for(row[1], row[0])]
    return [
        (user, (teaser, offer, opened))
        for user, offer, opened in rows
        if offer.round == teaser.round
    ]


def find_offer(round_id: int, user: User, at: datetime) -> Offered | None:
    """Return the offer of a round where it stands for a person, else None."""
    row = session().execute(_offers(round_id, at).where(User.id == user.id)).one_or_none()
    if row is None or not is_for(row[1], user):
        return None
    teaser = find_teaser(row[1].lead_id)
    if teaser is None or teaser.state != LeadState.OFFERED or teaser.round != row[1].round:
        return None
    return teaser, row[1], row[2]


def is_for(offer: Offer, user: User) -> bool:
    """Tell whether an offer to a person's firm is for her, too.

    One to a unit is for its people, one to a person for nobody else.
    """
    if offer.user_id is not None:
        return offer.user_id == user.id
    return offer.unit_id is None or user.unit_id in units_below(offer.unit_id)


def _offers(
    round_id: int, at: datetime, *, gone_too: bool = False
) -> Select[User, Offer, OfferRound]:
    return (
        select(User, Offer, OfferRound)
        .join(Offer, Offer.organisation_id == User.organisation_id)
        .join(OfferRound, OfferRound.id == Offer.round_id)
        .join(Organisation, Organisation.id == User.organisation_id)
        .where(Offer.round_id == round_id, *standing_offers(at, gone_too=gone_too))
    )


def find_owed(pickup_id: int, user_id: int) -> Pickup | None:
    """Return a lead in a person's hand; None once it is not."""
    return session().scalar(
        select(Pickup).where(
            Pickup.id == pickup_id, Pickup.user_id == user_id, Pickup.ended_at.is_(None)
        )
    )


def find_clock(pickup_id: int, kind: str) -> Clock | None:
    """Return the running clock of a kind about a lead in hand."""
    return session().scalar(
        select(Clock)
        .where(
            Clock.pickup_id == pickup_id,
            Clock.kind == kind,
            Clock.request_id.is_(None),
            Clock.stopped_at.is_(None),
        )
        .execution_options(populate_existing=True)
    )


def find_reminder(pickup: Pickup) -> int | None:
    """Return who was the last to ask the holder of a lead by hand."""
    return session().scalar(
        select(EventRow.data["by_user_id"].as_integer())
        .where(
            EventRow.lead_id == pickup.lead_id,
            EventRow.name == HolderReminded.__name__,
            EventRow.data["pickup_id"].as_integer() == pickup.id,
        )
        .order_by(EventRow.id.desc())
        .limit(1)
    )


def find_in_hand(pickup_id: int) -> Pickup | None:
    """Return a lead in hand, whoever has it; None once nobody has."""
    return session().scalar(select(Pickup).where(Pickup.id == pickup_id, Pickup.ended_at.is_(None)))


def list_answering(pickup: Pickup, at: datetime) -> Sequence[User]:
    """Return who is asked about a lead in hand: its holder as long as she is there.

    While she is away it is her delegate; where she named none, or that one is away or gone, the
    managers of the firm. Where nobody is left she is asked all the same.
    """
    return list_in_place_of(pickup.user_id, at)


def list_in_place_of(user_id: int, at: datetime) -> Sequence[User]:
    """Return who is asked what is hers to answer: she, or whoever stands in while she is away."""
    asked = find_user(user_id)
    if asked is None:
        return []
    if is_there(asked, at):
        return [asked]
    today = rules.day_at(asked.organisation.timezone, at)
    named = session().scalar(
        select(Absence.delegate_id)
        .where(Absence.user_id == asked.id, Absence.starts_on <= today, Absence.ends_on >= today)
        .limit(1)
    )
    delegate = find_user(named) if named is not None else None
    if delegate is not None and is_there(delegate, at):
        return [delegate]
    return list_heads(asked, at) or [asked]


def is_there(user: User, at: datetime) -> bool:
    """Say whether neither a person nor her firm is away."""
    found = select(User.id).join(User.organisation).where(User.id == user.id, ~away(at))
    return session().scalar(found) is not None


def list_heads(user: User, at: datetime) -> Sequence[User]:
    """Return who is there of those who lead a person: of a partner the managers of the firm.

    Of the vendor to whom she reports, else who leads her unit.
    """
    if user.organisation.kind in PARTNER_KINDS:
        return list_managers((user.organisation_id,), at)
    unit = session().get(Unit, user.unit_id) if user.unit_id is not None else None
    heads = (find_user(one) for one in (user.manager_id, unit.manager_id if unit else None) if one)
    return [head for head in heads if head and head.id != user.id and is_there(head, at)][:1]


def list_managers(firm_ids: Collection[int], at: datetime) -> Sequence[User]:
    """Return the managers of firms who are there."""
    return (
        session()
        .scalars(
            select(User)
            .join(User.organisation)
            .where(
                User.organisation_id.in_(firm_ids),
                User.active,
                Organisation.active,
                User.roles.overlap(list(MANAGING_ROLES)),
                ~away(at),
            )
            .order_by(User.id)
        )
        .all()
    )


def list_picking(organisation_id: int) -> Sequence[int]:
    """Return the people of a firm who pick leads up."""
    return (
        session()
        .scalars(
            select(User.id)
            .where(
                User.organisation_id == organisation_id,
                User.active,
                User.password_hash.is_not(None),
                User.roles.overlap(list(PICKING_ROLES)),
            )
            .order_by(User.id)
        )
        .all()
    )


def list_account_managers(firm_ids: Collection[int], at: datetime) -> Sequence[User]:
    """Return the vendor's people who answer for firms, or who stands in for them.

    Where a firm has nobody the channel managers answer for it.
    """
    rows = session().execute(
        select(Organisation.account_manager_id).where(Organisation.id.in_(firm_ids))
    )
    found: dict[int, User] = {}
    for (user_id,) in rows:
        people = list_in_place_of(user_id, at) if user_id is not None else []
        for user in people or list_with_role("channel_manager"):
            found[user.id] = user
    return [found[user_id] for user_id in sorted(found)]


def silent_firms(
    round_id: int, at: datetime, actor: Actor | None = None
) -> Sequence[Row[int, str]]:
    """Return the firms, with their names, that see the offer of a round and have not said no.

    With an actor those only for which she answers.
    """
    hers = reach.answers_for(actor, Organisation.id) if actor else true()
    return (
        session()
        .execute(
            select(Organisation.id, Organisation.name)
            .join(Offer, Offer.organisation_id == Organisation.id)
            .where(
                Offer.round_id == round_id,
                Offer.declined_at.is_(None),
                Offer.withdrawn_at.is_(None),
                Offer.visible_from <= at,
                Organisation.kind.in_(PARTNER_KINDS),
                hers,
            )
            .order_by(Organisation.name)
        )
        .all()
    )


@dataclass(frozen=True, slots=True)
class RoundReport:
    """How an offer round went that nobody won; `refusals` are (id of a reason, names of firms)."""

    lead_id: int
    number: int
    outcome: str
    offered: int
    refusals: Sequence[tuple[int | None, Sequence[str]]] = field(default_factory=tuple)

    @property
    def silent(self) -> int:
        """Return how many firms said nothing."""
        return max(0, self.offered - sum(len(firms) for _reason, firms in self.refusals))


def find_unpicked(round_id: int) -> RoundReport | None:
    """Return how a round went that ended without a pickup; None where it ended otherwise."""
    ended = session().get(OfferRound, round_id)
    if ended is None or ended.outcome not in (RoundOutcome.EXPIRED, RoundOutcome.DECLINED):
        return None
    reasons: dict[int | None, list[str]] = {}
    for reason_id, name in session().execute(
        select(Offer.reason_id, Organisation.name)
        .join(Organisation, Organisation.id == Offer.organisation_id)
        .where(Offer.round_id == round_id, Offer.declined_at.is_not(None))
        .order_by(Organisation.name)
    ):
        reasons.setdefault(reason_id, []).append(name)
    return RoundReport(
        ended.lead_id,
        ended.number,
        ended.outcome,
        ended.offered,
        sorted(reasons.items(), key=lambda pair: (-len(pair[1]), pair[1])),
    )


def find_round(lead_id: int, number: int) -> OfferRound | None:
    """Return a round of a lead by its number."""
    return session().scalar(
        select(OfferRound).where(OfferRound.lead_id == lead_id, OfferRound.number == number)
    )


def list_drafts(lead_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return those of the leads that are still being qualified, the oldest first."""
    rows = session().execute(
        select(Lead.id, Lead.number, Lead.title, Lead.state_since)
        .where(Lead.id.in_(lead_ids), Lead.state == LeadState.QUALIFYING)
        .order_by(Lead.state_since, Lead.id)
    )
    return [
        {
            "number": row.number,
            "title": row.title or row.number,
            "since": row.state_since,
            "path": f"/qualify/{row.id}",
        }
        for row in rows
    ]

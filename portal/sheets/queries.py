"""Reads for feedback sheets: the leads that stand in one, what came back, whose sheet is due."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.accounts.permissions import Permission
from portal.core.db import session
from portal.core.errors import NotFound
from portal.deadlines.models import DeadlinePolicy
from portal.feedback.models import Feedback
from portal.leads.models import Lead, LeadRequirement
from portal.pickup.models import Pickup
from portal.sheets.columns import OF_NEEDED
from portal.sheets.models import SheetReturn, SheetRow
from portal.sheets.wall import open_return


@dataclass(frozen=True, slots=True)
class InHand:
    """A lead in hand as a sheet shows it. `last` is the newest answer that stands, None: none."""

    pickup: Pickup
    lead: Lead
    holder: str
    asks_since: bool
    last: Feedback | None

    @property
    def needs_since(self) -> bool:
        """Say whether "waiting" is an answer only with since when, which nobody has said yet."""
        return self.asks_since and self.pickup.waiting_since is None


def in_hand(actor: Actor, *, firm: bool) -> ColumnElement[bool]:
    """Return the condition of the open pickups of a person and of whom she stands in for.

    Of her whole `firm` where she may see that.
    """
    its = and_(Pickup.organisation_id == actor.organisation_id, Pickup.ended_at.is_(None))
    if firm and actor.may(Permission.PICKUPS_SEE_FIRM):
        return its
    return and_(its, Pickup.user_id.in_([actor.id, *actor.stands_in_for]))


def count_in_hand(actor: Actor, *, firm: bool) -> int:
    """Return how many leads are in hand."""
    asked = select(func.count()).select_from(Pickup).where(in_hand(actor, firm=firm))
    return session().scalar(asked) or 0


def list_in_hand(
    actor: Actor, most: int, *, firm: bool, only: Collection[int] | None = None
) -> Sequence[InHand]:
    """Return what is in hand, the next due first, `most` of it; or `only` some of these pickups."""
    query = (
        select(Pickup, Lead, User.name, DeadlinePolicy.waiting_since)
        .join(Lead, Lead.id == Pickup.lead_id)
        .join(User, User.id == Pickup.user_id)
        .join(DeadlinePolicy, DeadlinePolicy.id == Pickup.policy_id)
        .where(in_hand(actor, firm=firm))
        .order_by(Pickup.feedback_due_at, Pickup.id)
        .limit(most)
        .execution_options(populate_existing=True)
    )
    if only is not None:
        query = query.where(Pickup.id.in_(only))
    rows = session().execute(query).all()
    last = newest_of([pickup.id for pickup, *_rest in rows])
    return [
        InHand(pickup, lead, holder, asks, last.get(pickup.id))
        for pickup, lead, holder, asks in rows
    ]


def newest_of(pickup_ids: Collection[int]) -> Mapping[int, Feedback]:
    """Return the last answer about each of these pickups that was not taken back."""
    rows = session().scalars(
        select(Feedback)
        .where(Feedback.pickup_id.in_(pickup_ids), Feedback.taken_back_at.is_(None))
        .ext(distinct_on(Feedback.pickup_id))
        .order_by(Feedback.pickup_id, Feedback.at.desc(), Feedback.id.desc())
        .execution_options(populate_existing=True)
    )
    return {one.pickup_id: one for one in rows if one.pickup_id is not None}


def asked_besides(type_ids: Collection[int]) -> set[str]:
    """Return the columns that the lead definition needs when leads of these types end."""
    fields = session().scalars(
        select(LeadRequirement.field).where(
            LeadRequirement.type_id.in_(type_ids), LeadRequirement.step.in_(("win", "lose"))
        )
    )
    return {OF_NEEDED[field] for field in fields if field in OF_NEEDED}


def leads_of(pickup_ids: Collection[int], organisation_id: int) -> Mapping[int, Lead]:
    """Return the leads of those pickups that are of this firm, whoever had them, by pickup."""
    rows = session().execute(
        select(Pickup.id, Lead)
        .join(Lead, Lead.id == Pickup.lead_id)
        .where(Pickup.id.in_(pickup_ids), Pickup.organisation_id == organisation_id)
    )
    return {row[0]: row[1] for row in rows}


def titles_of(pickup_ids: Collection[int]) -> Mapping[int, tuple[int, str, str]]:
    """Return id, number and title of the leads of pickups."""
    rows = session().execute(
        select(Pickup.id, Lead.id, Lead.number, Lead.title)
        .join(Lead, Lead.id == Pickup.lead_id)
        .where(Pickup.id.in_(pickup_ids))
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def find_return(user_id: int, digest: bytes) -> SheetReturn | None:
    """Return what a person gave back with this content before."""
    return session().scalar(
        select(SheetReturn).where(SheetReturn.user_id == user_id, SheetReturn.digest == digest)
    )


def get_return(return_id: int, user_id: int) -> SheetReturn:
    """Return a sheet that this person gave back. Raises `NotFound`."""
    found = session().get(SheetReturn, return_id)
    if found is None or found.user_id != user_id:
        raise NotFound()
    return found


def list_returns(user_id: int, limit: int = 10) -> Sequence[SheetReturn]:
    """Return what a person gave back last, the newest first."""
    return (
        session()
        .scalars(
            select(SheetReturn)
            .where(SheetReturn.user_id == user_id)
            .order_by(SheetReturn.at.desc(), SheetReturn.id.desc())
            .limit(limit)
        )
        .all()
    )


def list_rows(return_id: int) -> Sequence[SheetRow]:
    """Return what became of the rows of a returned sheet; its reader was asked for before."""
    with open_return(return_id) as opened:
        return opened.scalars(
            select(SheetRow).where(SheetRow.return_id == return_id).order_by(SheetRow.number)
        ).all()

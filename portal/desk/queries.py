"""Reads across rooms for the desk's pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind, User
from portal.accounts.permissions import Permission
from portal.accounts.reach import Reached
from portal.core.db import AnyRow, session
from portal.feedback.models import Feedback
from portal.leads import script
from portal.leads.models import (
    TO_QUALIFY,
    Lead,
    LeadAnswer,
    LeadState,
    LeadType,
    QualificationQuestion,
)
from portal.leads.queries import visible_to
from portal.leads.team import sees_whole
from portal.offers.models import Offer, OfferRound
from portal.pickup.models import Pickup
from portal.reports.slices import Slice
from portal.web.paging import Page, cut

Own = aliased(Organisation, name="own")
OWNER = aliased(User, name="owner_of_lead")
COLUMN_CARDS = 6
LIST_SIZE = 50

COLUMNS = ("to_qualify", "ready", "on_offer", "held", "overdue", "direct", "returned")


class Whose(StrEnum):
    """Whose leads the board shows: those for partners, those the vendor sells itself, or both."""

    ALL = ""
    PARTNERS = "partners"
    OURS = "ours"


def sold_by_us() -> ColumnElement[bool]:
    """True for leads that the vendor sells itself, holds itself, or keeps by their type."""
    ours = select(Organisation.id).where(Organisation.kind == OrganisationKind.VENDOR)
    kept = select(LeadType.id).where(LeadType.direct)
    return or_(
        Lead.state == LeadState.DIRECT,
        func.coalesce(Lead.holder_organisation_id.in_(ours), false()),
        Lead.type_id.in_(kept),
    )


def narrowed(whose: Whose) -> list[ColumnElement[bool]]:
    """Return the condition of whose leads are meant."""
    if whose is Whose.ALL:
        return []
    return [sold_by_us() if whose is Whose.OURS else ~sold_by_us()]


def in_column(key: str, at: datetime) -> ColumnElement[bool]:
    """Return the condition of a column of the board; `Pickup` is the open one of the lead."""
    overdue = Pickup.feedback_due_at <= at
    conditions: dict[str, ColumnElement[bool]] = {
        "to_qualify": Lead.state.in_(TO_QUALIFY),
        "ready": Lead.state == LeadState.QUALIFIED,
        "on_offer": Lead.state == LeadState.OFFERED,
        "held": and_(Lead.state == LeadState.HELD, ~overdue),
        "overdue": and_(Lead.state == LeadState.HELD, overdue),
        "direct": Lead.state == LeadState.DIRECT,
        "returned": Lead.state.in_((LeadState.RETURNED, LeadState.RECALLED)),
    }
    return conditions[key]


def count_columns(
    actor: Actor, at: datetime, reached: Reached | None = None, whose: Whose = Whose.ALL
) -> dict[str, int]:
    """Count the leads of every column that the person may see.

    Here as below, `reached` is what `reach.read` has found for her on the same page.
    """
    by_state = select(Lead.state, func.count()).group_by(Lead.state)
    late = (
        select(func.count())
        .select_from(Pickup)
        .where(Pickup.ended_at.is_(None), Pickup.feedback_due_at <= at)
    )
    meant = narrowed(whose)
    if not actor.may(Permission.LEADS_SEE_ALL):
        meant.append(visible_to(actor, reached))
    if meant:
        by_state = by_state.where(*meant)
        late = late.join(Lead, Lead.id == Pickup.lead_id).where(*meant)
    states: dict[str, int] = {row[0]: row[1] for row in session().execute(by_state)}
    overdue = session().scalar(late) or 0
    return {
        "to_qualify": sum(states.get(state, 0) for state in TO_QUALIFY),
        "ready": states.get(LeadState.QUALIFIED, 0),
        "on_offer": states.get(LeadState.OFFERED, 0),
        "held": states.get(LeadState.HELD, 0) - overdue,
        "overdue": overdue,
        "direct": states.get(LeadState.DIRECT, 0),
        "returned": states.get(LeadState.RETURNED, 0) + states.get(LeadState.RECALLED, 0),
    }


EXPECTED = func.coalesce(Lead.expected_on, Lead.estimated_on)

ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "to_qualify": (Lead.priority.desc(), Lead.state_since.desc(), Lead.id.desc()),
    "ready": (Lead.state_since.asc(), Lead.id.asc()),
    "on_offer": (OfferRound.ends_at.asc(), Lead.id.asc()),
    "held": (Pickup.feedback_due_at.asc(), Lead.id.asc()),
    "overdue": (Pickup.feedback_due_at.asc(), Lead.id.asc()),
    "direct": (EXPECTED.asc().nulls_last(), Lead.id.asc()),
    "returned": (Lead.state_since.desc(), Lead.id.desc()),
}


def list_column(
    key: str,
    actor: Actor,
    at: datetime,
    number: int = 1,
    size: int = COLUMN_CARDS,
    search: str = "",
    reached: Reached | None = None,
    whose: Whose = Whose.ALL,
) -> Page[AnyRow]:
    """Return a page of a column, as far as the person may see it.

    Lead, holder's firm, due date, round; never contact data.
    """
    query = (
        select(
            Lead.id,
            Lead.number,
            Lead.title,
            Lead.temperature,
            Lead.state,
            Lead.state_since,
            Lead.country,
            Lead.subdivision,
            Lead.industry_id,
            Lead.source_id,
            Organisation.name.label("firm"),
            User.name.label("holder"),
            Pickup.feedback_due_at,
            Pickup.last_feedback_at,
            Pickup.last_status,
            Pickup.picked_at,
            OfferRound.offered,
            OfferRound.declined,
            OfferRound.ends_at,
            OfferRound.outcome,
            EXPECTED.label("expected_on"),
            OWNER.name.label("owner"),
            func.coalesce(Organisation.kind == OrganisationKind.VENDOR, false()).label("ours"),
        )
        .outerjoin(Pickup, (Pickup.lead_id == Lead.id) & Pickup.ended_at.is_(None))
        .outerjoin(Organisation, Organisation.id == Pickup.organisation_id)
        .outerjoin(User, User.id == Pickup.user_id)
        .outerjoin(OWNER, OWNER.id == Lead.owner_id)
        .outerjoin(OfferRound, (OfferRound.lead_id == Lead.id) & (OfferRound.number == Lead.round))
        .where(in_column(key, at), visible_to(actor, reached), *searched(search), *narrowed(whose))
        .order_by(*ORDERS[key])
        .limit(size + 1)
        .offset((number - 1) * size)
    )
    return cut(session().execute(query).all(), number, size)


def searched(search: str) -> list[ColumnElement[bool]]:
    """Return the condition of a search by number or title."""
    text = search.strip()
    if not text:
        return []
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return [or_(Lead.number.ilike(f"%{escaped}%"), Lead.title.ilike(f"%{escaped}%"))]


def read_minutes_to_pick(whole: Slice, days: int, at: datetime) -> float | None:
    """Return the median from an offer to its pickup, of what was picked up in the last days."""
    minutes = session().scalar(
        select(
            func.percentile_cont(0.5).within_group(
                func.extract("epoch", Pickup.picked_at - OfferRound.opened_at) / 60
            )
        )
        .select_from(Pickup)
        .join(
            OfferRound,
            (OfferRound.lead_id == Pickup.lead_id) & (OfferRound.number == Pickup.round),
        )
        .where(Pickup.picked_at.between(at - timedelta(days=days), at), whole.pickups)
    )
    return float(minutes) if minutes is not None else None


def list_pickups(lead_id: int) -> Sequence[AnyRow]:
    """Return who held a lead, the newest first."""
    return (
        session()
        .execute(
            select(
                Pickup.id,
                Pickup.picked_at,
                Pickup.ended_at,
                Pickup.outcome,
                Pickup.last_status,
                Pickup.last_feedback_at,
                Pickup.feedback_due_at,
                Pickup.reason_id,
                Pickup.organisation_id,
                Organisation.name.label("firm"),
                User.name.label("holder"),
            )
            .join(Organisation, Organisation.id == Pickup.organisation_id)
            .join(User, User.id == Pickup.user_id)
            .where(Pickup.lead_id == lead_id)
            .order_by(Pickup.id.desc())
        )
        .all()
    )


def list_pickups_of(lead_ids: Sequence[int]) -> dict[int, list[AnyRow]]:
    """Return which firms held leads, by lead, the newest first."""
    found: dict[int, list[AnyRow]] = {}
    if not lead_ids:
        return found
    rows = session().execute(
        select(
            Pickup.lead_id,
            Pickup.picked_at,
            Pickup.ended_at,
            Pickup.outcome,
            Pickup.organisation_id,
            Organisation.name.label("firm"),
        )
        .join(Organisation, Organisation.id == Pickup.organisation_id)
        .where(Pickup.lead_id.in_(lead_ids))
        .order_by(Pickup.id.desc())
    )
    for row in rows:
        found.setdefault(row.lead_id, []).append(row)
    return found


def name_of(lead_id: int) -> AnyRow:
    """Return number and title of a lead, as the list of what is done names it."""
    return session().execute(select(Lead.number, Lead.title).where(Lead.id == lead_id)).one()


def list_feedback(lead_id: int, organisation_id: int | None = None) -> Sequence[AnyRow]:
    """Return the answers about a lead, the newest first; of one firm where it is named."""
    query = (
        select(
            Feedback,
            User.name.label("who"),
            case((Own.kind == OrganisationKind.VENDOR, Own.name), else_=Organisation.name).label(
                "firm"
            ),
            func.coalesce(Pickup.organisation_id, Own.id).label("organisation_id"),
        )
        .outerjoin(Pickup, Pickup.id == Feedback.pickup_id)
        .outerjoin(Organisation, Organisation.id == Pickup.organisation_id)
        .join(User, User.id == Feedback.user_id)
        .join(Own, Own.id == User.organisation_id)
        .where(Feedback.lead_id == lead_id, Feedback.taken_back_at.is_(None))
        .order_by(Feedback.at.desc(), Feedback.id.desc())
    )
    if organisation_id is not None:
        query = query.where(Pickup.organisation_id == organisation_id)
    return session().execute(query).all()


def last_steps(pickup_ids: Sequence[int]) -> dict[int, Feedback]:
    """Return the last answer of each pickup."""
    rows = session().scalars(
        select(Feedback)
        .ext(distinct_on(Feedback.pickup_id))
        .where(Feedback.pickup_id.in_(pickup_ids), Feedback.taken_back_at.is_(None))
        .order_by(Feedback.pickup_id, Feedback.at.desc(), Feedback.id.desc())
    )
    return {given.pickup_id: given for given in rows if given.pickup_id is not None}


def firm_names(ids: Sequence[int]) -> dict[int, str]:
    """Return the names of organisations."""
    return {
        row.id: row.name
        for row in session().execute(
            select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids))
        )
    }


@dataclass(frozen=True, slots=True)
class Answered:
    """A question of the script with what was answered, as people read it."""

    names: Mapping[str, str]
    area: str
    answer: str


def list_answers(lead_id: int) -> Sequence[Answered]:
    """Return the answers of the qualification in the order of the script.

    What is no longer asked, since another answer is a different one by now, is left out.
    """
    rows = (
        session()
        .execute(
            select(QualificationQuestion, LeadAnswer.answer)
            .join(LeadAnswer, LeadAnswer.question_id == QualificationQuestion.id)
            .where(LeadAnswer.lead_id == lead_id, LeadAnswer.answer != "")
            .order_by(QualificationQuestion.position, QualificationQuestion.id)
        )
        .all()
    )
    answers = {question.key: answer for question, answer in rows}
    return [
        Answered(one.names, one.area, script.told(one, answers[one.key]))
        for one in script.asked([question for question, _answer in rows], answers)
    ]


def seen_firms(lead: Lead, actor: Actor, reached: Reached | None = None) -> Collection[int] | None:
    """Return the firms whose part in a lead the person sees; None where it is all of them.

    Who works on the lead sees all of it, who answers for one of the firms that firm's part.
    """
    return None if sees_whole(lead, actor, reached) else reach.read_firms(actor, reached)


def find_owner(lead: Lead) -> User | None:
    """Return the account manager who answers for a lead."""
    return session().get(User, lead.owner_id) if lead.owner_id else None


def person_names(ids: Sequence[int]) -> dict[int, str]:
    """Return the names of people."""
    return {
        row.id: row.name
        for row in session().execute(select(User.id, User.name).where(User.id.in_(ids)))
    }


HEARER = case(
    (Offer.user_id.is_not(None), func.concat("person:", Offer.user_id)),
    else_=func.concat("offers:", func.coalesce(-Offer.unit_id, Offer.organisation_id)),
).label("hearer")


def read_hearers_of(offer_ids: Collection[int]) -> dict[int, set[str]]:
    """Return who hears what becomes of these offers, whether they stand or not."""
    if not offer_ids:
        return {}
    rows = session().execute(select(Offer.id, HEARER).where(Offer.id.in_(offer_ids)))
    return {row.id: {row.hearer} for row in rows}


def read_hearers(
    lead_ids: Collection[int], round_ids: Collection[int], pickup_ids: Collection[int], at: datetime
) -> tuple[dict[int, set[str]], dict[int, set[str]], dict[int, int]]:
    """Return who is to hear of leads, by lead and by round, and whose pickups are.

    Of a lead it is those who see it in its present round; who declined hears no more. It is told to
    firms, to units, which have their ids below nought, or to one person.
    """
    by_lead: dict[int, set[str]] = {}
    by_round: dict[int, set[str]] = {}
    seen = (
        Offer.visible_from <= at,
        Offer.declined_at.is_(None),
        Offer.withdrawn_at.is_(None),
    )
    if lead_ids:
        for row in session().execute(
            select(Offer.lead_id, HEARER)
            .join(Lead, (Lead.id == Offer.lead_id) & (Lead.round == Offer.round))
            .where(Offer.lead_id.in_(lead_ids), *seen)
        ):
            by_lead.setdefault(row.lead_id, set()).add(row.hearer)
    if round_ids:
        for row in session().execute(
            select(Offer.round_id, HEARER).where(Offer.round_id.in_(round_ids), *seen)
        ):
            by_round.setdefault(row.round_id, set()).add(row.hearer)
    firms: dict[int, int] = {}
    if pickup_ids:
        owed = select(Pickup.id, Pickup.organisation_id).where(Pickup.id.in_(pickup_ids))
        firms = {row.id: row.organisation_id for row in session().execute(owed)}
    return by_lead, by_round, firms

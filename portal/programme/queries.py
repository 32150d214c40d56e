"""Reads of goals with how far they are, territories, terms and referral partners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from portal.accounts.actor import Actor
from portal.accounts.models import PARTNER_KINDS, Organisation, User
from portal.core.db import AnyRow, session
from portal.core.errors import NotFound
from portal.customers.models import CustomerLead
from portal.feedback.models import Feedback
from portal.leads.models import Lead, LeadFinder, LeadState
from portal.partners.models import Partner
from portal.people.firms import find_vendor
from portal.pickup.models import Pickup
from portal.programme.models import (
    Acceptance,
    Goal,
    GoalKind,
    ReferralPartner,
    Terms,
    TermsKind,
    Territory,
)

LOOKS_BACK = timedelta(days=90)
"""Leads of so many days are counted where territories and referrals are shown."""


def zone() -> ZoneInfo:
    """Return the zone of the vendor, whose days count."""
    vendor = find_vendor()
    return ZoneInfo(vendor.timezone if vendor else "UTC")


def today(at: datetime) -> date:
    """Return the day at the vendor."""
    return at.astimezone(zone()).date()


# -- terms ------------------------------------------------------------------------------------


def find_terms(kind: TermsKind) -> Terms | None:
    """Return the newest version of the terms of a kind."""
    return session().scalar(
        select(Terms).where(Terms.kind == kind).order_by(Terms.number.desc()).limit(1)
    )


def list_terms(kind: TermsKind) -> Sequence[AnyRow]:
    """Return all versions, the newest first: `terms`, `author` and how many firms `agreed`."""
    agreed = select(func.count()).where(Acceptance.terms_id == Terms.id).scalar_subquery()
    query = (
        select(Terms.id, Terms.number, Terms.binding_from, Terms.made_at, User.name.label("author"),
               agreed.label("agreed"))
        .outerjoin(User, User.id == Terms.made_by_id)
        .where(Terms.kind == kind)
        .order_by(Terms.number.desc())
    )  # fmt: skip
    return session().execute(query).all()


def get_terms(kind: TermsKind, number: int) -> Terms:
    """Return a version, or raise NotFound."""
    found = session().scalar(select(Terms).where(Terms.kind == kind, Terms.number == number))
    if found is None:
        raise NotFound()
    return found


def find_acceptance(terms_id: int, organisation_id: int) -> AnyRow | None:
    """Return when a firm agreed to a version, and who did so for it."""
    query = (
        select(Acceptance.at, Acceptance.user_id, User.name)
        .join(User, User.id == Acceptance.user_id)
        .where(Acceptance.terms_id == terms_id, Acceptance.organisation_id == organisation_id)
    )
    return session().execute(query).one_or_none()


def find_agreed(kind: TermsKind, organisation_id: int) -> Terms | None:
    """Return the newest version of the terms of a kind to which a firm agreed."""
    query = (
        select(Terms)
        .join(Acceptance, Acceptance.terms_id == Terms.id)
        .where(Terms.kind == kind, Acceptance.organisation_id == organisation_id)
    )
    return session().scalar(query.order_by(Terms.number.desc()).limit(1))


@dataclass(frozen=True, slots=True)
class Asked:
    """Terms that a firm has not agreed to; `binding` says whether it is offered nothing by now."""

    terms: Terms
    binding: bool


def terms_asked(actor: Actor, at: datetime) -> Asked | None:
    """Return the terms of the programme that a firm has still to agree to."""
    if not actor.is_partner:
        return None
    newest = (
        select(Terms)
        .where(Terms.kind == TermsKind.PROGRAMME)
        .order_by(Terms.number.desc())
        .limit(1)
        .subquery()
    )
    waits = aliased(Terms, newest)
    agreed = select(Acceptance.terms_id).where(
        Acceptance.terms_id == waits.id, Acceptance.organisation_id == actor.organisation_id
    )
    terms = session().scalar(select(waits).where(~exists(agreed)))
    if terms is None:
        return None
    return Asked(terms, terms.binding_from is not None and terms.binding_from <= today(at))


def list_agreement(terms_id: int) -> Sequence[AnyRow]:
    """Return every active partner by name, with who agreed when; first those who did not."""
    query = (
        select(Organisation.id, Organisation.name, Acceptance.at, User.name.label("person"))
        .outerjoin(
            Acceptance,
            and_(Acceptance.organisation_id == Organisation.id, Acceptance.terms_id == terms_id),
        )
        .outerjoin(User, User.id == Acceptance.user_id)
        .where(Organisation.kind.in_(PARTNER_KINDS), Organisation.active)
        .order_by(Acceptance.at.is_not(None), func.lower(Organisation.name))
    )
    return session().execute(query).all()


def count_agreed(kind: TermsKind) -> tuple[int, int]:
    """Return how many active partners agreed to the newest version, and how many there are."""
    newest = select(func.max(Terms.number)).where(Terms.kind == kind).scalar_subquery()
    agreed = (
        select(Acceptance.organisation_id)
        .join(Terms, Terms.id == Acceptance.terms_id)
        .where(Terms.kind == kind, Terms.number == newest)
    )
    row = session().execute(
        select(
            func.count().filter(Organisation.id.in_(agreed)).label("agreed"),
            func.count().label("all"),
        ).where(Organisation.kind.in_(PARTNER_KINDS), Organisation.active)
    ).one()  # fmt: skip
    return row.agreed, row.all


# -- goals ------------------------------------------------------------------------------------


def get_goal(goal_id: int) -> Goal:
    """Return a goal, or raise NotFound."""
    found = session().get(Goal, goal_id)
    if found is None:
        raise NotFound()
    return found


def list_goals(at: datetime) -> Sequence[Goal]:
    """Return the goals, those that run first, by their end."""
    over = Goal.ends_on < today(at)
    return session().scalars(select(Goal).order_by(over, Goal.ends_on, Goal.id)).all()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a goal is: `reached` of its target, and `expected` by now if it went evenly."""

    goal: Goal
    reached: int
    expected: int
    over: bool

    @property
    def share(self) -> float:
        """Return what is reached of the target; 1 is all."""
        return self.reached / self.goal.target

    @property
    def behind(self) -> bool:
        """Say whether less is reached than an even pace would have brought."""
        return self.reached < self.expected


def progress_of(goal: Goal, at: datetime) -> Progress:
    """Return how far a goal is."""
    day = today(at)
    whole = (goal.ends_on - goal.starts_on).days + 1
    gone = min(max((day - goal.starts_on).days + 1, 0), whole)
    return Progress(
        goal, reached(goal), round(goal.target * gone / whole), goal.ends_on < day
    )  # fmt: skip


def reached(goal: Goal) -> int:
    """Return what a goal counts, so far.

    won_value: the sum that won leads were reported with · won_leads: their number · loyalty: those
    of customers that had bought before · pipeline: what leads in hand are worth by the last report,
    else by what was expected of them · partners: active partners that joined · territories: active
    partners situated in one of the goal's regions. Wins count by the day they were reported, in the
    zone of the vendor; a win that was taken back doesn't.
    """
    return COUNTS[GoalKind(goal.kind)](goal)


def in_regions(codes: Sequence[str], country: ColumnElement[Any],
               subdivision: ColumnElement[Any]) -> ColumnElement[bool]:  # fmt: skip
    """True where a place is in one of the countries or states, or none are asked for."""
    if not codes:
        return literal(True)
    return or_(country.in_(codes), func.coalesce(subdivision.in_(codes), False))


def of_goal(goal: Goal) -> list[ColumnElement[bool]]:
    """Return the conditions on leads that a goal counts."""
    asked = [in_regions(goal.codes, Lead.country.expression, Lead.subdivision.expression)]
    if goal.product_id is not None:
        asked.append(Lead.product_ids.any(goal.product_id))  # type: ignore[arg-type]
    return asked


def span_of(goal: Goal) -> tuple[datetime, datetime]:
    """Return the moments from which and until which a goal counts, the end not included."""
    here = zone()
    return (
        datetime.combine(goal.starts_on, time(), here),
        datetime.combine(goal.ends_on + timedelta(days=1), time(), here),
    )


def _wins(goal: Goal) -> list[ColumnElement[bool]]:
    begins, ends = span_of(goal)
    return [
        Feedback.status == "won",
        Feedback.taken_back_at.is_(None),
        Feedback.at >= begins,
        Feedback.at < ends,
        *of_goal(goal),
    ]


def _won_value(goal: Goal) -> int:
    total = select(func.coalesce(func.sum(Feedback.value), 0))
    total = total.join(Lead, Lead.id == Feedback.lead_id).where(*_wins(goal))
    return int(session().scalar(total) or 0)


def _won_leads(goal: Goal) -> int:
    won = select(func.count(Lead.id.distinct())).join(Feedback, Feedback.lead_id == Lead.id)
    return session().scalar(won.where(*_wins(goal))) or 0


def _loyalty(goal: Goal) -> int:
    before, earlier = aliased(CustomerLead), aliased(Feedback)
    bought = (
        select(before.lead_id)
        .join(earlier, earlier.lead_id == before.lead_id)
        .where(
            before.customer_id == CustomerLead.customer_id,
            earlier.status == "won",
            earlier.taken_back_at.is_(None),
            earlier.at < Feedback.at,
            before.lead_id != Lead.id,
        )
    )
    again = (
        select(func.count(Lead.id.distinct()))
        .join(Feedback, Feedback.lead_id == Lead.id)
        .join(CustomerLead, CustomerLead.lead_id == Lead.id)
        .where(*_wins(goal), exists(bought))
    )
    return session().scalar(again) or 0


def _pipeline(goal: Goal) -> int:
    told = (
        select(Feedback.value)
        .where(
            Feedback.pickup_id == Pickup.id,
            Feedback.value.is_not(None),
            Feedback.taken_back_at.is_(None),
        )
        .order_by(Feedback.at.desc())
        .limit(1)
        .scalar_subquery()
    )
    worth = (
        select(func.coalesce(func.sum(func.coalesce(told, Lead.target_amount, 0)), 0))
        .select_from(Pickup)
        .join(Lead, Lead.id == Pickup.lead_id)
        .where(Pickup.ended_at.is_(None), *of_goal(goal))
    )
    return int(session().scalar(worth) or 0)


def _partners(goal: Goal) -> int:
    begins, ends = span_of(goal)
    firms = _active().where(
        Organisation.created_at >= begins,
        Organisation.created_at < ends,
        in_regions(goal.codes, Partner.country.expression, Partner.subdivision.expression),
    )
    return session().scalar(firms) or 0


def _territories(goal: Goal) -> int:
    there = in_regions(goal.codes, Partner.country.expression, Partner.subdivision.expression)
    return session().scalar(_active().where(there)) or 0


def _active() -> Select[int]:
    return (
        select(func.count())
        .select_from(Organisation)
        .join(Partner, Partner.organisation_id == Organisation.id)
        .where(Organisation.active, Organisation.kind.in_(PARTNER_KINDS))
    )


COUNTS = {
    GoalKind.WON_VALUE: _won_value,
    GoalKind.WON_LEADS: _won_leads,
    GoalKind.LOYALTY: _loyalty,
    GoalKind.PIPELINE: _pipeline,
    GoalKind.PARTNERS: _partners,
    GoalKind.TERRITORIES: _territories,
}


# -- territories ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Coverage:
    """A territory: partners there, how many are wanted, its leads of the last 90 days.

    `unpicked` of the `leads` are those that were offered and nobody holds or has closed. `code` is
    None for what lies outside of all territories.
    """

    code: str | None
    wanted: int
    partners: int
    leads: int
    unpicked: int


def list_coverage(at: datetime) -> list[Coverage]:
    """Return the territories by code, and what lies outside of them."""
    wanted = {
        row.code: row.partners_wanted
        for row in session().execute(
            select(Territory.code, Territory.partners_wanted).order_by(Territory.code)
        )
    }
    partners = _by_region(
        select(Partner.country, Partner.subdivision, func.count(), func.count())
        .join(Organisation, Organisation.id == Partner.organisation_id)
        .where(Organisation.active, Organisation.kind.in_(PARTNER_KINDS))
        .group_by(Partner.country, Partner.subdivision),
        wanted,
    )
    waits = Lead.state.in_((LeadState.OFFERED, LeadState.RETURNED, LeadState.RECALLED))
    leads = _by_region(
        select(
            Lead.country,
            Lead.subdivision,
            func.count(),
            func.coalesce(func.sum(case((and_(waits, Lead.round > 0), 1), else_=0)), 0),
        )
        .where(Lead.qualified_at >= at - LOOKS_BACK, Lead.qualified_at <= at)
        .group_by(Lead.country, Lead.subdivision),
        wanted,
    )
    return [
        Coverage(code, wanted.get(code or "", 0), partners[code][0], *leads[code])
        for code in (*wanted, None)
    ]


def _by_region(
    query: Select[Any, Any, int, int], wanted: Mapping[str, int]
) -> dict[str | None, tuple[int, int]]:
    """Sum two counts by territory; what is in a state and in its country counts in both."""
    sums: dict[str | None, list[int]] = {code: [0, 0] for code in (*wanted, None)}
    for country, subdivision, one, other in session().execute(query):
        codes = [code for code in (country, subdivision) if code in wanted] or [None]
        for code in codes:
            sums[code][0] += one
            sums[code][1] += int(other)
    return {code: (one, other) for code, (one, other) in sums.items()}


# -- who refers leads -------------------------------------------------------------------------


def find_referral(organisation_id: int) -> ReferralPartner | None:
    """Return a firm's part in the referral programme, if it takes part."""
    found = session().get(ReferralPartner, organisation_id)
    return found if found is not None and found.left_at is None else None


def list_referrals() -> Sequence[AnyRow]:
    """Return who refers leads, with what they brought since they joined and what came of it."""
    qualified = func.count(Lead.id).filter(Lead.qualified_at.is_not(None))
    won = func.count(Lead.id).filter(
        exists(
            select(Feedback.id).where(
                Feedback.lead_id == Lead.id,
                Feedback.status == "won",
                Feedback.taken_back_at.is_(None),
            )
        )
    )
    query = (
        select(
            Organisation.id,
            Organisation.name,
            ReferralPartner.joined_at,
            ReferralPartner.only_refers,
            func.count(Lead.id).label("brought"),
            qualified.label("qualified"),
            won.label("won"),
        )
        .select_from(ReferralPartner)
        .join(Organisation, Organisation.id == ReferralPartner.organisation_id)
        .outerjoin(
            LeadFinder,
            and_(
                LeadFinder.organisation_id == Organisation.id,
                LeadFinder.at >= ReferralPartner.joined_at,
            ),
        )
        .outerjoin(Lead, Lead.id == LeadFinder.lead_id)
        .where(ReferralPartner.left_at.is_(None))
        .group_by(
            Organisation.id,
            Organisation.name,
            ReferralPartner.joined_at,
            ReferralPartner.only_refers,
        )
        .order_by(func.count(Lead.id).desc(), func.lower(Organisation.name))
    )
    return session().execute(query).all()

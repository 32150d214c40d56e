"""Who qualifies an inquiry: the first rule that fits, else the unit of its step or of its place.

All of it is asked in statements for many inquiries at once, and one inquiry is the smallest many:
what a list brings in goes the same way as what a form does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, any_, func, literal, or_, select, text, true, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind, Unit, User
from portal.accounts.reach import units_below
from portal.core.db import AnyRow, session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.events import record
from portal.leads.models import Lead, LeadState
from portal.qualification.events import InquiriesRouted, InquiryRouted, RoutesChanged
from portal.qualification.models import InquiryRoute, QualificationStep

MOST_ROUTES = 200
LONGEST_NAME = 120
AT_ONCE = 5000
"""So many inquiries are routed by one round of statements."""

QUALIFYING_KINDS = (OrganisationKind.VENDOR, OrganisationKind.AGENCY)


def _waiting(lead_ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition of those of these inquiries that nobody has yet."""
    return and_(
        Lead.id.in_(lead_ids),
        Lead.state == LeadState.CAPTURED,
        Lead.unit_id.is_(None),
        Lead.qualifier_id.is_(None),
    )


def fits(route: InquiryRoute) -> ColumnElement[bool]:
    """Return the condition of leads that a rule is for."""
    conditions: list[ColumnElement[bool]] = [true()]
    if route.kind:
        conditions.append(Lead.kind == route.kind)
    if route.places:
        conditions.append(or_(Lead.country.in_(route.places), Lead.subdivision.in_(route.places)))
    if route.size_band_ids:
        conditions.append(Lead.size_band_id.in_(route.size_band_ids))
    if route.product_ids:
        wanted = literal(list(route.product_ids), ARRAY(BigInteger))
        conditions.append(Lead.product_ids.overlap(wanted))
    return and_(*conditions)


def qualifies() -> ColumnElement[bool]:
    """Return the condition of people who qualify inquiries."""
    return and_(User.active, User.roles.overlap(["qualifier", "channel_manager"]))


def by_place(unit_ids: Collection[int] | None = None) -> ColumnElement[int | None]:
    """Return the unit that qualifies leads of a lead's place, the state before the country.

    Only a unit with somebody who qualifies; of `unit_ids`, where they are named.
    """
    exact = Lead.subdivision == any_(Unit.territories)
    query = (
        select(Unit.id)
        .where(
            Unit.closed_at.is_(None),
            or_(exact, Lead.country == any_(Unit.territories)),
            select(User.id).where(User.unit_id == Unit.id, qualifies()).exists(),
        )
        .order_by(func.coalesce(exact, False).desc(), Unit.id)
        .limit(1)
    )
    if unit_ids is not None:
        query = query.where(Unit.id.in_(unit_ids))
    return query.correlate(Lead).scalar_subquery()


def route(lead_id: int, at: datetime) -> None:
    """Give an inquiry to who is to qualify it; nothing where somebody has it already."""
    deciding = _route([lead_id])
    lead = session().get_one(Lead, lead_id, populate_existing=True)
    if deciding is None and lead.unit_id is None:
        return
    record(
        InquiryRouted(
            at=at,
            lead_id=lead_id,
            unit_id=lead.unit_id,
            user_id=lead.qualifier_id,
            route_id=deciding,
        )
    )


def route_waiting(at: datetime, actor: Actor | None = None) -> int:
    """Give all inquiries that nobody has to who is to qualify them; return how many found one."""
    count, after = 0, 0
    while True:
        ids = (
            session()
            .scalars(
                select(Lead.id)
                .where(
                    Lead.state == LeadState.CAPTURED,
                    Lead.unit_id.is_(None),
                    Lead.qualifier_id.is_(None),
                    Lead.id > after,
                )
                .order_by(Lead.id)
                .limit(AT_ONCE)
            )
            .all()
        )
        if not ids:
            break
        after = ids[-1]
        _route(ids)
        left = session().scalar(select(func.count()).select_from(Lead).where(_waiting(ids)))
        count += len(ids) - (left or 0)
    if count:
        record(InquiriesRouted(at=at, count=count, user_id=actor.id if actor else None))
    return count


def _route(lead_ids: Collection[int]) -> int | None:
    """Route these inquiries; return the rule that took one last, None where none did."""
    deciding = None
    own = session()
    for one in list_routes(active=True):
        values: dict[str, object] = {"unit_id": one.unit_id}
        if one.user_id is not None:
            user = own.get(User, one.user_id)
            if user is None or not user.active:
                continue
            values = {"unit_id": user.unit_id, "qualifier_id": user.id}
        if own.execute(_give(lead_ids, fits(one)).values(**values)).rowcount:  # type: ignore[attr-defined]
            deciding = one.id
    for step in first_steps():
        whole = units_below(step.unit_id)
        its = func.coalesce(by_place(whole), step.unit_id)
        own.execute(_give(lead_ids, Lead.kind == step.kind).values(unit_id=its))
    own.execute(_give(lead_ids, true()).values(unit_id=by_place()))
    maker = select(User.unit_id).where(User.id == Lead.owner_id, qualifies()).scalar_subquery()
    own.execute(_give(lead_ids, Lead.owner_id.is_not(None)).values(unit_id=maker))
    return deciding


def _give(lead_ids: Collection[int], which: ColumnElement[bool]):  # type: ignore[no-untyped-def] # noqa: ANN202
    return (
        update(Lead).where(_waiting(lead_ids), which).execution_options(synchronize_session=False)
    )


# -- rules --------------------------------------------------------------------------------------


def list_routes(*, active: bool = False) -> Sequence[InquiryRoute]:
    """Return the rules in the order in which they are asked."""
    query = select(InquiryRoute).order_by(InquiryRoute.position, InquiryRoute.id)
    return session().scalars(query.where(InquiryRoute.active) if active else query).all()


def get_route(route_id: int) -> InquiryRoute:
    """Return a rule or raise `NotFound`."""
    found = session().get(InquiryRoute, route_id)
    if found is None:
        raise NotFound()
    return found


ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('inquiry_routes'))")


def save_route(
    given: InquiryRoute, route_id: int | None, version: int, actor: Actor, at: datetime
) -> InquiryRoute:
    """Add a rule at the end, or change one. Raises `Invalid`, `NotFound`, `Conflict`."""
    session().execute(ONE_AT_A_TIME)
    check_route(given)
    if route_id is None:
        places = [one.position for one in list_routes()]
        if len(places) >= MOST_ROUTES:
            raise Invalid({"name": str(_("At most %(most)d fit here.", most=MOST_ROUTES))})
        given.position, given.version = max(places, default=0) + 1, 1
        session().add(given)
        kept, change = given, "added"
    else:
        kept, change = get_route(route_id), "changed"
        if kept.version != version:
            raise Conflict(
                _("Somebody else has changed this in the meantime. Please look at it again.")
            )
        for name in (
            "name",
            "active",
            "kind",
            "places",
            "size_band_ids",
            "product_ids",
            "unit_id",
            "user_id",
        ):
            setattr(kept, name, getattr(given, name))
        kept.version += 1
    session().flush()
    record(RoutesChanged(at=at, user_id=actor.id, route_id=kept.id, change=change))
    return kept


def check_route(given: InquiryRoute) -> None:
    """Raise `Invalid` for a rule that says nothing or names what is not there."""
    errors: dict[str, str] = {}
    if not given.name:
        errors["name"] = str(_("Please give it a name."))
    elif len(given.name) > LONGEST_NAME:
        errors["name"] = str(_("Please keep it under %(most)d characters.", most=LONGEST_NAME))
    to = {f"unit-{one.id}" for one in list_units()} | {f"user-{one.id}" for one in list_people()}
    named = f"unit-{given.unit_id}" if given.unit_id else f"user-{given.user_id}"
    if named not in to:
        errors["to"] = str(_("Please choose who qualifies them."))
    if errors:
        raise Invalid(errors)


def move_route(route_id: int, steps: int, actor: Actor, at: datetime) -> None:
    """Move a rule up (-1) or down (1); at the end it stays. Raises `NotFound`."""
    session().execute(ONE_AT_A_TIME)
    kept = get_route(route_id)
    routes = list(list_routes())
    place = routes.index(kept)
    routes.insert(min(max(place + steps, 0), len(routes) - 1), routes.pop(place))
    for number, one in enumerate(routes, 1):
        one.position = number
    session().flush()
    record(RoutesChanged(at=at, user_id=actor.id, route_id=route_id, change="moved"))


def remove_route(route_id: int, actor: Actor, at: datetime) -> None:
    """Remove a rule; what it has routed stays where it is. Raises `NotFound`."""
    session().execute(ONE_AT_A_TIME)
    session().delete(get_route(route_id))
    session().flush()
    record(RoutesChanged(at=at, user_id=actor.id, route_id=route_id, change="removed"))


# -- steps --------------------------------------------------------------------------------------


def list_steps(kind: str | None = None) -> Sequence[QualificationStep]:
    """Return the steps in their order, of leads of a kind where it is named."""
    query = select(QualificationStep).order_by(
        QualificationStep.kind, QualificationStep.position, QualificationStep.id
    )
    return (
        session()
        .scalars(query if kind is None else query.where(QualificationStep.kind == kind))
        .all()
    )


def first_steps() -> list[QualificationStep]:
    """Return the first step of each kind that has several, or one."""
    found: dict[str, QualificationStep] = {}
    for step in list_steps():
        found.setdefault(step.kind, step)
    return list(found.values())


def set_step(
    kind: str,
    key: str,
    unit_id: int | None,
    *,
    briefing: bool,
    position: int,
    actor: Actor,
    at: datetime,
) -> None:
    """Have a unit do a step for leads of a kind; without a unit there is no such step."""
    kept = session().scalar(
        select(QualificationStep).where(
            QualificationStep.kind == kind, QualificationStep.key == key
        )
    )
    if unit_id is None:
        if kept is None:
            return
        session().delete(kept)
    else:
        if unit_id not in {one.id for one in list_units()}:
            raise Invalid({f"{kind}-{key}": str(_("Please choose a unit of the list."))})
        if kept is None:
            kept = QualificationStep(kind=kind, key=key)
            session().add(kept)
        elif (kept.unit_id, kept.briefing) == (unit_id, briefing):
            return
        kept.unit_id, kept.briefing, kept.position = unit_id, briefing, position
    session().flush()
    record(RoutesChanged(at=at, user_id=actor.id, route_id=None, change="step"))


# -- who qualifies ------------------------------------------------------------------------------


def list_units() -> Sequence[AnyRow]:
    """Return `id`, `name` and `firm` of the units that can qualify: the vendor's and agencies'."""
    return (
        session()
        .execute(
            select(Unit.id, Unit.name, Organisation.name.label("firm"), Organisation.kind)
            .join(Organisation, Organisation.id == Unit.organisation_id)
            .where(
                Unit.closed_at.is_(None),
                Organisation.active,
                Organisation.kind.in_(QUALIFYING_KINDS),
            )
            .order_by(Organisation.kind.desc(), Organisation.name, Unit.name, Unit.id)
        )
        .all()
    )


def list_people() -> Sequence[AnyRow]:
    """Return `id`, `name` and `firm` of the people who can qualify."""
    return (
        session()
        .execute(
            select(User.id, User.name, Organisation.name.label("firm"))
            .join(Organisation, Organisation.id == User.organisation_id)
            .where(qualifies(), Organisation.kind.in_(QUALIFYING_KINDS))
            .order_by(User.name, User.id)
        )
        .all()
    )


def unit_in(lead: Lead, unit_id: int) -> int:
    """Return the part of a unit that qualifies leads of a lead's place, else the unit itself."""
    its = by_place(units_below(unit_id))
    found = session().scalar(select(its).select_from(Lead).where(Lead.id == lead.id))
    return found or unit_id

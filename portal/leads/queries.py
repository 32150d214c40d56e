"""Reads of leads. None of them reaches contact data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    TextualSelect,
    and_,
    any_,
    cast,
    false,
    literal,
    or_,
    select,
    true,
    union,
)

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import OrganisationKind, Unit
from portal.accounts.permissions import Permission
from portal.accounts.reach import Reached
from portal.catalog.queries import retired
from portal.core.db import AnyRow, session
from portal.core.errors import NotFound
from portal.leads.definition_words import called
from portal.leads.models import (
    HandOver,
    Lead,
    LeadDefinition,
    LeadState,
    LeadStatus,
    LeadTeamMember,
    LeadType,
)

# what a teaser may be made of; nothing personal is a column of `leads`
TEASER_COLUMNS = (
    Lead.id,
    Lead.number,
    Lead.type_id,
    Lead.kind,
    Lead.state,
    Lead.round,
    Lead.temperature,
    Lead.title,
    Lead.partner_text,
    Lead.expectation,
    Lead.country,
    Lead.subdivision,
    Lead.city,
    Lead.brand_id,
    Lead.product_ids,
    Lead.industry_id,
    Lead.size_band_id,
    Lead.value_band_id,
    Lead.time_frame,
    Lead.source_id,
    Lead.holder_id,
    Lead.holder_organisation_id,
    Lead.picked_at,
    # as text: who draws a card reads it, who has it drawn already does not
    cast(Lead.open_custom, Text).label("open_custom"),
)


MOST_BY_NAME = 2_000
"""Up to so many leads that somebody sees are named in a query instead of looked up by it."""

# Of the vendor's people who answer for partners: what is theirs, what their partners hold or may
# pick up. Offers are an upper room's, so their table is named here and not its model.
ANSWERED_FOR = """
    SELECT id FROM leads WHERE owner_id IN (SELECT id FROM reached_people)
    UNION
    SELECT id FROM leads WHERE holder_organisation_id IN (SELECT id FROM reached_firms)
    UNION
    SELECT l.id
    FROM offers o
    JOIN leads l ON l.id = o.lead_id AND l.round = o.round AND l.state = 'offered'
    WHERE o.open AND o.declined_at IS NULL
      AND o.organisation_id IN (SELECT id FROM reached_firms)
"""
# and who leads a team sees what came back to nobody in its territories
NEGLECTED = """
    UNION
    SELECT l.id
    FROM leads l
    JOIN reached_places ON code IN (l.country, l.subdivision)
    WHERE l.state IN ('returned', 'recalled')
"""


ONE_OF = "SELECT id FROM ({}) AS answered WHERE id = :lead_id"


def answered_for(
    actor: Actor, reached: Reached | None = None, lead_id: int | None = None
) -> TextualSelect:
    """Return the query of the leads that somebody answers for; of one lead whether he does."""
    statement = ANSWERED_FOR + (NEGLECTED if actor.may(Permission.TEAMS_LEAD) else "")
    if lead_id is None:
        return reach.asking(statement, actor, reached)
    return reach.asking(ONE_OF.format(statement), actor, reached, lead_id=lead_id)


def worked_on(actor: Actor) -> Select[int]:
    """Return the query of the leads in whose team somebody is."""
    return select(LeadTeamMember.lead_id).where(LeadTeamMember.user_id == actor.id)


def is_member(lead_id: int, user_id: int) -> bool:
    """Tell whether somebody is in the team of a lead."""
    return session().get(LeadTeamMember, (lead_id, user_id)) is not None


def is_handed_over(lead_id: int) -> bool:
    """Tell whether a lead is with operations at this moment."""
    waiting = select(HandOver.id).where(HandOver.lead_id == lead_id, HandOver.done_at.is_(None))
    return bool(session().scalar(select(waiting.exists())))


def handed_to(actor: Actor) -> Select[int]:
    """Return the query of the leads that wait with operations, or that this person took on."""
    return select(HandOver.lead_id).where(
        or_(HandOver.done_at.is_(None), HandOver.taken_by == actor.id)
    )


UNSEEN = (
    *(LeadState.CAPTURED, LeadState.QUALIFYING, LeadState.QUALIFIED),
    *(LeadState.NURTURE, LeadState.DISQUALIFIED),
)
"""Of what no partner has ever seen these states are left for an agency."""


def given_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition of leads that somebody is to qualify: her unit's, and her own.

    What no unit has, or one that was closed, is for all of the vendor's people; who is in none of
    its units qualifies for all of them. An agency sees what was given to it, and never what
    partners have seen.
    """
    if actor.organisation_kind == OrganisationKind.VENDOR:
        if actor.unit_id is None:
            return true()
        its = Lead.unit_id.in_(reach.units_below(actor.unit_id))
        closed = Lead.unit_id.in_(select(Unit.id).where(Unit.closed_at.is_not(None)))
        return or_(Lead.unit_id.is_(None), its, closed, Lead.qualifier_id == actor.id)
    units = select(Unit.id).where(Unit.organisation_id == actor.organisation_id)
    its = Lead.unit_id.in_(units if actor.unit_id is None else reach.units_below(actor.unit_id))
    return and_(or_(its, Lead.qualifier_id == actor.id), Lead.state.in_(UNSEEN), Lead.round == 0)


def visible_to(
    actor: Actor, reached: Reached | None = None, lead_id: int | None = None
) -> ColumnElement[bool]:
    """Return the condition under which a lead exists for this person (apart from open offers).

    `reached` is what `reach.read` has found for her on the same page. Who asks for one lead names
    it: else all that she answers for are looked up to find it among them.
    """
    if actor.may(Permission.LEADS_SEE_ALL):
        return true()
    named = _named(actor, reached, lead_id)
    # one set of ids, not one `in` for each: the planner begins with it instead of asking each lead
    conditions: list[ColumnElement[bool]] = [Lead.id.in_(union(*named))] if named else []
    conditions += _besides(actor)
    return or_(*conditions) if conditions else false()


def seen_by(actor: Actor, reached: Reached | None = None) -> ColumnElement[bool]:
    """Return the condition of `visible_to` for a page that asks it in several reads.

    Who sees a few leads by name has them looked up here, once.
    """
    if actor.may(Permission.LEADS_SEE_ALL) or _besides(actor):
        return visible_to(actor, reached)
    named = _named(actor, reached)
    if not named:
        return false()
    ids = session().scalars(union(*named).limit(MOST_BY_NAME + 1)).all()
    if len(ids) > MOST_BY_NAME:
        return visible_to(actor, reached)
    return Lead.id == any_(literal(list(ids), ARRAY(BigInteger)))


def _named(
    actor: Actor, reached: Reached | None = None, lead_id: int | None = None
) -> list[Select[int]]:
    """Return the queries of the leads that somebody of the vendor has to do with."""
    named: list[Select[int]] = []
    if actor.may(Permission.BOARD_SEE):
        answered = answered_for(actor, reached, lead_id).subquery("answered_for")
        named.append(select(answered.c.id))
    if actor.organisation_kind == OrganisationKind.VENDOR:
        named.append(worked_on(actor))
    if actor.may(Permission.HAND_OVERS_TAKE):
        named.append(handed_to(actor))
    return named


def _besides(actor: Actor) -> list[ColumnElement[bool]]:
    """Return the conditions of a lead itself under which somebody sees it."""
    conditions: list[ColumnElement[bool]] = []
    if actor.may(Permission.LEADS_QUALIFY):
        conditions.append(and_(Lead.holder_id.is_(None), given_to(actor)))
    if actor.may(Permission.PICKUPS_SEE_FIRM):
        conditions.append(Lead.holder_organisation_id == actor.organisation_id)
    if actor.may(Permission.PICKUPS_SEE_OWN):
        of_firm = Lead.holder_organisation_id == actor.organisation_id
        conditions.append(and_(Lead.holder_id == actor.id, of_firm))
    if actor.stands_in_for:
        of_hers = Lead.holder_id.in_(actor.stands_in_for)
        conditions.append(and_(of_hers, Lead.state == LeadState.HELD))
    return conditions


def find_visible(lead_id: int, actor: Actor, reached: Reached | None = None) -> Lead | None:
    """Return a lead that exists for this person."""
    one = visible_to(actor, reached, lead_id)
    return session().scalar(select(Lead).where(Lead.id == lead_id, one))


def get_visible(lead_id: int, actor: Actor) -> Lead:
    """Return a lead that exists for this person or raise NotFound."""
    found = find_visible(lead_id, actor)
    if found is None:
        raise NotFound()
    return found


def lock_visible(lead_id: int, actor: Actor) -> Lead:
    """Lock a lead that exists for this person and return it fresh. Raises `NotFound`."""
    lead = session().scalar(
        select(Lead)
        .where(Lead.id == lead_id, visible_to(actor))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if lead is None:
        raise NotFound()
    return lead


def teasers() -> Select[*tuple[Any, ...]]:
    """Return a query of the teaser columns."""
    return select(*TEASER_COLUMNS)


def find_teaser(lead_id: int) -> AnyRow | None:
    """Return the teaser columns of one lead."""
    return session().execute(teasers().where(Lead.id == lead_id)).one_or_none()


@dataclass(frozen=True, slots=True)
class Definition:
    """The active lead definition, read whole."""

    id: int
    types: dict[int, LeadType] = field(default_factory=dict)
    statuses: dict[int, LeadStatus] = field(default_factory=dict)

    def type_of(self, key: str) -> LeadType:
        """Return a lead type by its key."""
        for lead_type in self.types.values():
            if lead_type.key == key:
                return lead_type
        raise NotFound()

    def first_status(self, lead_type: LeadType) -> LeadStatus:
        """Return the status that a new lead of a type has."""
        for status in self.statuses.values():
            allowed = lead_type.status_ids is None or status.id in lead_type.status_ids
            if status.is_initial and allowed:
                return status
        raise NotFound()


def get_definition() -> Definition:
    """Return the active lead definition. Raises NotFound where none is: nothing runs then."""
    # who has read the types keeps any other version from being activated until she is done
    types = (
        session()
        .scalars(
            select(LeadType)
            .join(LeadDefinition, LeadDefinition.id == LeadType.definition_id)
            .where(LeadDefinition.active)
            .order_by(LeadType.position, LeadType.id)
        )
        .all()
    )
    if not types:
        raise NotFound()
    definition_id = types[0].definition_id
    statuses = (
        session()
        .scalars(
            select(LeadStatus)
            .where(LeadStatus.definition_id == definition_id)
            .order_by(LeadStatus.position, LeadStatus.id)
        )
        .all()
    )
    return Definition(definition_id, {t.id: t for t in types}, {s.id: s for s in statuses})


def find_type_name(type_id: int) -> str:
    """Return what a lead type is called, of whatever version; nothing for an unknown id."""
    found = session().get(LeadType, type_id)
    return called(found.names) if found else ""


def find_type_called(key: str) -> str:
    """Return what the newest lead type of a key is called; nothing for an unknown one."""
    newest = select(LeadType).where(LeadType.key == key).order_by(LeadType.id.desc()).limit(1)
    found = session().scalar(newest)
    return called(found.names) if found else ""


def choose_types(named: Collection[str | int] = ()) -> list[tuple[str, str]]:
    """Return id and name of the types, for a form; one `named` of an older definition stays."""
    types = {str(one.id): called(one.names) for one in get_definition().types.values()}
    gone = {str(one): retired(find_type_name(int(one))) for one in named if str(one) not in types}
    return [*types.items(), *gone.items()]


def list_statuses() -> dict[int, LeadStatus]:
    """Return every status of every definition by id: old leads keep theirs."""
    return {status.id: status for status in session().scalars(select(LeadStatus))}

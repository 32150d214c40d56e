"""From the owner to operations and back: they load the partner or customer, and say its number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import Permission
from portal.accounts.reach import Reached
from portal.core.db import AnyRow, session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import record
from portal.leads.events import HandOverTaken, LeadHandedBack, LeadHandedOver
from portal.leads.models import HandOver, Lead, LeadKind, LeadState
from portal.leads.queries import visible_to
from portal.leads.team import get_to_change, may_change_team
from portal.web.paging import Page, cut

PAGE = 40
LONGEST_NUMBER, LONGEST_NOTE = 60, 4000

Asked, Taken = aliased(User, name="asked"), aliased(User, name="taken")


# -- reads ------------------------------------------------------------------------------------


def hand_overs(actor: Actor, reached: Reached | None = None) -> Select[*tuple[Any, ...]]:
    """Return the query of the hand-overs that somebody may see, with who and what they concern."""
    return (
        select(
            HandOver,
            Lead.number,
            Lead.title,
            Asked.name.label("asked_name"),
            Taken.name.label("taken_name"),
            Organisation.name.label("firm"),
        )
        .join(Lead, Lead.id == HandOver.lead_id)
        .join(Asked, Asked.id == HandOver.asked_by)
        .outerjoin(Taken, Taken.id == HandOver.taken_by)
        .outerjoin(Organisation, Organisation.id == Lead.holder_organisation_id)
        .where(visible_to(actor, reached))
    )


def list_waiting(actor: Actor, number: int) -> Page[AnyRow]:
    """Return a page of what is with operations, the next due first: what is late leads."""
    query = hand_overs(actor).where(HandOver.done_at.is_(None))
    rows = query.order_by(HandOver.due_on, HandOver.id).limit(PAGE + 1).offset((number - 1) * PAGE)
    return cut(session().execute(rows).all(), number, PAGE)


def list_back(
    actor: Actor, since: datetime, reached: Reached | None = None, limit: int = 10
) -> Sequence[AnyRow]:
    """Return what came back `since`, the newest first: what she did or asked for herself."""
    own = or_(HandOver.taken_by == actor.id, HandOver.asked_by == actor.id)
    query = hand_overs(actor, reached).where(HandOver.done_at >= since)
    if not actor.may(Permission.LEADS_SEE_ALL):
        query = query.where(own)
    rows = query.order_by(HandOver.done_at.desc(), HandOver.id.desc()).limit(limit)
    return session().execute(rows).all()


def count_waiting(actor: Actor, at: datetime) -> tuple[int, int]:
    """Return how many hand-overs are with operations, and how many of them are late."""
    late = HandOver.due_on < _today(actor, at)
    row = (
        session()
        .execute(
            select(func.count(), func.count().filter(late))
            .select_from(HandOver)
            .join(Lead, Lead.id == HandOver.lead_id)
            .where(HandOver.done_at.is_(None), visible_to(actor))
        )
        .one()
    )
    return row[0], row[1]


def get_row(hand_over_id: int, actor: Actor) -> AnyRow:
    """Return a hand-over that the person may see, as `hand_overs` has it. Raises `NotFound`."""
    row = session().execute(hand_overs(actor).where(HandOver.id == hand_over_id)).one_or_none()
    if row is None:
        raise NotFound()
    return row


def find_last(lead_id: int) -> AnyRow | None:
    """Return the last hand-over of a lead with the names of who asked and took it."""
    return (
        session()
        .execute(
            select(HandOver, Asked.name.label("asked_name"), Taken.name.label("taken_name"))
            .join(Asked, Asked.id == HandOver.asked_by)
            .outerjoin(Taken, Taken.id == HandOver.taken_by)
            .where(HandOver.lead_id == lead_id)
            .order_by(HandOver.id.desc())
            .limit(1)
        )
        .one_or_none()
    )


def may_ask(lead: Lead, actor: Actor) -> bool:
    """Tell whether somebody may hand this lead over now, one that is with operations aside."""
    return fits(lead) and may_change_team(lead, actor)


def fits(lead: Lead) -> bool:
    """True for what there is something to load of: a lead in hand or closed, or a new partner."""
    recruit = lead.kind == LeadKind.PARTNER_RECRUIT and lead.state != LeadState.DISQUALIFIED
    return recruit or lead.state in (LeadState.HELD, LeadState.CLOSED)


def is_late(due_on: date, actor: Actor, at: datetime) -> bool:
    """Tell whether a day is over where the reader is."""
    return due_on < _today(actor, at)


def _today(actor: Actor, at: datetime) -> date:
    return at.astimezone(ZoneInfo(actor.timezone)).date()


# -- verbs ------------------------------------------------------------------------------------


def hand_over(
    lead_id: int, due_on: date | None, note: str | None, actor: Actor, at: datetime
) -> HandOver:
    """Give a lead to operations, to be back on a day. Raises `Invalid`, `NotFound`, `Refused`."""
    lead = get_to_change(lead_id, actor)
    if not fits(lead):
        raise Refused(
            _("%(number)s can be handed over once somebody holds it.", number=lead.number)
        )
    if due_on is None:
        raise Invalid({"due_on": _("Please give the day by which you need it back.")})
    if is_late(due_on, actor, at):
        raise Invalid({"due_on": _("Please choose today or a later day.")})
    session().scalars(
        select(Lead.id).where(Lead.id == lead.id).with_for_update(key_share=True)
    ).one()
    open_one = select(HandOver.id).where(HandOver.lead_id == lead.id, HandOver.done_at.is_(None))
    if session().scalar(open_one) is not None:
        raise Refused(_("%(number)s is with operations already.", number=lead.number))
    given = HandOver(
        lead_id=lead.id,
        asked_by=actor.id,
        asked_at=at,
        due_on=due_on,
        note=_note(note),
    )
    session().add(given)
    session().flush()
    record(
        LeadHandedOver(
            at=at,
            lead_id=lead.id,
            hand_over_id=given.id,
            user_id=actor.id,
            due_on=due_on.isoformat(),
        )
    )
    return given


def take(hand_over_id: int, actor: Actor, at: datetime) -> HandOver:
    """Take a hand-over on; again is fine. Raises `NotFound`, and `Refused` where another has it."""
    given = _lock(hand_over_id, actor)
    _check_free(given, actor)
    if given.taken_by is None:
        given.taken_by, given.taken_at = actor.id, at
        session().flush()
        record(HandOverTaken(at=at, lead_id=given.lead_id, hand_over_id=given.id, user_id=actor.id))
    return given


def hand_back(
    hand_over_id: int, erp_number: str | None, outcome: str | None, actor: Actor, at: datetime
) -> HandOver:
    """Give a lead back to its owner, with the number it has now, or a word why it has none.

    Who hands back has taken it on. Raises `Invalid`, `NotFound`, `Refused`.
    """
    given = _lock(hand_over_id, actor)
    _check_free(given, actor)
    number, said = (erp_number or "").strip(), _note(outcome)
    errors: dict[str, str] = {}
    if len(number) > LONGEST_NUMBER:
        errors["erp_number"] = _("Please take at most %(most)d characters.", most=LONGEST_NUMBER)
    if not number and not said:
        errors["erp_number"] = _("Please give the number, or say below why there is none.")
    if errors:
        raise Invalid(errors)
    take(hand_over_id, actor, at)
    given.done_at, given.erp_number, given.outcome = at, number or None, said
    session().flush()
    record(
        LeadHandedBack(
            at=at,
            lead_id=given.lead_id,
            hand_over_id=given.id,
            user_id=actor.id,
            owner_id=given.asked_by,
        )
    )
    return given


def _lock(hand_over_id: int, actor: Actor) -> HandOver:
    found = session().scalar(
        select(HandOver)
        .join(Lead, and_(Lead.id == HandOver.lead_id, visible_to(actor)))
        .where(HandOver.id == hand_over_id)
        .with_for_update(key_share=True, of=HandOver)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound()
    return found


def _check_free(given: HandOver, actor: Actor) -> None:
    if given.done_at is not None:
        raise Refused(_("This one is back with its owner already."))
    if given.taken_by not in (None, actor.id):
        raise Refused(_("A colleague has taken this one on."))


def _note(text: str | None) -> str | None:
    return (text or "").replace("\x00", "").strip()[:LONGEST_NOTE] or None

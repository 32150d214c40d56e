"""Reads of partner profiles, their absences, figures and groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Row,
    ScalarSelect,
    Select,
    case,
    cast,
    column,
    exists,
    false,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.orm import contains_eager

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import Permission
from portal.catalog.field_filters import NOTHING, Narrowing, says
from portal.core.db import session
from portal.core.errors import NotFound
from portal.partners.completeness import Counted, Part, count_missing, lacks
from portal.partners.models import (
    Absence,
    Partner,
    PartnerCertification,
    PartnerFigures,
    PartnerGroup,
    PartnerGroupMember,
)
from portal.partners.standings import stands
from portal.web.paging import Page, cut

PAGE = 40
FOUND = 20


# operations load the firms that hold what was handed over to them; leads are a room beside, so
# their tables are named here and not their models
HANDED_OVER = text(
    """
    SELECT l.holder_organisation_id AS id
    FROM hand_overs h JOIN leads l ON l.id = h.lead_id
    WHERE h.done_at IS NULL OR h.taken_by = :person
    """
)


def visible_to(actor: Actor) -> Select[Partner]:
    """Return the partners a person may see: of the vendor those she answers for, else her firm."""
    partners = (
        select(Partner)
        .join(Organisation, Organisation.id == Partner.organisation_id)
        .options(contains_eager(Partner.organisation))
    )
    if actor.may(Permission.PARTNERS_SEE):
        theirs = reach.answers_for(actor, Partner.organisation_id)
        if actor.may(Permission.HAND_OVERS_TAKE):
            handed = HANDED_OVER.bindparams(person=actor.id).columns(column("id", BigInteger))
            theirs = or_(theirs, Partner.organisation_id.in_(handed))
        return partners.where(theirs)
    if actor.is_partner:
        return partners.where(Partner.organisation_id == actor.organisation_id)
    return partners.where(false())


def get_partner(organisation_id: int, actor: Actor) -> Partner:
    """Return a partner the person may see, or raise NotFound."""
    found = session().scalar(visible_to(actor).where(Partner.organisation_id == organisation_id))
    if found is None:
        raise NotFound()
    return found


def get_own(organisation_id: int, actor: Actor) -> Partner:
    """Return a partner that the person looks after: one of the vendor's, or her own firm.

    Raises NotFound; a distributor's people look after none of the firms below them.
    """
    if actor.is_partner and organisation_id != actor.organisation_id:
        raise NotFound()
    return get_partner(organisation_id, actor)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list of partners is narrowed to."""

    text: str = ""
    level_id: int | None = None
    group_id: int | None = None
    standing: str | None = None
    lacks: Part | None = None
    own: Narrowing = NOTHING


def list_partners(actor: Actor, filters: Filters, number: int, at: datetime) -> Page[Partner]:
    """Return a page of partners by name."""
    partners = _meant(actor, filters, at).limit(PAGE + 1).offset((number - 1) * PAGE)
    return cut(session().scalars(partners).all(), number, PAGE)


def list_ids(actor: Actor, filters: Filters, at: datetime) -> Sequence[int]:
    """Return the ids of all firms that `list_partners` has pages of, in that order."""
    return session().scalars(select_ids(actor, filters, at)).all()


def select_ids(actor: Actor, filters: Filters, at: datetime) -> Select[int]:
    """Return the statement of these ids."""
    return _meant(actor, filters, at).with_only_columns(Partner.organisation_id)


def _meant(actor: Actor, filters: Filters, at: datetime) -> Select[Partner]:
    partners = visible_to(actor)
    if filters.text:
        like = f"%{escape(filters.text)}%"
        partners = partners.where(
            or_(
                Organisation.name.ilike(like),
                Partner.city.ilike(like),
                Partner.country == filters.text.upper(),
                says(Partner.custom, filters.text),
            )
        )
    if filters.level_id:
        partners = partners.where(Partner.level_id == filters.level_id)
    if filters.standing:
        partners = partners.where(stands(filters.standing))
    if filters.lacks:
        partners = partners.where(lacks(filters.lacks, at))
    if filters.own:
        partners = partners.where(filters.own.condition(Partner.custom))
    if filters.group_id:
        partners = partners.where(
            Partner.organisation_id.in_(
                select(PartnerGroupMember.organisation_id).where(
                    PartnerGroupMember.group_id == filters.group_id
                )
            )
        )
    return partners.order_by(func.lower(Organisation.name), Organisation.id)


def count_lacking(actor: Actor, at: datetime) -> Counted:
    """Return how many of the partners that a person sees lack what."""
    seen = visible_to(actor).with_only_columns(Partner.organisation_id)
    return count_missing(Partner.organisation_id.in_(seen), at)


def escape(text: str) -> str:
    """Take the wildcards of LIKE literally."""
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


def find_figures(organisation_id: int) -> PartnerFigures | None:
    """Return a partner's figures, None before anything happened."""
    return session().get(PartnerFigures, organisation_id)


def list_certifications(organisation_id: int) -> Sequence[PartnerCertification]:
    """Return the certifications of a partner, run out ones included."""
    return (
        session()
        .scalars(
            select(PartnerCertification)
            .where(PartnerCertification.organisation_id == organisation_id)
            .order_by(PartnerCertification.certification_id)
        )
        .all()
    )


def list_absences(organisation_id: int, at: datetime) -> Sequence[Row[Absence, str]]:
    """Return absences that are not over, with the person's name (None: the whole firm)."""
    return (
        session()
        .execute(
            select(Absence, User.name)
            .outerjoin(User, User.id == Absence.user_id)
            .join(Organisation, Organisation.id == Absence.organisation_id)
            .where(Absence.organisation_id == organisation_id, Absence.ends_on >= _today(at))
            .order_by(Absence.starts_on, Absence.id)
        )
        .all()
    )


def list_absences_of(
    user_id: int, organisation_id: int, at: datetime
) -> Sequence[Row[Absence, str]]:
    """Return a person's absences that are not over, with the delegate's name."""
    return (
        session()
        .execute(
            select(Absence, User.name)
            .outerjoin(User, User.id == Absence.delegate_id)
            .join(Organisation, Organisation.id == Absence.organisation_id)
            .where(
                Absence.organisation_id == organisation_id,
                Absence.user_id == user_id,
                Absence.ends_on >= _today(at),
            )
            .order_by(Absence.starts_on, Absence.id)
        )
        .all()
    )


def away(at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return, for a query of people and their firms, the condition that one of both is away.

    The day is that of the firm's calendar.
    """
    return exists().where(
        Absence.organisation_id == Organisation.id,
        or_(Absence.user_id.is_(None), Absence.user_id == User.id),
        _today(at).between(Absence.starts_on, Absence.ends_on),
    )


def away_through(at: datetime) -> ScalarSelect[date]:
    """Return, for a query of people and their firms, the last day on which one of both is away.

    It is null where both are there.
    """
    return (
        select(func.max(Absence.ends_on))
        .where(
            Absence.organisation_id == Organisation.id,
            or_(Absence.user_id.is_(None), Absence.user_id == User.id),
            _today(at).between(Absence.starts_on, Absence.ends_on),
        )
        .correlate(Organisation, User)
        .scalar_subquery()
    )


def away_on(day: ColumnElement[date]) -> ColumnElement[bool]:
    """Return, for a query of people and their firms, the condition that one was away on a day."""
    return (
        exists()
        .where(
            Absence.organisation_id == Organisation.id,
            or_(Absence.user_id.is_(None), Absence.user_id == User.id),
            day.between(Absence.starts_on, Absence.ends_on),
        )
        .correlate(Organisation, User)
    )


def _today(at: datetime | ColumnElement[datetime]) -> ColumnElement[Any]:
    return cast(func.timezone(Organisation.timezone, at), Date)


def find_absence(
    organisation_id: int, user_id: int | None, starts_on: date, ends_on: date
) -> Absence | None:
    """Return an absence of a person, or of the whole firm, that shares a day with these."""
    whose = Absence.user_id.is_(None) if user_id is None else Absence.user_id == user_id
    return session().scalar(
        select(Absence)
        .where(
            Absence.organisation_id == organisation_id,
            whose,
            Absence.starts_on <= ends_on,
            Absence.ends_on >= starts_on,
        )
        .order_by(Absence.starts_on)
        .limit(1)
    )


def get_absence(absence_id: int, organisation_id: int) -> Absence:
    """Return an absence of a firm or raise NotFound."""
    found = session().get(Absence, absence_id)
    if found is None or found.organisation_id != organisation_id:
        raise NotFound()
    return found


def list_languages() -> Sequence[str]:
    """Return the languages that partners speak, by their codes."""
    return session().scalars(select(func.unnest(Partner.languages)).distinct()).all()


def list_groups() -> Sequence[Row[PartnerGroup, int]]:
    """Return the groups by name, with their number of members."""
    members = (
        select(func.count()).where(PartnerGroupMember.group_id == PartnerGroup.id).scalar_subquery()
    )
    return (
        session().execute(select(PartnerGroup, members).order_by(func.lower(PartnerGroup.name)))
    ).all()


def get_group(group_id: int) -> PartnerGroup:
    """Return a group or raise NotFound."""
    found = session().get(PartnerGroup, group_id)
    if found is None:
        raise NotFound()
    return found


def list_members(group_id: int, number: int) -> Page[Organisation]:
    """Return a page of a group's members by name."""
    rows = (
        session()
        .scalars(
            select(Organisation)
            .join(PartnerGroupMember, PartnerGroupMember.organisation_id == Organisation.id)
            .where(PartnerGroupMember.group_id == group_id)
            .order_by(func.lower(Organisation.name), Organisation.id)
            .limit(PAGE + 1)
            .offset((number - 1) * PAGE)
        )
        .all()
    )
    return cut(rows, number, PAGE)


def find_newcomers(group_id: int, text: str) -> Sequence[Organisation]:
    """Return partners by part of their name who are not in the group yet."""
    if not text:
        return []
    members = select(PartnerGroupMember.organisation_id).where(
        PartnerGroupMember.group_id == group_id
    )
    name = func.lower(Organisation.name)
    begins = case((name.startswith(text.lower(), autoescape=True), 0), else_=1)
    return (
        session()
        .scalars(
            select(Organisation)
            .join(Partner, Partner.organisation_id == Organisation.id)
            .where(
                Organisation.active,
                Organisation.name.ilike(f"%{escape(text)}%"),
                Organisation.id.not_in(members),
            )
            .order_by(begins, name, Organisation.id)
            .limit(FOUND)
        )
        .all()
    )

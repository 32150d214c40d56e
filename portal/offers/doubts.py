"""What speaks against offering a lead to a firm, or to one unit or person of it, by hand.

Some of it may be overruled by who decides: they may come back in time, or have asked for it. Who
declined a lead, or had it taken away, is never offered it again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, case, exists, func, literal, select, true

from portal.accounts.models import PARTNER_KINDS, Organisation, User
from portal.accounts.permissions import PICKING_ROLES
from portal.accounts.reach import units_below
from portal.core.db import session
from portal.matching.queries import owes_terms
from portal.matching.sources import only_refers
from portal.offers.models import OfferExclusion
from portal.partners.models import Absence, Partner, PartnerFigures
from portal.partners.queries import away

WORDS: Mapping[str, Callable[[], str]] = {
    "closed": lambda: _("is not in the programme any more"),
    "nobody": lambda: _("has nobody who picks up leads"),
    "declined": lambda: _("has declined this lead"),
    "recalled": lambda: _("had this lead, and it was taken back"),
    "suspended": lambda: _("pauses and can’t pick up"),
    "terms": lambda: _("has not agreed to the terms of the programme"),
    "refers": lambda: _("only refers leads of its own"),
    "given_back": lambda: _("had this lead and gave it back"),
    "absent": lambda: _("is away"),
    "full": lambda: _("holds as many leads as agreed"),
    "person_gone": lambda: _("the person doesn’t pick up leads there"),
    "person_away": lambda: _("the person is away"),
    "unit_empty": lambda: _("nobody of the unit picks up leads"),
    "unit_away": lambda: _("everybody of the unit who picks up leads is away"),
}
OVERRULED = frozenset({"refers", "given_back", "absent", "full", "person_away", "unit_away"})


@dataclass(frozen=True, slots=True)
class Doubt:
    """The first thing that speaks against a firm."""

    organisation_id: int
    name: str
    code: str

    @property
    def words(self) -> str:
        """Return it in words that follow the firm's name."""
        return WORDS[self.code]()

    @property
    def may_be_overruled(self) -> bool:
        """Say whether the firm may be offered the lead nevertheless."""
        return self.code in OVERRULED


def list_doubts(
    lead_id: int,
    organisation_ids: Collection[int],
    at: datetime,
    user_id: int | None = None,
    unit_id: int | None = None,
) -> list[Doubt]:
    """Return what speaks against firms, one each at most, by name.

    Where one is asked about, against the person or the unit of it to whom the lead shall go, too.
    """
    picks = exists().where(
        User.organisation_id == Organisation.id,
        User.active,
        User.roles.overlap(list(PICKING_ROLES)),
    )
    firm_away = exists().where(
        Absence.organisation_id == Organisation.id,
        Absence.user_id.is_(None),
        func.date(func.timezone(Organisation.timezone, at)).between(
            Absence.starts_on, Absence.ends_on
        ),
    )
    asked: list[tuple[Any, Any]] = [
        (~Organisation.active | Organisation.kind.not_in(PARTNER_KINDS), "closed"),
        (Partner.organisation_id.is_(None), "closed"),
        (~picks, "nobody"),
        (OfferExclusion.reason.in_(("declined", "recalled")), OfferExclusion.reason),
        (func.coalesce(Partner.suspended_until > at, False), "suspended"),
        (owes_terms(Organisation.id, at), "terms"),
    ]
    if user_id is not None:
        his = exists().where(
            User.id == user_id,
            User.organisation_id == Organisation.id,
            User.active,
            User.roles.overlap(list(PICKING_ROLES)),
        )
        asked.append((~his, "person_gone"))
    of_unit = people_of(unit_id) if unit_id is not None else None
    if of_unit is not None and not is_there(of_unit):
        asked.append((true(), "unit_empty"))
    asked += [
        (only_refers(Organisation.id, at), "refers"),
        (OfferExclusion.reason == "given_back", "given_back"),
        (firm_away, "absent"),
    ]
    if user_id is not None and is_away(user_id, at):
        asked.append((true(), "person_away"))
    if of_unit is not None and not is_there(of_unit.where(~away(at))):
        asked.append((true(), "unit_away"))
    asked.append((func.coalesce(PartnerFigures.open_pickups, 0) >= Partner.capacity, "full"))
    code = case(*((when, said if not isinstance(said, str) else literal(said))
                  for when, said in asked)).label("code")  # fmt: skip
    rows = session().execute(
        select(Organisation.id, Organisation.name, code)
        .outerjoin(Partner, Partner.organisation_id == Organisation.id)
        .outerjoin(PartnerFigures, PartnerFigures.organisation_id == Organisation.id)
        .outerjoin(
            OfferExclusion,
            (OfferExclusion.organisation_id == Organisation.id)
            & (OfferExclusion.lead_id == lead_id),
        )
        .where(Organisation.id.in_(organisation_ids), code.is_not(None))
        .order_by(func.lower(Organisation.name), Organisation.id)
    )
    return [Doubt(*row) for row in rows]


def people_of(unit_id: int) -> Select[int]:
    """Return the query of the people of a unit, and of the units below it, who pick leads up."""
    return (
        select(User.id)
        .join(User.organisation)
        .where(
            User.unit_id.in_(units_below(unit_id)),
            User.active,
            User.roles.overlap(list(PICKING_ROLES)),
        )
    )


def is_there(people: Select[int]) -> bool:
    """Say whether there is anybody at all of these people."""
    return session().scalar(people.limit(1)) is not None


def is_away(user_id: int, at: datetime) -> bool:
    """Say whether a person, or all of her firm, is away."""
    found = select(User.id).join(User.organisation).where(User.id == user_id, away(at))
    return session().scalar(found) is not None

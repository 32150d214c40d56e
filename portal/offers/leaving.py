"""Who leaves takes no lead off the market: an offer that nobody is left to accept ends at once.

That is an offer to a person who doesn't pick leads up there any more, one to a unit of a partner in
which nobody does, and any to a firm that is out of the programme, with what that has offered on.
The lead goes on as if the time of the offer were over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, or_, select

from portal.accounts.models import Organisation, User
from portal.accounts.permissions import PICKING_ROLES
from portal.core.db import session
from portal.core.errors import Conflict
from portal.leads.models import Lead, LeadState
from portal.offers import redistribution
from portal.offers.by_hand import lock_round
from portal.offers.doubts import is_there, people_of
from portal.offers.models import Offer, RoundOutcome, Way
from portal.offers.operations import close_round, lock_leads, lock_partners
from portal.offers.taking_back import list_standing, take_out, with_offered_on

Found = Mapping[int, set[int]]
"""Leads on offer, each with the firms whose offers of it have to end."""


def end_of_person(user_id: int, at: datetime) -> None:
    """End what is on offer to a person alone who can't pick it up any more."""
    picks = (
        select(User.id)
        .where(
            User.id == Offer.user_id,
            User.organisation_id == Offer.organisation_id,
            User.active,
            User.roles.overlap(list(PICKING_ROLES)),
        )
        .exists()
    )
    _wait_for_offers(session().get_one(User, user_id).organisation_id)
    _end(lambda: _find(Offer.user_id == user_id, ~picks), at)


def end_of_units(organisation_id: int, at: datetime) -> None:
    """End what is on offer to units of a partner in which nobody is left who picks leads up."""
    _wait_for_offers(organisation_id)
    its = Offer.organisation_id == organisation_id
    _end(lambda: _find(its, Offer.unit_id.in_(_empty_units(organisation_id))), at)


def _wait_for_offers(organisation_id: int) -> None:
    # who makes one by hand holds the firm: it stands by now, or finds that nobody is there
    lock_partners((organisation_id,))


def _empty_units(organisation_id: int) -> list[int]:
    asked = session().scalars(
        select(Offer.unit_id)
        .where(Offer.organisation_id == organisation_id, Offer.open, Offer.unit_id.is_not(None))
        .distinct()
    )
    return [unit_id for unit_id in asked if unit_id and not is_there(people_of(unit_id))]


def end_of_firm(organisation_id: int, at: datetime) -> None:
    """End what is on offer to a firm that is out of the programme, and what it has offered on."""
    closed = (
        select(Organisation.id)
        .where(Organisation.id == organisation_id, ~Organisation.active)
        .exists()
    )
    its = or_(
        Offer.organisation_id == organisation_id, Offer.via_organisation_id == organisation_id
    )
    _end(
        lambda: {
            lead_id: with_offered_on(lead_id, organisation_id) for lead_id in _find(its, closed)
        },
        at,
    )


def _find(*which: ColumnElement[bool]) -> dict[int, set[int]]:
    rows = session().execute(
        select(Offer.lead_id, Offer.organisation_id)
        .join(Lead, (Lead.id == Offer.lead_id) & (Lead.round == Offer.round))
        .where(Lead.state == LeadState.OFFERED, Offer.open, ~Offer.direct, *which)
        .order_by(Offer.lead_id)
    )
    found: dict[int, set[int]] = {}
    for lead_id, firm in rows:
        found.setdefault(lead_id, set()).add(firm)
    return found


def _end(find: Callable[[], Found], at: datetime) -> None:
    before = find()
    in_line = set[int]().union(*before.values())
    lock_partners(in_line)
    lock_leads(before)
    # asked again: it was picked up, taken back or offered to somebody else, or the firm is back
    now = {lead_id: firms for lead_id, firms in find().items() if lead_id in before}
    for lead_id, firms in now.items():
        lead, current = lock_round(lead_id)
        if not firms <= in_line:
            raise Conflict(
                _(
                    "%(number)s was offered on just now. Please look at it again.",
                    number=lead.number,
                )
            )
        taken = list_standing(current, firms, at)
        if taken and not take_out(lead, current, taken, at):
            close_round(lead, RoundOutcome.EXPIRED, at)
            redistribution.hand_on(lead, at, Way.LAPSED)

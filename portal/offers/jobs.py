"""Jobs of offers: rings that open, rounds and rests that end, and what is tidied after them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.accounts.events import (
    OrganisationClosed,
    PersonDeactivated,
    PersonMoved,
    PersonPutInUnit,
    RolesChanged,
    UnitSaved,
)
from portal.accounts.models import User
from portal.core.db import session
from portal.core.jobs import sweep
from portal.core.reactions import reaction
from portal.leads.events import ContactSuppressed
from portal.leads.models import Lead, LeadState
from portal.offers import dry_run, events, leaving, operations, places, redistribution
from portal.offers.models import OfferRound


def due_rounds(at: datetime) -> Sequence[int]:
    """Return the open rounds whose time is over."""
    return (
        session()
        .scalars(
            select(OfferRound.id)
            .where(OfferRound.ended_at.is_(None), OfferRound.ends_at <= at)
            .order_by(OfferRound.ends_at, OfferRound.id)
        )
        .all()
    )


@sweep("offers.end_rounds", due_rounds)
def end_rounds(round_id: int, at: datetime) -> None:
    operations.end_round(round_id, at)


def due_rings(at: datetime) -> Sequence[int]:
    """Return the open rounds in which it is time for the next ring."""
    return (
        session()
        .scalars(
            select(OfferRound.id)
            .where(OfferRound.ended_at.is_(None), OfferRound.next_ring_at <= at)
            .order_by(OfferRound.next_ring_at, OfferRound.id)
        )
        .all()
    )


@sweep("offers.open_rings", due_rings)
def open_rings(round_id: int, at: datetime) -> None:
    operations.open_rings(round_id, at)


def rested(at: datetime) -> Sequence[int]:
    """Return the leads that were taken back and have rested."""
    return (
        session()
        .scalars(
            select(Lead.id)
            .where(Lead.state == LeadState.RECALLED, Lead.rests_until <= at)
            .order_by(Lead.rests_until, Lead.id)
        )
        .all()
    )


@sweep("offers.end_rests", rested)
def end_rests(lead_id: int, at: datetime) -> None:
    operations.end_rest(lead_id, at)


def noted_only(_at: datetime) -> Sequence[int]:
    """Return the leads that came back on a dry run which is over now."""
    return [] if dry_run.find_open() is not None else redistribution.list_noted()


@sweep("offers.go_on_after_dry_run", noted_only)
def go_on_after_dry_run(lead_id: int, at: datetime) -> None:
    operations.go_on_after_dry_run(lead_id, at)


@reaction("offers.end_of_person")
def end_of_person(event: PersonDeactivated | PersonMoved | RolesChanged, at: datetime) -> None:
    leaving.end_of_person(event.user_id, at)


@reaction("offers.end_of_units")
def end_of_units(
    event: PersonDeactivated | PersonMoved | PersonPutInUnit | RolesChanged | UnitSaved,
    at: datetime,
) -> None:
    if isinstance(event, UnitSaved):
        leaving.end_of_units(event.organisation_id, at)
    elif isinstance(event, PersonMoved):
        leaving.end_of_units(event.organisation_ids[0], at)
    else:
        leaving.end_of_units(session().get_one(User, event.user_id).organisation_id, at)


@reaction("offers.end_of_firm")
def end_of_firm(event: OrganisationClosed, at: datetime) -> None:
    leaving.end_of_firm(event.organisation_id, at)


@reaction("offers.tidy_round", queue="bulk")
def tidy_round(event: events.RoundEnded, _at: datetime) -> None:
    operations.tidy_round(event.round_id)


@reaction("offers.tidy_picked", queue="bulk")
def tidy_picked(event: Any, _at: datetime) -> None:
    """React to a pickup (which is a room above): `event` names lead and round."""
    operations.tidy_lead(event.lead_id, event.round, event.organisation_id, event.at)


@reaction("offers.take_off")
def take_off(event: ContactSuppressed, at: datetime) -> None:
    asked = {*event.on_offer, *event.marked, *([event.lead_id] if event.lead_id else [])}
    for lead_id in sorted({*event.on_offer, *places.waited_for(asked)}):
        if lead_id in event.on_offer:
            operations.take_off(lead_id, at)
        operations.settle_waiting(lead_id, at)


@reaction("offers.settle_waiting")
def settle_waiting(event: Any, at: datetime) -> None:
    """React to the end of a lead, or to its being undone (in rooms above)."""
    operations.settle_waiting(event.lead_id, at)


@reaction("offers.count_seen", queue="bulk")
def count_seen(event: events.LeadOffered | events.OfferVisible, _at: datetime) -> None:
    operations.count_seen(event.organisation_ids)

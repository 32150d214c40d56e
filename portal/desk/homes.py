"""Everybody's first page: This morning of all roles that a person has, one after the other."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission
from portal.accounts.queries import find_account_manager
from portal.accounts.reach import Reached
from portal.desk import planned
from portal.desk.lead_filters import Asking
from portal.desk.morning import Line, Morning, Part, Today, today_of
from portal.desk.partner_mornings import partner_morning
from portal.desk.resellers import read_resellers
from portal.desk.vendor_mornings import (
    house_morning,
    managing_morning,
    operations_morning,
    qualifying_morning,
    reading_morning,
)
from portal.leads import archive, hand_over
from portal.leads.queries import seen_by
from portal.offers import queries as offers
from portal.offers.cards import read_card
from portal.pickup import extension
from portal.pickup import queries as pickups
from portal.pickup.questions import gate_view


def read_home(actor: Actor, at: datetime) -> dict[str, Any]:
    """Return what `desk/home.html` shows somebody: whatever concerns her, each asked for once."""
    shown: dict[str, Any]
    today, reached = today_of(actor, at), reach.read(actor)
    word = waiting_part(actor, reached)
    shown = {
        "morning": Morning(parts=[word] if word else []),
        "gate": None,
        "contact": None,
        "kept": (),
        "handed_back": (),
    }
    if actor.may(Permission.OFFERS_SEE):
        _add(shown, picking_home(actor, today))
    if actor.may(Permission.BOARD_SEE):
        _add(shown, managing_home(actor, today, reached))
    elif actor.may(Permission.LEADS_QUALIFY):
        _add(shown, {"morning": qualifying_morning(actor, today)})
    elif actor.may(Permission.REPORTS_SEE):
        _add(shown, {"morning": reading_morning(actor, at)})
    if actor.may(Permission.HAND_OVERS_TAKE):
        _add(shown, {"morning": operations_morning(actor, today)})
    return shown | {"next": planned.list_next(actor, reached), "at": at}


def waiting_part(actor: Actor, reached: Reached | None) -> Part | None:
    """Return what waits for somebody's decision; None where nothing does."""
    wishes = extension.count_waiting(actor, reached)
    if not wishes:
        return None
    said = ngettext(
        "%(num)d wish for more time waits for your decision",
        "%(num)d wishes for more time wait for your decision",
        wishes,
    )
    line = Line(said, url_for("more_time.waiting"))
    return Part("word", _("Waits for your word"), [line], "")


def _add(shown: dict[str, Any], more: dict[str, Any]) -> None:
    shown |= more | {"morning": shown["morning"] + more["morning"]}


def picking_home(actor: Actor, today: Today) -> dict[str, Any]:
    """Return what is seen first by who picks up leads, and by their managers."""
    at = today.at
    position = pickups.position_of(actor, at)
    soon = offers.available(actor, at, 1, offers.Filters(today=True))
    resellers = read_resellers(actor, at) if actor.may(Permission.RESELLERS_SEE) else None
    morning = partner_morning(
        actor,
        today,
        position,
        offers.count_available(actor, at),
        [read_card(row, at) for row in soon.items[:5]],
        resellers,
    )
    return {
        "morning": morning,
        "gate": gate_view(position, at) if actor.may(Permission.PICKUPS_CLAIM) else None,
        "contact": find_account_manager(actor.organisation_id),
    }


def managing_home(actor: Actor, today: Today, reached: Reached | None) -> dict[str, Any]:
    """Return what is seen first by who answers for leads and partners."""
    at = today.at
    asking = Asking(actor, at, today.zone, reached, seen_by(actor, reached))
    morning = managing_morning(asking, today)
    if actor.may(Permission.JOBS_MANAGE):
        morning = house_morning(actor, at) + morning
    elif actor.may(Permission.MAILS_MANAGE):
        morning += house_morning(actor, at)
    return {
        "morning": morning,
        "kept": archive.list_back(actor, at, reached),
        "handed_back": hand_over.list_back(actor, at - timedelta(days=7), reached),
    }

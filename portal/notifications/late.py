"""What people hear of a deadline that others are to keep, and what comes if nothing is heard.

Here: what still stands of it, in the reader's language. Nothing here reaches contact data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Row

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import Permission
from portal.accounts.queries import find_actor_of, find_name
from portal.core.db import session
from portal.core.mail.rendering import moment
from portal.deadlines.models import Action, Clock, ClockKind, DeadlinePolicy
from portal.deadlines.steps import steps_of
from portal.escalation.rules import coming
from portal.feedback.rules import words_of
from portal.hearing.models import Topic
from portal.inbound import deeds, handing
from portal.leads.models import Lead
from portal.leads.queries import find_visible
from portal.notifications import queries
from portal.notifications.sentences import News
from portal.offers import queries as offers
from portal.pickup.models import Pickup
from portal.pickup.queries import can_hand_on

TOPICS = (Topic.PARTNER_LATE, Topic.TEAM_LATE, Topic.ANSWER_WANTED)
MOST_COMING = 4


def what_comes(clock: Clock | None, at: datetime) -> list[str]:
    """Return in words what else comes about a clock if nothing is heard, the next first."""
    if clock is None or clock.stopped_at is not None or clock.paused_at is not None:
        return []
    steps = steps_of(session().get_one(DeadlinePolicy, clock.policy_id))
    words: Mapping[str, str] = {
        Action.REMIND_MANAGER: _("the firm’s manager hears of it."),
        Action.TELL_ACCOUNT_MANAGER: _("the account manager hears of it."),
        Action.TELL_CHANNEL_MANAGER: _("the channel manager hears of it."),
        Action.BLOCK: _("nothing can be picked up any more until this is answered."),
        Action.SUSPEND: _("the firm pauses, if that has happened too often."),
        Action.RECALL: _("the lead goes back and to another firm, unless there is work on it."),
        Action.OVERFLOW: _("the lead goes back, and the overflow unit takes it."),
    }
    following = coming(steps, clock.kind, clock.due_at, clock.length_minutes, at)
    return [
        str(_("%(when)s: %(what)s", when=moment(when), what=words[action]))
        for when, action in following
        if action in words
    ][:MOST_COMING]


def find_late(topic: str, facts: Mapping[str, Any], user: User, at: datetime) -> News | None:
    """Return what a person hears of a deadline of others; None where it is kept or moved."""
    clock = session().get(Clock, facts["clock_id"], populate_existing=True)
    if clock is None or clock.stopped_at is not None or clock.paused_at is not None:
        return None
    if clock.due_at.isoformat() != facts["due"]:
        return None
    actor = find_actor_of(user.id)
    lead = find_lead(clock, actor, at) if actor else None
    if actor is None or lead is None:
        return None
    if topic == Topic.ANSWER_WANTED:
        return _asked(clock, lead, at)
    if clock.round_id is None:
        told = replace(_held(topic, clock, lead, at), deed=find_deed(clock.pickup_id, actor, at))
    else:
        told = _offer(topic, clock, lead, queries.silent_firms(clock.round_id, at, actor))
    return replace(told, other=_elsewhere(actor))


def find_lead(clock: Clock, actor: Actor, at: datetime) -> Lead | None:
    """Return the lead of a clock as somebody sees it: a partner also while it is on offer."""
    if clock.round_id is not None and actor.is_partner:
        seen = offers.find_card(clock.lead_id, actor, at) is not None
        return session().get(Lead, clock.lead_id) if seen else None
    return find_visible(clock.lead_id, actor)


def find_deed(pickup_id: int | None, actor: Actor, at: datetime) -> tuple[str, str] | None:
    """Return where a firm's manager hands on what a colleague holds; None for all others."""
    pickup = session().get(Pickup, pickup_id) if pickup_id else None
    if pickup is None or pickup.user_id == actor.id or not can_hand_on(pickup, actor, at):
        return None
    path = deeds.issue_path(pickup.lead_id, pickup.id, actor.id, at)
    return str(handing.DEED.words), f"{path}?s={handing.DEED.name}"


def _elsewhere(actor: Actor) -> tuple[str, str] | None:
    """Return where somebody sees all that is late, not this alone."""
    if actor.may(Permission.BOARD_SEE):
        return str(_("See all that sits")), "/neglected"
    if actor.may(Permission.PICKUPS_SEE_FIRM):
        return str(_("See your team")), "/team"
    return None


def _held(topic: str, clock: Clock, lead: Lead, at: datetime) -> News:
    late = clock.due_at <= at
    person = find_name(clock.user_id) if clock.user_id else ""
    found = session().get(Organisation, clock.organisation_id) if clock.organisation_id else None
    firm = found.name if found else person
    named = {
        "name": person or firm,
        "number": lead.number,
        "when": moment(clock.due_at),
    }
    to_team = topic == Topic.TEAM_LATE
    if late:
        subject = _("Late: %(number)s, %(firm)s", number=lead.number, firm=firm)
    else:
        subject = _("Soon due: %(number)s, %(firm)s", number=lead.number, firm=firm)
    return News(
        topic,
        subject,
        _since(clock.kind, named) if late else _until(clock.kind, named),
        [lead.title or lead.number, *_of_pickup(clock)],
        f"/leads/{lead.id}",
        _("Open the lead"),
        _("You get this mail because you lead whoever is to answer.")
        if to_team
        else _("You get this mail because you look after this partner."),
        lead.id,
        what_comes(clock, at),
    )


def _since(kind: str, named: Mapping[str, Any]) -> str:
    partner = _("%(name)s owes a partner an answer about %(number)s since %(when)s.", **named)
    words: dict[str, str] = {
        ClockKind.RESPONSE: _(
            "%(name)s was to contact the customer of %(number)s by %(when)s.", **named
        ),
        ClockKind.FEEDBACK: _("%(name)s owes an answer about %(number)s since %(when)s.", **named),
        ClockKind.COMPLETION: _(
            "%(name)s was to bring %(number)s to its end by %(when)s.", **named
        ),
        ClockKind.HELP: partner,
        ClockKind.PRICING: partner,
        ClockKind.OWNER: _(
            "%(name)s was to speak with the customer of %(number)s by %(when)s.", **named
        ),
    }
    return words[kind]


def _until(kind: str, named: Mapping[str, Any]) -> str:
    partner = _("%(name)s is to answer a partner about %(number)s by %(when)s.", **named)
    words: dict[str, str] = {
        ClockKind.RESPONSE: _(
            "%(name)s is to contact the customer of %(number)s by %(when)s.", **named
        ),
        ClockKind.FEEDBACK: _("%(name)s is to answer about %(number)s by %(when)s.", **named),
        ClockKind.COMPLETION: _("%(name)s is to bring %(number)s to its end by %(when)s.", **named),
        ClockKind.HELP: partner,
        ClockKind.PRICING: partner,
        ClockKind.OWNER: _(
            "%(name)s is to speak with the customer of %(number)s by %(when)s.", **named
        ),
    }
    return words[kind]


def _of_pickup(clock: Clock) -> list[str]:
    pickup = session().get(Pickup, clock.pickup_id) if clock.pickup_id else None
    if pickup is None:
        return []
    last = words_of(pickup.last_status)
    return [
        str(
            _(
                "In the hands of %(name)s since %(when)s.",
                name=find_name(pickup.user_id),
                when=moment(pickup.picked_at),
            )
        ),
        str(_("The last answer: %(answer)s.", answer=last) if last else _("No answer yet.")),
    ]


def _asked(clock: Clock, lead: Lead, at: datetime) -> News:
    named = {"number": lead.number, "when": moment(clock.due_at)}
    words: dict[str, str] = {
        ClockKind.OWNER: _("please speak with the customer of %(number)s.", **named),
        ClockKind.PRICING: _("a partner waits for a special price for %(number)s.", **named),
        ClockKind.HELP: _("a partner waits for your help with %(number)s.", **named),
    }
    if clock.due_at <= at:
        until = _("It was due on %(when)s.", **named)
    else:
        until = _("It is due on %(when)s.", **named)
    return News(
        Topic.ANSWER_WANTED,
        _("Your answer is due: %(number)s", number=lead.number),
        words[clock.kind],
        [lead.title or lead.number, str(until)],
        f"/requests/{clock.request_id}" if clock.request_id else f"/leads/{lead.id}",
        _("Answer") if clock.request_id else _("Open the lead"),
        _("You get this mail because this is yours to answer."),
        lead.id,
        what_comes(clock, at),
    )


def _offer(topic: str, clock: Clock, lead: Lead, firms: Iterable[Row[int, str]]) -> News:
    named = {"number": lead.number, "when": moment(clock.due_at)}
    silent = [name for _firm, name in firms]
    if topic == Topic.TEAM_LATE:
        what = _("nobody of your firm has picked up %(number)s; its offer ends %(when)s.", **named)
        details, reason = (
            [lead.title or lead.number],
            _("You get this mail because this lead is offered to your firm."),
        )
    else:
        what = _("nobody has picked up %(number)s; its offer ends %(when)s.", **named)
        details = [lead.title or lead.number]
        if silent:
            details.append(str(_("Nothing was heard of: %(firms)s", firms=", ".join(silent))))
        reason = _("You get this mail because you look after these partners.")
    return News(
        topic,
        _("Its offer ends: %(number)s", number=lead.number),
        what,
        details,
        f"/leads/{lead.id}",
        _("Open the lead"),
        reason,
        lead.id,
    )

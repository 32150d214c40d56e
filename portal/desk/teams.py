"""How a firm's people stand, read for their manager in so many statements, however many they are.

Nothing here reaches contact data: of a lead its number, title and due date are told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Row, func, select

from portal.accounts.actor import Actor
from portal.accounts.models import User, UserSession
from portal.accounts.permissions import PICKING_ROLES
from portal.accounts.words import roles_in_words
from portal.core.db import session
from portal.core.mail import standing
from portal.partners import rules as partner_rules
from portal.partners import standings
from portal.partners.models import Absence
from portal.partners.queries import list_absences
from portal.partners.standings import Stood
from portal.pickup.queries import Position, position_of
from portal.pickup.rules import (
    Colour,
    Gate,
    OpenPickup,
    Pause,
    colleague_words,
    debt_words,
    gate_of,
    pause_words,
)
from portal.pickup.suspension import pauses_of
from portal.pickup.words import sentence_of, way_out_of
from portal.web.filters import when

Away = Row[Absence, str]


@dataclass(frozen=True, slots=True)
class InHand:
    """A lead in somebody's hand: `owed` is late, now, soon or no."""

    pickup: OpenPickup
    owed: str
    words: str


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the firm, as the manager sees her; `reached`: mails to her don't come back."""

    user: User
    roles: str
    picks: bool
    load: str
    share: int
    colour: str
    sentence: str
    detail: str
    next_due: datetime | None
    last_active: datetime | None
    away: Absence | None
    coming: Sequence[Absence]
    leads: Sequence[InHand]
    reached: bool = True


@dataclass(frozen=True, slots=True)
class Team:
    """The firm as a whole, then its people: first who owes, then by name."""

    members: Sequence[Member]
    former: Sequence[User]
    capacity: int
    in_hand: int
    owed: Sequence[OpenPickup]
    overdue: Sequence[OpenPickup]
    stood: Stood
    names: Mapping[int, str] = field(default_factory=dict)
    firm_away: Absence | None = None
    paused: tuple[str, str] | None = None


def read_team(actor: Actor, at: datetime) -> Team:
    """Return the team of a manager. Raises `NotFound` where the firm has no partner profile."""
    position = position_of(actor, at)
    people = list_people_seen(actor.organisation_id)
    today = partner_rules.day_at(people[0][0].organisation.timezone, at)
    absences: dict[int | None, list[Absence]] = {}
    for row in list_absences(actor.organisation_id, at):
        absences.setdefault(row[0].user_id, []).append(row[0])
    pauses = pauses_of(actor.organisation_id, at)
    barred = standing.find_barred([user.email for user, _seen in people if user.active])
    lost = {one for one, address in barred.items() if address.marked_at is not None}
    members = [
        replace(
            member_of(user, seen, position, absences.get(user.id, []), pauses, today, at),
            reached=user.email not in lost,
        )
        for user, seen in people
        if user.active
    ]
    order = (Colour.RED, Colour.AMBER, Colour.GREEN, "")
    members.sort(key=lambda one: (order.index(one.colour), one.user.name.casefold()))
    owed = [one for one in position.pickups if one.owed_since(at) is not None]
    return Team(
        members=members,
        former=[user for user, _seen in people if not user.active],
        capacity=position.standing.capacity,
        in_hand=position.firm_in_hand,
        owed=owed,
        overdue=[one for one in owed if one.stops_firm(at)],
        names={user.id: user.name for user, _seen in people},
        firm_away=now_of(absences.get(None, []), today),
        paused=told_of(pauses[None], position.gate) if None in pauses else None,
        stood=standings.read_stood(actor.organisation_id),
    )


def told_of(pause: Pause, gate: Gate) -> tuple[str, str]:
    """Return what ends a pause of the firm, and why it is."""
    obstacle = pause_words(pause, gate)
    return way_out_of(obstacle), sentence_of(obstacle)


def list_people_seen(organisation_id: int) -> Sequence[tuple[User, datetime | None]]:
    """Return everybody of a firm with the last moment she was seen on the portal."""
    seen = (
        select(func.max(UserSession.last_seen_at))
        .where(UserSession.user_id == User.id)
        .scalar_subquery()
    )
    rows = session().execute(
        select(User, seen)
        .where(User.organisation_id == organisation_id)
        .order_by(User.name, User.id)
    )
    return [(row[0], row[1]) for row in rows]


def now_of(absences: Sequence[Absence], today: date) -> Absence | None:
    """Return the absence that holds today."""
    return next((one for one in absences if one.starts_on <= today <= one.ends_on), None)


def member_of(
    user: User,
    seen: datetime | None,
    position: Position,
    absences: Sequence[Absence],
    pauses: Mapping[int | None, Pause],
    today: date,
    at: datetime,
) -> Member:
    """Return how one person stands."""
    gate = gate_of(user.id, position.pickups, at)
    picks = bool(set(user.roles) & set(PICKING_ROLES))
    own = sorted(
        (one for one in position.pickups if one.user_id == user.id),
        key=lambda one: one.feedback_due_at,
    )
    most, held = position.standing.rep_capacity, len(own)
    away = now_of(absences, today)
    pause = pauses.get(None) or pauses.get(user.id)
    sentence, detail = words_of(gate, held, most, away, pause, at)
    done = [moment for one in own for moment in (one.picked_at, one.last_feedback_at) if moment]
    here = user.password_hash is not None or user.signed_in_at is not None
    counts = (picks and here) or bool(own)
    moments = [moment for moment in (seen, user.signed_in_at, *done) if moment]
    return Member(
        user=user,
        roles=roles_in_words(user.roles),
        picks=picks and here,
        load=_("%(held)s of %(most)s leads in hand", held=held, most=most),
        share=min(100, round(100 * held / most)) if most else 100,
        colour=(Colour.RED if pause else gate.colour) if counts else "",
        sentence=sentence if counts else "",
        detail=detail if counts else "",
        next_due=gate.next_due,
        last_active=max(moments, default=None),
        away=away,
        coming=[one for one in absences if one.starts_on > today],
        leads=[in_hand(one, gate, at) for one in own],
    )


def words_of(
    gate: Gate, held: int, most: int, away: Absence | None, pause: Pause | None, at: datetime
) -> tuple[str, str]:
    """Say what a person's gate shows, and why."""
    if pause is not None:
        return _("Pauses"), sentence_of(pause_words(pause, gate))
    if gate.owed:
        first = gate.owed[0]
        sentence = ngettext("Owes %(num)d answer", "Owes %(num)d answers", len(gate.owed))
        return sentence, sentence_of(debt_words(first, at))
    if away is not None:
        return _("Away"), _("Picks up nothing meanwhile.")
    if gate.colour == Colour.RED:
        return _("Can’t pick up"), sentence_of(colleague_words(gate))
    if held >= most:
        return _("Hands are full"), _("Holds as many leads as agreed.")
    if gate.soon:
        soon = gate.soon[0]
        return _("Free to pick up"), _(
            "The answer about %(number)s is due %(when)s.",
            number=soon.lead_number,
            when=when(soon.feedback_due_at),
        )
    if gate.next_due:
        return _("Free to pick up"), _("The next answer is due %(when)s.", when=when(gate.next_due))
    return _("Free to pick up"), _("Nothing due.")


def in_hand(pickup: OpenPickup, gate: Gate, at: datetime) -> InHand:
    """Return one lead in somebody's hand with what it owes, in words."""
    if pickup.feedback_due_at <= at:
        return InHand(pickup, "late", _("was due %(when)s", when=when(pickup.feedback_due_at)))
    if pickup.last_feedback_at is None:
        return InHand(
            pickup, "now", _("no answer yet, due %(when)s", when=when(pickup.feedback_due_at))
        )
    soon = any(one.id == pickup.id for one in gate.soon)
    return InHand(
        pickup, "soon" if soon else "no", _("due %(when)s", when=when(pickup.feedback_due_at))
    )

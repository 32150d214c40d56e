"""How an owed question reads: the view models of the gate and of its questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from flask import current_app
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from portal.catalog import field_answers
from portal.catalog.fields import place_of
from portal.catalog.models import CustomField, FieldKind, FieldSubject
from portal.catalog.queries import book, short_key
from portal.core import clock
from portal.core.config import Settings
from portal.offers.cards import HotStop
from portal.pickup.queries import Position
from portal.pickup.rules import Colour, OpenPickup, Standing, cap_words, obstacles
from portal.pickup.words import (
    FOR_HOT_LEADS,
    GateReason,
    next_step_wanted,
    sentence_of,
    since_wanted,
    way_out_of,
)
from portal.timeline.rules import Planned
from portal.timeline.rules import words_of as activity_words
from portal.web.filters import local, when

Reasons = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class OwnInput:
    """The view model of one of the programme's own fields that an answer needs.

    `kind` is ticks, select, textarea, date or text; of ticks `ticked` are the keys.
    """

    name: str
    label: str
    hint: str
    kind: str
    choices: Reasons = ()
    ticked: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """The view model of `templates/feedback/_question.html`."""

    pickup_id: int
    action: str
    target_id: str
    lead_number: str
    title: str
    picked_at: datetime
    heading: str
    note_below: str | None
    status: str | None
    step_wanted: str
    since_wanted: str
    waiting_since: date | None
    today: date
    reasons: Reasons
    currency: str
    products: Reasons = ()
    competitors: Reasons = ()
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    open: str | None = None
    planned: Sequence[str] = field(default_factory=tuple)
    home: str = ""
    own: Sequence[OwnInput] = ()


@dataclass(frozen=True, slots=True)
class GateView:
    """The view model of `templates/pickup/_gate.html`."""

    colour: str
    sentence: str
    detail: str | None
    questions: Sequence[Question] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed into one question, what is wrong with it, and what has to be settled first."""

    pickup_id: int
    values: Mapping[str, str]
    errors: Mapping[str, str]
    planned: Sequence[Planned] = field(default_factory=tuple)

    @property
    def unfolded(self) -> str | None:
        """Return which part of the question to show open."""
        status = self.values.get("status")
        if status in ("won", "lost"):
            return status
        if status == "not_contacted" and {"next_step", "next_step_on"} & set(self.errors):
            return "step"
        if status == "waiting" and "waiting_since" in self.errors:
            return "since"
        return "more"


PASSING = (
    GateReason.FIRM_AWAY,
    GateReason.AWAY,
    GateReason.HANDS_FULL,
    GateReason.FIRM_FULL,
    GateReason.CAP_REACHED,
)
"""What keeps from picking without anything being owed: the gate stays amber."""

INPUTS = {
    FieldKind.SEVERAL: "ticks",
    FieldKind.ONE: "select",
    FieldKind.YES_NO: "select",
    FieldKind.LONG_TEXT: "textarea",
    FieldKind.DAY: "date",
}


def own_inputs(asked: Iterable[CustomField], values: Mapping[str, str]) -> list[OwnInput]:
    """Return how own fields are asked for beside an answer, with what was typed."""
    locale = str(get_locale())
    named = [name.partition(":") for name in values]
    return [
        OwnInput(
            name=place_of(one.key),
            label=one.label(locale),
            hint=one.hint(locale),
            kind=INPUTS.get(FieldKind(one.kind), "text"),
            choices=field_answers.choices(one, locale),
            ticked=[choice for place, _colon, choice in named if place == place_of(one.key)],
        )
        for one in asked
    ]


def own_asked(typed: Typed | None) -> list[OwnInput]:
    """Return the own fields that an answer lacked, and those that were filled in beside it."""
    if typed is None:
        return []
    names = {name.partition(":")[0] for name in (*typed.errors, *typed.values)}
    fields = [one for one in book().fields_of(FieldSubject.LEAD) if place_of(one.key) in names]
    return own_inputs(fields, typed.values)


def question_of(
    pickup: OpenPickup,
    *,
    action: str,
    target_id: str,
    note_below: str | None = None,
    typed: Typed | None = None,
) -> Question:
    """Return the question about one lead in hand."""
    mine = typed if typed and typed.pickup_id == pickup.id else None
    settings: Settings = current_app.config["SETTINGS"]
    return Question(
        pickup_id=pickup.id,
        action=action,
        target_id=target_id,
        lead_number=pickup.lead_number,
        title=pickup.title,
        picked_at=pickup.picked_at,
        heading=_("How far are you?"),
        note_below=note_below,
        status=pickup.last_status,
        step_wanted=next_step_wanted(pickup.uncontacted) if pickup.needs_next_step else "",
        since_wanted=since_wanted() if pickup.needs_since else "",
        waiting_since=pickup.waiting_since,
        today=local(clock.now()).date(),
        reasons=lost_reasons(),
        currency=settings.currency,
        products=products_of(pickup.product_ids),
        competitors=book().choices("competitor", str(get_locale())),
        values=mine.values if mine else {},
        errors={name: [text] for name, text in mine.errors.items()} if mine else {},
        open=mine.unfolded if mine else None,
        planned=[planned_words(one) for one in mine.planned] if mine else [],
        home=f"/leads/{pickup.lead_id}#timeline",
        own=own_asked(mine),
    )


def planned_words(one: Planned) -> str:
    """Say what is planned for when, without the words that people wrote about it."""
    return str(_("%(what)s, due %(when)s", what=activity_words(one.kind), when=when(one.due)))


def products_of(ids: Sequence[int]) -> Reasons:
    """Return the products that a lead is about, as (id, label)."""
    known, locale = book(), str(get_locale())
    return [(str(one), label) for one in ids if (label := known.label(one, locale))]


def lost_reasons() -> Reasons:
    """Return why leads are lost, as (key, label)."""
    locale = str(get_locale())
    return [(short_key(r), r.label(locale)) for r in book().reasons("lost")]


def free_words(position: Position) -> tuple[str, str]:
    """Return the sentence of a gate that is not red, and its detail."""
    gate = position.gate
    in_hand = ngettext(
        "%(held)s of %(num)d lead in hand",
        "%(held)s of %(num)d leads in hand",
        position.standing.rep_capacity,
        held=gate.in_hand,
    )
    due = (
        _("next feedback due %(when)s", when=when(gate.next_due))
        if gate.next_due
        else _("nothing due")
    )
    sentence = _("You are free to pick.")
    missing = len(gate.owed) + len(gate.colleagues)
    if missing:
        sentence = _(
            "You are free to pick. Answers are missing about %(missing)d of the %(allowed)d leads "
            "that may be without one.",
            missing=missing,
            allowed=gate.allowed,
        )
    elif gate.colour == Colour.AMBER:
        sentence = _("You are free to pick. An answer is due soon.")
    return str(sentence), f"{in_hand}; {due}."


def hot_stop(position: Position | None) -> HotStop:
    """Say what keeps somebody from picking up hot leads who may pick up others."""
    if position is None:
        return HotStop()
    standing = position.standing
    # as with a claim, what the firm takes part for does not stand in its own way
    others = replace(standing, hot_entered=max(standing.hot_entered - 1, 0))
    return HotStop(_hot_words(standing), _hot_words(others), position.hot_leads)


def _hot_words(standing: Standing) -> str:
    found = cap_words(standing, hot=True)
    if found is None or found.reason not in FOR_HOT_LEADS:
        return ""
    return f"{sentence_of(found)} {way_out_of(found)}"


def gate_view(
    position: Position,
    at: datetime,
    *,
    target_id: str = "gate",
    action: str | None = None,
    waiting: str | None = None,
    typed: Typed | None = None,
) -> GateView:
    """Return the gate bar with the one to three owed questions: what to do, and why.

    With `waiting` (the number of a lead) and `action` the answers also pick that lead up.
    """
    found = obstacles(position.standing, position.gate, position.firm_in_hand, at)
    colour: str = position.gate.colour
    if found:
        sentence, detail = way_out_of(found[0], waiting=bool(waiting)), sentence_of(found[0])
        colour = Colour.AMBER if found[0].reason in PASSING else Colour.RED
    else:
        sentence, detail = free_words(position)
    note = (
        _(
            "Your answer is saved and %(number)s is picked up for you, if it is still free.",
            number=waiting,
        )
        if waiting
        else None
    )
    questions = [
        question_of(
            owed,
            action=action or f"/pickups/{owed.id}/feedback",
            target_id=target_id,
            note_below=str(note) if note else None,
            typed=typed,
        )
        for owed in position.gate.questions
    ]
    return GateView(colour, sentence, detail, questions)

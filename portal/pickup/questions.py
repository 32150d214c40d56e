"""How an owed question reads: the view models of the gate and of its questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import current_app
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from portal.catalog import field_answers
from portal.catalog.fields import place_of
from portal.catalog.models import CustomField, FieldKind, FieldSubject
from portal.catalog.queries import book, short_key
from portal.core.config import Settings
from portal.pickup.queries import Position
from portal.pickup.rules import Colour, OpenPickup
from portal.timeline.rules import Planned
from portal.timeline.rules import words_of as activity_words
from portal.web.filters import day, when

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
    needs_next_step: bool
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
        return "more"


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
        needs_next_step=pickup.uncontacted > 0,
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


def sentence_of(position: Position, at: datetime, waiting: str | None = None) -> tuple[str, str]:
    """Return the gate's sentence and its detail; `waiting` is the number of a lead that waits."""
    gate = position.gate
    if gate.colour == Colour.RED and gate.owed:
        owed = gate.owed[0]
        since = owed.owed_since(at)
        number = len(gate.owed)
        sentence = (
            ngettext(
                "One answer and this lead is yours.",
                "%(num)d answers and this lead is yours.",
                number,
            )
            if waiting
            else ngettext(
                "One answer and you can pick again.",
                "%(num)d answers and you can pick again.",
                number,
            )
        )
        detail = (
            _("Nothing heard about %(number)s since you picked it up.", number=owed.lead_number)
            if owed.last_feedback_at is None
            else _(
                "The answer about %(number)s was due %(when)s.",
                number=owed.lead_number,
                when=when(since),
            )
        )
        return str(sentence), str(detail)
    if gate.colour == Colour.RED:
        debt = gate.firm_debts[0]
        return str(_("Your firm owes an answer.")), str(
            _(
                "A colleague's answer about %(number)s was due %(when)s. Your firm can pick again "
                "as soon as it is given.",
                number=debt.lead_number,
                when=when(debt.feedback_due_at),
            )
        )
    standing = position.standing
    in_hand = ngettext(
        "%(num)d of %(most)s lead in hand",
        "%(num)d of %(most)s leads in hand",
        gate.in_hand,
        most=standing.rep_capacity,
    )
    due = (
        _("next feedback due %(when)s", when=when(gate.next_due))
        if gate.next_due
        else _("nothing due")
    )
    detail = f"{in_hand}; {due}."
    stop = blocked_by(position, at)
    if stop:
        return stop, detail
    if gate.colour == Colour.AMBER:
        return str(_("You are free to pick. An answer is due soon.")), detail
    return str(_("You are free to pick.")), detail


def blocked_by(position: Position, at: datetime) -> str | None:
    """Return in words what other than feedback stops a pick."""
    standing = position.standing
    if standing.suspended_until is not None and standing.suspended_until > at:
        return str(_("Your firm pauses until %(day)s.", day=day(standing.suspended_until)))
    if standing.firm_absent:
        return str(_("Your firm is marked as away."))
    if standing.person_absent:
        return str(_("You are marked as away."))
    if position.gate.in_hand >= standing.rep_capacity:
        return str(_("Your hands are full."))
    if position.firm_in_hand >= standing.capacity:
        return str(_("Your firm's hands are full."))
    return None


def gate_view(
    position: Position,
    at: datetime,
    *,
    target_id: str = "gate",
    action: str | None = None,
    waiting: str | None = None,
    typed: Typed | None = None,
) -> GateView:
    """Return the gate bar with the one to three owed questions.

    With `waiting` (the number of a lead) and `action` the answers also pick that lead up.
    """
    sentence, detail = sentence_of(position, at, waiting)
    colour: str = position.gate.colour
    if colour == Colour.GREEN and blocked_by(position, at):
        colour = Colour.AMBER
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

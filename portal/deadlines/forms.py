"""Forms of deadline policies. What is possible at all is said by the operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
)
from wtforms import Form as Row
from wtforms.validators import Length, NumberRange

from portal.core.errors import Invalid
from portal.deadlines.rules import (
    CHOICES,
    LISTS,
    LONGEST_NAME,
    NUMBERS,
    SWITCHES,
    Terms,
)
from portal.deadlines.steps import FURTHEST, MOST_STEPS, Step
from portal.deadlines.words import ACTIONS, APPROVALS, CLOCKS, FIELD_WORDS, RUNGS, SCOPES, WORDS
from portal.web.forms import Form, Lines, TicksField, WholeField, needed

UNITS: Mapping[str, int] = {"days": 1440, "hours": 60, "minutes": 1}
"""In what a step's distance from its deadline is told, in minutes."""
UNIT_WORDS = {"days": _l("days"), "hours": _l("hours"), "minutes": _l("minutes")}
SIDES = {"before": _l("before"), "after": _l("after")}
UP, DOWN, REMOVE, ADD = "up", "down", "remove", "add"
"""What can be done with the lines of steps without saving."""
HINTS = {
    "feedback_days": _l("Counted from the pickup, and from each answer."),
    "amber_hours": _l("Never earlier than in the last quarter of the time. 0: not at all."),
    "offer_hours": _l("Where the distribution rule doesn’t say otherwise."),
    "response_hours": _l("0: no such deadline."),
    "completion_days": _l("0: as the type of the lead says."),
    "help_hours": _l("0: no such deadline."),
    "pricing_hours": _l("0: no such deadline."),
    "owner_hours": _l("Where the type of the lead asks for it. 0: no such deadline."),
    "uncontacted_free": _l("After that it needs a next step with its date."),
    "suspend_after": _l("0: nobody is suspended."),
    "most_pauses": _l("Because the customer asked to wait. 0: none."),
    "most_extensions": _l("For one lead. 0: never."),
    "protected_days": _l("An appointment ahead protects it as well."),
}


def _number(name: str) -> WholeField:
    known = NUMBERS[name]
    said = _l("A number from %(least)d to %(most)d fits here.", least=known[0], most=known[-1])
    return WholeField(
        FIELD_WORDS[name],
        [needed(), NumberRange(known[0], known[-1], said)],
        description=HINTS.get(name, ""),
    )


def _chosen(words: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(one), str(said)) for one, said in words.items()]


class StepRow(Row):
    """A step: how far from which deadline what is done."""

    number = WholeField(
        _l("How long"),
        [
            needed(),
            NumberRange(0, FURTHEST, _l("A step is at most a year away from its deadline.")),
        ],
    )
    unit = SelectField(_l("Of what"))
    side = SelectField(_l("Before or after"))
    clock = SelectField(_l("Deadline"))
    action = SelectField(_l("What is done"))

    def offer_choices(self) -> None:
        """Fill the lists."""
        self.unit.choices = _chosen(UNIT_WORDS)
        self.side.choices = _chosen(SIDES)
        self.clock.choices = _chosen(CLOCKS)
        self.action.choices = _chosen(ACTIONS)

    def read(self) -> Step:
        """Return the step that was typed."""
        minutes = (self.number.data or 0) * UNITS[self.unit.data]
        before = self.side.data == "before"
        return Step(self.clock.data, -minutes if before else minutes, self.action.data)


def _as_typed(step: Step) -> dict[str, Any]:
    """Return a step as its line shows it, in the largest unit that fits."""
    unit = next(one for one in UNITS if step.minutes % UNITS[one] == 0)
    return {
        "number": abs(step.minutes) // UNITS[unit],
        "unit": unit,
        "side": "before" if step.minutes < 0 else "after",
        "clock": step.clock,
        "action": step.action,
    }


class PolicyForm(Form):
    """What a policy says; `version` is the one that was looked at."""

    version = HiddenField()
    name = StringField(
        FIELD_WORDS["name"],
        [needed(), Length(max=LONGEST_NAME)],
        description=_l("Partners don’t read it; lead types name the policy by it."),
    )
    feedback_days = _number("feedback_days")
    recruit_feedback_days = _number("recruit_feedback_days")
    milestones = TicksField(FIELD_WORDS["milestones"])
    milestone_hours = _number("milestone_hours")
    uncontacted_free = _number("uncontacted_free")
    waiting_since = BooleanField(FIELD_WORDS["waiting_since"])
    offer_hours = _number("offer_hours")
    response_hours = _number("response_hours")
    completion_days = _number("completion_days")
    help_hours = _number("help_hours")
    pricing_hours = _number("pricing_hours")
    owner_hours = _number("owner_hours")
    working = TicksField(
        FIELD_WORDS["working"],
        description=_l(
            "By the working hours and holidays of whoever is waited for; a working day counts "
            "eight hours. All others run day and night."
        ),
    )
    customer_told = BooleanField(
        FIELD_WORDS["customer_told"],
        description=_l(
            "A mail soon after the pickup, in the customer’s language: person, firm, phone, and "
            "the moment of first contact. Only where there is a legal basis and an address, and "
            "nobody asked not to be approached."
        ),
    )
    customer_asked = BooleanField(
        FIELD_WORDS["customer_asked"],
        description=_l(
            "One mail when the time for first contact is over, with yes and no. A no is told at "
            "once to the holder, the firm’s manager and the account manager; a yes confirms the "
            "contact. The lead stays where it is."
        ),
    )
    gate_scope = RadioField(FIELD_WORDS["gate_scope"])
    allowed_open = _number("allowed_open")
    amber_hours = _number("amber_hours")
    overdue_hours = _number("overdue_hours")
    firm_red_days = _number("firm_red_days")
    suspend_after = _number("suspend_after")
    suspend_within_days = _number("suspend_within_days")
    suspend_days = _number("suspend_days")
    most_pauses = _number("most_pauses")
    pause_days = _number("pause_days")
    most_extensions = _number("most_extensions")
    extension_days = _number("extension_days")
    extension_approval = SelectField(FIELD_WORDS["extension_approval"])
    protected_days = _number("protected_days")
    cooling_hours = _number("cooling_hours")
    stand_by_hours = _number("stand_by_hours")
    draft_days = _number("draft_days")
    chain = Lines(SelectField(), min_entries=len(RUNGS), max_entries=len(RUNGS))
    overflow_unit_id = SelectField(FIELD_WORDS["overflow_unit_id"], coerce=str)
    steps = Lines(FormField(StepRow), label=FIELD_WORDS["steps"], max_entries=MOST_STEPS)

    def offer_choices(self, units: Mapping[int, str]) -> None:
        """Fill the lists; `units` has the names of the units that can take over, by id."""
        for name in ("working", "milestones"):
            self[name].choices = _chosen(WORDS[name])
        self.gate_scope.choices = _chosen(SCOPES)
        self.extension_approval.choices = _chosen(APPROVALS)
        self.overflow_unit_id.choices = [
            ("", "–"),
            *((str(unit_id), name) for unit_id, name in units.items()),
        ]
        for place, rung in enumerate(self.chain, start=1):
            rung.label.text = _("%(place)d. to", place=place)
            rung.choices = [("", "–"), *_chosen(RUNGS)]
        for row in self.steps:
            row.form.offer_choices()

    def show(self, terms: Terms, version: int, units: Mapping[int, str]) -> None:
        """Fill the form with what a policy says."""
        for name in ("name", *NUMBERS, *CHOICES, *SWITCHES):
            self[name].data = getattr(terms, name)
        for name in ("working", "milestones"):
            self[name].data = list(getattr(terms, name))
        for place, rung in enumerate(self.chain):
            rung.data = terms.chain[place] if place < len(terms.chain) else ""
        self.overflow_unit_id.data = str(terms.overflow_unit_id or "")
        self._write(_as_typed(one) for one in terms.steps)
        self.version.data = str(version)
        self.offer_choices(units)

    def read(self) -> Terms:
        """Return what was typed."""
        said = {name: self[name].data for name in ("name", *NUMBERS, *CHOICES, *SWITCHES)}
        for name in ("working", "milestones"):
            said[name] = tuple(one for one in LISTS[name] if one in self[name].data)
        unit = self.overflow_unit_id.data
        return Terms(
            **said,
            chain=tuple(rung.data for rung in self.chain if rung.data),
            overflow_unit_id=int(unit) if unit else None,
            steps=tuple(row.form.read() for row in self.steps),
        )

    def arrange(self, wanted: str) -> None:
        """Move or remove a line of steps, or add one: "up-3", "down-3", "remove-3", "add".

        Nothing is checked by that, and all that was typed stays.
        """
        what, _dash, given = wanted.partition("-")
        rows = [self._typed(row) for row in self.steps]
        place = int(given) if given.isdecimal() and len(given) < 4 else len(rows)
        if what == ADD and len(rows) < MOST_STEPS:
            rows.append(_as_typed(NEW_STEP))
        elif place < len(rows):
            row = rows.pop(place)
            if what != REMOVE:
                rows.insert(max(place + {UP: -1, DOWN: 1}.get(what, 0), 0), row)
        self._write(rows)

    @staticmethod
    def _typed(row: Any) -> dict[str, Any]:
        """Return what stands in a line, also where it can't be read."""
        return {one.short_name: one.raw_data[0] if one.raw_data else "" for one in row.form}

    def _write(self, rows: Any) -> None:
        """Have the lines of steps be these."""
        kept = list(rows)
        while self.steps.entries:
            self.steps.pop_entry()
        for said in kept:
            row = self.steps.append_entry(said).form
            row.offer_choices()
            # shown as it was typed, also where that is no number
            row.number.raw_data = [str(said["number"])]

    @property
    def seen(self) -> int:
        """Return the version that was looked at, 0 where that is not said."""
        given = str(self.version.data or "")
        return int(given) if given.isdecimal() and len(given) < 10 else 0

    def take(self, error: Invalid) -> None:
        """Show a refusal at the fields it names; what is wrong with a step, at its line."""
        of_steps = {name: said for name, said in error.errors.items() if name.startswith("steps-")}
        for name, said in of_steps.items():
            line = self.steps[int(name.removeprefix("steps-"))]
            line.form.action.errors = [*line.form.action.errors, said]
        self.steps.errors = [line.form.errors for line in self.steps] if of_steps else []
        super().take(Invalid({k: v for k, v in error.errors.items() if k not in of_steps}))


NEW_STEP = Step("feedback", 0, "remind_holder")

"""The part of a form that asks for criteria: clauses and groups of clauses, line by line.

Each line knows how deep it stands; a group is followed by what is inside of it. Lines are added,
moved, put into groups and removed by buttons that send the form; nothing is saved by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form as Row
from wtforms import FormField, HiddenField, SelectField, StringField
from wtforms.validators import Length, Optional, StopValidation

from portal.accounts.tree import is_region
from portal.catalog.queries import book
from portal.core.errors import Invalid
from portal.matching import own_answers_form
from portal.matching.criteria import (
    COMPOUND,
    DEFAULT_KM,
    MILE_KM,
    NEEDS,
    Criterion,
    Kind,
    Measure,
    Mode,
    Within,
)
from portal.matching.criteria_rules import DEEPEST, MOST_CRITERIA, numbered
from portal.matching.kinds import MAY_NAME
from portal.matching.names import own_choices
from portal.matching.words import describe_criterion, kind_name
from portal.partners.forms import language_choices, split_codes
from portal.partners.queries import list_languages
from portal.web.forms import Form, Lines, PlainField, TicksField, WholeField

USUAL_WEIGHT = 20
SHARES = (Kind.CONVERSION, Kind.PUNCTUALITY, Kind.VALUE)
"""Their `least` is a share, typed and shown in percent."""

MODES = {
    Mode.REQUIRED: _l("must"),
    Mode.WEIGHTED: _l("should"),
    Mode.FORBIDDEN: _l("must not"),
}
FAMILIES: Mapping[Any, Sequence[Kind]] = {
    _l("Where"): (Kind.REGION, Kind.RADIUS, Kind.PLACE, Kind.TERRITORY, Kind.LANGUAGE),
    _l("What they know"): (
        Kind.BRAND,
        Kind.PRODUCT,
        Kind.SPECIALISATION,
        Kind.CERTIFICATION,
        Kind.LEVEL,
        Kind.INDUSTRY,
        Kind.SIZE_BAND,
    ),
    _l("How large they are"): (Kind.PEOPLE, Kind.VALUE, Kind.VOLUME),
    _l("How they work"): (
        Kind.CONVERSION,
        Kind.PUNCTUALITY,
        Kind.RESPONSE,
        Kind.CAPACITY,
        Kind.PRESENT,
    ),
    _l("What they gave"): (Kind.REGISTRANT, Kind.CAMPAIGNER, Kind.NEWCOMER, Kind.RELATION),
    _l("Own fields"): (Kind.OWN,),
    _l("Groups of criteria"): COMPOUND,
}
"""The kinds as they are offered to be added."""

LEAST = {
    Kind.PEOPLE: _l("At least"),
    Kind.VALUE: _l("How close at least, in percent"),
    Kind.CONVERSION: _l("At least, in percent"),
    Kind.PUNCTUALITY: _l("At least, in percent"),
    Kind.VOLUME: _l("At least, in the programme’s currency"),
    Kind.REGISTRANT: _l("In at least so many months"),
    Kind.CAMPAIGNER: _l("At least so many"),
}
MOST = {Kind.PEOPLE: _l("At most"), Kind.RESPONSE: _l("Minutes at most")}
MEASURES = {
    Kind.VALUE: {Measure.PEOPLE: _l("by its people"), Measure.VOLUME: _l("by what it sold")},
    Kind.RESPONSE: {
        Measure.CONTACT: _l("until the first contact"),
        Measure.PICK: _l("until it picks up"),
    },
}


def _regions(_form: Any, typed: Any) -> None:
    for code in split_codes(typed.data):
        if not is_region(code):
            raise StopValidation(
                _(
                    "%(code)s is no code of a country or state. Examples: DE, DE-NI, US-CA.",
                    code=code,
                )
            )


class ClauseRow(Row):
    """One criterion; `depth` is in how many groups it stands, `was` which line it was before.

    `may_be_left` says that without a choice of its own it asks for what the lead names.
    """

    may_be_left: bool = False
    kind = SelectField(_l("What counts"), choices=[])
    depth = HiddenField()
    was = HiddenField()
    mode = SelectField(_l("How it counts"), [Optional()], choices=[])
    weight = WholeField(_l("Points at most"), [Optional()])
    within = SelectField(_l("What counts as the region"), [Optional()], choices=[])
    km = WholeField(_l("How far at most"), [Optional()])
    unit = SelectField(_l("In"), [Optional()], choices=[])
    codes = StringField(
        _l("Codes, as DE, AT or DE-NI, US-CA."), [Optional(), Length(max=2000), _regions]
    )
    ids = TicksField(_l("One of these"), choices=[])
    languages = TicksField(_l("One of these"), choices=[])
    level_id = SelectField(_l("At least"), [Optional()], choices=[])
    own = TicksField(_l("One of these"), choices=[])
    by = SelectField(_l("Measured"), [Optional()], choices=[])
    least = WholeField(_l("At least"), [Optional()])
    most = WholeField(_l("At most"), [Optional()])
    days = WholeField(_l("In the last days"), [Optional()])
    adding = SelectField(_l("Add to this group"), [Optional()], choices=[])

    @property
    def asks(self) -> Kind | None:
        """Return what kind of criterion it is; None for one that nobody knows."""
        return Kind(self.kind.data) if self.kind.data in set(Kind) else None

    @property
    def grouping(self) -> bool:
        """Say whether it is made of others."""
        return self.asks in COMPOUND

    def offer(
        self,
        modes: Iterable[Mode],
        addable: Mapping[str, Any],
        kept: Sequence[Criterion],
        *,
        of_leads: bool,
    ) -> None:
        """Fill labels and lists to choose from; what is `kept` stays, out of use or not.

        Where criteria may go `of_leads`, a list may be left to what the lead names.
        """
        locale, kind = str(get_locale()), self.asks
        kinds = COMPOUND if self.grouping else Kind
        self.kind.choices = [(str(one), kind_name(one)) for one in kinds]
        self.mode.choices = [(str(mode), str(MODES[mode])) for mode in modes]
        self.adding.choices = dict(addable)
        self.unit.choices = [("km", _("km")), ("miles", _("miles"))]
        self.within.choices = [
            (str(one), describe_criterion(Criterion(Kind.REGION, within=one))) for one in Within
        ]
        needs = NEEDS[kind] if kind else ()
        if "ids" in needs:
            named = [one for criterion in kept for one in criterion.ids]
            self.ids.choices = book().choices(str(kind), locale, named)
        if "languages" in needs:
            spoken = [one for criterion in kept for one in criterion.languages]
            self.languages.choices = language_choices([*list_languages(), *spoken])
        self.may_be_left = of_leads and kind in MAY_NAME
        levels = book().choices("partner_level", locale, [one.level_id for one in kept])
        self.level_id.choices = [("", "–"), *levels]
        self.own.choices = own_choices(
            locale, [one for one in own_answers_of(kept) if not own_answers_form.is_span(one)]
        )
        if kind is not None:
            self.least.label.text = str(LEAST.get(kind, ""))
            self.most.label.text = str(MOST.get(kind, ""))
            self.by.choices = [(str(k), str(v)) for k, v in MEASURES.get(kind, {}).items()]

    @property
    def said(self) -> str:
        """Say what it asks, where its kind needs nothing more to be said."""
        kind = self.asks
        return describe_criterion(Criterion(kind)) if kind and not NEEDS[kind] else ""

    @property
    def left(self) -> Any:
        """Return the list that may be left to what the lead names, None where there is none."""
        kind = self.asks
        return self[NEEDS[kind][0]] if kind and self.may_be_left else None

    @property
    def said_by_list(self) -> str:
        """Say what it asks for by what is ticked of that list."""
        ids = tuple(int(one.data) for one in self.ids if one.checked)
        languages = tuple(one.data for one in self.languages if one.checked)
        return describe_criterion(Criterion(Kind(self.kind.data), ids=ids, languages=languages))

    @property
    def asked(self) -> list[Any]:
        """Return the fields that its kind needs."""
        found: list[Any] = []
        for name in NEEDS[self.asks] if self.asks and not self.may_be_left else ():
            if name == "miles":
                found.append(self.unit)
            elif name == "own":
                found.extend([self.own, *own_answers_form.spans_of(self)])
            elif name != "of":
                found.append(self[name])
        return found

    def validate(self, extra_validators: Any = None) -> bool:
        """Check as well from where to where answers in own fields may be."""
        good = bool(super().validate(extra_validators))
        return (self.asks is not Kind.OWN or own_answers_form.check_clause(self)) and good

    def read(self, parts: Sequence[Criterion], *, inside: bool) -> Criterion:
        """Return the criterion that was typed, made of `parts`."""
        kind = Kind(self.kind.data)
        mode = Mode.REQUIRED if inside else Mode(self.mode.data or Mode.REQUIRED)
        miles = self.unit.data == "miles"
        least = self.least.data
        return Criterion(
            kind,
            mode,
            float(self.weight.data or 0) if mode is Mode.WEIGHTED else 0.0,
            within=Within(self.within.data or Within.TERRITORY),
            km=float(self.km.data or 0) * (MILE_KM if miles else 1),
            miles=miles,
            codes=tuple(split_codes(self.codes.data)),
            ids=tuple(int(one) for one in self.ids.data or ()),
            languages=tuple(self.languages.data or ()),
            level_id=int(self.level_id.data) if self.level_id.data else None,
            own=own_answers_form.read_clause(self),
            least=None if least is None else least / 100 if kind in SHARES else float(least),
            most=None if self.most.data is None else float(self.most.data),
            by=Measure(self.by.data) if self.by.data and kind in MEASURES else None,
            days=self.days.data,
            of=tuple(parts),
        )


def as_typed(criterion: Criterion, depth: int) -> dict[str, Any]:
    """Return a criterion as its line shows it."""
    km = criterion.km / (MILE_KM if criterion.miles else 1)
    least = criterion.least
    if least is not None and criterion.kind in SHARES:
        least *= 100
    return {
        "kind": str(criterion.kind),
        "depth": str(depth),
        "mode": str(criterion.mode),
        "weight": str(round(criterion.weight) or USUAL_WEIGHT),
        "within": str(criterion.within),
        "km": str(round(km)),
        "unit": "miles" if criterion.miles else "km",
        "codes": ", ".join(criterion.codes),
        "ids": [str(one) for one in criterion.ids],
        "languages": list(criterion.languages),
        "level_id": str(criterion.level_id or ""),
        "by": str(criterion.by or ""),
        "least": "" if least is None else str(round(least)),
        "most": "" if criterion.most is None else str(round(criterion.most)),
        "days": "" if criterion.days is None else str(criterion.days),
        **own_answers_form.clause_as_typed(criterion.own),
    }


@dataclass(slots=True)
class Clause:
    """A line with those inside of it; `number` is its place among all."""

    number: int
    grouping: bool
    parts: list[Clause] = field(default_factory=list)


def nest(lines: Iterable[tuple[bool, int]]) -> list[Clause]:
    """Return lines as they stand inside each other: of each, whether it is a group, and how deep.

    One that says it stands deeper than there is a group for it stands in the last one there is.
    """
    top: list[Clause] = []
    around: list[Clause] = []
    for number, (grouping, depth) in enumerate(lines):
        del around[max(depth, 0) :]
        clause = Clause(number, grouping)
        (around[-1].parts if around else top).append(clause)
        if grouping and len(around) < DEEPEST:
            around.append(clause)
    return top


def flat(clauses: Iterable[Clause], depth: int = 0) -> Iterator[tuple[int, int]]:
    """Yield the numbers of clauses in the order of their lines, each with how deep it stands."""
    for clause in clauses:
        yield clause.number, depth
        yield from flat(clause.parts, depth + 1)


def _find(
    clauses: list[Clause], number: int, around: Sequence[tuple[list[Clause], int]] = ()
) -> list[tuple[list[Clause], int]]:
    """Return the way to a clause: the lists it stands in and its place there, the outermost first.

    Empty where there is none.
    """
    for place, clause in enumerate(clauses):
        here = [*around, (clauses, place)]
        if clause.number == number:
            return here
        if found := _find(clause.parts, number, here):
            return found
    return []


class CriteriaForm(Form):
    """A form with criteria; `with_criteria` adds the fields. `modes` may be chosen.

    Where they don’t go by leads (`of_leads`), nothing can be left to what a lead names.
    `kept` are the criteria that stand so far, with those inside of others: what they name may be
    out of use by now, and nobody drops it unseen.
    """

    modes: ClassVar[Sequence[Mode]] = tuple(Mode)
    of_leads: ClassVar[bool] = True
    kept: ClassVar[Sequence[Criterion]] = ()

    def offer_criteria(self) -> None:
        """Fill the lists of all lines."""
        self.adding.choices = self.addable()
        for row in self.criteria:
            row.form.offer(self.modes, self.adding.choices, self.kept, of_leads=self.of_leads)

    def addable(self) -> dict[str, list[tuple[str, str]]]:
        """Return the kinds that may be added, by family; who keeps no own fields isn't asked."""
        asked = own_choices(str(get_locale())) or own_answers_form.spanned()
        return {
            str(family): [(str(kind), kind_name(kind)) for kind in kinds]
            for family, kinds in FAMILIES.items()
            if asked or Kind.OWN not in kinds
        }

    def show_criteria(self, criteria: Iterable[Criterion]) -> None:
        """Fill the form with criteria."""
        every = list(_lines_of(criteria, 0))
        self._write({**line, "was": str(number)} for number, line in enumerate(every))

    def read_criteria(self) -> list[Criterion]:
        """Return what was typed."""
        return [self._read(clause, inside=False) for clause in self.clauses()]

    def _read(self, clause: Clause, *, inside: bool) -> Criterion:
        parts = [self._read(part, inside=True) for part in clause.parts]
        read: Criterion = self.criteria[clause.number].form.read(parts, inside=inside)
        return read

    def places(self) -> dict[int, int]:
        """Return where criteria that stood in the form before stand now, by the line they were."""
        was = (self.criteria[clause.number].form.was.data or "" for clause in self.clauses())
        return {int(one): place for place, one in enumerate(was) if _is_number(one)}

    def clauses(self) -> list[Clause]:
        """Return the lines as they stand inside each other."""
        return nest(_place(row.form) for row in self.criteria)

    def arrange(self, wanted: str) -> None:
        """Add, move or remove a line: "add", "add-3" (to this group), "up-3", "remove-3" and so on.

        Nothing is checked by that, and all that was typed stays.
        """
        what, _dash, given = wanted.partition("-")
        number = int(given) if _is_number(given) else None
        kept = [_typed(row) for row in self.criteria]
        top = self.clauses()
        way = _find(top, number) if number is not None else []
        if what == "add" and len(kept) < MOST_CRITERIA:
            group = self.criteria[number].form if way else self
            inside = way[-1][0][way[-1][1]].parts if way else top
            if group.adding.data in set(Kind):
                kind = Kind(group.adding.data)
                inside.append(Clause(len(kept), kind in COMPOUND))
                kept.append(as_typed(Criterion(kind, km=DEFAULT_KM), 0))
        elif way:
            _move(way, what)
        self._write({**kept[n], "depth": str(depth)} for n, depth in flat(top))

    def _write(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Have the lines be these, each shown as it was typed, also where that is no number."""
        kept = list(lines)
        while self.criteria.entries:
            self.criteria.pop_entry()
        for said in kept:
            row = self.criteria.append_entry({}).form
            for one in row:
                value = said.get(one.short_name)
                if isinstance(one, PlainField):
                    one.raw_data, one.data = [value or ""], None
                    one.process_errors = []
                    with suppress(ValueError):
                        one.process_formdata(one.raw_data)
                else:
                    one.data = value if value is not None else one.data
        self.offer_criteria()

    def take(self, error: Invalid) -> None:
        """Show a refusal at the fields it names; what is wrong with a criterion, at its line."""
        of_lines = {k: v for k, v in error.errors.items() if k.startswith("criteria-")}
        for name, said in of_lines.items():
            _word, number, what = name.split("-", 2)
            form = self.criteria[int(number)].form
            found = form[what] if what in form else form.kind  # noqa: SIM401
            found.errors = [*found.errors, said]
        if of_lines:
            self.criteria.errors = [row.form.errors for row in self.criteria]
        super().take(Invalid({k: v for k, v in error.errors.items() if k not in of_lines}))


def _is_number(given: str) -> bool:
    return given.isascii() and given.isdecimal() and len(given) < 4


def _place(form: ClauseRow) -> tuple[bool, int]:
    given = str(form.depth.data or "")
    return form.grouping, int(given) if _is_number(given) else 0


def _typed(row: Any) -> dict[str, Any]:
    """Return what stands in a line, also where it can't be read."""
    return {
        one.short_name: list(one.data or ())
        if isinstance(one, TicksField)
        else (one.raw_data[0] if one.raw_data else one.data)
        for one in row.form
    }


def _lines_of(criteria: Iterable[Criterion], depth: int) -> Iterator[dict[str, Any]]:
    for criterion in criteria:
        yield as_typed(criterion, depth)
        yield from _lines_of(criterion.of, depth + 1)


def _move(way: Sequence[tuple[list[Clause], int]], what: str) -> None:
    """Move a clause among its like, into the group above it, out of its own; or remove it."""
    siblings, place = way[-1]
    clause = siblings.pop(place)
    if what == "up":
        siblings.insert(max(place - 1, 0), clause)
    elif what == "down":
        siblings.insert(place + 1, clause)
    elif what == "in" and place and siblings[place - 1].grouping and len(way) < DEEPEST:
        siblings[place - 1].parts.append(clause)
    elif what == "out" and len(way) > 1:
        outer, at = way[-2]
        outer.insert(at + 1, clause)
    elif what != "remove":
        siblings.insert(place, clause)


def own_answers_of(criteria: Iterable[Criterion]) -> list[str]:
    """Return the answers in own fields that criteria ask for."""
    return [answer for criterion in criteria for answer in criterion.own]


def with_criteria(form: type[CriteriaForm], data: Iterable[Mapping[str, Any]]) -> type[Any]:
    """Return a form with the fields of its criteria; own fields of the programme are among them.

    `data` are the criteria that stand so far, as they are stored.
    """
    kept = [one for one, _inside in numbered(Criterion.from_data(each) for each in data)]
    row = type("ClauseRow", (ClauseRow,), own_answers_form.inputs_of_clause(own_answers_of(kept)))
    return type(
        form.__name__,
        (form,),
        {
            "criteria": Lines(FormField(row), label=_l("Criteria"), max_entries=MOST_CRITERIA),
            "adding": SelectField(_l("What else counts"), [Optional()], choices=[]),
            "kept": kept,
        },
    )

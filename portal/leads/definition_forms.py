"""Forms of a draft of the lead definition: a type, a status, a way, a question, its name.

What is possible at all is said by the operation; the form only carries.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms import Form as Row
from wtforms.validators import Length, NumberRange, Optional

from portal.accounts.permissions import ROLES
from portal.accounts.words import ROLE_NAMES
from portal.catalog.models import EVERY
from portal.catalog.operations import make_key
from portal.leads.contest import FIELDS, Contest, lacks, tidy
from portal.leads.contest_words import CONTESTS, missing_words
from portal.leads.definition import (
    ALLOWED,
    ALWAYS,
    AREAS,
    ATTEMPTS,
    CADENCE_DAYS,
    COUNTED,
    LONGEST_DAYS,
    LONGEST_NAME,
    MOST,
    MOST_LEAST,
    PREFIX,
    SPEAKS,
    STAGES,
    STEP_FIELDS,
    TEASER_FIELDS,
    Content,
    Level,
    Moment,
    Names,
    Numbering,
    Option,
    Plan,
    Question,
    Sort,
    Status,
    Type,
    Way,
    in_step,
    mark_of,
    prefix_words,
)
from portal.leads.definition_around import list_units, read_around
from portal.leads.definition_words import (
    ANSWER_WORDS,
    AREA_WORDS,
    FIELD_WORDS,
    KINDS,
    MOMENTS,
    OUTCOMES,
    QUALIFYING_STEPS,
    SORTS,
    STATES,
    TEASER_WORDS,
    called,
    level_name,
)
from portal.timeline.rules import Kind, words_of
from portal.web.forms import Form, Lines, TicksField, WholeField, needed, strip

BLANK_ROWS = 2


class NameForm(Form):
    name = StringField(_l("Name"), [needed(), Length(max=LONGEST_NAME)])


class FileForm(Form):
    file = FileField(_l("File of a lead definition"))
    replace = BooleanField(_l("Replace the draft that there is"))


class PartForm(Form):
    """What every part has: names, and a mark of what the form showed."""

    seen = HiddenField()
    name_en = StringField(_l("Name in English"), [needed(), Length(max=LONGEST_NAME)])
    name_de = StringField(_l("Name in German"), [Optional(), Length(max=LONGEST_NAME)])

    def show_names(self, content: Content, part: Type | Status | Question) -> None:
        """Fill in names and mark."""
        self.name_en.data = part.names.get("en", "")
        self.name_de.data = part.names.get("de", "")
        self.seen.data = mark_of(content, part)

    def offer_choices(self, content: Content, key: str) -> None:
        """Fill the lists; `key` is that of the part, empty for a new one."""

    def keep(self, found: Any) -> None:
        """Keep what of a part that exists is not asked."""

    def show(self, content: Content, found: Any) -> None:
        """Fill the form with a part, or with what a new one (None) starts from."""

    def read(self, content: Content, found: Any) -> Any:
        """Return the part that was typed; one without key is new."""

    @property
    def names(self) -> Names:
        """Return the names that were typed."""
        typed = {"en": self.name_en.data or "", "de": self.name_de.data or ""}
        return {language: name for language, name in typed.items() if name or language == "en"}


def _type_choices(content: Content) -> list[tuple[str, str]]:
    return [(one.key, called(one.names)) for one in content.types]


def keys_of(field: Any) -> list[str]:
    """Return all that a list offers."""
    return [choice[0] for choice in field.choices]


def single_keys(field: Any) -> list[str]:
    """Return what a list offers one by one."""
    return [key for key in keys_of(field) if key not in EVERY]


class PlanForm(Row):
    """A line of what is planned by itself; one without names is none."""

    kind = SelectField(_l("What"), validate_choice=False)
    name_en = StringField(_l("In English"), [Length(max=LONGEST_NAME)], filters=[strip])
    name_de = StringField(_l("In German"), [Length(max=LONGEST_NAME)], filters=[strip])
    when = SelectField(_l("When"), validate_choice=False)
    days = WholeField(_l("Days after that"), [Optional()])

    def offer_choices(self) -> None:
        """Fill the lists."""
        self.kind.choices = [(str(kind), words_of(kind)) for kind in Kind]
        self.when.choices = [(str(moment), str(words)) for moment, words in MOMENTS.items()]

    @property
    def is_blank(self) -> bool:
        """True for a line in which nothing was typed."""
        return not (self.name_en.data or self.name_de.data)

    def validate(self, extra_validators: Any = None) -> bool:
        """Check what was typed, if anything was."""
        if self.is_blank:
            return True
        good = bool(super().validate(extra_validators))
        if not self.name_en.data:
            self.name_en.errors = [_("Please give it a name.")]
            good = False
        if self.days.data is not None and self.days.data not in CADENCE_DAYS:
            self.days.errors = [_("Please give 0 to %(most)d days.", most=CADENCE_DAYS[-1])]
            good = False
        if self.kind.data not in set(Kind):
            self.kind.errors = [_("Please choose one.")]
            good = False
        if self.when.data not in set(Moment):
            self.when.errors = [_("Please choose one.")]
            good = False
        return good

    def read(self) -> Plan:
        """Return what was typed."""
        names = {"en": self.name_en.data or "", "de": self.name_de.data or ""}
        return Plan(
            when=self.when.data or "",
            days=self.days.data or 0,
            kind=self.kind.data or "",
            names={language: name for language, name in names.items() if name},
        )


class TypeForm(PartForm):
    kind = RadioField(_l("What it is"), validate_choice=False)
    statuses = TicksField(
        _l("Statuses"),
        description=_l("All of them ticked also means those that are added later."),
    )
    teaser = TicksField(_l("What partners read before pickup"))
    offer = TicksField(_l("Needed before an offer"))
    presentation = TicksField(_l("Needed for the stage “presentation”"))
    proposal = TicksField(_l("Needed for the stage “proposal”"))
    negotiation = TicksField(_l("Needed for the stage “negotiation”"))
    win = TicksField(
        _l("Needed to win"), description=_l("The value of the order is asked for in any case.")
    )
    lose = TicksField(
        _l("Needed to lose"), description=_l("Why it was lost is asked for in any case.")
    )
    priority = SelectField(
        _l("Priority"), description=_l("A higher one is worked on sooner. 1 to 10.")
    )
    importance = SelectField(_l("Importance"), description=_l("1 to 8."))
    categories = TicksField(
        _l("Categories"),
        description=_l("All of them ticked also means those that are added later."),
    )
    products = TicksField(
        _l("Products and services"),
        description=_l(
            "All of them ticked also means those that are added later. So do “all products” and "
            "“all services” of their sort."
        ),
    )
    activities = TicksField(_l("Kinds of activities"))
    days = WholeField(
        _l("Days from start to end"),
        [
            Optional(),
            NumberRange(1, LONGEST_DAYS, _l("Please give 1 day or more, at most ten years.")),
        ],
        description=_l(
            "How long such a lead takes. When work on it begins, its expected end is set by that."
        ),
    )
    policy = SelectField(
        _l("Deadline policy"),
        [Optional()],
        description=_l("When answers are due, and how long an offer of such a lead lasts."),
    )
    owner_speaks = SelectField(
        _l("Whoever answers for it speaks with the customer, too"),
        [Optional()],
        description=_l("Within the hours that the deadline policy names for it."),
        choices=[],
    )
    direct = BooleanField(_l("Stays with us: such leads are not offered to partners"))
    contest = SelectField(
        _l("Who sees it when"),
        description=_l("How partners come by such leads, unless a rule says otherwise."),
    )
    ring_size = WholeField(
        _l("Firms at a time"),
        [Optional()],
        description=_l("For “the best first”."),
    )
    ring_minutes = WholeField(
        _l("Minutes"),
        [Optional()],
        description=_l(
            "Until the next ones see it, day and night. One after the other, the offer ends when "
            "each firm had its minutes."
        ),
    )
    deciding_seconds = WholeField(
        _l("Seconds"),
        [Optional()],
        description=_l("For the photo-finish: so long after the first pick others may join in."),
    )
    attempts = WholeField(
        _l("Attempts before it is put aside because nobody could be reached"),
        [Optional(), NumberRange(0, ATTEMPTS[-1], _l("Please give 0 to 20."))],
    )
    outcome = SelectField(_l("It counts as a success"))
    least = WholeField(
        _l("At least"),
        [Optional(), NumberRange(1, MOST_LEAST, _l("Please give 1 or more."))],
        description=_l("An amount in the programme’s currency, or how many products."),
    )
    cadence = Lines(FormField(PlanForm), max_entries=MOST["cadence"])

    def offer_choices(self, content: Content, key: str) -> None:
        """Fill the lists."""
        self.kind.choices = [(str(kind), str(words)) for kind, words in KINDS.items()]
        self.statuses.choices = [(one.key, called(one.names)) for one in content.statuses]
        self.teaser.choices = [(name, str(TEASER_WORDS[name])) for name in TEASER_FIELDS]
        for step in STAGES:
            if content.status_of(step) is None:
                delattr(self, step)
        part, around = content.type_of(key), read_around()
        for step in self.steps():
            asked = part.required[step] if part else ()
            self[step].choices = [
                (name, str(FIELD_WORDS.get(name) or around.own.get(name, name)))
                for name in in_step(step, (*STEP_FIELDS[step], *around.own_in_use, *asked))
                if name not in ALWAYS[step]
            ]
        for field, scale in ((self.priority, "priorities"), (self.importance, "importances")):
            kept = getattr(part, field.name, None)
            field.choices = [
                (str(one.level), level_name(one))
                for one in content.levels_of(scale)
                if one.supported or one.level == kept
            ]
        for name, known in around.entries.items():
            # what a type has stays choosable although the catalogue dropped it
            kept = getattr(part, name, None) or ()
            self[name].choices = [
                (key, label)
                for key, label in known.items()
                if key in around.in_use[name] or key in kept
            ]
        self.contest.choices = [(str(mode), str(words)) for mode, words in CONTESTS.items()]
        self.policy.choices = [
            ("", _("the standard: %(name)s", name=around.standard)),
            *(
                (key, name)
                for key, name in around.policies.items()
                if key in around.policies_in_use or key == getattr(part, "policy", None)
            ),
        ]
        self.owner_speaks.choices = [
            ("", _("no")),
            *((str(one), str(MOMENTS[one])) for one in SPEAKS),
        ]
        self.outcome.choices = [(str(one), str(words)) for one, words in OUTCOMES.items()]
        self.activities.choices = [(str(kind), words_of(kind)) for kind in Kind]
        for row in self.cadence:
            row.form.offer_choices()

    def show(self, content: Content, found: Type | None) -> None:
        """Fill the form with a type, or with what a new one starts from."""
        one = found or Type("", {}, required={"offer": ("title", "contact.reachable")})
        if found is not None:
            self.show_names(content, found)
        self.kind.data = str(one.kind)
        every = [status.key for status in content.statuses]
        self.statuses.data = every if one.statuses is None else list(one.statuses)
        self.teaser.data = list(one.teaser)
        for step in self.steps():
            self[step].data = list(one.required[step])
        self.priority.data, self.importance.data = str(one.priority), str(one.importance)
        for name in ALLOWED:
            named = getattr(one, name)
            self[name].data = single_keys(self[name]) if named is None else list(named)
        self.days.data, self.direct.data = one.days, one.direct
        self.contest.data = str(one.contest.mode)
        self.ring_size.data, self.ring_minutes.data = one.contest.size, one.contest.minutes
        self.deciding_seconds.data = one.contest.seconds
        self.policy.data = one.policy or ""
        self.outcome.data, self.least.data = str(one.outcome), one.least
        self.attempts.data = one.attempts or None
        self.owner_speaks.data = one.owner_speaks or ""
        rows = min(len(one.cadence) + BLANK_ROWS, MOST["cadence"])
        for plan in (*one.cadence, *[None] * (rows - len(one.cadence))):
            row = self.cadence.append_entry(
                {
                    "kind": plan.kind,
                    "name_en": plan.names.get("en", ""),
                    "name_de": plan.names.get("de", ""),
                    "when": plan.when,
                    "days": plan.days,
                }
                if plan
                else {"when": str(Moment.PICKED_UP), "days": 0}
            )
            row.form.offer_choices()

    def keep(self, found: Type) -> None:
        """Keep what the type is."""
        self.kind.data = str(found.kind)

    def read(self, content: Content, found: Type | None) -> Type:
        """Return the type that was typed. What a type is stays for good."""
        chosen = tuple(self.statuses.data or ())
        every = set(chosen) >= {status.key for status in content.statuses}
        return Type(
            key=found.key if found else "",
            names=self.names,
            kind=found.kind if found else (self.kind.data or ""),
            teaser=tuple(name for name in TEASER_FIELDS if name in (self.teaser.data or [])),
            required={
                **(found.required if found else {}),
                **{step: self._asked(step) for step in self.steps()},
            },
            statuses=None if every else chosen,
            priority=int(self.priority.data),
            importance=int(self.importance.data),
            days=self.days.data,
            direct=bool(self.direct.data),
            policy=self.policy.data or None,
            outcome=self.outcome.data or "",
            attempts=self.attempts.data or 0,
            owner_speaks=self.owner_speaks.data or None,
            least=self.least.data if self.outcome.data in COUNTED else None,
            cadence=tuple(row.form.read() for row in self.cadence if not row.form.is_blank),
            contest=tidy(self._contest()),
            **{name: self._allowed(name) for name in ALLOWED},
        )

    def steps(self) -> list[str]:
        """Return the steps for which it can be ticked what is needed, in their order."""
        return [step for step in STEP_FIELDS if step in self]

    def _asked(self, step: str) -> tuple[str, ...]:
        return in_step(step, self[step].data or ())

    def _contest(self) -> Contest:
        return Contest(
            self.contest.data or "",
            self.ring_size.data,
            self.ring_minutes.data,
            self.deciding_seconds.data,
        )

    def _allowed(self, name: str) -> tuple[str, ...] | None:
        """Return what is ticked, None where that is all there is."""
        chosen = tuple(self[name].data or ())
        every = set(chosen) >= set(single_keys(self[name]))
        return None if every or set(chosen) >= set(EVERY) else chosen

    def validate(self, extra_validators: object = None) -> bool:
        """Check that it is said what the type is."""
        good = bool(super().validate(extra_validators))
        if self.kind.data not in KINDS:
            self.kind.errors = [*self.kind.errors, _("Please choose one.")]
            good = False
        if self.outcome.data in COUNTED and self.least.data is None and not self.least.errors:
            self.least.errors = [_("Please say how much.")]
            good = False
        for name in lacks(self._contest()):
            field = self[FIELDS[name]]
            if not field.errors:
                field.errors = [missing_words(name)]
                good = False
        return good


class StatusForm(PartForm):
    state = SelectField(
        _l("State"), description=_l("What a lead is to the programme follows from it.")
    )
    answer = SelectField(
        _l("Stands for the answer"),
        [Optional()],
        description=_l(
            "What a partner says when the lead comes here. Only while it is in progress; won and "
            "lost speak for themselves."
        ),
    )
    usual = BooleanField(_l("The usual one of its state: a lead that comes into it begins here"))
    initial = BooleanField(_l("New leads begin here"))
    followers = TicksField(_l("Where it goes from here"))

    def offer_choices(self, content: Content, key: str) -> None:
        """Fill the lists."""
        self.state.choices = [(str(state), str(words)) for state, words in STATES.items()]
        self.answer.choices = [
            ("", "–"),
            *(
                (answer, str(ANSWER_WORDS[answer]))
                for answer in ("not_contacted", "waiting", "proposal")
            ),
        ]
        self.followers.choices = [
            (one.key, called(one.names)) for one in content.statuses if one.key != key
        ]

    def show(self, content: Content, found: Status | None) -> None:
        """Fill the form with a status; a new one starts empty."""
        if found is None:
            return
        self.show_names(content, found)
        self.state.data = str(found.state)
        self.answer.data = found.answer if found.state == "in_progress" else ""
        self.usual.data, self.initial.data = found.usual, found.initial
        self.followers.data = [way.after for way in content.ways if way.before == found.key]

    def read(self, content: Content, found: Status | None) -> Status:
        """Return the status that was typed."""
        state = self.state.data or ""
        own = {"won": "won", "lost": "lost", "in_progress": self.answer.data or None}
        return Status(
            key=found.key if found else "",
            names=self.names,
            state=state,
            answer=own.get(state),
            usual=bool(self.usual.data),
            initial=bool(self.initial.data),
        )


class WayForm(Form):
    """For which leads a way is open, and for whom; all of them ticked means all."""

    seen = HiddenField()
    types = TicksField(
        _l("Lead types"),
        description=_l("All of them ticked also means those that are added later."),
    )
    roles = TicksField(
        _l("Who may"),
        description=_l("All of them ticked means everybody who can work on the lead."),
    )
    units = TicksField(
        _l("In which units"),
        description=_l(
            "All of them ticked means everybody, partners too. Otherwise only our people who are "
            "in one of these units, or in a part of it."
        ),
    )

    def offer_choices(self, content: Content) -> None:
        """Fill the lists."""
        self.types.choices = _type_choices(content)
        self.roles.choices = [(role, str(ROLE_NAMES[role])) for role in ROLES]
        self.units.choices = [(name, name) for name in list_units()]

    def show(self, content: Content, way: Way) -> None:
        """Fill the form with a way."""
        self.seen.data = mark_of(content, way)
        every = [one.key for one in content.types]
        self.types.data = every if way.types is None else list(way.types)
        self.roles.data = list(ROLES) if way.roles is None else list(way.roles)
        self.units.data = keys_of(self.units) if way.units is None else list(way.units)

    def read(self, content: Content, way: Way) -> Way:
        """Return the way that was typed."""
        types, roles = tuple(self.types.data or ()), tuple(self.roles.data or ())
        units = tuple(self.units.data or ())
        every = set(units) >= set(keys_of(self.units))
        return Way(
            way.before,
            way.after,
            types=None if set(types) >= {one.key for one in content.types} else types,
            roles=None if set(roles) >= set(ROLES) else roles,
            units=None if every else units,
        )


class QuestionForm(PartForm):
    area = SelectField(_l("Area"))
    sort = SelectField(_l("Answered with"))
    options = TextAreaField(
        _l("Answers to choose from"),
        [Optional()],
        description=_l("One a line, in English and German: Next quarter | Nächstes Quartal"),
        render_kw={"rows": 4},
    )
    required = BooleanField(_l("Must be answered before an offer"))
    required_later = BooleanField(_l("Must be answered before whoever works on it confirms it"))
    shown_by = SelectField(_l("Asked only after an answer to"), [Optional()])
    shown_for = StringField(
        _l("Only after one of these answers"),
        [Optional()],
        description=_l("In English, several with a comma between. Empty: after any answer."),
    )
    step = SelectField(
        _l("Asked in"),
        [Optional()],
        description=_l("A step of qualification; later ones read what was answered."),
    )
    types = TicksField(
        _l("Asked for"), description=_l("All of them ticked also means those that are added later.")
    )

    def offer_choices(self, content: Content, key: str) -> None:
        """Fill the lists."""
        self.name_en.label.text, self.name_de.label.text = _("In English"), _("In German")
        self.whole = content
        self.area.choices = [(area, str(AREA_WORDS[area])) for area in AREAS]
        self.types.choices = _type_choices(content)
        self.sort.choices = [(str(sort), str(words)) for sort, words in SORTS.items()]
        keys = [one.key for one in content.questions]
        before = content.questions[: keys.index(key)] if key in keys else content.questions
        self.shown_by.choices = [
            ("", _("always asked")),
            *((one.key, called(one.names)) for one in before),
        ]
        self.step.choices = [
            ("", _("every step")),
            *((str(s), str(w)) for s, w in QUALIFYING_STEPS.items()),
        ]

    def show(self, content: Content, found: Question | None) -> None:
        """Fill the form with a question, or with what a new one starts from."""
        one = found or Question("", {})
        if found is not None:
            self.show_names(content, found)
        self.area.data, self.required.data = one.area, one.required
        self.sort.data, self.required_later.data = str(one.sort), one.required_later
        self.options.data = "\n".join(
            " | ".join(option.names[each] for each in ("en", "de") if each in option.names)
            for option in one.options
        )
        self.shown_by.data = one.shown_by or ""
        self.step.data = one.step or ""
        self.shown_for.data = ", ".join(
            names_of(content, one.shown_by).get(key, key) for key in one.shown_for
        )
        every = [each.key for each in content.types]
        self.types.data = every if one.types is None else list(one.types)

    def read(self, content: Content, found: Question | None) -> Question:
        """Return the question that was typed."""
        types = tuple(self.types.data or ())
        every = set(types) >= {one.key for one in content.types}
        return Question(
            key=found.key if found else "",
            names=self.names,
            area=self.area.data or "own",
            required=bool(self.required.data),
            types=None if every else types,
            sort=self.sort.data or str(Sort.TEXT),
            options=self._options(found) if self.sort.data == Sort.CHOICE else (),
            required_later=bool(self.required_later.data),
            shown_by=self.shown_by.data or None,
            shown_for=self._shown_for(content) if self.shown_by.data else (),
            step=self.step.data or None,
        )

    def _options(self, found: Question | None) -> tuple[Option, ...]:
        """Return the answers of the lines; one that is there keeps its key, renamed or not."""
        lines = [line.strip() for line in (self.options.data or "").splitlines() if line.strip()]
        before = found.options if found else ()
        known = {option.names.get("en", ""): option.key for option in before}
        renamed = len(before) == len(lines)
        options: dict[str, Option] = {}
        for place, line in enumerate(lines):
            english, _bar, german = (part.strip() for part in line.partition("|"))
            same_place = before[place] if renamed else None
            key = known.get(english) or (
                same_place.key
                if same_place and same_place.names.get("en") not in self._english(lines)
                else make_option_key(english, options)
            )
            names = {"en": english, "de": german} if german else {"en": english}
            options.setdefault(key, Option(key, names))
        return tuple(options.values())

    @staticmethod
    def _english(lines: list[str]) -> set[str]:
        return {line.partition("|")[0].strip() for line in lines}

    def _shown_for(self, content: Content) -> tuple[str, ...]:
        keys = {name: key for key, name in names_of(content, self.shown_by.data).items()}
        typed = [part.strip() for part in (self.shown_for.data or "").split(",")]
        return tuple(dict.fromkeys(keys.get(one, one) for one in typed if one))

    def validate(self, extra_validators: object = None) -> bool:
        """Check that the answers named are those of the question."""
        good = bool(super().validate(extra_validators))
        unknown = [
            one
            for one in self._shown_for(self.whole)
            if one not in names_of(self.whole, self.shown_by.data)
        ]
        if self.shown_by.data and unknown:
            self.shown_for.errors = [_("“%(answer)s” is none of its answers.", answer=unknown[0])]
            good = False
        return good


def names_of(content: Content, key: str | None) -> dict[str, str]:
    """Return the English name of each answer that can be chosen to a question, by its key."""
    asked = content.question_of(key or "")
    return {one.key: one.names.get("en", one.key) for one in asked.options} if asked else {}


def make_option_key(english: str, taken: Container[str]) -> str:
    """Return a key for a new answer."""
    wanted = make_key(english)[:50]
    wanted = wanted if wanted[0].isalpha() else f"x_{wanted}"
    key, number = wanted, 2
    while key in taken:
        key, number = f"{wanted}_{number}", number + 1
    return key


class LevelsForm(Form):
    """The levels of a scale; each has two names and a tick, added to a subclass."""

    seen = HiddenField()

    def show(self, content: Content, scale: str) -> None:
        """Fill the form with the levels of a scale."""
        self.seen.data = mark_of(content, scale)
        for one in content.levels_of(scale):
            self[f"name_en_{one.level}"].data = one.names.get("en", "")
            self[f"name_de_{one.level}"].data = one.names.get("de", "")
            self[f"supported_{one.level}"].data = one.supported

    def read(self, content: Content, scale: str) -> tuple[Level, ...]:
        """Return the levels as they were typed; one without an English name goes by its number."""
        return tuple(
            Level(
                one.level,
                {
                    language: name
                    for language in ("en", "de")
                    if (name := self[f"name_{language}_{one.level}"].data)
                },
                bool(self[f"supported_{one.level}"].data),
            )
            for one in content.levels_of(scale)
        )


def levels_form(content: Content, scale: str, *, sent: bool) -> LevelsForm:
    """Return the form of a scale: as sent, or for a first look."""
    fields: dict[str, Any] = {}
    for one in content.levels_of(scale):
        fields[f"name_en_{one.level}"] = StringField(_l("In English"), [Length(max=LONGEST_NAME)])
        fields[f"name_de_{one.level}"] = StringField(_l("In German"), [Length(max=LONGEST_NAME)])
        fields[f"supported_{one.level}"] = BooleanField(_l("In use"))
    kind: Any = type("LevelsOfScale", (LevelsForm,), fields)
    form: LevelsForm = kind() if sent else kind(formdata=None)
    if not sent:
        form.show(content, scale)
    return form


class NumberingForm(Form):
    seen = HiddenField()
    prefix = StringField(_l("Begins with"), [needed()])
    digits = WholeField(
        _l("At least so many digits"),
        [Optional(), NumberRange(0, 12, _l("Please give 0 to 12."))],
        description=_l("Shorter numbers get noughts in front. 0: as they are."),
    )

    def show(self, content: Content) -> None:
        """Fill the form with the numbering."""
        self.seen.data = mark_of(content, "numbering")
        self.prefix.data, self.digits.data = content.numbering.prefix, content.numbering.digits

    def read(self) -> Numbering:
        """Return the numbering that was typed."""
        return Numbering((self.prefix.data or "").upper(), self.digits.data or 0)

    def validate(self, extra_validators: object = None) -> bool:
        """Check that numbers can begin like that."""
        good = bool(super().validate(extra_validators))
        if good and not PREFIX.fullmatch((self.prefix.data or "").upper()):
            self.prefix.errors = [*self.prefix.errors, prefix_words()]
            good = False
        return good

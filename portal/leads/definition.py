"""What a version of the lead definition says, as one value, and how an edited one differs. Pure.

Here: the parts, their form as plain data, and each change that an editor can make. Not here:
whether a version may become active (`definition_rules`) and where versions are kept (`versions`).
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar

from flask_babel import gettext as _

from portal.accounts.permissions import ROLES
from portal.catalog.fields import PREFIX as OWN
from portal.core.errors import Invalid
from portal.leads.contest import AT_ONCE, MINUTES, SECONDS, SIZES, Contest, Mode, lacks, tidy
from portal.leads.models import LeadKind, LifeState
from portal.timeline.rules import Kind

LANGUAGES = ("en", "de")
TEASER_FIELDS = (
    *("title", "partner_text", "source", "expectation", "temperature", "country", "subdivision"),
    *("city", "industry", "products", "size_band", "value_band", "time_frame", "brand"),
)
STAGES = ("presentation", "proposal", "negotiation")
"""Statuses of these keys are stages of a sale; a type may ask for something before each."""

STAGE_FIELDS = (
    *("brand_id", "product_ids", "target_amount", "probability", "expected_on"),
    *("quote_number", "quote_needs"),
)
STEP_FIELDS: dict[str, tuple[str, ...]] = {
    "offer": (
        *("title", "partner_text", "temperature", "source_id", "country", "city", "industry_id"),
        *("size_band_id", "value_band_id", "time_frame", "product_ids", "brand_id"),
        *("contact.company", "contact.last_name", "contact.reachable"),
    ),
    "win": ("value", "products", "why"),
    "lose": ("reason", "decision_maker", "competitor", "lost_value"),
    **dict.fromkeys(STAGES, STAGE_FIELDS),
}
"""What can be asked for before a step, besides the programme's own fields about leads."""

OWN_FIELD = re.compile(rf"{OWN}[a-z0-9_]{{1,60}}")
"""How one of the programme's own fields is named where it is asked for before a step."""

ALWAYS: dict[str, tuple[str, ...]] = {
    "offer": (),
    "win": ("value",),
    "lose": ("reason",),
    **dict.fromkeys(STAGES, ()),
}
"""What the form of an answer asks for anyway."""

ANSWERS = {
    LifeState.IN_PROGRESS: ("not_contacted", "waiting", "proposal"),
    LifeState.WON: ("won",),
    LifeState.LOST: ("lost",),
}
"""The partner's five answers, by the state in which the lead is after them."""

AREAS = ("budget", "authority", "need", "time", "own")
ATTEMPTS = range(21)
"""So often at most has somebody to be tried before he counts as out of reach."""
PRIORITIES = range(1, 11)
IMPORTANCES = range(1, 9)
SCALES: Mapping[str, range] = {"priorities": PRIORITIES, "importances": IMPORTANCES}
LONGEST_NAME = 200
LONGEST_DAYS = 3650
MOST = {
    "types": 30,
    "statuses": 100,
    "transitions": 3000,
    "questions": 100,
    "options": 30,
    "cadence": 10,
    "priorities": 10,
    "importances": 8,
}
KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
PREFIX = re.compile(r"[A-Z]([A-Z0-9-]{0,8}[A-Z-])?")
"""What a lead's number begins with: no digit at the end, so that no two numbers read the same."""
DIGITS = range(13)

Names = Mapping[str, str]


def in_step(step: str, named: Iterable[str]) -> tuple[str, ...]:
    """Return what is asked for before a step of what is named, in its order; own fields last."""
    asked = set(named)
    fixed = (name for name in STEP_FIELDS[step] if name in asked or name in ALWAYS[step])
    return (*fixed, *sorted(name for name in asked if OWN_FIELD.fullmatch(name)))


class Moment(StrEnum):
    """When an activity of a type is planned by itself."""

    TAKEN = "taken"
    QUALIFIED = "qualified"
    PICKED_UP = "picked_up"


SPEAKS = (Moment.QUALIFIED, Moment.PICKED_UP)
"""From when whoever answers for a lead may have to speak with its customer, too."""


class Step(StrEnum):
    """The steps of qualification that a programme can set apart, each with people of its own."""

    PROFILING = "profiling"
    BANT = "bant"
    RECRUIT = "recruit"


class Outcome(StrEnum):
    """What makes a won lead a success."""

    WON = "won"
    REVENUE = "revenue"
    VOLUME = "volume"
    CROSS_SELL = "cross_sell"


COUNTED = (Outcome.REVENUE, Outcome.VOLUME)
"""Of these it is said how much is enough."""
MOST_LEAST = 10**12


@dataclass(frozen=True, slots=True)
class Plan:
    """An activity that is planned by itself, `days` after a moment: of the people who have it then.

    When an inquiry is taken it is to do for who qualifies it, when a lead is qualified for the
    vendor, when it is picked up for the holder.
    """

    when: str
    days: int
    kind: str
    names: Names


@dataclass(frozen=True, slots=True)
class Level:
    """A priority or an importance. One that is not supported can't be chosen."""

    level: int
    names: Names = field(default_factory=dict)
    supported: bool = True


@dataclass(frozen=True, slots=True)
class Numbering:
    """How leads are numbered: a prefix, and a number of at least so many digits."""

    prefix: str = "L-"
    digits: int = 0

    def write(self, number: int) -> str:
        """Return the number of a lead as people read it."""
        return f"{self.prefix}{number:0{self.digits}d}"


CADENCE_DAYS = range(366)


def prefix_words() -> str:
    """Say what a lead's number may begin with."""
    return str(
        _(
            "At most 10 of A to Z, 0 to 9 and - fit here: a letter first, and no digit at the end. "
            "Example: L-"
        )
    )


def plain_levels(scale: str) -> tuple[Level, ...]:
    """Return all levels of a scale, supported and without names."""
    return tuple(Level(number) for number in SCALES[scale])


@dataclass(frozen=True, slots=True)
class Type:
    """A type of lead. `statuses` are the keys its leads may have, None: all.

    So are `categories` and `products` those of the catalogue, `activities` kinds of them; among the
    products `all-products` and `all-services` stand for each of their sort.
    `required` names the fields asked for, by step. `days` is how long its leads take from when the
    work begins; those of a `direct` type stay with the vendor. A won one is a success as `outcome`
    says: worth at least `least`, or with at least so many products, where that is counted.
    `contest` is how partners come by them, where their rule does not say it.
    `policy` is the key of the deadline policy that holds for them, None: the standard. `attempts`
    is how often somebody is tried before the inquiry is put aside because nobody reached him.
    `owner_speaks` is the moment from which whoever answers for a lead has to speak with its
    customer, too, None: never.
    """

    key: str
    names: Names
    kind: str = LeadKind.END_CUSTOMER
    teaser: tuple[str, ...] = TEASER_FIELDS
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    statuses: tuple[str, ...] | None = None
    priority: int = 5
    importance: int = 4
    categories: tuple[str, ...] | None = None
    products: tuple[str, ...] | None = None
    activities: tuple[str, ...] | None = None
    days: int | None = None
    direct: bool = False
    outcome: str = Outcome.WON
    least: int | None = None
    cadence: tuple[Plan, ...] = ()
    contest: Contest = AT_ONCE
    policy: str | None = None
    attempts: int = 0
    owner_speaks: str | None = None

    def __post_init__(self) -> None:
        whole = {step: tuple(self.required.get(step, ALWAYS[step])) for step in STEP_FIELDS}
        object.__setattr__(self, "required", whole)


@dataclass(frozen=True, slots=True)
class Status:
    """A label on a state. `answer` is what a partner says when the lead comes to it.

    `usual` is where a lead begins that comes into the state, `initial` where a new one begins.
    """

    key: str
    names: Names
    state: str
    answer: str | None = None
    usual: bool = False
    initial: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A permitted change of status; None means every type, every role, every unit.

    `units` are names of the vendor's units: who is in one of them, or in a part of it, may.
    """

    before: str
    after: str
    types: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    units: tuple[str, ...] | None = None


class Sort(StrEnum):
    """What a question is answered with."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    DATE = "date"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Option:
    """One of the answers that can be chosen; its key is what is kept."""

    key: str
    names: Names


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the script; `types` are those it is asked for, None: all.

    `required` before an offer (MQL), `required_later` before the holder confirms the lead (SQL).
    With `shown_by`, the key of an earlier question, it is asked once that one is answered: with one
    of `shown_for` where it has options and some are named, else with anything. `step` is the one of
    qualification in which it is asked, None: every one.
    """

    key: str
    names: Names
    area: str = "own"
    required: bool = False
    types: tuple[str, ...] | None = None
    sort: str = Sort.TEXT
    options: tuple[Option, ...] = ()
    required_later: bool = False
    shown_by: str | None = None
    shown_for: tuple[str, ...] = ()
    step: str | None = None


Part = Type | Status | Question
P = TypeVar("P", Type, Status, Question)


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that a version says. The order of the parts is the one people read them in."""

    types: tuple[Type, ...] = ()
    statuses: tuple[Status, ...] = ()
    ways: tuple[Way, ...] = ()
    questions: tuple[Question, ...] = ()
    priorities: tuple[Level, ...] = plain_levels("priorities")
    importances: tuple[Level, ...] = plain_levels("importances")
    numbering: Numbering = Numbering()
    pairs: Mapping[tuple[str, str], Way] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pairs", {(way.before, way.after): way for way in self.ways})

    def type_of(self, key: str) -> Type | None:
        """Return a type by its key."""
        return _find(self.types, key)

    def status_of(self, key: str) -> Status | None:
        """Return a status by its key."""
        return _find(self.statuses, key)

    def question_of(self, key: str) -> Question | None:
        """Return a question by its key."""
        return _find(self.questions, key)

    def way_of(self, before: str, after: str) -> Way | None:
        """Return the way from one status to another."""
        return self.pairs.get((before, after))

    def levels_of(self, scale: str) -> tuple[Level, ...]:
        """Return the levels of a scale, the lowest first."""
        found: tuple[Level, ...] = getattr(self, scale)
        return found

    def statuses_for(self, lead_type: Type) -> list[Status]:
        """Return the statuses that leads of a type may have."""
        return [
            status
            for status in self.statuses
            if lead_type.statuses is None or status.key in lead_type.statuses
        ]

    def leads_on(self, before: str, after: str, type_key: str, role: str | None = None) -> bool:
        """Say whether a lead of this type may go this way; `role` None asks for no role."""
        way = self.way_of(before, after)
        return (
            way is not None
            and (way.types is None or type_key in way.types)
            and (role is None or way.roles is None or role in way.roles)
        )

    def is_open_to(self, before: str, after: str, type_key: str, role: str) -> bool:
        """Say whether whoever has a role may go a way, in whatever unit he is."""
        way = self.way_of(before, after)
        return (
            way is not None and way.units is None and self.leads_on(before, after, type_key, role)
        )


def _find(parts: Iterable[P], key: str) -> P | None:
    return next((part for part in parts if part.key == key), None)


# -- what an editor can change ------------------------------------------------------------------


def put(content: Content, part: Part) -> Content:
    """Return the content with a part changed, or added at the end."""
    name = place_of(part)
    parts: Sequence[Part] = getattr(content, name)
    if any(one.key == part.key for one in parts):
        changed = tuple(part if one.key == part.key else one for one in parts)
    else:
        changed = (*parts, part)
    return _with(content, name, changed)


def _with(content: Content, name: str, parts: Iterable[Any]) -> Content:
    changed: dict[str, Any] = {name: tuple(parts)}
    return replace(content, **changed)


def place_of(part: Part) -> str:
    """Return in which list of the content a part stands."""
    return {Type: "types", Status: "statuses", Question: "questions"}[type(part)]


def take_out(content: Content, part: Part) -> Content:
    """Return the content without a part and without whatever held for it alone."""
    name = place_of(part)
    without = _with(content, name, (one for one in getattr(content, name) if one.key != part.key))
    if isinstance(part, Status):
        return replace(
            without,
            ways=tuple(w for w in content.ways if part.key not in (w.before, w.after)),
            types=tuple(replace(t, statuses=_less(t.statuses, part.key)) for t in content.types),
        )
    if isinstance(part, Question):
        return replace(
            without,
            questions=tuple(
                replace(one, shown_by=None, shown_for=()) if one.shown_by == part.key else one
                for one in without.questions
            ),
        )
    return replace(
        without,
        ways=_of_types(content.ways, part.key),
        questions=_of_types(content.questions, part.key),
    )


W = TypeVar("W", Way, Question)


def _of_types(parts: Iterable[W], gone: str) -> tuple[W, ...]:
    """Leave a type out of what holds for some types; what held for it alone goes with it."""
    kept = (replace(part, types=_less(part.types, gone)) for part in parts)
    return tuple(part for part in kept if part.types is None or part.types)


def _less(keys: tuple[str, ...] | None, gone: str) -> tuple[str, ...] | None:
    return None if keys is None else tuple(key for key in keys if key != gone)


def move(content: Content, part: Part, steps: int) -> Content:
    """Return the content with a part moved up (-1) or down (1); at the end it stays."""
    name = place_of(part)
    parts = list(getattr(content, name))
    place = next(n for n, one in enumerate(parts) if one.key == part.key)
    target = min(max(place + steps, 0), len(parts) - 1)
    parts.insert(target, parts.pop(place))
    return _with(content, name, parts)


def set_ways(content: Content, before: str, after: Iterable[str]) -> Content:
    """Return the content in which exactly these statuses follow one; known ways stay as they are.

    A status does not follow itself, nor what does not exist.
    """
    wanted = set(after)
    known = {status.key for status in content.statuses}
    others = [way for way in content.ways if way.before != before]
    ways = [
        content.way_of(before, status.key) or Way(before, status.key)
        for status in content.statuses
        if status.key in wanted and status.key != before
    ]
    return in_order(replace(content, ways=(*others, *(w for w in ways if w.after in known))))


def put_way(content: Content, way: Way) -> Content:
    """Return the content with a way added, or changed in who may go it."""
    others = (w for w in content.ways if (w.before, w.after) != (way.before, way.after))
    return in_order(replace(content, ways=(*others, way)))


def set_levels(content: Content, scale: str, levels: Iterable[Level]) -> Content:
    """Return the content with the levels of a scale as given; those left out are plain."""
    return _with(content, scale, all_levels(scale, levels))


def in_order(content: Content) -> Content:
    """Return the content with its ways in the order of the statuses, lists in that of their parts.

    So two versions that say the same are the same. What does not exist any more goes to the end.
    """
    statuses = _places(content.statuses)
    types = _places(content.types)
    return replace(
        content,
        types=tuple(
            replace(
                t,
                statuses=_sorted(t.statuses, statuses),
                categories=_sorted(t.categories, {}),
                products=_sorted(t.products, {}),
                activities=_sorted(t.activities, KIND_PLACES),
            )
            for t in content.types
        ),
        ways=tuple(
            sorted(
                (
                    replace(
                        w,
                        types=_sorted(w.types, types),
                        roles=_sorted(w.roles, ROLE_PLACES),
                        units=_sorted(w.units, {}),
                    )
                    for w in content.ways
                ),
                key=lambda w: (
                    statuses.get(w.before, len(statuses)),
                    statuses.get(w.after, len(statuses)),
                    w.before,
                    w.after,
                ),
            )
        ),
        questions=tuple(replace(q, types=_sorted(q.types, types)) for q in content.questions),
    )


ROLE_PLACES = {role: place for place, role in enumerate(ROLES)}
KIND_PLACES = {str(kind): place for place, kind in enumerate(Kind)}


def _places(parts: Iterable[Part]) -> dict[str, int]:
    return {part.key: place for place, part in enumerate(parts)}


def _sorted(keys: tuple[str, ...] | None, places: Mapping[str, int]) -> tuple[str, ...] | None:
    if keys is None:
        return None
    return tuple(sorted(dict.fromkeys(keys), key=lambda key: (places.get(key, len(places)), key)))


def mark_of(content: Content, part: Part | Way | str | None) -> str:
    """Return a mark of what a form showed: it changes when somebody else saves that part.

    Of a status its ways on belong to it. A scale of levels and the numbering go by their name.
    """
    said: list[Any] = []
    if isinstance(part, Type):
        said = [type_to_data(part)]
    elif isinstance(part, Status):
        said = [status_to_data(part), [w.after for w in content.ways if w.before == part.key]]
    elif isinstance(part, Question):
        said = [question_to_data(part)]
    elif isinstance(part, Way):
        said = [way_to_data(part)]
    elif isinstance(part, str):
        said = [repr(getattr(content, part))]
    return hashlib.blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=12).hexdigest()


def all_levels(scale: str, levels: Iterable[Level]) -> tuple[Level, ...]:
    """Return every level of a scale, those that are not given plain."""
    given = {one.level: one for one in levels}
    return tuple(given.get(one.level, one) for one in plain_levels(scale))


# -- plain data ---------------------------------------------------------------------------------


def to_data(content: Content) -> dict[str, Any]:
    """Return the content as plain data, for a column or a file."""
    return {
        "types": [type_to_data(one) for one in content.types],
        "statuses": [status_to_data(one) for one in content.statuses],
        "transitions": [way_to_data(one) for one in content.ways],
        "questions": [question_to_data(one) for one in content.questions],
        **settings_to_data(content),
    }


def settings_to_data(content: Content) -> dict[str, Any]:
    """Return what holds for all leads as plain data, as far as it was chosen."""
    data: dict[str, Any] = {
        scale: told
        for scale in SCALES
        if (told := [level_to_data(one) for one in content.levels_of(scale) if _is_chosen(one)])
    }
    if content.numbering != Numbering():
        data["numbering"] = {
            "prefix": content.numbering.prefix,
            "digits": content.numbering.digits,
        }
    return data


def _is_chosen(level: Level) -> bool:
    return bool(level.names) or not level.supported


def level_to_data(one: Level) -> dict[str, Any]:
    """Return a level as plain data."""
    data: dict[str, Any] = {"level": one.level}
    if one.names:
        data["names"] = _in_languages(one.names)
    return data if one.supported else {**data, "supported": False}


def _in_languages(names: Names) -> dict[str, str]:
    return {language: names[language] for language in LANGUAGES if language in names}


def type_to_data(one: Type) -> dict[str, Any]:
    """Return a type as plain data; what it has all of, or nothing of, is left out."""
    data: dict[str, Any] = {
        "key": one.key,
        "names": _in_languages(one.names),
        "kind": str(one.kind),
        "priority": one.priority,
        "importance": one.importance,
        "teaser": list(one.teaser),
        "required": {
            step: list(fields)
            for step, fields in one.required.items()
            if fields or step not in STAGES
        },
    }
    for name in ("statuses", *ALLOWED):
        if (named := getattr(one, name)) is not None:
            data[name] = list(named)
    if one.days is not None:
        data["days"] = one.days
    if one.direct:
        data["direct"] = True
    if one.contest != AT_ONCE:
        data["contest"] = contest_to_data(one.contest)
    if one.outcome != Outcome.WON:
        data["outcome"] = str(one.outcome)
    if one.least is not None:
        data["least"] = one.least
    if one.policy is not None:
        data["policy"] = one.policy
    if one.attempts:
        data["attempts"] = one.attempts
    if one.owner_speaks is not None:
        data["owner_speaks"] = str(one.owner_speaks)
    if one.cadence:
        data["cadence"] = [plan_to_data(plan) for plan in one.cadence]
    return data


ALLOWED = ("categories", "products", "activities")
"""What a type may have some of: nothing said means all."""


def contest_to_data(one: Contest) -> dict[str, Any]:
    """Return a contest as plain data; what its mode does not ask for is left out."""
    asked = {
        "mode": str(one.mode),
        "size": one.size,
        "minutes": one.minutes,
        "seconds": one.seconds,
    }
    return {name: value for name, value in asked.items() if value is not None}


def plan_to_data(one: Plan) -> dict[str, Any]:
    """Return a planned activity as plain data."""
    return {
        "when": str(one.when),
        "days": one.days,
        "kind": str(one.kind),
        "names": _in_languages(one.names),
    }


def status_to_data(one: Status) -> dict[str, Any]:
    """Return a status as plain data."""
    data: dict[str, Any] = {
        "key": one.key,
        "names": _in_languages(one.names),
        "state": str(one.state),
    }
    if one.answer:
        data["answer"] = one.answer
    return data | {name: True for name in ("usual", "initial") if getattr(one, name)}


def way_to_data(one: Way) -> dict[str, Any]:
    """Return a way as plain data; `types`, `roles`, `units` are left out where it is for all."""
    data: dict[str, Any] = {"from": one.before, "to": one.after}
    for name in ("types", "roles", "units"):
        if (named := getattr(one, name)) is not None:
            data[name] = list(named)
    return data


def question_to_data(one: Question) -> dict[str, Any]:
    """Return a question as plain data; `types` is left out where it is asked for all."""
    data: dict[str, Any] = {
        "key": one.key,
        "names": _in_languages(one.names),
        "area": one.area,
        "required": one.required,
    }
    if one.types is not None:
        data["types"] = list(one.types)
    if one.sort != Sort.TEXT:
        data["sort"] = str(one.sort)
    if one.options:
        data["options"] = [option_to_data(option) for option in one.options]
    if one.required_later:
        data["required_later"] = True
    if one.shown_by is not None:
        data["shown_by"] = one.shown_by
    if one.shown_for:
        data["shown_for"] = list(one.shown_for)
    if one.step is not None:
        data["step"] = str(one.step)
    return data


def option_to_data(one: Option) -> dict[str, Any]:
    """Return an answer that can be chosen as plain data."""
    return {"key": one.key, "names": _in_languages(one.names)}


def from_data(data: Any) -> Content:
    """Return the content that plain data stand for, whoever wrote them.

    Raises `Invalid` with a sentence per place that can't be understood, such as `types[2].kind`.
    """
    reader = _Reader()
    whole = reader.mapping(
        data, "", ("types", "statuses", "transitions", "questions"), (*SCALES, "numbering")
    )
    content = Content(
        types=reader.several(whole, "types", reader.read_type),
        statuses=reader.several(whole, "statuses", reader.read_status),
        ways=reader.several(whole, "transitions", reader.read_way),
        questions=reader.several(whole, "questions", reader.read_question),
        **reader.read_settings(whole),
    )
    reader.check_whole(content)
    if reader.errors:
        raise Invalid(reader.errors)
    return in_order(content)


def read_settings(data: Any) -> dict[str, Any]:
    """Return what holds for all leads, by its name in `Content`. Raises `Invalid`."""
    reader = _Reader()
    settings = reader.read_settings(reader.mapping(data, "", (), (*SCALES, "numbering")))
    if reader.errors:
        raise Invalid(reader.errors)
    return settings


T = TypeVar("T")


class _Reader:
    """Reads plain data and gathers what can't be understood, by place."""

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}

    def wrong(self, place: str, said: str) -> None:
        self.errors.setdefault(place or _("the whole file"), said)

    def mapping(
        self, data: Any, place: str, required: Sequence[str], optional: Sequence[str] = ()
    ) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.wrong(place, _("Names with values are expected here."))
            return {}
        for name in data:
            if name not in required and name not in optional:
                self.wrong(_at(place, str(name)[:80]), _("Nothing of this name is known here."))
        for name in required:
            if name not in data:
                self.wrong(_at(place, name), _("This is missing."))
        return data

    def several(
        self, whole: dict[str, Any], name: str, read: Callable[[Any, str], T], within: str = ""
    ) -> tuple[T, ...]:
        given, place = whole.get(name, []), _at(within, name)
        if not isinstance(given, list):
            self.wrong(place, _("A list is expected here."))
            return ()
        if len(given) > MOST[name]:
            self.wrong(place, _("At most %(most)d fit here.", most=MOST[name]))
            return ()
        return tuple(read(one, f"{place}[{number}]") for number, one in enumerate(given, 1))

    def key(self, data: dict[str, Any], place: str, name: str = "key") -> str:
        given = data.get(name)
        if isinstance(given, str) and KEY.fullmatch(given):
            return given
        if name in data:
            self.wrong(
                _at(place, name), _("A key begins with a letter and has a to z, 0 to 9 and _ only.")
            )
        return ""

    def keys(self, data: dict[str, Any], place: str, name: str) -> tuple[str, ...] | None:
        given = data.get(name)
        if given is None:
            return None
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
            self.wrong(_at(place, name), _("A list of keys is expected here."))
            return ()
        return tuple(dict.fromkeys(given))

    def names(self, data: dict[str, Any], place: str) -> dict[str, str]:
        given = data.get("names", {"en": "-"})
        if not isinstance(given, dict):
            self.wrong(_at(place, "names"), _("A name per language is expected here."))
            return {}
        found = {}
        for language, name in given.items():
            where = _at(_at(place, "names"), str(language)[:80])
            if language not in LANGUAGES:
                self.wrong(where, _("Languages are %(known)s.", known=", ".join(LANGUAGES)))
            elif not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_NAME:
                self.wrong(
                    where, _("A name of at most %(most)d characters fits here.", most=LONGEST_NAME)
                )
            elif any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
                self.wrong(where, _("There is a sign in it that can’t be kept."))
            else:
                found[language] = name.strip()
        if "en" not in given:
            self.wrong(_at(_at(place, "names"), "en"), _("This is missing."))
        return {language: found[language] for language in LANGUAGES if language in found}

    def one_of(
        self, data: dict[str, Any], place: str, name: str, known: Iterable[Any], usual: Any
    ) -> Any:
        given, choices = data.get(name, usual), list(known)
        # true is no number, although Python takes it for one
        if given in choices and not isinstance(given, bool):
            return given
        words = ", ".join(str(one) for one in choices)
        self.wrong(_at(place, name), _("One of these fits here: %(known)s.", known=words))
        return usual

    def yes(self, data: dict[str, Any], place: str, name: str, usual: bool = False) -> bool:
        given = data.get(name, usual)
        if isinstance(given, bool):
            return given
        self.wrong(_at(place, name), _("true or false fits here."))
        return usual

    def number(self, data: dict[str, Any], place: str, name: str, known: range, usual: Any) -> Any:
        if name not in data:
            return usual
        given = data[name]
        # true is no number, although Python takes it for one
        if isinstance(given, int) and not isinstance(given, bool) and given in known:
            return given
        self.wrong(
            _at(place, name),
            _("A number from %(least)d to %(most)d fits here.", least=known[0], most=known[-1]),
        )
        return usual

    def read_settings(self, whole: dict[str, Any]) -> dict[str, Any]:
        settings: dict[str, Any] = {
            scale: all_levels(scale, self.read_levels(whole, scale)) for scale in SCALES
        }
        return {**settings, "numbering": self.read_numbering(whole.get("numbering", {}))}

    def read_levels(self, whole: dict[str, Any], scale: str) -> tuple[Level, ...]:
        known, seen = SCALES[scale], set()

        def read_level(data: Any, place: str) -> Level:
            data = self.mapping(data, place, ("level",), ("names", "supported"))
            level = self.number(data, place, "level", known, None)
            if level in seen:
                self.wrong(_at(place, "level"), _("This level stands here twice."))
            seen.add(level)
            return Level(
                level or known[0],
                self.names(data, place) if "names" in data else {},
                self.yes(data, place, "supported", usual=True),
            )

        return self.several(whole, scale, read_level)

    def read_numbering(self, data: Any) -> Numbering:
        data = self.mapping(data, "numbering", (), ("prefix", "digits"))
        usual = Numbering()
        prefix = data.get("prefix", usual.prefix)
        if not isinstance(prefix, str) or not PREFIX.fullmatch(prefix):
            self.wrong("numbering.prefix", prefix_words())
            prefix = usual.prefix
        return Numbering(prefix, self.number(data, "numbering", "digits", DIGITS, usual.digits))

    def read_plan(self, data: Any, place: str) -> Plan:
        data = self.mapping(data, place, ("when", "days", "kind", "names"))
        return Plan(
            when=self.one_of(data, place, "when", map(str, Moment), str(Moment.PICKED_UP)),
            days=self.number(data, place, "days", CADENCE_DAYS, 0),
            kind=self.one_of(data, place, "kind", map(str, Kind), str(Kind.TASK)),
            names=self.names(data, place),
        )

    def read_contest(self, data: Any, place: str) -> Contest:
        data = self.mapping(data, place, ("mode",), ("size", "minutes", "seconds"))
        contest = tidy(
            Contest(
                mode=self.one_of(data, place, "mode", map(str, Mode), str(Mode.RACE)),
                size=self.number(data, place, "size", SIZES, None),
                minutes=self.number(data, place, "minutes", MINUTES, None),
                seconds=self.number(data, place, "seconds", SECONDS, None),
            )
        )
        for name in lacks(contest):
            if name not in data:
                self.wrong(_at(place, name), _("This is missing."))
        return contest

    def read_type(self, data: Any, place: str) -> Type:
        data = self.mapping(
            data, place, ("key", "names", "kind", "teaser", "required"),
            ("statuses", "priority", "importance", *ALLOWED, "days", "direct", "cadence",
             "outcome", "least", "contest", "policy", "attempts", "owner_speaks"),
        )  # fmt: skip
        required = self.mapping(
            data.get("required", {}), _at(place, "required"), (), tuple(STEP_FIELDS)
        )
        asked = {}
        for step in required:
            where = _at(place, "required")
            given = self.keys(required, where, step) or ()
            own = (name for name in given if OWN_FIELD.fullmatch(name))
            self._known(given, (*STEP_FIELDS.get(step, ()), *own), _at(where, step))
            if step in STEP_FIELDS:
                asked[step] = in_step(step, given)
        teaser = self.keys(data, place, "teaser") or ()
        self._known(teaser, TEASER_FIELDS, _at(place, "teaser"))
        self._known(self.keys(data, place, "activities") or (), Kind, _at(place, "activities"))
        return Type(
            key=self.key(data, place),
            names=self.names(data, place),
            kind=self.one_of(data, place, "kind", map(str, LeadKind), str(LeadKind.END_CUSTOMER)),
            teaser=tuple(field for field in TEASER_FIELDS if field in teaser),
            required=asked,
            statuses=self.keys(data, place, "statuses"),
            priority=self.one_of(data, place, "priority", PRIORITIES, 5),
            importance=self.one_of(data, place, "importance", IMPORTANCES, 4),
            categories=self.keys(data, place, "categories"),
            products=self.keys(data, place, "products"),
            activities=self.keys(data, place, "activities"),
            days=self.number(data, place, "days", range(1, LONGEST_DAYS + 1), None),
            direct=self.yes(data, place, "direct"),
            outcome=self.one_of(data, place, "outcome", map(str, Outcome), str(Outcome.WON)),
            least=self.number(data, place, "least", range(1, MOST_LEAST + 1), None),
            cadence=self.several(data, "cadence", self.read_plan, place),
            contest=self.read_contest(data["contest"], _at(place, "contest"))
            if "contest" in data
            else AT_ONCE,
            policy=self.key(data, place, "policy") or None,
            attempts=self.number(data, place, "attempts", ATTEMPTS, 0),
            owner_speaks=self.one_of(data, place, "owner_speaks", map(str, SPEAKS), None)
            if "owner_speaks" in data
            else None,
        )

    def read_status(self, data: Any, place: str) -> Status:
        data = self.mapping(data, place, ("key", "names", "state"), ("answer", "usual", "initial"))
        state = self.one_of(data, place, "state", map(str, LifeState), str(LifeState.PENDING))
        answers = ANSWERS.get(LifeState(state), ())
        answer = None
        if data.get("answer") is not None:
            answer = self.one_of(data, place, "answer", answers or (None,), None)
        return Status(
            key=self.key(data, place),
            names=self.names(data, place),
            state=state,
            answer=answer,
            usual=self.yes(data, place, "usual"),
            initial=self.yes(data, place, "initial"),
        )

    def read_way(self, data: Any, place: str) -> Way:
        data = self.mapping(data, place, ("from", "to"), ("types", "roles", "units"))
        roles = self.keys(data, place, "roles")
        self._known(roles or (), ROLES, _at(place, "roles"))
        return Way(
            before=self.key(data, place, "from"),
            after=self.key(data, place, "to"),
            types=self.keys(data, place, "types"),
            roles=roles,
            units=self.keys(data, place, "units"),
        )

    def read_question(self, data: Any, place: str) -> Question:
        data = self.mapping(
            data, place, ("key", "names", "area"),
            ("required", "types", "sort", "options", "required_later", "shown_by", "shown_for",
             "step"),
        )  # fmt: skip
        return Question(
            key=self.key(data, place),
            names=self.names(data, place),
            area=self.one_of(data, place, "area", AREAS, "own"),
            required=self.yes(data, place, "required"),
            types=self.keys(data, place, "types"),
            sort=self.one_of(data, place, "sort", map(str, Sort), str(Sort.TEXT)),
            options=self.several(data, "options", self.read_option, place),
            required_later=self.yes(data, place, "required_later"),
            shown_by=self.key(data, place, "shown_by") or None,
            shown_for=self.keys(data, place, "shown_for") or (),
            step=self.one_of(data, place, "step", ("", *map(str, Step)), "") or None,
        )

    def read_option(self, data: Any, place: str) -> Option:
        data = self.mapping(data, place, ("key", "names"))
        return Option(self.key(data, place), self.names(data, place))

    def _known(self, given: Iterable[str], known: Iterable[str], place: str) -> None:
        unknown = [one for one in given if one not in set(known)]
        if unknown:
            self.wrong(place, _("%(name)s is not known here.", name=unknown[0][:80]))

    def check_whole(self, content: Content) -> None:
        """Look at what the parts say of each other."""
        types = {one.key for one in content.types}
        statuses = {one.key for one in content.statuses}
        for name in ("types", "statuses", "questions"):
            seen = set()
            for number, one in enumerate(getattr(content, name), 1):
                if one.key and one.key in seen:
                    self.wrong(f"{name}[{number}].key", _("This key stands here twice."))
                seen.add(one.key)
        pairs = set()
        for number, way in enumerate(content.ways, 1):
            place = f"transitions[{number}]"
            self._known((way.before,), statuses, f"{place}.from")
            self._known((way.after,), statuses, f"{place}.to")
            self._known(way.types or (), types, f"{place}.types")
            if way.before == way.after:
                self.wrong(place, _("A status does not follow itself."))
            if (way.before, way.after) in pairs:
                self.wrong(place, _("This way stands here twice."))
            pairs.add((way.before, way.after))
        for number, lead_type in enumerate(content.types, 1):
            self._known(lead_type.statuses or (), statuses, f"types[{number}].statuses")
        earlier: set[str] = set()
        for number, question in enumerate(content.questions, 1):
            place = f"questions[{number}]"
            self._known(question.types or (), types, f"{place}.types")
            if question.shown_by:
                self._known((question.shown_by,), earlier, f"{place}.shown_by")
            keys = [option.key for option in question.options]
            if len(set(keys)) < len(keys):
                self.wrong(f"{place}.options", _("This key stands here twice."))
            earlier.add(question.key)


def _at(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name

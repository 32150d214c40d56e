"""Whether a version may become active, which leads it would strand, how two versions differ. Pure.

The portal itself moves leads: a pickup, each of the partner's five answers, and giving back have to
be possible from every status in which they can happen. A version in which they are not is refused,
so no lead can come to where it can't go on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from portal.accounts.permissions import PICKING_ROLES
from portal.leads.contest import lacks
from portal.leads.definition import (
    ALLOWED,
    ANSWERS,
    COUNTED,
    OWN_FIELD,
    Content,
    Moment,
    Names,
    Question,
    Status,
    Step,
    Type,
    Way,
    put_way,
)
from portal.leads.definition_around import Around
from portal.leads.definition_words import (
    ALLOWED_WORDS,
    ANSWER_WORDS,
    AREA_WORDS,
    FIELD_WORDS,
    KINDS,
    MOMENTS,
    QUALIFYING_STEPS,
    SCALE_WORDS,
    SORTS,
    STATES,
    STEPS,
    TEASER_WORDS,
    allowed_in_words,
    called,
    how_offered,
    level_in_words,
    outcome_in_words,
    plan_in_words,
    policy_in_words,
    roles_of,
    status_name,
    types_in_words,
    units_of,
)
from portal.leads.models import LeadKind, LifeState

OPEN = (LifeState.PENDING, LifeState.IN_PROGRESS)
ENDED = (LifeState.WON, LifeState.LOST, LifeState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that keeps a version from being activated, and the part to look at."""

    said: str
    place: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """From `before` one of `after` must follow for leads of a type, because of `why`."""

    type_key: str
    before: Status
    after: tuple[Status, ...]
    why: str

    def is_met(self, content: Content) -> bool:
        """Say whether everybody who picks up leads may go one of these ways."""
        return any(
            all(content.is_open_to(self.before.key, s.key, self.type_key, r) for r in PICKING_ROLES)
            for s in self.after
        )


def check(content: Content, around: Around | None = None) -> list[Finding]:
    """Return all that keeps a version from being activated; nothing for one that is complete.

    Without `around` it is not asked whether what others keep exists.
    """
    found = [*_check_statuses(content), *_check_kinds(content), *_check_ways(content)]
    found += _check_questions(content)
    for lead_type in content.types:
        found += [*_check_type(content, lead_type), *_check_choices(content, lead_type)]
    if around is not None:
        found += _check_around(content, around)
    return list(dict.fromkeys(found))


def shown_in_words(content: Content, one: Question) -> str:
    """Return after which answer a question is asked, as people read it; empty: always."""
    before = content.question_of(one.shown_by or "")
    if before is None:
        return ""
    names = {option.key: called(option.names) for option in before.options}
    answers = " / ".join(names.get(key, key) for key in one.shown_for)
    return f"{called(before.names)} {answers}".strip()


def step_in_words(one: Question) -> str:
    """Return the step of qualification in which a question is asked; empty: in every one."""
    return str(QUALIFYING_STEPS[Step(one.step)]) if one.step in set(Step) else ""


def _check_questions(content: Content) -> Iterator[Finding]:
    """Yield what waits for an answer that nobody gives before it."""
    earlier: dict[str, Question] = {}
    for one in content.questions:
        before = earlier.get(one.shown_by or "")
        known = {option.key for option in before.options} if before else set()
        gone = one.shown_by is not None and (before is None or not known.issuperset(one.shown_for))
        if gone:
            yield Finding(
                _(
                    "“%(question)s” waits for an answer that is not asked before it.",
                    question=called(one.names),
                ),
                "questions",
                one.key,
            )
        earlier[one.key] = one


def _check_statuses(content: Content) -> Iterator[Finding]:
    for status in content.statuses:
        fitting = ANSWERS.get(LifeState(status.state), ())
        if status.answer not in (fitting or (None,)):
            yield Finding(
                _(
                    "%(status)s: please say which of the partner’s answers it stands for.",
                    status=called(status.names),
                )
                if fitting
                else _(
                    "%(status)s can’t stand for a partner’s answer.", status=called(status.names)
                ),
                "statuses",
                status.key,
            )
        if status.initial and status.state != LifeState.PENDING:
            yield Finding(
                _(
                    "%(status)s can’t be where new leads begin: they are pending.",
                    status=called(status.names),
                ),
                "statuses",
                status.key,
            )
        if not any(status in content.statuses_for(one) for one in content.types):
            yield Finding(
                _("No lead type uses %(status)s.", status=called(status.names)),
                "statuses",
                status.key,
            )


def _check_kinds(content: Content) -> Iterator[Finding]:
    for kind in LeadKind:
        if not any(one.kind == kind for one in content.types):
            yield Finding(
                _(
                    "There is no lead type for %(kind)s. A list of leads may bring some.",
                    kind=KINDS[kind],
                ),
                "types",
            )


def _check_ways(content: Content) -> Iterator[Finding]:
    for way in content.ways:
        before, after = content.status_of(way.before), content.status_of(way.after)
        if before is None or after is None:
            continue
        if before.state in ENDED and after.state != before.state:
            yield Finding(
                _(
                    "%(before)s → %(after)s: a lead that has ended does not begin again.",
                    before=called(before.names),
                    after=called(after.names),
                ),
                "statuses",
                before.key,
            )


def _check_type(content: Content, lead_type: Type) -> Iterator[Finding]:
    name, allowed = called(lead_type.names), content.statuses_for(lead_type)
    for state in LifeState:
        yield from _check_one(
            [s for s in allowed if s.state == state and s.usual],
            _(
                "%(type)s: no status of “%(state)s” is marked as the usual one.",
                type=name,
                state=STATES[state],
            ),
            _(
                "%(type)s: more than one status of “%(state)s” is marked as the usual one.",
                type=name,
                state=STATES[state],
            ),
            lead_type,
        )
    begins = [s for s in allowed if s.initial]
    yield from _check_one(
        begins,
        _("%(type)s: no status is marked as the one where new leads begin.", type=name),
        _("%(type)s: more than one status is marked as the one where new leads begin.", type=name),
        lead_type,
    )
    for answers in ANSWERS.values():
        for answer in answers:
            if not any(s.answer == answer for s in allowed):
                yield Finding(
                    _(
                        "%(type)s: no status stands for the partner’s answer “%(answer)s”.",
                        type=name,
                        answer=ANSWER_WORDS[answer],
                    ),
                    "types",
                    lead_type.key,
                )
    for need in needs(content, lead_type):
        if not need.is_met(content):
            yield Finding(
                _(
                    "%(type)s: from %(before)s a way to %(after)s is missing, or not open to all "
                    "who pick up leads (%(why)s).",
                    type=name,
                    before=called(need.before.names),
                    after=_(" or ").join(called(s.names) for s in need.after),
                    why=need.why,
                ),
                "statuses",
                need.before.key,
            )
    if len(begins) == 1:
        yield from _check_reach(content, lead_type, begins[0], allowed)


def _check_choices(content: Content, lead_type: Type) -> Iterator[Finding]:
    """Find what a type begins with, or plans by itself, although it can't be chosen."""
    name = called(lead_type.names)
    for scale, level in (("priorities", lead_type.priority), ("importances", lead_type.importance)):
        if not next(one.supported for one in content.levels_of(scale) if one.level == level):
            yield Finding(
                _(
                    "%(type)s begins with “%(scale)s: %(level)d”, which is not in use.",
                    type=name,
                    scale=SCALE_WORDS[scale],
                    level=level,
                ),
                "types",
                lead_type.key,
            )
    for what in ALLOWED:
        if getattr(lead_type, what) == ():
            yield Finding(
                _(
                    "%(type)s: nothing is ticked at “%(what)s”.",
                    type=name,
                    what=ALLOWED_WORDS[what],
                ),
                "types",
                lead_type.key,
            )
    if lead_type.outcome in COUNTED and lead_type.least is None:
        yield Finding(
            _("%(type)s: it is not said how much makes it a success.", type=name),
            "types",
            lead_type.key,
        )
    if lacks(lead_type.contest):
        yield Finding(
            _("%(type)s: it is not said how many firms see it when.", type=name),
            "types",
            lead_type.key,
        )
    for plan in lead_type.cadence:
        if lead_type.activities is not None and plan.kind not in lead_type.activities:
            yield Finding(
                _(
                    "%(type)s: “%(activity)s” is planned by itself, but is of a kind that is not "
                    "allowed.",
                    type=name,
                    activity=called(plan.names),
                ),
                "types",
                lead_type.key,
            )


def _check_around(content: Content, around: Around) -> Iterator[Finding]:
    """Find what a version names and nobody keeps."""
    for lead_type in content.types:
        for what, known in around.entries.items():
            for key in getattr(lead_type, what) or ():
                if key not in known:
                    yield Finding(
                        _(
                            "%(type)s: there is no “%(key)s” in the catalogue (%(what)s).",
                            type=called(lead_type.names),
                            key=key,
                            what=ALLOWED_WORDS[what],
                        ),
                        "types",
                        lead_type.key,
                    )
        for name in sorted({name for fields in lead_type.required.values() for name in fields}):
            if OWN_FIELD.fullmatch(name) and name not in around.own_in_use:
                yield Finding(
                    _(
                        "%(type)s asks for the own field “%(field)s”, which is not in use.",
                        type=called(lead_type.names),
                        field=around.own.get(name, name),
                    ),
                    "types",
                    lead_type.key,
                )
        if lead_type.policy is not None and lead_type.policy not in around.policies_in_use:
            yield Finding(
                _(
                    "%(type)s: there is no deadline policy “%(key)s” in use.",
                    type=called(lead_type.names),
                    key=policy_in_words(lead_type, around),
                ),
                "types",
                lead_type.key,
            )
    for way in content.ways:
        for unit in way.units or ():
            if unit not in around.units:
                yield Finding(
                    _(
                        "%(before)s → %(after)s: there is no unit “%(unit)s”.",
                        before=status_name(content, way.before),
                        after=status_name(content, way.after),
                        unit=unit,
                    ),
                    "statuses",
                    way.before,
                )


def _check_one(
    found: Collection[Status], none: str, several: str, lead_type: Type
) -> Iterator[Finding]:
    if len(found) != 1:
        yield Finding(several if found else none, "types", lead_type.key)


def _check_reach(
    content: Content, lead_type: Type, begin: Status, allowed: Sequence[Status]
) -> Iterator[Finding]:
    """Find what no lead of the type comes to, and where it stays for good before it has ended."""
    follows = {
        one.key: [o.key for o in allowed if content.leads_on(one.key, o.key, lead_type.key)]
        for one in allowed
    }
    leads_to: dict[str, list[str]] = {one.key: [] for one in allowed}
    for before, after in follows.items():
        for key in after:
            leads_to[key].append(before)
    reached = _reach([begin.key], follows)
    left = _reach([one.key for one in allowed if one.state in ENDED], leads_to)
    name = called(lead_type.names)
    for one in allowed:
        if one.key not in reached:
            yield Finding(
                _(
                    "%(type)s: no way leads to %(status)s.",
                    type=name,
                    status=called(one.names),
                ),
                "statuses",
                one.key,
            )
        if one.state in OPEN and one.key not in left:
            yield Finding(
                _(
                    "%(type)s: from %(status)s no way leads to an end.",
                    type=name,
                    status=called(one.names),
                ),
                "statuses",
                one.key,
            )


def _reach(begin: Iterable[str], follows: Mapping[str, Sequence[str]]) -> set[str]:
    seen, waiting = set(begin), list(begin)
    while waiting:
        for key in follows[waiting.pop()]:
            if key not in seen:
                seen.add(key)
                waiting.append(key)
    return seen


def needs(content: Content, lead_type: Type) -> Iterator[Need]:
    """Yield the ways that the portal itself goes with leads of a type.

    A need is not named where no status is there for it: that is a finding of its own.
    """
    allowed = content.statuses_for(lead_type)

    def usual(state: LifeState) -> tuple[Status, ...]:
        return tuple(s for s in allowed if s.state == state and s.usual)[:1]

    answered = [
        (answer, tuple(s for s in allowed if s.answer == answer))
        for answers in ANSWERS.values()
        for answer in answers
    ]
    for one in allowed:
        wanted: list[tuple[tuple[Status, ...], str]] = []
        if one.state == LifeState.PENDING:
            wanted = [(usual(LifeState.IN_PROGRESS), _("a partner picks it up"))]
        elif one.state == LifeState.IN_PROGRESS:
            wanted = [
                (after, _("a partner answers “%(answer)s”", answer=ANSWER_WORDS[answer]))
                for answer, after in answered
                if answer != one.answer
            ]
            wanted.append((usual(LifeState.PENDING), _("a partner gives it back")))
        for after, why in wanted:
            if after:
                yield Need(lead_type.key, one, after, why)


def add_ways(content: Content) -> tuple[Content, int]:
    """Return the content with every way that the portal needs, and how many were added or opened.

    Where any of several would do it is the first of them.
    """
    count = 0
    for lead_type in content.types:
        for need in needs(content, lead_type):
            if need.is_met(content):
                continue
            before, after = need.before.key, need.after[0].key
            way = content.way_of(before, after) or Way(before, after, types=(), roles=None)
            types = None if way.types is None else (*way.types, lead_type.key)
            if types is not None and set(types) >= {one.key for one in content.types}:
                types = None
            content = put_way(content, Way(before, after, types))
            count += 1
    return content, count


# -- leads that a version would strand ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """How many leads are of a type and in a status, as these are now."""

    type_id: int
    status_id: int
    type_key: str
    kind: str
    type_names: Names
    status_key: str
    state: str
    answer: str | None
    status_names: Names
    count: int

    @property
    def place(self) -> str:
        """Return type and status as one word."""
        return f"{self.type_key}/{self.status_key}"


@dataclass(frozen=True, slots=True)
class Stranded:
    """Leads that have no place in a version, where they may go, and what suits best."""

    standing: Standing
    choices: tuple[tuple[str, str], ...]
    best: tuple[str, str] | None


def fits(content: Content, standing: Standing) -> bool:
    """Say whether leads may stay what they are in a version."""
    lead_type, status = content.type_of(standing.type_key), content.status_of(standing.status_key)
    return (
        lead_type is not None
        and status is not None
        and lead_type.kind == standing.kind
        and status.state == standing.state
        and status in content.statuses_for(lead_type)
    )


def find_stranded(content: Content, standings: Iterable[Standing]) -> list[Stranded]:
    """Return the leads that have no place in a version, and the places of the same kind and state.

    A lead of a type that stays keeps its type.
    """
    found = []
    for standing in standings:
        if fits(content, standing):
            continue
        kept = content.type_of(standing.type_key)
        of_kind = [one for one in content.types if one.kind == standing.kind]
        places = [
            (lead_type, status)
            for lead_type in ([kept] if kept is not None and kept in of_kind else of_kind)
            for status in content.statuses_for(lead_type)
            if status.state == standing.state
        ]
        places_by_fit = sorted(places, key=lambda place: _strangeness(place[1], standing))
        found.append(
            Stranded(
                standing,
                tuple((one.key, status.key) for one, status in places),
                (places_by_fit[0][0].key, places_by_fit[0][1].key) if places else None,
            )
        )
    return found


def _strangeness(status: Status, standing: Standing) -> tuple[bool, bool, bool]:
    return (
        status.key != standing.status_key,
        status.answer != standing.answer,
        not status.usual,
    )


# -- how two versions differ --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """A part that came, went or changed, and what of it in words."""

    place: str
    kind: str
    name: str
    details: tuple[str, ...] = ()


ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"


def differences(before: Content, after: Content, around: Around | None = None) -> list[Difference]:
    """Return in words what one version says differently from another.

    What `around` does not name goes by its key.
    """
    there = around or Around()

    def type_facts(one: Type, content: Content) -> list[tuple[str, str]]:
        return _type_facts(one, content, there)

    return [
        *_parts("types", before.types, after.types, before, after, type_facts),
        *_parts("statuses", before.statuses, after.statuses, before, after, _status_facts),
        *_ways(before, after),
        *_parts("questions", before.questions, after.questions, before, after, _question_facts),
        *_settings(before, after),
    ]


def _settings(before: Content, after: Content) -> Iterator[Difference]:
    """Yield what is said otherwise of all leads: what levels are called, how they are numbered."""
    for scale, words in SCALE_WORDS.items():
        said = tuple(
            _(
                "%(what)s: %(before)s → %(after)s",
                what=was.level,
                before=level_in_words(was) or "–",
                after=level_in_words(now) or "–",
            )
            for was, now in zip(before.levels_of(scale), after.levels_of(scale), strict=True)
            if was != now
        )
        if said:
            yield Difference("levels", CHANGED, str(words), said)
    if before.numbering != after.numbering:
        said = _(
            "%(what)s: %(before)s → %(after)s",
            what=_("Example"),
            before=before.numbering.write(NUMBER),
            after=after.numbering.write(NUMBER),
        )
        yield Difference("levels", CHANGED, _("Numbers of leads"), (said,))


NUMBER = 10001
"""The number of the example."""


def _parts(
    place: str,
    before: Sequence[Any],
    after: Sequence[Any],
    old: Content,
    new: Content,
    facts: Any,
) -> Iterator[Difference]:
    was, now = {one.key: one for one in before}, {one.key: one for one in after}
    for key, one in now.items():
        if key not in was:
            said = tuple(f"{name}: {value}" for name, value in facts(one, new) if value)
            yield Difference(place, ADDED, called(one.names), said)
    for key, one in was.items():
        if key not in now:
            yield Difference(place, REMOVED, called(one.names))
    for key, one in now.items():
        if key in was and was[key] != one:
            pairs = zip(facts(was[key], old), facts(one, new), strict=True)
            said = tuple(
                _("%(what)s: %(before)s → %(after)s", what=name, before=a or "–", after=b or "–")
                for (name, a), (_same, b) in pairs
                if a != b
            )
            if said:
                yield Difference(place, CHANGED, called(one.names), said)
    stay = [key for key in was if key in now]
    if stay != [key for key in now if key in was]:
        yield Difference(place, MOVED, "", tuple(called(one.names) for one in after))


def _yes(value: bool) -> str:
    return str(_("yes")) if value else ""


def _names(names: Names) -> list[tuple[str, str]]:
    return [
        (_("Name in English"), names.get("en", "")),
        (_("Name in German"), names.get("de", "")),
    ]


def _type_facts(one: Type, content: Content, around: Around) -> list[tuple[str, str]]:
    statuses = one.statuses
    return [
        *_names(one.names),
        (_("What it is"), str(KINDS.get(one.kind, one.kind))),
        (
            _("Statuses"),
            str(_("all"))
            if statuses is None
            else ", ".join(status_name(content, key) for key in statuses),
        ),
        (_("What partners read before pickup"), _listed(one.teaser, TEASER_WORDS)),
        *(
            (str(words), _listed(one.required[step], {**FIELD_WORDS, **around.own}))
            for step, words in STEPS.items()
        ),
        (_("Priority"), str(one.priority)),
        (_("Importance"), str(one.importance)),
        *(
            (str(words), allowed_in_words(one, what, around))
            for what, words in ALLOWED_WORDS.items()
        ),
        (_("Days from start to end"), "" if one.days is None else str(one.days)),
        (_("Stays with us"), _yes(one.direct)),
        (_("Who sees it when"), how_offered(one)),
        (_("Deadline policy"), policy_in_words(one, around)),
        (
            _("Whoever answers for it speaks with the customer, too"),
            str(MOMENTS[Moment(one.owner_speaks)]) if one.owner_speaks else "",
        ),
        (_("It counts as a success"), outcome_in_words(one)),
        (_("Attempts before it is put aside"), str(one.attempts) if one.attempts else ""),
        (_("Planned by itself"), "; ".join(plan_in_words(plan) for plan in one.cadence)),
    ]


def _listed(keys: Iterable[str], words: Mapping[str, Any]) -> str:
    return ", ".join(str(words.get(key, key)) for key in keys)


def _status_facts(one: Status, _content: Content) -> list[tuple[str, str]]:
    return [
        *_names(one.names),
        (_("State"), str(STATES.get(one.state, one.state))),
        (_("Stands for the answer"), str(ANSWER_WORDS.get(one.answer or "", ""))),
        (_("The usual one of its state"), _yes(one.usual)),
        (_("Where new leads begin"), _yes(one.initial)),
    ]


def _question_facts(one: Question, content: Content) -> list[tuple[str, str]]:
    return [
        *_names(one.names),
        (_("Area"), str(AREA_WORDS.get(one.area, one.area))),
        (_("Must be answered"), _yes(one.required)),
        (_("Must be answered before it is confirmed"), _yes(one.required_later)),
        (_("Asked for"), types_in_words(content, one.types)),
        (_("Answered with"), str(SORTS.get(one.sort, one.sort))),
        (_("Answers"), ", ".join(called(option.names) for option in one.options)),
        (_("Asked after"), shown_in_words(content, one)),
        (_("Asked in"), step_in_words(one)),
    ]


def _ways(before: Content, after: Content) -> Iterator[Difference]:
    was = {(way.before, way.after): way for way in before.ways}
    now = {(way.before, way.after): way for way in after.ways}

    def named(way: Way, content: Content) -> str:
        return f"{status_name(content, way.before)} → {status_name(content, way.after)}"

    def facts(way: Way, content: Content) -> list[tuple[str, str]]:
        return [
            (_("Lead types"), types_in_words(content, way.types)),
            (_("Who may"), roles_of(way)),
            (_("In which units"), units_of(way)),
        ]

    for pair, way in now.items():
        if pair not in was:
            limits = [
                f"{name}: {value}"
                for (name, value), held in zip(
                    facts(way, after), (way.types, way.roles, way.units), strict=True
                )
                if held is not None
            ]
            yield Difference("ways", ADDED, named(way, after), tuple(limits))
        elif was[pair] != way:
            said = tuple(
                _("%(what)s: %(before)s → %(after)s", what=name, before=a, after=b)
                for (name, a), (_same, b) in zip(
                    facts(was[pair], before), facts(way, after), strict=True
                )
                if a != b
            )
            if said:
                yield Difference("ways", CHANGED, named(way, after), said)
    for pair, way in was.items():
        if pair not in now:
            yield Difference("ways", REMOVED, named(way, before))

"""What the rules of a programme say, as data: how points come about, and what they lead to.

Here is the shape, as it stands in `ScoreRules.content`, and what may stand in it; what a lead gets
is decided in `rules`.

By kind a rule has: `answer` `question` (its key), `test`, `value` · `lead` `condition` (that of
`matching.criteria`) · `known` `what` · `signal` `what`, `most`, `half_life` in days · `silence`
`days`, `most`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _

from portal.catalog.models import SizeBand, ValueBand
from portal.catalog.queries import Book
from portal.leads.models import SignalKind
from portal.matching.criteria import Condition, Field


class RuleKind(StrEnum):
    """What a rule looks at, in the order in which pages show it."""

    ANSWER = "answer"
    LEAD = "lead"
    KNOWN = "known"
    SIGNAL = "signal"
    SILENCE = "silence"


class Test(StrEnum):
    """What a rule asks of an answer."""

    __test__ = False

    GIVEN = "given"
    CONTAINS = "contains"
    IS = "is"
    AT_LEAST = "at_least"
    WITHIN_DAYS = "within_days"


class Known(StrEnum):
    """What of a lead may be known or not."""

    TARGET_AMOUNT = "target_amount"
    TIME_FRAME = "time_frame"
    PEOPLE = "people"
    PRODUCTS = "products"


MOST_RULES = 100
MOST_POINTS = 100
MOST_DAYS = 3650
LONGEST_VALUE = 300
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `points` are below nought where it takes some."""

    key: str
    kind: RuleKind
    points: int
    question: str = ""
    test: Test = Test.GIVEN
    value: str = ""
    condition: Condition | None = None
    what: str = ""
    most: int = 0
    half_life: int = 0
    days: int = 0

    @property
    def words(self) -> tuple[str, ...]:
        """Return what an answer may contain or be: the parts of `value`, in lower case."""
        return tuple(p for part in self.value.split(",") if (p := part.strip().casefold()))

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Rule:
        """Read a rule as it is stored. Raises ValueError for a kind nobody knows."""
        condition = data.get("condition")
        return cls(
            key=str(data["key"]),
            kind=RuleKind(data["kind"]),
            points=int(data["points"]),
            question=str(data.get("question", "")),
            test=Test(data.get("test", Test.GIVEN)),
            value=str(data.get("value", "")),
            condition=Condition.from_data(condition) if condition else None,
            what=str(data.get("what", "")),
            most=int(data.get("most", 0)),
            half_life=int(data.get("half_life", 0)),
            days=int(data.get("days", 0)),
        )

    def to_data(self) -> dict[str, Any]:
        """Return the rule as it is stored: only what its kind needs."""
        data: dict[str, Any] = {"key": self.key, "kind": str(self.kind), "points": self.points}
        match self.kind:
            case RuleKind.ANSWER:
                data |= {"question": self.question, "test": str(self.test)}
                if self.test is not Test.GIVEN:
                    data["value"] = self.value
            case RuleKind.LEAD:
                data["condition"] = self.condition.to_data() if self.condition else None
            case RuleKind.KNOWN:
                data["what"] = self.what
            case RuleKind.SIGNAL:
                data |= {"what": self.what, "most": self.most, "half_life": self.half_life}
            case RuleKind.SILENCE:
                data |= {"days": self.days, "most": self.most}
        return data


@dataclass(frozen=True, slots=True)
class Limits:
    """What points lead to: temperatures from so many on, and who is told from so many on.

    Signals speak once they give `stir_from` points: then who has a lead in hand hears of it, and
    one in nurture that has `hand_on_from` points in all is a buyer to talk to and goes to
    qualification. A hot lead of which nothing is heard for `hot_days` is warm, a warm one after
    `warm_days` cold; 0: never.
    """

    hot_from: int = 60
    warm_from: int = 35
    hand_on_from: int = 45
    stir_from: int = 15
    hot_days: int = 21
    warm_days: int = 60


LIMITS: dict[str, range] = {
    "hot_from": range(1, 101),
    "warm_from": range(1, 101),
    "hand_on_from": range(1, 101),
    "stir_from": range(1, 101),
    "hot_days": range(MOST_DAYS + 1),
    "warm_days": range(MOST_DAYS + 1),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """All that a version says. No two rules share a key."""

    rules: tuple[Rule, ...] = ()
    limits: Limits = Limits()

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Rules:
        """Read the rules as they are stored."""
        return cls(
            tuple(Rule.from_data(one) for one in data.get("rules", ())),
            Limits(**{name: int(data["limits"][name]) for name in LIMITS}),
        )

    def to_data(self) -> dict[str, Any]:
        """Return the rules as they are stored."""
        return {
            "rules": [rule.to_data() for rule in self.rules],
            "limits": {name: getattr(self.limits, name) for name in LIMITS},
        }

    def find(self, key: str) -> Rule | None:
        """Return the rule of a key."""
        return next((rule for rule in self.rules if rule.key == key), None)

    def with_rule(self, rule: Rule) -> Rules:
        """Return the rules with this one, in the place of the one of its key."""
        if self.find(rule.key) is None:
            return replace(self, rules=(*self.rules, rule))
        return replace(self, rules=tuple(rule if r.key == rule.key else r for r in self.rules))

    def without(self, key: str) -> Rules:
        """Return the rules without the one of a key."""
        return replace(self, rules=tuple(rule for rule in self.rules if rule.key != key))

    def free_key(self, kind: RuleKind) -> str:
        """Return a key that no rule has."""
        number = 1
        while self.find(f"{kind}_{number}"):
            number += 1
        return f"{kind}_{number}"


def check(rules: Rules) -> dict[str, str]:
    """Return what of the rules can't be, by the key of the rule or the name of the limit."""
    errors: dict[str, str] = {}
    if len(rules.rules) > MOST_RULES:
        errors["rules"] = _("At most %(most)d fit here.", most=MOST_RULES)
    for rule in rules.rules:
        if wrong := check_rule(rule):
            errors[rule.key] = next(iter(wrong.values()))
    for name, fits in LIMITS.items():
        if getattr(rules.limits, name) not in fits:
            errors[name] = between(fits[0], fits[-1])
    if not errors and rules.limits.warm_from >= rules.limits.hot_from:
        errors["warm_from"] = _("Warm begins below hot.")
    return errors


def check_rule(rule: Rule) -> dict[str, str]:
    """Return what of a rule can't be, by field."""
    errors: dict[str, str] = {}
    if not 0 < abs(rule.points) <= MOST_POINTS or not KEY.fullmatch(rule.key):
        errors["points"] = _("From -100 to 100, but not 0.")
    if len(rule.value) > LONGEST_VALUE:
        errors["value"] = _("Please keep it under %(most)d characters.", most=LONGEST_VALUE)
    match rule.kind:
        case RuleKind.ANSWER:
            if not rule.question:
                errors["question"] = _("Please choose a question.")
            if rule.test in (Test.CONTAINS, Test.IS) and not rule.words:
                errors["value"] = _("Please give the words, with commas between them.")
            number = number_in(rule.value)
            if rule.test in (Test.AT_LEAST, Test.WITHIN_DAYS) and number is None:
                errors["value"] = _("Please give a number.")
            elif rule.test is Test.WITHIN_DAYS and not 0 <= (number or 0) <= MOST_DAYS:
                errors["value"] = between(0, MOST_DAYS)
        case RuleKind.LEAD:
            if rule.condition is None or not rule.condition.values:
                errors["values"] = _("Please choose at least one.")
            elif rule.condition.field is Field.TEMPERATURE:
                errors["values"] = _("The temperature follows from the points, not they from it.")
        case RuleKind.KNOWN:
            if rule.what not in set(Known):
                errors["what"] = _("Please choose one of the list.")
        case RuleKind.SIGNAL:
            if rule.what not in set(SignalKind):
                errors["what"] = _("Please choose one of the list.")
            if not 1 <= rule.half_life <= MOST_DAYS:
                errors["half_life"] = between(1, MOST_DAYS)
            if not abs(rule.points) <= rule.most <= MOST_POINTS:
                errors["most"] = between(abs(rule.points), MOST_POINTS)
        case RuleKind.SILENCE:
            if rule.points > 0:
                errors["points"] = _("Silence takes points: give a number below 0.")
            if not 1 <= rule.days <= MOST_DAYS:
                errors["days"] = between(1, MOST_DAYS)
            if not abs(rule.points) <= rule.most <= MOST_POINTS:
                errors["most"] = between(abs(rule.points), MOST_POINTS)
    return errors


def between(least: int, most: int) -> str:
    """Say which numbers fit."""
    return str(_("A number from %(least)d to %(most)d fits here.", least=least, most=most))


NUMBER = re.compile(r"\d[\d.,'\u00a0\u202f ]*")
LONGEST_NUMBER = 20


def number_in(text: str) -> float | None:
    """Return the first number in a text, thousands with or without signs between them."""
    found = NUMBER.search(text[:400])
    if found is None:
        return None
    digits = re.sub(r"['\u00a0\u202f ]", "", found[0]).rstrip(".,")[:LONGEST_NUMBER]
    # what stands before three last digits parts thousands, anything else is a decimal sign
    digits = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", digits).replace(",", ".")
    try:
        return float(digits)
    except ValueError:
        return None


def first_rules(entries: Book) -> Rules:
    """Return the rules that a programme starts with."""

    def answer(key: str, question: str, points: int, words: str = "") -> Rule:
        test = Test.CONTAINS if words else Test.GIVEN
        return Rule(key, RuleKind.ANSWER, points, question=question, test=test, value=words)

    def from_source(key: str, points: int, *names: str) -> Rule:
        named = (entries.by_key.get(("source", name)) for name in names)
        ids = tuple(entry.id for entry in named if entry)
        return Rule(key, RuleKind.LEAD, points, condition=Condition(Field.SOURCE, ids))

    def signal(kind: SignalKind, points: int, most: int, half_life: int) -> Rule:
        return Rule(
            f"signal_{kind}",
            RuleKind.SIGNAL,
            points,
            what=str(kind),
            most=most,
            half_life=half_life,
        )

    def bands(kind: str, least: int) -> tuple[int, ...]:
        return tuple(
            entry.id
            for entry in entries.active(kind)
            if isinstance(entry, SizeBand | ValueBand) and (entry.low or 0) >= least
        )

    rules = (
        answer("budget", "budget", 8),
        answer(
            "budget_there",
            "budget",
            10,
            "approved, released, in the budget, genehmigt, freigegeben, eingeplant, bewilligt",
        ),
        answer("authority", "authority", 8),
        answer("need", "need", 7),
        answer("time", "time", 7),
        answer(
            "time_soon",
            "time",
            10,
            "week, days, this month, next month, as soon as, urgent, woche, tage, diesen monat, "
            "nächsten monat, so bald, dringend, sofort",
        ),
        answer("situation", "situation", 3),
        from_source("source_asked", 15, "referral", "phone_inquiry", "web_registration"),
        from_source("source_met", 8, "trade_show", "webinar", "existing_customer"),
        Rule(
            "value",
            RuleKind.LEAD,
            10,
            condition=Condition(Field.VALUE_BAND, bands("value_band", 50_000)),
        ),
        Rule("time_frame", RuleKind.KNOWN, 4, what=str(Known.TIME_FRAME)),
        Rule("products", RuleKind.KNOWN, 3, what=str(Known.PRODUCTS)),
        signal(SignalKind.VISIT, 2, 10, 14),
        signal(SignalKind.DOWNLOAD, 6, 18, 30),
        signal(SignalKind.REPLY, 15, 30, 30),
        signal(SignalKind.INQUIRY, 15, 30, 30),
        Rule("silence", RuleKind.SILENCE, -5, days=14, most=30),
    )
    return Rules(tuple(one for one in rules if not check_rule(one)))

"""Forms of scoring: one rule, and what points lead to. What is possible says `definition`."""

from __future__ import annotations

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import Length, Optional

from portal.accounts.tree import is_region
from portal.catalog.queries import book
from portal.leads.definition_words import called
from portal.leads.queries import choose_types
from portal.matching.criteria import CATALOG_FIELDS, Condition, Field
from portal.matching.words import field_name
from portal.partners.forms import split_codes
from portal.scoring.definition import (
    LIMITS,
    LONGEST_VALUE,
    Limits,
    Rule,
    RuleKind,
    Test,
)
from portal.scoring.queries import list_questions
from portal.scoring.words import KINDS, KNOWN, LIMIT_WORDS, SIGNALS, TESTS
from portal.web.forms import Form, TicksField, WholeField, needed

OF_LEAD = (*CATALOG_FIELDS, Field.TYPE, Field.COUNTRY)
"""What a rule may ask of the lead itself."""


def seen_version(form: Form) -> int:
    """Return the version that was looked at, 0 where that is not said."""
    given = str(form["version"].data or "")
    return int(given) if given.isdecimal() and len(given) < 10 else 0


class LimitsForm(Form):
    """What points lead to."""

    version = HiddenField()
    hot_from = WholeField(LIMIT_WORDS["hot_from"], [needed()])
    warm_from = WholeField(LIMIT_WORDS["warm_from"], [needed()])
    stir_from = WholeField(
        LIMIT_WORDS["stir_from"],
        [needed()],
        description=_l("Points of signals. From then on who has the lead in hand is told."),
    )
    hand_on_from = WholeField(
        LIMIT_WORDS["hand_on_from"],
        [needed()],
        description=_l("Points in all. Once signals speak too, the lead waits to be qualified."),
    )
    hot_days = WholeField(
        LIMIT_WORDS["hot_days"], [needed()], description=_l("Days without a sign. 0: never.")
    )
    warm_days = WholeField(
        LIMIT_WORDS["warm_days"], [needed()], description=_l("Days without a sign. 0: never.")
    )

    def show(self, limits: Limits, version: int) -> None:
        """Fill the form."""
        for name in LIMITS:
            self[name].data = getattr(limits, name)
        self.version.data = str(version)

    def read(self) -> Limits:
        """Return what was typed."""
        return Limits(**{name: self[name].data for name in LIMITS})


class RuleForm(Form):
    """One rule. `of` is its kind, or the field of the lead that it asks of."""

    version = HiddenField()
    of = HiddenField()
    points = WholeField(
        _l("Points"), [needed()], description=_l("From -100 to 100; below 0 it takes some.")
    )
    question = SelectField(_l("Question"), [Optional()], choices=[])
    test = SelectField(_l("Counts when"), [Optional()], choices=[])
    value = StringField(
        _l("Words or number"),
        [Optional(), Length(max=LONGEST_VALUE)],
        description=_l("Words with commas between them, in every language that is answered in."),
    )
    values = TicksField(_l("One of these"), choices=[])
    codes = StringField(
        _l("Countries"), [Optional(), Length(max=400)], description=_l("Codes, as DE, AT, CH.")
    )
    what = SelectField(_l("What"), [Optional()], choices=[])
    most = WholeField(_l("At most so many points in all"), [Optional()])
    half_life = WholeField(
        _l("Days after which one counts half"),
        [Optional()],
        description=_l("What was done long ago says less."),
    )
    days = WholeField(_l("Days without a sign"), [Optional()])

    @property
    def kind(self) -> RuleKind | None:
        """Return what kind of rule it is; None for one that nobody knows."""
        of = str(self.of.data or "")
        if of in set(OF_LEAD):
            return RuleKind.LEAD
        return RuleKind(of) if of in set(RuleKind) and of != RuleKind.LEAD else None

    @property
    def heading(self) -> str:
        """Return what it is about."""
        of = str(self.of.data or "")
        if self.kind is RuleKind.LEAD:
            return field_name(of)
        return str(KINDS[self.kind]) if self.kind else ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the fields that a rule of its kind has."""
        match self.kind:
            case RuleKind.ANSWER:
                return ("question", "test", "value", "points")
            case RuleKind.LEAD:
                return ("codes" if self.of.data == Field.COUNTRY else "values", "points")
            case RuleKind.KNOWN:
                return ("what", "points")
            case RuleKind.SIGNAL:
                return ("what", "points", "most", "half_life")
            case RuleKind.SILENCE:
                return ("days", "points", "most")
        return ()

    def offer(self, rule: Rule | None) -> None:
        """Fill the lists to choose from; what the rule names stays, out of use or not."""
        kept = rule.condition.values if rule and rule.condition else ()
        locale, of = str(get_locale()), str(self.of.data or "")
        questions = {key: called(names) for key, names in list_questions()}
        if self.question.data:
            # one of an older definition is kept until somebody chooses another
            questions.setdefault(self.question.data, self.question.data)
        self.question.choices = list(questions.items())
        self.test.choices = [(str(one), str(words)) for one, words in TESTS.items()]
        if self.kind is RuleKind.SIGNAL:
            self.what.choices = [(str(one), str(words)) for one, words in SIGNALS.items()]
        else:
            self.what.choices = [(str(one), str(words)) for one, words in KNOWN.items()]
        if of in set(CATALOG_FIELDS):
            named = [one for one in kept if isinstance(one, int)]
            self.values.choices = book().choices(of, locale, named)
        elif of == Field.TYPE:
            self.values.choices = choose_types(kept)

    def show(self, rule: Rule, version: int) -> None:
        """Fill the form with a rule."""
        self.version.data = str(version)
        self.of.data = str(rule.condition.field if rule.condition else rule.kind)
        for name in ("points", "question", "value", "what"):
            self[name].data = getattr(rule, name)
        self.test.data = str(rule.test)
        for name in ("most", "half_life", "days"):
            self[name].data = getattr(rule, name) or None
        if rule.condition is not None:
            values = [str(value) for value in rule.condition.values]
            self.values.data, self.codes.data = values, ", ".join(values)

    def validate(self, extra_validators: object = None) -> bool:
        """Check the codes as well; what else a rule needs, `definition.check_rule` says."""
        good = bool(super().validate(extra_validators))
        wrong = [code for code in split_codes(self.codes.data) if not is_region(code)]
        if wrong:
            self.codes.errors = [
                _(
                    "%(code)s is no code of a country or state. Examples: DE, DE-NI, US-CA.",
                    code=wrong[0],
                )
            ]
        return good and not wrong

    def read(self, key: str) -> Rule | None:
        """Return the rule that was typed; None where it is of no kind."""
        kind = self.kind
        if kind is None:
            return None
        condition = None
        if kind is RuleKind.LEAD:
            field = Field(str(self.of.data))
            values: tuple[str | int, ...] = tuple(self.values.data or ())
            if field is Field.COUNTRY:
                values = tuple(split_codes(self.codes.data))
            elif field in CATALOG_FIELDS:
                values = tuple(int(value) for value in values)
            condition = Condition(field, values)
        shown = set(self.names)
        test = Test(self.test.data) if self.test.data in set(Test) else Test.GIVEN
        return Rule(
            key,
            kind,
            self.points.data or 0,
            question=(self.question.data or "") if "question" in shown else "",
            test=test if "test" in shown else Test.GIVEN,
            value=(self.value.data or "") if "value" in shown and test is not Test.GIVEN else "",
            condition=condition,
            what=(self.what.data or "") if "what" in shown else "",
            most=(self.most.data or 0) if "most" in shown else 0,
            half_life=(self.half_life.data or 0) if "half_life" in shown else 0,
            days=(self.days.data or 0) if "days" in shown else 0,
        )

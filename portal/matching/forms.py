"""Forms of distribution rules and of which deadline policy is used where.

Every condition of a rule is a plain field; its criteria are lines (`criteria_form`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.fields import HiddenField
from wtforms.validators import Length, Optional

from portal.accounts.tree import is_region
from portal.catalog import field_answers
from portal.catalog.models import CustomField, FieldSubject
from portal.catalog.queries import book
from portal.deadlines.models import PolicyUse
from portal.deadlines.rules import Case
from portal.leads.contest import Contest
from portal.leads.contest_words import CONTESTS
from portal.leads.models import Temperature
from portal.leads.queries import choose_types
from portal.matching import criteria_rules
from portal.matching import own_answers_form as own
from portal.matching.criteria import (
    CATALOG_FIELDS,
    FIXED_FIELDS,
    Condition,
    Criterion,
    Field,
    Kind,
    Mode,
)
from portal.matching.criteria_form import CriteriaForm, with_criteria
from portal.matching.models import DistributionRule, Known
from portal.matching.policy_uses import PARTS as USE_PARTS
from portal.matching.policy_uses import Around, UseDraft, type_name
from portal.matching.rulebook import RuleDraft
from portal.matching.version_words import KNOWN
from portal.matching.words import field_name, value_name
from portal.partners.forms import split_codes
from portal.partners.queries import list_groups
from portal.web.forms import Form, TicksField, WholeField, needed

TEXT_FIELDS = (Field.COUNTRY, Field.SUBDIVISION)
CHOICES = {
    Field.TEMPERATURE: ("hot", "warm", "cold"),
    Field.KIND: ("end_customer", "partner_recruit"),
}
FIRST = (
    Criterion(Kind.PRESENT),
    Criterion(Kind.CAPACITY),
    Criterion(Kind.RADIUS, Mode.WEIGHTED, 40),
)
"""What a new rule begins with."""


class RuleForm(CriteriaForm):
    """`lead_own` are the programme's own fields about leads that it asks of, by key.

    `named` is what the rule asks of leads so far: of that, too, nothing is dropped unseen.
    `version` is the one that was last seen, `lines_of` the one whose lines the form began with:
    after a refusal because somebody else has saved meanwhile they differ.
    """

    lead_own: Mapping[str, CustomField] = MappingProxyType({})
    named: Mapping[Field, Sequence[Any]] = MappingProxyType({})
    name = StringField(_l("Name"), [needed(), Length(max=120)])
    hours = WholeField(
        _l("How many hours an offer lasts"),
        [Optional()],
        description=_l("Empty: as the deadline policy of the lead’s type says."),
    )
    most = WholeField(
        _l("Offer to no more than"),
        [Optional()],
        description=_l("The best so many partners. Empty: all who suit."),
    )
    contest = SelectField(_l("Who sees it when"), [Optional()], choices=[])
    ring_size = WholeField(
        _l("Firms at a time"), [Optional()], description=_l("For “the best first”.")
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
    group_id = SelectField(_l("Only partners of the group"), [Optional()], choices=[])
    known = SelectField(_l("A partner who knows the customer already"), [Optional()], choices=[])
    version = HiddenField()
    lines_of = HiddenField()
    lead = StringField(
        _l("Lead to try it with"),
        [Optional(), Length(max=40)],
        description=_l("Its number, as L-10001. Empty: the newest that the rule is for."),
    )

    def offer(self) -> None:
        """Fill labels and lists to choose from."""
        locale = str(get_locale())
        self.group_id.choices = [
            ("", _("all partners")),
            *((str(group.id), group.name) for group, _members in list_groups()),
        ]
        self.contest.choices = [
            ("", _("As the type of the lead says")),
            *((str(mode), str(words)) for mode, words in CONTESTS.items()),
        ]
        self.known.choices = [(str(one), say()) for one, say in KNOWN.items()]
        for of in FIXED_FIELDS:
            self[f"if_{of}"].label.text = field_name(of)
            if of in CATALOG_FIELDS:
                self[f"if_{of}"].choices = book().choices(of, locale, self.named.get(of, ()))
            elif of is Field.TYPE:
                self[f"if_{of}"].choices = choose_types(self.named.get(of, ()))
            elif of in CHOICES:
                self[f"if_{of}"].choices = [(v, value_name(of, v)) for v in CHOICES[of]]
        self.offer_criteria()

    def show(self, rule: DistributionRule | None) -> None:
        """Fill the form with a rule, or with what a new one starts from."""
        self.hours.data = rule.hours if rule else None
        self.version.data = "0"
        if rule is None:
            self.known.data = str(Known.NOTHING)
            self.show_criteria(FIRST)
            return
        self.name.data = rule.name
        self.most.data = rule.most
        self.group_id.data = str(rule.group_id or "")
        self.contest.data = rule.contest or ""
        self.ring_size.data, self.ring_minutes.data = rule.ring_size, rule.ring_minutes
        self.deciding_seconds.data = rule.deciding_seconds
        self.known.data = str(rule.known or Known.NOTHING)
        self.show_criteria(Criterion.from_data(data) for data in rule.criteria)
        for condition in (Condition.from_data(data) for data in rule.conditions):
            values = [str(value) for value in condition.values]
            shown = ", ".join(values) if condition.field in TEXT_FIELDS else values
            if condition.field is not Field.OWN:
                self[f"if_{condition.field}"].data = shown
            elif condition.key in self.lead_own:
                own.show(self, own.IF, self.lead_own[condition.key], values)

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the codes as well; what the criteria need, the operation checks."""
        good = bool(super().validate(extra_validators))
        for of in TEXT_FIELDS:
            wrong = [code for code in split_codes(self[f"if_{of}"].data) if not is_region(code)]
            if wrong:
                message = _(
                    "%(code)s is no code of a country or state. Examples: DE, DE-NI, US-CA.",
                    code=wrong[0],
                )
                self[f"if_{of}"].errors = [*self[f"if_{of}"].errors, message]
                good = False
        for field in self.lead_own.values():
            if field.kind in field_answers.SPANNED:
                good = own.check_span(self, own.IF, field) and good
        return good

    def own_conditions(self) -> list[tuple[str, list[Any]]]:
        """Return what of the form asks of the programme's own fields about leads, by their names.

        Of a number or a day it is where it begins and where it ends.
        """
        return [
            (own.called(field), [self[name] for name in own.names_of(own.IF, field)])
            for field in self.lead_own.values()
        ]

    @property
    def seen(self) -> int:
        """Return the version that was last seen, 0 where that is not said."""
        return _number(self.version.data)

    @property
    def begun_with(self) -> int:
        """Return the version whose lines were changed."""
        return begun_with({"lines_of": self.lines_of.data, "version": self.version.data})

    def draft(self, around: Mapping[str, Any] = MappingProxyType({})) -> RuleDraft:
        """Return what was typed; what is let go in need goes on as `around` has it.

        Steps name a criterion by its place: they follow it, and go with it.
        """
        lines = criteria_rules.numbered(
            Criterion.from_data(one) for one in around.get("criteria", ())
        )
        tops = [line for line, (_one, inside) in enumerate(lines) if not inside]
        now = self.places()
        return RuleDraft(
            name=self.name.data or "",
            conditions=self.conditions(),
            criteria=self.read_criteria(),
            hours=self.hours.data,
            most=self.most.data,
            group_id=int(self.group_id.data) if self.group_id.data else None,
            contest=Contest(
                self.contest.data,
                self.ring_size.data,
                self.ring_minutes.data,
                self.deciding_seconds.data,
            )
            if self.contest.data
            else None,
            known=self.known.data or Known.NOTHING,
            relaxing=[
                {**step, "clause": now[tops[step["clause"]]]}
                for step in around.get("relaxing", ())
                if step["clause"] < len(tops) and tops[step["clause"]] in now
            ],
        )

    def conditions(self) -> list[Condition]:
        """Return what was typed about the leads."""
        fixed = (self._condition(of) for of in FIXED_FIELDS)
        of_own = (self._own_condition(field) for field in self.lead_own.values())
        return [one for one in (*fixed, *of_own) if one is not None]

    def _condition(self, of: Field) -> Condition | None:
        typed = self[f"if_{of}"].data
        values = split_codes(typed) if of in TEXT_FIELDS else list(typed or ())
        if not values:
            return None
        return Condition.from_data({"field": of, "values": values})

    def _own_condition(self, field: CustomField) -> Condition | None:
        values = own.answers(self, own.IF, field)
        return Condition(Field.OWN, tuple(values), field.key) if values else None


for _field in FIXED_FIELDS:
    if _field in TEXT_FIELDS:
        _made: Any = StringField(
            "", [Optional(), Length(max=2000)], description=_l("Codes, as DE, AT or DE-NI, US-CA.")
        )
    else:
        _made = TicksField("", choices=[])
    setattr(RuleForm, f"if_{_field}", _made)


def begun_with(sent: Mapping[str, Any]) -> int:
    """Return the version of a rule that a form began with, 0 where it doesn't say."""
    return _number(sent.get("lines_of")) or _number(sent.get("version"))


def rule_form(around: Sequence[DistributionRule], *, fresh: bool = False) -> RuleForm:
    """Return the form of a rule that asks of the programme's own fields, too.

    `around` is what the rule says and said. What that names is asked of out of use, too: nobody
    drops it unseen.
    """
    conditions = [Condition.from_data(data) for rule in around for data in rule.conditions]
    keys = {one.key for one in conditions}
    lead_own = {
        one.key: one
        for one in book().fields.get(FieldSubject.LEAD, ())
        if one.kind in field_answers.ASKED and (one.active or one.key in keys)
    }
    asked: dict[str, Any] = {"lead_own": lead_own}
    for field in lead_own.values():
        named = [str(value) for one in conditions if one.key == field.key for value in one.values]
        asked |= own.inputs(own.IF, field, named)
    asked["named"] = {
        of: [value for one in conditions if one.field is of for value in one.values]
        for of in FIXED_FIELDS
    }
    criteria = [data for rule in around for data in rule.criteria]
    made: Any = with_criteria(type("RuleFormWithOwn", (RuleForm,), asked), criteria)
    form: RuleForm = made(formdata=None) if fresh else made()
    return form


class WhereForm(Form):
    """A lead and a firm as uses of deadline policies ask for them; `empty` says what "" means."""

    empty: ClassVar[Mapping[str, Any]] = {
        "type_key": _l("all types"),
        "temperature": _l("any temperature"),
        "group_id": _l("all partners"),
        "level_id": _l("any level"),
    }
    type_key = SelectField(_l("Leads of the type"))
    temperature = SelectField(_l("Temperature"))
    group_id = SelectField(_l("Partners of the group"))
    level_id = SelectField(_l("Partners of the level"))

    def offer_choices(self, around: Around, use: PolicyUse | None = None) -> None:
        """Fill the lists with what there is; what a line names stays, out of use or not."""
        types, level_id = dict(around.types), use.level_id if use else None
        if use and use.type_key and use.type_key not in types:
            types[use.type_key] = type_name(use.type_key, around)
        known: dict[str, Iterable[tuple[str, str]]] = {
            "type_key": types.items(),
            "temperature": [(str(one), value_name(Field.TEMPERATURE, one)) for one in Temperature],
            "group_id": [(str(group_id), name) for group_id, name in around.groups.items()],
            "level_id": book().choices("partner_level", str(get_locale()), [level_id]),
        }
        for name, choices in known.items():
            nothing = [("", str(self.empty[name]))] if name in self.empty else []
            self[name].choices = [*nothing, *choices]

    def number(self, name: str) -> int | None:
        """Return what was chosen of a list of ids."""
        return int(self[name].data) if self[name].data else None


class UseForm(WhereForm):
    """A line of which deadline policy is used where; `version` is the one that was looked at."""

    version = HiddenField()
    policy_key = SelectField(_l("Deadline policy"), [needed()])

    def offer_choices(self, around: Around, use: PolicyUse | None = None) -> None:
        """Fill the lists with what there is."""
        super().offer_choices(around, use)
        self.policy_key.choices = [(one.key, one.name) for one in around.in_use]

    def show(self, use: PolicyUse) -> None:
        """Fill the form with a line."""
        for name in USE_PARTS:
            value = getattr(use, name)
            self[name].data = "" if value is None else str(value)
        self.version.data = str(use.version)

    def read(self) -> UseDraft:
        """Return what was typed."""
        return UseDraft(
            policy_key=self.policy_key.data,
            type_key=self.type_key.data or None,
            temperature=self.temperature.data or None,
            group_id=self.number("group_id"),
            level_id=self.number("level_id"),
        )

    @property
    def seen(self) -> int:
        """Return the version that was looked at, 0 where that is not said."""
        return _number(self.version.data)


def _number(given: Any) -> int:
    said = str(given or "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0


class TryForm(WhereForm):
    """Which policy holds for such a lead with such a partner. It is asked, nothing is sent."""

    class Meta(WhereForm.Meta):
        csrf = False

    empty: ClassVar[Mapping[str, Any]] = {
        "temperature": _l("not rated"),
        "group_id": _l("none"),
        "level_id": _l("none"),
    }

    def offer_choices(self, around: Around, use: PolicyUse | None = None) -> None:
        """Fill the lists, and choose what nobody has chosen yet."""
        super().offer_choices(around, use)
        self.type_key.data = self.type_key.data or next(iter(around.types))
        for name in self.empty:
            self[name].data = self[name].data or ""

    def case(self) -> Case:
        """Return the lead and the firm that were chosen."""
        group_id = self.number("group_id")
        return Case(
            type_key=self.type_key.data,
            temperature=self.temperature.data or None,
            groups=frozenset() if group_id is None else frozenset({group_id}),
            level_id=self.number("level_id"),
        )

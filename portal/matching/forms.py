"""Forms of distribution rules and of which deadline policy is used where.

Every condition and every criterion of a rule is a plain field.
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
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length, NumberRange, Optional

from portal.accounts.tree import is_region
from portal.catalog import field_answers, fields
from portal.catalog.models import CustomField, FieldKind, FieldSubject
from portal.catalog.queries import book
from portal.deadlines.models import PolicyUse
from portal.deadlines.rules import Case
from portal.leads.contest import Contest
from portal.leads.contest_words import CONTESTS
from portal.leads.definition_words import called
from portal.leads.models import Temperature
from portal.leads.queries import get_definition
from portal.matching.criteria import (
    CATALOG_FIELDS,
    FIXED_FIELDS,
    Condition,
    Criterion,
    Field,
    Kind,
    Mode,
    Within,
)
from portal.matching.models import DistributionRule
from portal.matching.names import own_choices
from portal.matching.policy_uses import PARTS as USE_PARTS
from portal.matching.policy_uses import Around, UseDraft
from portal.matching.rulebook import RuleDraft
from portal.matching.words import describe_criterion, field_name, kind_name, value_name
from portal.partners.forms import split_codes
from portal.partners.queries import list_groups
from portal.web.forms import Form, TicksField, WholeField, needed

PLAIN = (
    Kind.REGION,
    Kind.RADIUS,
    Kind.BRAND,
    Kind.PRODUCT,
    Kind.SPECIALISATION,
    Kind.CERTIFICATION,
    Kind.INDUSTRY,
    Kind.SIZE_BAND,
    Kind.LEVEL,
    Kind.LANGUAGE,
    Kind.CAPACITY,
    Kind.PRESENT,
    Kind.OWN,
)
"""What the form asks of partners."""

TEXT_FIELDS = (Field.COUNTRY, Field.SUBDIVISION)
CHOICES = {
    Field.TEMPERATURE: ("hot", "warm", "cold"),
    Field.KIND: ("end_customer", "partner_recruit"),
}
OFF = "off"
IF = "if_"
"""What the name of a field begins with that asks of the lead."""


class RuleForm(Form):
    """`lead_own` and `partner_own` are the programme's own fields that it asks of, by key."""

    lead_own: Mapping[str, CustomField] = MappingProxyType({})
    partner_own: Mapping[str, CustomField] = MappingProxyType({})
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
    version = HiddenField()
    region_within = SelectField(_l("What counts as the region"), choices=[])
    radius_km = WholeField(_l("Distance in km"), [Optional(), NumberRange(0, 1_000_000)])
    specialisation_ids = TicksField(_l("One of these"), choices=[])
    certification_ids = TicksField(_l("One of these"), choices=[])
    level_id = SelectField(_l("At least"), [Optional()], choices=[])
    own_answers = TicksField(_l("One of these"), choices=[])
    lead = StringField(
        _l("Lead to try it with"),
        [Optional(), Length(max=40)],
        description=_l("Its number, as L-10001. Empty: the newest that is ready."),
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
        self.region_within.choices = [
            (str(within), describe_criterion(Criterion(Kind.REGION, within=within)))
            for within in Within
        ]
        self.specialisation_ids.choices = book().choices("specialisation", locale)
        self.certification_ids.choices = book().choices("certification", locale)
        self.level_id.choices = [("", "–"), *book().choices("partner_level", locale)]
        self.own_answers.choices = own_choices(locale)
        for kind in PLAIN:
            self[f"mode_{kind}"].label.text = _("How it counts")
            self[f"mode_{kind}"].choices = [
                (OFF, _("doesn't matter")),
                (str(Mode.REQUIRED), _("is a must")),
                (str(Mode.WEIGHTED), _("gives points")),
            ]
            self[f"weight_{kind}"].label.text = _("Points at most: %(name)s", name=kind_name(kind))
        for of in FIXED_FIELDS:
            self[f"if_{of}"].label.text = field_name(of)
            if of in CATALOG_FIELDS:
                self[f"if_{of}"].choices = book().choices(of, locale)
            elif of is Field.TYPE:
                self[f"if_{of}"].choices = [
                    (str(one.id), called(one.names)) for one in get_definition().types.values()
                ]
            elif of in CHOICES:
                self[f"if_{of}"].choices = [(v, value_name(of, v)) for v in CHOICES[of]]

    def show(self, rule: DistributionRule | None) -> None:
        """Fill the form with a rule, or with what a new one starts from."""
        self.hours.data = rule.hours if rule else None
        for kind in PLAIN:
            self[f"mode_{kind}"].data = OFF
            self[f"weight_{kind}"].data = 20
        self.radius_km.data = 80
        if rule is None:
            return
        self.name.data = rule.name
        self.most.data = rule.most
        self.group_id.data = str(rule.group_id or "")
        self.contest.data = rule.contest or ""
        self.ring_size.data, self.ring_minutes.data = rule.ring_size, rule.ring_minutes
        self.deciding_seconds.data = rule.deciding_seconds
        for criterion in (Criterion.from_data(data) for data in rule.criteria):
            self._show_criterion(criterion)
        for condition in (Condition.from_data(data) for data in rule.conditions):
            values = [str(value) for value in condition.values]
            shown = ", ".join(values) if condition.field in TEXT_FIELDS else values
            if condition.field is not Field.OWN:
                self[f"if_{condition.field}"].data = shown
            elif condition.key in self.lead_own:
                _show_answers(self, IF, self.lead_own[condition.key], values)

    def _show_criterion(self, criterion: Criterion) -> None:
        self[f"mode_{criterion.kind}"].data = str(criterion.mode)
        if not criterion.required:
            self[f"weight_{criterion.kind}"].data = round(criterion.weight)
        if criterion.kind is Kind.REGION:
            self.region_within.data = str(criterion.within)
        elif criterion.kind is Kind.RADIUS:
            self.radius_km.data = round(criterion.km)
        elif criterion.kind in (Kind.SPECIALISATION, Kind.CERTIFICATION):
            self[f"{criterion.kind}_ids"].data = [str(i) for i in criterion.ids]
        elif criterion.kind is Kind.LEVEL:
            self.level_id.data = str(criterion.level_id or "")
        elif criterion.kind is Kind.OWN:
            self.own_answers.data = list(criterion.own)
            found = (field_answers.find(self.partner_own, one) for one in criterion.own)
            for field, answer in found:
                if field is not None and field.kind in field_answers.SPANNED:
                    _show_answers(self, "", field, [answer])

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
        for begin, field in self._spanned():
            good = _check_span(self, begin, field) and good
        return good

    def _spanned(self) -> list[tuple[str, CustomField]]:
        return [
            (begin, field)
            for begin, fields in ((IF, self.lead_own), ("", self.partner_own))
            for field in fields.values()
            if field.kind in field_answers.SPANNED
        ]

    def own_conditions(self) -> list[tuple[str, list[Any]]]:
        """Return what of the form asks of the programme's own fields about leads, by their names.

        Of a number or a day it is where it begins and where it ends.
        """
        locale = str(get_locale())
        return [
            (field.label(locale), [self[name] for name in names_of(IF, field)])
            for field in self.lead_own.values()
        ]

    def own_spans(self) -> list[Any]:
        """Return those that ask of partners from where to where a number or a day may be."""
        return [
            self[name]
            for field in self.partner_own.values()
            if field.kind in field_answers.SPANNED
            for name in names_of("", field)
        ]

    def draft(self) -> RuleDraft:
        """Return what was typed."""
        return RuleDraft(
            name=self.name.data or "",
            conditions=[
                *(met for of in FIXED_FIELDS if (met := self._condition(of))),
                *(met for field in self.lead_own.values() if (met := self._own_condition(field))),
            ],
            criteria=[found for kind in PLAIN if (found := self._criterion(kind))],
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
        )

    def _condition(self, of: Field) -> Condition | None:
        typed = self[f"if_{of}"].data
        values = split_codes(typed) if of in TEXT_FIELDS else list(typed or ())
        if not values:
            return None
        return Condition.from_data({"field": of, "values": values})

    def _own_condition(self, field: CustomField) -> Condition | None:
        values = _answers(self, IF, field)
        return Condition(Field.OWN, tuple(values), field.key) if values else None

    def _own_answers(self) -> tuple[str, ...]:
        spans = [
            f"{field.key}={answer}"
            for field in self.partner_own.values()
            if field.kind in field_answers.SPANNED
            for answer in _answers(self, "", field)
        ]
        return (*(self.own_answers.data or ()), *spans)

    def _criterion(self, kind: Kind) -> Criterion | None:
        mode = self[f"mode_{kind}"].data
        if mode not in set(Mode):
            return None
        weighted = mode == Mode.WEIGHTED
        return Criterion(
            kind=kind,
            mode=Mode(mode),
            weight=float(self[f"weight_{kind}"].data or 0) if weighted else 0.0,
            within=Within(self.region_within.data or Within.TERRITORY),
            km=float(self.radius_km.data or 0),
            ids=tuple(int(i) for i in self[f"{kind}_ids"].data or ())
            if kind in (Kind.SPECIALISATION, Kind.CERTIFICATION)
            else (),
            level_id=int(self.level_id.data) if self.level_id.data else None,
            own=self._own_answers() if kind is Kind.OWN else (),
        )


for _kind in PLAIN:
    setattr(RuleForm, f"mode_{_kind}", SelectField("", [Optional()], choices=[], default=OFF))
    setattr(
        RuleForm,
        f"weight_{_kind}",
        WholeField("", [Optional()], render_kw={"min": 1, "max": 100, "inputmode": "numeric"}),
    )
for _field in FIXED_FIELDS:
    if _field in TEXT_FIELDS:
        _made: Any = StringField(
            "", [Optional(), Length(max=2000)], description=_l("Codes, as DE, AT or DE-NI, US-CA.")
        )
    else:
        _made = TicksField("", choices=[])
    setattr(RuleForm, f"if_{_field}", _made)


# -- the programme's own fields -----------------------------------------------------------------


def rule_form(rule: DistributionRule | None, *, fresh: bool = False) -> RuleForm:
    """Return the form of a rule that asks of the programme's own fields, too.

    One that is out of use is asked of where the rule names it: nobody drops it unseen.
    """
    named = {data.get("key") for data in rule.conditions} if rule else set()
    lead_own = {
        one.key: one
        for one in book().fields.get(FieldSubject.LEAD, ())
        if one.kind in field_answers.ASKED and (one.active or one.key in named)
    }
    partner_own = {
        one.key: one
        for one in book().fields_of(FieldSubject.PARTNER)
        if one.kind in field_answers.ASKED
    }
    asked = {"lead_own": lead_own, "partner_own": partner_own}
    for field in lead_own.values():
        asked |= _inputs(IF, field)
    for field in partner_own.values():
        if field.kind in field_answers.SPANNED:
            asked |= _inputs("", field)
    kind = type("RuleFormWithOwn", (RuleForm,), asked)
    form: RuleForm = kind(formdata=None) if fresh else kind()
    return form


def names_of(begin: str, field: CustomField) -> list[str]:
    """Return what the form's fields are called that ask for answers in an own one."""
    place = f"{begin}{fields.place_of(field.key)}"
    return [place] if field.kind in field_answers.CLOSED else [f"{place}-from", f"{place}-to"]


def _inputs(begin: str, field: CustomField) -> dict[str, Any]:
    locale, names = str(get_locale()), names_of(begin, field)
    label = field.label(locale)
    if field.kind in field_answers.CLOSED:
        # a rule of yesterday keeps choices that are out of use
        every = [choice["key"] for choice in field.choices]
        choices = fields.choices_of(field, locale, every) or field_answers.choices(field, locale)
        return {names[0]: TicksField(label, choices=[SelectChoice(*each) for each in choices])}
    shape = {"type": "date"} if field.kind == FieldKind.DAY else {"inputmode": "decimal"}
    ends = (_("%(what)s, from", what=label), _("%(what)s, to", what=label))
    return {
        name: StringField(words, [Optional()], render_kw={"autocomplete": "off", **shape})
        for name, words in zip(names, ends, strict=False)
    }


def _show_answers(form: RuleForm, begin: str, field: CustomField, answers: Sequence[str]) -> None:
    names = names_of(begin, field)
    if field.kind in field_answers.CLOSED:
        form[names[0]].data = list(answers)
    for answer in answers if field.kind in field_answers.SPANNED else ():
        for name, end in zip(names, field_answers.read_span(answer), strict=True):
            form[name].data = end


def _answers(form: RuleForm, begin: str, field: CustomField) -> list[str]:
    """Return what is asked for in an own field, as rules keep it."""
    names = names_of(begin, field)
    if field.kind in field_answers.CLOSED:
        return list(form[names[0]].data or ())
    ends = [_end(field, form[name].data) for name in names]
    answer = field_answers.write_span(*ends)
    return [answer] if answer else []


def _end(field: CustomField, typed: str | None) -> Any:
    try:
        return fields.read(field, typed or "")
    except fields.Unreadable:
        return None


def _check_span(form: RuleForm, begin: str, field: CustomField) -> bool:
    """Check that both ends can be read, and that it ends behind where it begins."""
    names, good = names_of(begin, field), True
    for name in names:
        try:
            fields.read(field, form[name].data or "")
        except fields.Unreadable as refusal:
            form[name].errors = [refusal.said]
            good = False
    (answer,) = _answers(form, begin, field) or [""]
    if good and answer and not field_answers.is_possible(field, answer):
        form[names[1]].errors = [_("It can’t end before it begins.")]
        good = False
    return good


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

    def offer_choices(self, around: Around) -> None:
        """Fill the lists with what there is."""
        known: dict[str, Iterable[tuple[str, str]]] = {
            "type_key": around.types.items(),
            "temperature": [(str(one), value_name(Field.TEMPERATURE, one)) for one in Temperature],
            "group_id": [(str(group_id), name) for group_id, name in around.groups.items()],
            "level_id": book().choices("partner_level", str(get_locale())),
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

    def offer_choices(self, around: Around) -> None:
        """Fill the lists with what there is."""
        super().offer_choices(around)
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
        given = str(self.version.data or "")
        return int(given) if given.isdecimal() and len(given) < 10 else 0


class TryForm(WhereForm):
    """Which policy holds for such a lead with such a partner. It is asked, nothing is sent."""

    class Meta(WhereForm.Meta):
        csrf = False

    empty: ClassVar[Mapping[str, Any]] = {
        "temperature": _l("not rated"),
        "group_id": _l("none"),
        "level_id": _l("none"),
    }

    def offer_choices(self, around: Around) -> None:
        """Fill the lists, and choose what nobody has chosen yet."""
        super().offer_choices(around)
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

"""The form of a distribution rule: every condition and every criterion is a plain field."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields import HiddenField
from wtforms.validators import Length, NumberRange, Optional

from portal.accounts.tree import is_region
from portal.catalog.queries import book
from portal.leads.definition_words import called
from portal.leads.queries import get_definition
from portal.matching.criteria import (
    CATALOG_FIELDS,
    Condition,
    Criterion,
    Field,
    Kind,
    Mode,
    Within,
)
from portal.matching.models import DistributionRule
from portal.matching.operations import ROUND_HOURS, RuleDraft
from portal.matching.words import (
    describe_criterion,
    field_name,
    kind_name,
    own_choices,
    value_name,
)
from portal.partners.forms import split_codes
from portal.partners.queries import list_groups
from portal.web.forms import Form, TicksField, WholeField, needed

TEXT_FIELDS = (Field.COUNTRY, Field.SUBDIVISION)
CHOICES = {
    Field.TEMPERATURE: ("hot", "warm", "cold"),
    Field.KIND: ("end_customer", "partner_recruit"),
}
OFF = "off"


class RuleForm(Form):
    name = StringField(_l("Name"), [needed(), Length(max=120)])
    active = BooleanField(_l("The rule is on"))
    hours = WholeField(_l("How many hours an offer lasts"), [needed()])
    most = WholeField(
        _l("Offer to no more than"),
        [Optional()],
        description=_l("The best so many partners. Empty: all who suit."),
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
        self.region_within.choices = [
            (str(within), describe_criterion(Criterion(Kind.REGION, within=within)))
            for within in Within
        ]
        self.specialisation_ids.choices = book().choices("specialisation", locale)
        self.certification_ids.choices = book().choices("certification", locale)
        self.level_id.choices = [("", "–"), *book().choices("partner_level", locale)]
        self.own_answers.choices = own_choices(locale)
        for kind in Kind:
            self[f"mode_{kind}"].label.text = _("How it counts")
            self[f"mode_{kind}"].choices = [
                (OFF, _("doesn't matter")),
                (str(Mode.REQUIRED), _("is a must")),
                (str(Mode.WEIGHTED), _("gives points")),
            ]
            self[f"weight_{kind}"].label.text = _("Points at most: %(name)s", name=kind_name(kind))
        for of in Field:
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
        self.active.data = rule.active if rule else True
        self.hours.data = rule.hours if rule else ROUND_HOURS
        self.version.data = str(rule.version) if rule else "0"
        for kind in Kind:
            self[f"mode_{kind}"].data = OFF
            self[f"weight_{kind}"].data = 20
        self.radius_km.data = 80
        if rule is None:
            return
        self.name.data = rule.name
        self.most.data = rule.most
        self.group_id.data = str(rule.group_id or "")
        for criterion in (Criterion.from_data(data) for data in rule.criteria):
            self._show_criterion(criterion)
        for condition in (Condition.from_data(data) for data in rule.conditions):
            values = [str(value) for value in condition.values]
            shown = ", ".join(values) if condition.field in TEXT_FIELDS else values
            self[f"if_{condition.field}"].data = shown

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
        return good

    def draft(self) -> RuleDraft:
        """Return what was typed."""
        return RuleDraft(
            name=self.name.data or "",
            conditions=[met for of in Field if (met := self._condition(of))],
            criteria=[found for kind in Kind if (found := self._criterion(kind))],
            hours=self.hours.data,
            most=self.most.data,
            group_id=int(self.group_id.data) if self.group_id.data else None,
            active=bool(self.active.data),
        )

    def _condition(self, of: Field) -> Condition | None:
        typed = self[f"if_{of}"].data
        values = split_codes(typed) if of in TEXT_FIELDS else list(typed or ())
        if not values:
            return None
        return Condition.from_data({"field": of, "values": values})

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
            own=tuple(self.own_answers.data or ()) if kind is Kind.OWN else (),
        )


for _kind in Kind:
    setattr(RuleForm, f"mode_{_kind}", SelectField("", [Optional()], choices=[], default=OFF))
    setattr(
        RuleForm,
        f"weight_{_kind}",
        WholeField("", [Optional()], render_kw={"min": 1, "max": 100, "inputmode": "numeric"}),
    )
for _field in Field:
    if _field in TEXT_FIELDS:
        _made: Any = StringField(
            "", [Optional(), Length(max=2000)], description=_l("Codes, as DE, AT or DE-NI, US-CA.")
        )
    else:
        _made = TicksField("", choices=[])
    setattr(RuleForm, f"if_{_field}", _made)

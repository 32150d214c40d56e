"""Forms of goals, territories, terms and referral partners."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional

from portal.catalog.queries import book
from portal.core.errors import Invalid
from portal.people.regions import read_regions
from portal.programme.models import Goal, GoalKind
from portal.programme.operations import LONGEST_NAME, MOST, GoalDraft
from portal.programme.words import GOALS
from portal.web.forms import DayField, Form, WholeField, needed

LINE = re.compile(r"(?P<region>.*?)[\s:=,;]+(?P<wanted>\d{1,6})")


class GoalForm(Form):
    kind = SelectField(_l("What is counted"), [needed()], choices=[])
    name = StringField(_l("Name"), [needed(), Length(max=LONGEST_NAME)])
    target = WholeField(_l("Target"), [needed()], largest=MOST)
    starts_on = DayField(_l("First day"), [needed()])
    ends_on = DayField(_l("Last day"), [needed()])
    product_id = SelectField(
        _l("Only of this product"),
        [Optional()],
        choices=[],
        description=_l("For goals about leads."),
    )
    codes = StringField(
        _l("Only in these regions"),
        [Optional(), Length(max=2000)],
        description=_l(
            "Countries or states, by name or code, with commas: Austria, Bavaria, US-CA. "
            "Empty: everywhere."
        ),
    )

    def offer(self, goal: Goal | None) -> None:
        """Fill the lists to choose from; the goal's own product stays, out of use or not."""
        self.kind.choices = [(str(kind), words) for kind, words in GOALS.items()]
        named = [goal.product_id] if goal else []
        products = book().choices("product", str(get_locale()), named)
        self.product_id.choices = [("", _("Any")), *products]

    def show(self, goal: Goal) -> None:
        """Fill the form with a goal."""
        for name in ("kind", "name", "target", "starts_on", "ends_on"):
            self[name].data = getattr(goal, name)
        self.product_id.data = str(goal.product_id or "")
        self.codes.data = ", ".join(goal.codes)

    def draft(self) -> GoalDraft:
        """Return what was typed. Raises `Invalid` for a name that several states have."""
        try:
            codes = read_regions(self.codes.data or "")
        except Invalid as error:
            raise Invalid({"codes": error.errors["territories"]}) from error
        return GoalDraft(
            kind=self.kind.data,
            name=(self.name.data or "").strip(),
            target=self.target.data,
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
            product_id=int(self.product_id.data) if self.product_id.data else None,
            codes=[code for code in codes if code],
        )


def goal_form(goal: Goal | None, *, sent: bool) -> GoalForm:
    """Return the form of a goal: as it was sent, or showing one."""
    form = GoalForm() if sent else GoalForm(formdata=None)
    form.offer(goal)
    if goal is not None and not sent:
        form.show(goal)
    elif not sent:
        form.kind.data = str(GoalKind.WON_VALUE)
    return form


class TerritoriesForm(Form):
    territories = TextAreaField(
        _l("Territories"),
        [Optional(), Length(max=20_000)],
        description=_l(
            "One line each: a country or state by name or code, then how many partners you want "
            "there. For example: Lower Saxony 5"
        ),
    )

    def wanted(self) -> dict[str, int]:
        """Return the territories with how many partners are wanted. Raises `Invalid`."""
        found: dict[str, int] = {}
        for line in (self.territories.data or "").splitlines():
            typed = line.strip()
            if not typed:
                continue
            parts = LINE.fullmatch(typed)
            regions = read_regions(parts["region"] if parts else typed)
            for code in regions:
                found[code] = int(parts["wanted"]) if parts else 0
        return found


class TermsForm(Form):
    text_en = TextAreaField(_l("Text in English"), [needed()])
    text_de = TextAreaField(_l("Text in German"), [needed()])
    binding_from = DayField(
        _l("Binding from"),
        [Optional()],
        description=_l(
            "From this day on, firms that haven’t agreed are offered no leads. Empty: nothing "
            "hangs on it."
        ),
    )

    def texts(self) -> dict[str, str]:
        """Return the text in each language."""
        return {"en": (self.text_en.data or "").strip(), "de": (self.text_de.data or "").strip()}

    def show(self, texts: dict[str, str]) -> None:
        """Fill the form with what the last version says."""
        self.text_en.data, self.text_de.data = texts.get("en", ""), texts.get("de", "")


class ReferralForm(Form):
    organisation_id = SelectField(_l("Partner"), [needed()], choices=[])
    only_refers = BooleanField(
        _l("Only refers: is offered no leads of others"),
    )

    def offer(self, firms: Any) -> None:
        """Fill the list of who can be signed up."""
        self.organisation_id.choices = [("", "–"), *((str(one.id), one.name) for one in firms)]

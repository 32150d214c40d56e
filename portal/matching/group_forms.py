"""Forms of groups of partners."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length, Optional

from portal.matching import group_rules
from portal.matching.criteria import Criterion, Kind, Mode
from portal.matching.criteria_form import CriteriaForm, with_criteria
from portal.matching.groups import Terms
from portal.matching.kinds import KINDS
from portal.partners.models import PartnerGroup
from portal.partners.queries import list_groups
from portal.web.forms import DayField, Form, TicksField, needed


class GroupForm(Form):
    name = StringField(_l("Name"), [needed(), Length(max=120)])
    note = StringField(_l("What for"), [Optional(), Length(max=400)])


class TermsForm(CriteriaForm):
    """By what partners come into a group."""

    modes = (Mode.REQUIRED, Mode.FORBIDDEN)
    of_leads = False

    group_ids = TicksField(_l("All partners of these groups"), [Optional()], choices=[])
    valid_from = DayField(_l("From"), [Optional()], description=_l("Empty: from now on."))
    valid_until = DayField(
        _l("Until"), [Optional()], description=_l("The last day; empty: for good.")
    )

    def offer(self, group: PartnerGroup) -> None:
        """Fill the list of groups that may be inside: those that this one isn't inside of."""
        groups = {one.id: one for one, _members in list_groups()}
        above = group_rules.around([group.id], {one.id: one.group_ids for one in groups.values()})
        self.offer_criteria()
        self.group_ids.choices = [
            (str(one.id), one.name) for one in groups.values() if one.id not in above
        ]

    def addable(self) -> dict[str, list[tuple[str, str]]]:
        """Return the kinds that say something of partners whatever the lead."""
        return {
            family: kept
            for family, kinds in super().addable().items()
            if (kept := [one for one in kinds if not KINDS[Kind(one[0])].always_of_lead])
        }

    def terms(self) -> Terms:
        """Return what was typed."""
        return Terms(
            criteria=self.read_criteria() or None,
            group_ids=[int(one) for one in self.group_ids.data or ()],
            valid_from=self.valid_from.data,
            valid_until=self.valid_until.data,
        )


def terms_form(group: PartnerGroup, *, fresh: bool = False) -> TermsForm:
    """Return the form of a group's terms; `fresh` shows what is kept."""
    kept: dict[str, Any] = {
        "group_ids": [str(one) for one in group.group_ids],
        "valid_from": group.valid_from,
        "valid_until": group.valid_until,
    }
    made = with_criteria(TermsForm, group.criteria or ())
    form: TermsForm = made(formdata=None, data=kept) if fresh else made()
    form.offer(group)
    if fresh:
        form.show_criteria(Criterion.from_data(one) for one in group.criteria or ())
    return form

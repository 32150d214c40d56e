"""Forms of deadline policies. What is possible at all is said by the operation."""

from __future__ import annotations

from dataclasses import replace

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField
from wtforms.validators import Length

from portal.deadlines.rules import LONGEST_NAME, NUMBERS, TERMS, Terms
from portal.deadlines.words import FIELD_WORDS
from portal.web.forms import Form, WholeField, needed


class PolicyForm(Form):
    """What a policy says; `version` is the one that was looked at."""

    version = HiddenField()
    name = StringField(
        FIELD_WORDS["name"],
        [needed(), Length(max=LONGEST_NAME)],
        description=_l("Partners don’t read it; lead types name the policy by it."),
    )
    feedback_days = WholeField(
        FIELD_WORDS["feedback_days"],
        [needed()],
        description=_l("Counted from the pickup, and from each answer."),
    )
    recruit_feedback_days = WholeField(FIELD_WORDS["recruit_feedback_days"], [needed()])
    amber_hours = WholeField(
        FIELD_WORDS["amber_hours"],
        [needed()],
        description=_l("Never earlier than in the last quarter of the time. 0: no reminder."),
    )
    overdue_hours = WholeField(FIELD_WORDS["overdue_hours"], [needed()])
    firm_red_days = WholeField(FIELD_WORDS["firm_red_days"], [needed()])
    offer_hours = WholeField(
        FIELD_WORDS["offer_hours"],
        [needed()],
        description=_l("Where the distribution rule doesn’t say otherwise."),
    )
    stand_by_hours = WholeField(FIELD_WORDS["stand_by_hours"], [needed()])
    draft_days = WholeField(FIELD_WORDS["draft_days"], [needed()])

    def show(self, terms: Terms, version: int) -> None:
        """Fill the form with what a policy says."""
        for name in self.said():
            self[name].data = getattr(terms, name)
        self.version.data = str(version)

    def read(self, before: Terms) -> Terms:
        """Return what was typed; what is not asked for stays as it was."""
        return replace(before, **{name: self[name].data for name in self.said()})

    def said(self) -> list[str]:
        """Return the parts of a policy that are asked for."""
        return [name for name in TERMS if name in self]

    @property
    def seen(self) -> int:
        """Return the version that was looked at, 0 where that is not said."""
        given = str(self.version.data or "")
        return int(given) if given.isdecimal() and len(given) < 10 else 0

    def validate(self, extra_validators: object = None) -> bool:
        """Check the numbers as well, each with what it may be."""
        good = bool(super().validate(extra_validators))
        for name in self.said():
            known = NUMBERS.get(name)
            if known is None:
                continue
            if self[name].data is not None and self[name].data not in known:
                self[name].errors = [
                    _(
                        "A number from %(least)d to %(most)d fits here.",
                        least=known[0],
                        most=known[-1],
                    )
                ]
                good = False
        return good

"""The form of an activity: what, when, who."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, TextAreaField, TimeField
from wtforms.validators import Optional

from portal.core.db import AnyRow
from portal.timeline.activities import Listed
from portal.timeline.rules import Entry, Kind, words_of
from portal.web.forms import DayField, Form, PlainField

MORNING = time(9)
"""The time of day where none is given."""


def read_id(typed: str | None) -> int | None:
    """Return the id that a choice stands for, None for none and 0 for what is no id."""
    if not typed:
        return None
    return int(typed) if typed.isdecimal() and len(typed) < 18 else 0


class ClockField(PlainField, TimeField):
    """A time of day; the browser sends it as 14:30."""

    unreadable = _l("Please give a time, as 14:30.")


class ActivityForm(Form):
    # what fits is for the operation to say
    kind = SelectField(_l("What"), choices=[], validate_choice=False)
    text = TextAreaField(_l("What it is about"))
    due_on = DayField(_l("Day"), [Optional()])
    due_time = ClockField(_l("Time of day"), [Optional()], default=MORNING)
    assignee = SelectField(_l("Who does it"), choices=[], validate_choice=False)
    shared = BooleanField()

    def offer(self, people: Iterable[AnyRow], kinds: Collection[str] = tuple(Kind)) -> ActivityForm:
        """Fill the choices: the kinds in the reader's words, and who may have it."""
        self.kind.choices = [(str(kind), words_of(kind)) for kind in kinds]
        self.assignee.choices = [(str(row.id), row.name) for row in people]
        return self

    @classmethod
    def blank(
        cls,
        people: Iterable[AnyRow],
        user_id: int,
        kinds: Collection[str] = tuple(Kind),
        **meta: Any,
    ) -> ActivityForm:
        """Return the form of a new activity, which its author has herself."""
        form = cls(formdata=None, **meta).offer(people, kinds)
        form.assignee.data = str(user_id)
        return form

    def entry(self, timezone: str) -> Entry:
        """Return what was typed; day and time are those of a zone."""
        due = None
        if self.due_on.data is not None:
            here = datetime.combine(
                self.due_on.data, self.due_time.data or MORNING, ZoneInfo(timezone)
            )
            due = here.astimezone(UTC)
        return Entry(
            kind=self.kind.data or "",
            text=self.text.data or "",
            due=due,
            assignee_id=read_id(self.assignee.data),
            shared=bool(self.shared.data),
        )

    def show(self, activity: Listed, timezone: str) -> None:
        """Fill the form with an activity as it stands."""
        self.kind.data, self.text.data = activity.kind, activity.text
        self.assignee.data = str(activity.assignee_id or "")
        if activity.planned_for is not None:
            here = activity.planned_for.astimezone(ZoneInfo(timezone))
            self.due_on.data, self.due_time.data = here.date(), here.time()

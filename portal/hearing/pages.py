"""What a person wishes to hear, as a page shows and takes it; signed in, or by the link of a mail.

Both pages have the same form, the same preview and the same answer to a press.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.accounts.permissions import (
    HAVE_SHEETS,
    HEAR_OF_FAIRNESS,
    READ_REPORTS,
    Permission,
)
from portal.core.db import session
from portal.core.errors import Invalid
from portal.hearing import operations
from portal.hearing.forms import HearingForm
from portal.hearing.models import Hears
from portal.hearing.preview import Preview, look_back
from portal.hearing.queries import find_kept, read_defaults, values_of, wishes_of


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows: the form, and what would have come last week; None: it can't be told.

    Who has not `chosen` finds what her roles begin with.
    """

    form: HearingForm
    preview: Preview | None
    tried: bool = False
    saved: bool = False
    chosen: bool = True


def show(actor: Actor, at: datetime, **meta: Any) -> Shown:
    """Show what holds for a person."""
    user, values = held(actor)
    form = HearingForm(actor, values, shown=True, **meta)
    preview = look_back(user, wishes_of(user, values), at, by_calendar(actor, values))
    chosen = find_kept(user.id) is not None or not user.hears_by_mail
    return Shown(form, preview, chosen=chosen)


def try_out(actor: Actor, at: datetime, **meta: Any) -> Shown:
    """Show what is typed, and what would have come last week under it; nothing is saved."""
    user, before = held(actor)
    form = HearingForm(actor, before, **meta)
    if not form.validate():
        return Shown(form, None, tried=True)
    values = form.values(before)
    errors = operations.check(values, before)
    if errors:
        form.take(Invalid(errors))
        return Shown(form, None, tried=True)
    wishes = replace(wishes_of(user, values), muted=False)
    return Shown(form, look_back(user, wishes, at, by_calendar(actor, values)), tried=True)


def take(actor: Actor, at: datetime, **meta: Any) -> Shown:
    """Save what is typed; where it can't be right, show it again."""
    _user, before = held(actor)
    form = HearingForm(actor, before, **meta)
    if form.validate():
        try:
            operations.choose(actor.id, at, **form.values(before))
        except Invalid as error:
            form.take(error)
        else:
            return Shown(form, None, saved=True)
    return Shown(form, None)


CALENDAR: Mapping[str, Collection[Permission]] = {
    "mondays": (Permission.BOARD_SEE,),
    "fairness": HEAR_OF_FAIRNESS,
    "report": READ_REPORTS,
    "sheet_weekday": HAVE_SHEETS,
}
"""Who may have which mail by the calendar."""


def by_calendar(actor: Actor, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return which mails by the calendar a person may have, as they are chosen."""
    return {name: values[name] for name, needed in CALENDAR.items() if any(map(actor.may, needed))}


def held(actor: Actor) -> tuple[User, dict[str, Any]]:
    """Return a person, and what holds for her; where nothing is written to her: never."""
    user = session().get_one(User, actor.id)
    values = values_of(user, find_kept(user.id), read_defaults())
    return user, values if user.hears_by_mail else {**values, "hears": str(Hears.NEVER)}

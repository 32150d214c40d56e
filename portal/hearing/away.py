"""When a person is away, beside what she wishes to hear: on the page, and by the link of a mail.

The link of a mail names no colleague, for mails are passed on: who stands in the portal asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.accounts.permissions import Permission
from portal.accounts.queries import list_colleagues
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.partners import operations as partners
from portal.partners import queries
from portal.partners.forms import OwnAbsenceForm
from portal.partners.models import Absence
from portal.partners.rules import day_at


@dataclass(frozen=True, slots=True)
class Away:
    """What is noted of a person's absences, and the form of a new one; `today` is the day there."""

    noted: Sequence[Absence]
    form: OwnAbsenceForm
    today: date


def may_note(actor: Actor) -> bool:
    """Say whether a person's absence is looked after here: she is one of a partner's."""
    return actor.is_partner and actor.may(Permission.OFFERS_SEE)


def show(actor: Actor, at: datetime, form: OwnAbsenceForm | None = None) -> Away | None:
    """Show what is noted, and a form with who may stand in; None where it is not looked after."""
    if not may_note(actor):
        return None
    user = session().get_one(User, actor.id)
    if form is None:
        form = OwnAbsenceForm(formdata=None)
        form.offer([(str(one.id), one.name) for one in list_colleagues(user)])
    noted = queries.list_absences_of(user.id, user.organisation_id, at)
    return Away(
        [absence for absence, _delegate in noted], form, day_at(user.organisation.timezone, at)
    )


def show_days(actor: Actor, at: datetime, *, sent: bool = False, **meta: Any) -> Away | None:
    """Show what is noted, and a form of days alone, empty or as it was `sent`."""
    form = OwnAbsenceForm(**meta) if sent else OwnAbsenceForm(formdata=None, **meta)
    del form.delegate_id
    del form.absence_note
    return show(actor, at, form)


def note(shown: Away, actor: Actor, at: datetime) -> bool:
    """Note the days that were sent; where they can't be right, the form says so.

    The same days twice are fine.
    """
    form = shown.form
    if not form.validate():
        return False
    days = (form.starts_on.data, form.ends_on.data)
    if any((one.starts_on, one.ends_on) == days for one in shown.noted):
        return True
    try:
        partners.add_absence(
            actor.organisation_id, *days, at, user_id=actor.id, by_user_id=actor.id
        )
    except Invalid as error:
        form.take(error)
        return False
    return True


def end(raw_id: str, actor: Actor, at: datetime) -> None:
    """End an absence of a person: she is back, or stays. Raises `NotFound`."""
    if not (raw_id.isdecimal() and len(raw_id) < 18):
        raise NotFound()
    found = queries.get_absence(int(raw_id), actor.organisation_id)
    if found.user_id != actor.id:
        raise NotFound()
    partners.end_absence(found, at)

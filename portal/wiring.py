"""The switchboard, data only: the rooms with pages, what reacts to which event, what runs when."""

from __future__ import annotations

from datetime import timedelta

from portal.accounts import routes as accounts
from portal.accounts.events import PasswordResetRequested
from portal.core.events import Event
from portal.desk import jobs as desk_jobs
from portal.notifications import jobs as _notifications  # noqa: F401 – registers its reactions
from portal.notifications import routes as notifications
from portal.offers.events import LeadOffered

ROOMS = (
    accounts.blueprint,
    notifications.blueprint,
    desk_jobs.blueprint,
)

REACTIONS: dict[type[Event], tuple[str, ...]] = {
    PasswordResetRequested: ("notifications.password_reset",),
    LeadOffered: ("notifications.lead_offered",),
}

SCHEDULE: tuple[tuple[str, timedelta], ...] = (
    ("core.dispatch", timedelta(seconds=10)),
    ("mail.drain", timedelta(seconds=30)),
)

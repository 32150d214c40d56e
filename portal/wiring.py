"""The switchboard, data only: the rooms with pages, what reacts to which event, what runs when."""

from __future__ import annotations

from datetime import timedelta

from portal.accounts import routes as accounts
from portal.core.events import Event

ROOMS = (accounts.blueprint,)

REACTIONS: dict[type[Event], tuple[str, ...]] = {}

SCHEDULE: tuple[tuple[str, timedelta], ...] = (("core.dispatch", timedelta(seconds=10)),)

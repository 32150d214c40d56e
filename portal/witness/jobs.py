"""Jobs of the customer as witness: a pickup plans its mails, a sweep writes them."""

from __future__ import annotations

from datetime import datetime

from portal.core.jobs import sweep
from portal.core.reactions import reaction
from portal.pickup.events import LeadPickedUp, LeadReassigned
from portal.witness import operations, queries


@reaction("witness.begin")
def begin(event: LeadPickedUp, at: datetime) -> None:
    operations.introduce(event.pickup_id, event.at)
    operations.ask(event.pickup_id, event.at)


@reaction("witness.introduce_next")
def introduce_next(event: LeadReassigned, at: datetime) -> None:
    operations.introduce(event.pickup_id, event.at)


@sweep("witness.write", queries.list_due, queue="mail")
def write(letter_id: int, at: datetime) -> None:
    operations.write(letter_id, at)

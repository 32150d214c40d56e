"""Customers in the demo who were told who calls, and asked whether anybody did."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.core.db import session
from portal.deadlines import operations as policies
from portal.deadlines.queries import list_policies
from portal.deadlines.rules import terms_of
from portal.demo.stage import Stage
from portal.pickup.models import Pickup
from portal.witness import operations, queries
from portal.witness.models import CustomerLetter, Outcome, Said, Way

SINCE = timedelta(days=21)
ANSWERS = ((Said.NO, Way.PAGE), (Said.YES, Way.MAIL), (Said.YES, Way.PAGE))


def begin(stage: Stage, at: datetime) -> None:
    """Have the customers of all leads that are picked up from now on told and asked."""
    for one in list_policies():
        if one.in_use and one.response_hours:
            terms = replace(terms_of(one), customer_told=True, customer_asked=True)
            policies.save(one.key, terms, None, stage.manager.id, at)


def write_due(at: datetime) -> None:
    """Write the mails to customers that are due."""
    for letter_id in queries.list_due(at):
        operations.write(letter_id, at)


def answer(at: datetime) -> None:
    """Let some of those who were asked last answer, of leads that are still in hand."""
    asked = (
        select(CustomerLetter)
        .join(Pickup, Pickup.id == CustomerLetter.pickup_id)
        .where(
            CustomerLetter.kind == "asked",
            CustomerLetter.outcome == Outcome.SENT,
            Pickup.ended_at.is_(None),
        )
        .order_by(CustomerLetter.settled_at.desc(), CustomerLetter.id)
    )
    answers = zip(session().scalars(asked).all(), ANSWERS, strict=False)
    for letter, (said, way) in answers:
        operations.answer(letter.id, said, way, at)

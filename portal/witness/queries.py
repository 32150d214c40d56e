"""Reads of what customers were told and asked, and of what they said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from portal.accounts.models import User
from portal.core.db import session
from portal.core.mail.replies import hash_token
from portal.deadlines.models import Clock, ClockKind
from portal.leads.models import Lead
from portal.pickup.models import Pickup
from portal.witness.models import CustomerLetter, CustomerWord, LetterKind, Outcome
from portal.witness.rules import LASTS, TOLD_LATELY, Asked, may_change

AT_ONCE = 500


def list_due(at: datetime) -> Sequence[int]:
    """Return the mails to customers that are due."""
    return (
        session()
        .scalars(
            select(CustomerLetter.id)
            .where(CustomerLetter.settled_at.is_(None), CustomerLetter.due_at <= at)
            .order_by(CustomerLetter.due_at, CustomerLetter.id)
            .limit(AT_ONCE)
        )
        .all()
    )


def find_letter(token: str, at: datetime) -> CustomerLetter | None:
    """Return the mail in which a secret stood; None where it is unknown or too old."""
    return session().scalar(
        select(CustomerLetter).where(
            CustomerLetter.secret_hash == hash_token(token),
            CustomerLetter.settled_at > at - LASTS,
        )
    )


def find_held(lead_id: int) -> Pickup | None:
    """Return the pickup of whoever holds a lead now."""
    return session().scalar(
        select(Pickup).where(Pickup.lead_id == lead_id, Pickup.ended_at.is_(None))
    )


def find_word(pickup_id: int) -> CustomerWord | None:
    """Return what the customer of a lead in hand said last."""
    return session().get(CustomerWord, pickup_id, populate_existing=True)


def find_response(pickup_id: int) -> Clock | None:
    """Return the clock of first contact of a lead in hand, whether or not it still runs."""
    return session().scalar(
        select(Clock)
        .where(Clock.pickup_id == pickup_id, Clock.kind == ClockKind.RESPONSE)
        .order_by(Clock.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def was_told(lead_id: int, at: datetime, user_id: int | None = None) -> bool:
    """Say whether the customer of a lead was told who calls; of one person: lately."""
    query = (
        select(CustomerLetter.id)
        .join(Pickup, Pickup.id == CustomerLetter.pickup_id)
        .where(
            Pickup.lead_id == lead_id,
            CustomerLetter.kind == LetterKind.TOLD,
            CustomerLetter.outcome == Outcome.SENT,
        )
    )
    if user_id is not None:
        query = query.where(
            CustomerLetter.user_id == user_id, CustomerLetter.settled_at > at - TOLD_LATELY
        )
    return session().scalar(query.limit(1)) is not None


def view(letter: CustomerLetter, at: datetime) -> Asked:
    """Return what the customer finds behind the link of a mail, as things stand now."""
    pickup = session().get_one(Pickup, letter.pickup_id, populate_existing=True)
    lead = session().get_one(Lead, pickup.lead_id, populate_existing=True)
    word = find_word(pickup.id)
    caller = session().get_one(User, letter.user_id)
    question, over = letter.kind == LetterKind.ASKED, pickup.ended_at is not None
    return Asked(
        letter_id=letter.id,
        person=caller.name,
        firm=caller.organisation.name,
        phone=caller.phone,
        call_by=letter.call_by,
        question=question,
        said=word.said if word else None,
        may_say=question and not over and (word is None or may_change(word.first_at, at)),
        declined=lead.suppressed,
        over=over,
    )

"""What a mailbox answers by itself while its owner is away: a line about the lead, nothing else.

Only where our mail about the lead went to whom it answers for. Not a word of it is kept.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from portal.accounts.models import User
from portal.core.db import session
from portal.core.events import EventRow, record
from portal.inbound import automatic, replies
from portal.inbound.deciding import By, who
from portal.inbound.events import AwayAnswered
from portal.inbound.models import InboundMessage
from portal.inbound.parsing import Mail

APART = timedelta(days=1)


def note(message: InboundMessage, mail: Mail, at: datetime) -> None:
    """Record that a person's mailbox answered by itself about a lead, once a day."""
    if not automatic.is_away(mail.headers, mail.subject):
        return
    token = next(iter(replies.find_tokens(message, mail)), None)
    person = session().get(User, token.user_id) if token else None
    if token is None or token.lead_id is None or person is None:
        return
    if who(mail.sender, person.email) == By.OTHER:
        return
    told = select(EventRow.id).where(
        EventRow.lead_id == token.lead_id,
        EventRow.name == AwayAnswered.__name__,
        EventRow.data["user_id"].as_integer() == person.id,
        EventRow.at > at - APART,
    )
    if session().scalar(told.limit(1)) is None:
        record(AwayAnswered(at=at, lead_id=token.lead_id, user_id=person.id))

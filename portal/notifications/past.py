"""Mails that waited, held back or tried again, until they were for nobody any more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, or_, select

from portal.accounts.models import Organisation, User
from portal.core.db import session
from portal.core.mail.outbox import looked_over_by
from portal.leads.models import Lead

WITH_CONTACT = "yours_now"


@looked_over_by
def find_past(mails: Sequence[Row[Any]]) -> Collection[int]:
    """Return those for people without access, and whom to call for who holds the lead no more."""
    people = {mail.user_id for mail in mails if mail.user_id is not None}
    left = set(
        session().scalars(
            select(User.id)
            .join(Organisation, Organisation.id == User.organisation_id)
            .where(User.id.in_(people), or_(~User.active, ~Organisation.active))
        )
    )
    told = [mail for mail in mails if mail.kind == WITH_CONTACT]
    query = select(Lead.id, Lead.holder_id).where(Lead.id.in_({mail.lead_id for mail in told}))
    holders = {row.id: row.holder_id for row in session().execute(query)} if told else {}
    gone = {mail.id for mail in told if holders.get(mail.lead_id) != mail.user_id}
    return gone | {mail.id for mail in mails if mail.user_id in left}

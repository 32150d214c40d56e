"""Which lost leads go into nurture by themselves: by the reason for which they were lost.

What a partner or the vendor reports as lost stays lost, with its holder and its figures; whoever
might be ready later hears from the vendor meanwhile, and when the time is over the lead is to be
qualified anew. Nobody who asked not to be approached is written to, or brought back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import delete, select, text

from portal.accounts.actor import Actor
from portal.catalog.models import Reason
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Conflict, Invalid
from portal.core.events import record
from portal.leads.models import Lead
from portal.leads.revival import is_left_alone
from portal.qualification import nurture
from portal.qualification.events import LeadNurtured, NurtureRulesChanged
from portal.qualification.models import Nurture, NurtureRule

MONTH = timedelta(days=365) / 12
MONTHS = range(1, 37)
TAKEN_BACK = "taken_back"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What becomes of leads lost for a reason: kept warm so many months, with mails or without."""

    months: int
    mails: bool


def list_rules() -> Sequence[tuple[Reason, NurtureRule | None]]:
    """Return the reasons for which leads are lost, each with its rule; None where it has none."""
    rules = {rule.reason_id: rule for rule in session().scalars(select(NurtureRule))}
    return [(reason, rules.get(reason.id)) for reason in book().reasons("lost")]


def mark() -> str:
    """Return a sign of the rules as they are, which changes as soon as one does."""
    rows = [
        (rule.reason_id, rule.months, rule.mails)
        for rule in session().scalars(select(NurtureRule).order_by(NurtureRule.reason_id))
    ]
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


def save_rules(chosen: Mapping[int, Chosen], seen: str, actor: Actor, at: datetime) -> None:
    """Set which lost leads go into nurture; what is there already goes on as it was begun.

    `seen` is the sign of the rules as they were shown. Raises `Invalid` by `months-<reason>`,
    and `Conflict`.
    """
    known = {reason.id for reason in book().reasons("lost")}
    errors = {
        f"months-{reason}": str(_("Please give 1 to %(most)d months.", most=MONTHS[-1]))
        for reason, one in chosen.items()
        if one.months not in MONTHS
    }
    if errors:
        raise Invalid(errors)
    # whoever saves them at the same moment waits here
    session().execute(text("LOCK TABLE nurture_rules IN SHARE ROW EXCLUSIVE MODE"))
    if seen != mark():
        words = _("Somebody else has changed this in the meantime. Please look at it again.")
        raise Conflict(words)
    session().execute(delete(NurtureRule))
    session().add_all(
        NurtureRule(reason_id=reason, months=one.months, mails=one.mails)
        for reason, one in sorted(chosen.items())
        if reason in known
    )
    session().flush()
    record(NurtureRulesChanged(at=at, user_id=actor.id, reasons=sorted(chosen)))


def begin_by_rule(lead: Lead, reason_id: int, at: datetime) -> Nurture | None:
    """Keep a locked lead warm that was lost for a reason; None where no rule says so."""
    rule = session().get(NurtureRule, reason_id)
    if rule is None or is_left_alone(lead):
        return None
    row = nurture.keep(lead.id, at + rule.months * MONTH, None, at, mails=rule.mails)
    row.reason_id = reason_id
    session().flush()
    record(
        LeadNurtured(
            at=at,
            lead_id=lead.id,
            user_id=None,
            until=row.until.isoformat(),
            archived=False,
            reason_id=reason_id,
        )
    )
    return row


def withdraw(lead: Lead, at: datetime) -> None:
    """End the nurture that a lead got as it was lost: it is not lost after all."""
    row = session().get(Nurture, lead.id, with_for_update=True, populate_existing=True)
    if row is not None and row.ended_at is None and row.reason_id is not None:
        nurture.close(lead, row, TAKEN_BACK, None, at)

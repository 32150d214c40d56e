"""What the mails about feedback sheets are shown of to who writes their words."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.accounts.queries import find_actor_of
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.mail.rendering import speaking
from portal.leads.models import Lead
from portal.leads.queries import visible_to
from portal.pickup.models import Pickup
from portal.sheets import reading, words
from portal.sheets.mails import context_of_problem, context_of_report, context_of_weekly
from portal.sheets.models import SheetReturn
from portal.sheets.reports import Report, report_of
from portal.wording.samples import Sample, shows

LOOKED_AT = 20
"""So many of the newest sheets are looked at for one whose leads the reader may see."""
NO_SHEET, ITS_NAME = b"1;2\n3;4\n", "feedback.csv"


@shows("weekly_sheet")
def of_holder(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the mail to who holds the newest lead in hand; its file is not made."""
    newest = (
        select(User)
        .join(Pickup, Pickup.user_id == User.id)
        .join(Lead, Lead.id == Pickup.lead_id)
        .where(visible_to(actor), Pickup.ended_at.is_(None), User.active)
    )
    user = session().scalar(newest.order_by(Pickup.id.desc()).limit(1))
    holder = find_actor_of(user.id, at) if user else None
    context = context_of_weekly(user, holder, at) if user and holder else None
    return Sample(context, user.name, user.timezone) if user and context else None


@shows("sheet_report")
def come_back(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the newest sheet that somebody gave back."""
    newest = (
        select(SheetReturn, User)
        .join(User, User.id == SheetReturn.user_id)
        .where(User.active)
        .order_by(SheetReturn.id.desc())
        .limit(LOOKED_AT)
    )
    for returned, user in session().execute(newest):
        report = report_of(returned)
        if sees_all(actor, report):
            with speaking(user.locale, user.timezone):
                context = context_of_report(report, user, at)
            return Sample(context, user.name, user.timezone)
    return None


def sees_all(actor: Actor, report: Report) -> bool:
    """Say whether somebody may see each lead that a report names."""
    named = {row.lead_id for row in report.rows if row.lead_id is not None}
    seen = select(Lead.id).where(Lead.id.in_(named), visible_to(actor))
    return set(session().scalars(seen)) == named


@shows("sheet_problem")
def no_sheet(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show it as if the reader had sent a file that is no sheet: of such files nothing is kept."""
    user = session().get_one(User, actor.id)
    with speaking(user.locale, user.timezone):
        try:
            reading.read(NO_SHEET)
        except Invalid as refusal:
            problem = words.unread(ITS_NAME, refusal.message)
            return Sample(context_of_problem(problem, user, at), user.name, user.timezone)
    return None

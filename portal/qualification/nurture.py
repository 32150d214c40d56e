"""Keep a lead warm until a day: who is not ready yet gets mails, and comes back by itself.

Leads to be qualified go into nurture; what ended without success and lies in the archive gets the
mails where it is. Whoever asked not to be approached gets none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import func, select

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, NotFound, Refused
from portal.core.events import record
from portal.leads import archive, beginning, revival
from portal.leads.models import OFFERABLE, TO_QUALIFY, Lead, LeadState
from portal.leads.operations import lock_to_edit, queue_again
from portal.leads.queries import lock_visible
from portal.qualification import desk, letters
from portal.qualification.events import (
    CustomerLeft,
    LeadNurtured,
    NurtureEnded,
    NurtureMailsChanged,
    NurtureMailSent,
)
from portal.qualification.models import Nurture, NurtureMail

LONGEST = timedelta(days=3 * 366)
MORNING = time(9)
MOST_MAILS = 30
LONGEST_SUBJECT, LONGEST_TEXT = 160, 8000
DAYS = range(1, 1001)
AT_A_TIME = 500
UNPICKED = timedelta(days=90)
"""So long a lead is kept warm that no firm wanted, before somebody asks again."""
LATE = timedelta(days=2)
"""A mail that could not go for so long is left out: nobody gets several at once."""


def find_nurture(lead_id: int) -> Nurture | None:
    """Return the nurture of a lead that goes on."""
    found = session().get(Nurture, lead_id)
    return found if found is not None and found.ended_at is None else None


def begin(lead_id: int, until: date, actor: Actor, at: datetime) -> Nurture:
    """Keep a lead warm until a day, with mails; one that is lost or in the archive stays there.

    Raises `Invalid` at `until`, `Refused`, `Locked`, `NotFound`, `rules.NotEditable`.
    """
    found = find_nurture(lead_id)
    reason_id = found.reason_id if found is not None else None
    archived = archive.find_archived(lead_id) is not None or reason_id is not None
    if archived:
        lead = lock_visible(lead_id, actor)
        archive.check_dead(lead, actor)
    else:
        desk.lock(lead_id, actor, at)
        lead = lock_to_edit(lead_id, actor)
        if lead.state not in (*TO_QUALIFY, *OFFERABLE, LeadState.NURTURE):
            raise Refused(_("That is not possible with %(number)s now.", number=lead.number))
    if lead.suppressed:
        words = _("The contact of %(number)s asked not to be approached.", number=lead.number)
        raise Refused(words)
    moment = datetime.combine(until, MORNING, ZoneInfo(actor.timezone))
    if not at < moment <= at + LONGEST:
        raise Invalid({"until": str(_("Please choose a day ahead, within three years."))})
    row = keep(lead_id, moment, actor.id, at)
    row.reason_id = reason_id
    if not archived and lead.state != LeadState.NURTURE:
        beginning.drop(lead, actor.id, at)
        _put_into(lead, at)
    session().flush()
    if not archived:
        desk.release(lead_id, actor)
    record(
        LeadNurtured(
            at=at,
            lead_id=lead_id,
            user_id=actor.id,
            until=moment.isoformat(),
            archived=archived,
        )
    )
    return row


def begin_unpicked(lead: Lead, at: datetime) -> Nurture:
    """Keep a locked lead warm that no firm wanted; nobody has it in hand."""
    until = at + UNPICKED
    row = keep(lead.id, until, None, at)
    _put_into(lead, at)
    session().flush()
    record(
        LeadNurtured(at=at, lead_id=lead.id, user_id=None, until=until.isoformat(), archived=False)
    )
    return row


def keep(
    lead_id: int, until: datetime, by_id: int | None, at: datetime, *, mails: bool = True
) -> Nurture:
    """Write until when a lead is kept warm, and when its next mail goes."""
    row = session().get(Nurture, lead_id, with_for_update=True)
    if row is None:
        row = Nurture(lead_id=lead_id)
        session().add(row)
    if row.since is None or row.ended_at is not None:
        row.since, row.sent, row.sent_days = at, 0, -1
    row.until, row.by_id, row.ended_at = until, by_id, None
    row.reason_id, row.mails = None, mails
    row.next_at = next_at(row)
    return row


def _put_into(lead: Lead, at: datetime) -> None:
    lead.state, lead.state_since, lead.qualified_at = LeadState.NURTURE, at, None
    lead.open_custom = None
    lead.version += 1


def _next_mail(row: Nurture) -> NurtureMail | None:
    return session().scalar(
        select(NurtureMail)
        .where(NurtureMail.active, NurtureMail.days > row.sent_days)
        .order_by(NurtureMail.days, NurtureMail.id)
        .limit(1)
    )


def next_at(row: Nurture) -> datetime | None:
    """Return when the next mail is due; None where none is before it ends."""
    mail = _next_mail(row)
    if mail is None or not row.mails:
        return None
    due = row.since + timedelta(days=mail.days)
    return due if due < row.until else None


def end(lead_id: int, actor: Actor, at: datetime) -> None:
    """End nurture by hand: the lead waits to be qualified again. Raises `NotFound`."""
    lead = lock_visible(lead_id, actor)
    row = find_nurture(lead_id)
    if row is None:
        raise NotFound()
    close(lead, row, "person", actor.id, at)


def close(lead: Lead, row: Nurture, why: str, user_id: int | None, at: datetime) -> None:
    """End a nurture of a locked lead; one that waited only for that waits to be qualified."""
    row.ended_at, row.next_at = at, None
    session().flush()
    if lead.state == LeadState.NURTURE and not lead.suppressed:
        queue_again(lead.id, at)
    record(NurtureEnded(at=at, lead_id=lead.id, user_id=user_id, why=why))


# -- by itself ------------------------------------------------------------------------------------


def due(at: datetime) -> Sequence[int]:
    """Return leads whose nurture is over, or to whose contact a mail is due."""
    over = select(Nurture.lead_id).where(Nurture.ended_at.is_(None), Nurture.until <= at)
    waits = select(Nurture.lead_id).where(Nurture.ended_at.is_(None), Nurture.next_at <= at)
    return (
        session()
        .scalars(over.limit(AT_A_TIME).union(waits.limit(AT_A_TIME)).order_by("lead_id"))
        .all()
    )


def attend(lead_id: int, at: datetime) -> None:
    """End the nurture of a lead, or write the mail that is due. Twice is once."""
    lead = session().scalar(
        select(Lead)
        .where(Lead.id == lead_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    row = session().get(Nurture, lead_id, with_for_update=True, populate_existing=True)
    if lead is None or row is None or row.ended_at is not None:
        return
    if lead.suppressed:
        close(lead, row, letters.UNSUBSCRIBED, None, at)
    elif lead.state != LeadState.NURTURE and not stays(lead, row):
        # somebody has it in hand by now
        close(lead, row, "in_hand", None, at)
    elif row.until <= at:
        close(lead, row, "until", None, at)
        if is_by_rule(lead, row) and not revival.is_left_alone(lead):
            revival.revive(lead, None, at)
    elif row.next_at is not None and row.next_at <= at:
        _write_next(lead, row, at)


def stays(lead: Lead, row: Nurture) -> bool:
    """Say whether a lead is kept warm where it is: in the archive, or lost for a reason."""
    return archive.find_archived(lead.id) is not None or is_by_rule(lead, row)


def is_by_rule(lead: Lead, row: Nurture) -> bool:
    """Say whether a lead is kept warm because of the reason for which it was lost, and is lost."""
    return row.reason_id is not None and archive.is_dead(lead)


def _write_next(lead: Lead, row: Nurture, at: datetime) -> None:
    mail = _next_mail(row)
    if mail is None:
        row.next_at = None
        session().flush()
        return
    due_at = row.since + timedelta(days=mail.days)
    if due_at > at:
        row.next_at = next_at(row)
        session().flush()
        return
    contact = letters.find_addressee(lead) if at - due_at <= LATE else None
    row.sent_days = mail.days
    if contact is not None:
        key = f"nurture:{lead.id}:{row.since:%Y%m%d%H%M%S}:{mail.id}"
        letters.write(lead, contact, mail.subjects, mail.texts, at, key)
        row.sent += 1
        record(NurtureMailSent(at=at, lead_id=lead.id, mail_id=mail.id))
    row.next_at = next_at(row)
    session().flush()


def leave(lead_id: int, at: datetime) -> bool:
    """Write to the contact of a lead no more, ever; say whether there is such a lead.

    Whoever holds it hears of it.
    """
    lead = session().get(Lead, lead_id, with_for_update={"key_share": True})
    if lead is None:
        return False
    was_left = lead.suppressed
    letters.leave(lead, at)
    if lead.holder_id is not None and lead.suppressed and not was_left:
        record(CustomerLeft(at=at, lead_id=lead.id))
    row = session().get(Nurture, lead_id, with_for_update=True)
    if row is not None and row.ended_at is None:
        close(lead, row, letters.UNSUBSCRIBED, None, at)
    return True


# -- the mails ----------------------------------------------------------------------------------


def list_mails() -> Sequence[NurtureMail]:
    """Return the mails in the order in which they go."""
    return session().scalars(select(NurtureMail).order_by(NurtureMail.days, NurtureMail.id)).all()


def get_mail(mail_id: int) -> NurtureMail:
    """Return a mail or raise `NotFound`."""
    found = session().get(NurtureMail, mail_id)
    if found is None:
        raise NotFound()
    return found


def save_mail(
    given: NurtureMail, mail_id: int | None, version: int, actor: Actor, at: datetime
) -> NurtureMail:
    """Add a mail, or change one; what has gone out stays gone.

    Raises `Invalid` by field, `NotFound`, `Conflict`.
    """
    errors: dict[str, str] = {}
    if given.days not in DAYS:
        errors["days"] = str(_("Please give 1 to %(most)d days.", most=DAYS[-1]))
    for name, texts, most in (
        ("subject", given.subjects, LONGEST_SUBJECT),
        ("text", given.texts, LONGEST_TEXT),
    ):
        if not texts.get("en"):
            errors[f"{name}_en"] = str(_("Please fill this in."))
        for language, words in texts.items():
            if len(words) > most:
                errors[f"{name}_{language}"] = str(
                    _("Please keep it under %(most)d characters.", most=most)
                )
    count = session().scalar(select(func.count()).select_from(NurtureMail)) or 0
    if mail_id is None and count >= MOST_MAILS:
        errors["days"] = str(_("At most %(most)d fit here.", most=MOST_MAILS))
    if errors:
        raise Invalid(errors)
    if mail_id is None:
        session().add(given)
        kept, change = given, "added"
    else:
        kept, change = get_mail(mail_id), "changed"
        if kept.version != version:
            raise Conflict(
                _("Somebody else has changed this in the meantime. Please look at it again.")
            )
        kept.days, kept.active = given.days, given.active
        kept.subjects, kept.texts = given.subjects, given.texts
        kept.version += 1
    session().flush()
    plan_again()
    record(NurtureMailsChanged(at=at, user_id=actor.id, mail_id=kept.id, change=change))
    return kept


def remove_mail(mail_id: int, actor: Actor, at: datetime) -> None:
    """Remove a mail; who would have got it next gets the one after. Raises `NotFound`."""
    session().delete(get_mail(mail_id))
    session().flush()
    plan_again()
    record(NurtureMailsChanged(at=at, user_id=actor.id, mail_id=mail_id, change="removed"))


def plan_again() -> None:
    """Have whoever waited for nothing more wait for a mail that was added, and the other way."""
    for row in session().scalars(
        select(Nurture).where(Nurture.ended_at.is_(None)).order_by(Nurture.lead_id)
    ):
        row.next_at = next_at(row)
    session().flush()

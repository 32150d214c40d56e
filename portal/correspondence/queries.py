"""Reads of the correspondence: who has one, and what was sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, or_, select

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.mail.models import MailReturn, OutgoingEmail
from portal.core.mail.standing import GROUNDLESS, Kind
from portal.correspondence.addresses import address_of
from portal.correspondence.models import Letter
from portal.leads.contacts import may_see_contact
from portal.leads.models import Lead
from portal.leads.notes import may_write
from portal.leads.sight import Sight

LOOKED_AFTER = timedelta(days=30)
"""So long after a letter it is noticed that it came back."""


@dataclass(frozen=True, slots=True)
class Panel:
    """The view model of `templates/correspondence/_of_lead.html`; `writes`: to the customer."""

    address: str
    writes: bool
    last: Letter | None


def may_correspond(lead: Lead, actor: Actor, known: Sight | None = None) -> bool:
    """Say whether a person may write to whom a lead is about: who sees him, and works on it."""
    return (
        not actor.is_looked_as
        and may_see_contact(lead, actor, known)
        and may_write(lead, actor, known)
    )


def panel_of(lead: Lead, actor: Actor, known: Sight | None = None) -> Panel | None:
    """Return what the dossier shows of the correspondence; None for who does not work on a lead.

    Who sees nothing of whom to call has the address all the same, for what she sends in cc.
    """
    works = may_write(lead, actor, known) and not actor.is_looked_as
    address = address_of(lead, actor) if works else None
    if address is None:
        return None
    query = select(Letter).where(
        Letter.lead_id == lead.id, Letter.organisation_id == actor.organisation_id
    )
    return Panel(
        address,
        may_correspond(lead, actor, known),
        session().scalar(query.order_by(Letter.id.desc()).limit(1)),
    )


def count_letters(lead_id: int, author_id: int, since: datetime) -> tuple[int, int]:
    """Return how many letters went out since a moment about a lead, and of a person."""
    row = (
        session()
        .execute(
            select(
                func.count().filter(Letter.lead_id == lead_id),
                func.count().filter(Letter.author_id == author_id),
            ).where(
                Letter.at > since, or_(Letter.lead_id == lead_id, Letter.author_id == author_id)
            )
        )
        .one()
    )
    return row[0], row[1]


def find_by_mark(once: str) -> Letter | None:
    """Return the letter that was sent by a form, if it was."""
    return session().scalar(select(Letter).where(Letter.once == once))


def list_letters(lead_id: int, most: int) -> Sequence[Letter]:
    """Return the last letters about a lead, the newest first."""
    query = select(Letter).where(Letter.lead_id == lead_id)
    return session().scalars(query.order_by(Letter.id.desc()).limit(most)).all()


def list_of_mails(mail_ids: Collection[int]) -> Sequence[tuple[int, Letter]]:
    """Return the letters of mails in the queue, each with its mail's id."""
    query = select(OutgoingEmail.id, Letter).join(
        Letter, OutgoingEmail.dedupe_key == func.concat("letter:", Letter.id)
    )
    rows = session().execute(query.where(OutgoingEmail.id.in_(mail_ids)))
    return [(row[0], row[1]) for row in rows]


def was_held_back(letter: Letter) -> bool:
    """Say whether a letter never went out because it had no ground any more."""
    query = select(OutgoingEmail.error).where(OutgoingEmail.dedupe_key == letter.mail_key)
    return session().scalar(query) == GROUNDLESS


def find_last_author(lead_id: int, organisation_id: int) -> int | None:
    """Return who of a firm wrote the last letter about a lead."""
    query = select(Letter.author_id).where(
        Letter.lead_id == lead_id, Letter.organisation_id == organisation_id
    )
    return session().scalar(query.order_by(Letter.id.desc()).limit(1))


def list_came_back(at: datetime) -> Sequence[int]:
    """Return the letters that did not arrive and of which nobody was told yet."""
    back = exists().where(MailReturn.mail_id == OutgoingEmail.id, MailReturn.kind == Kind.HARD)
    return (
        session()
        .scalars(
            select(Letter.id)
            .join(
                OutgoingEmail,
                OutgoingEmail.dedupe_key == func.concat("letter:", Letter.id),
            )
            .where(
                Letter.came_back_at.is_(None),
                Letter.at > at - LOOKED_AFTER,
                or_(OutgoingEmail.status.in_(("failed", "held")), back),
            )
            .order_by(Letter.id)
        )
        .all()
    )

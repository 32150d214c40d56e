"""Two customers turn out to be one: the one that stays takes over what the other one has."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import delete, select, update

from portal.accounts.actor import Actor
from portal.core.db import session
from portal.core.errors import Invalid, Refused
from portal.core.events import record
from portal.customers import wall
from portal.customers.activities import about
from portal.customers.events import CustomersMerged
from portal.customers.models import Customer, CustomerAddress, CustomerLead, CustomerName
from portal.customers.operations import lock_visible, wait_in_line
from portal.timeline import activities as timeline
from portal.timeline import attachments, notes

BUSINESS = ("erp_number", "classification_id", "credit_rating_id", "country", "city")
NAMED = ("domain", "street", "postcode")


def merge(kept_id: int, gone_id: int, actor: Actor, at: datetime) -> Customer:
    """Let one customer take over leads, addresses and what it lacks from another, who is gone then.

    Raises `NotFound`, `Invalid` for a customer with itself, and `Refused` where each has a number
    of its own in the ERP system: there they are two.
    """
    if kept_id == gone_id:
        raise Invalid({"other": _("Please choose another customer.")})
    wait_in_line()
    both = {one: lock_visible(one, actor) for one in sorted((kept_id, gone_id))}
    kept, gone = both[kept_id], both[gone_id]
    if kept.erp_number and gone.erp_number:
        raise Refused(
            _(
                "%(one)s and %(other)s each have a number in the ERP system. Please settle it "
                "there first, and take one of the numbers off here.",
                one=kept.number,
                other=gone.number,
            )
        )
    numbered = gone.erp_number
    gone.erp_number, gone.merged_into = None, kept.id
    gone.version += 1
    session().flush()
    kept.erp_number = kept.erp_number or numbered
    for name in BUSINESS[1:]:
        setattr(kept, name, getattr(kept, name) or getattr(gone, name))
    kept.custom = {**gone.custom, **kept.custom}
    kept.version += 1
    session().execute(
        update(CustomerLead)
        .where(CustomerLead.customer_id == gone.id)
        .values(customer_id=kept.id)
        .execution_options(synchronize_session=False)
    )
    take_over(kept, gone)
    for room in (timeline, notes, attachments):
        room.take_over(about(kept.id), about(gone.id), actor.organisation_id)
    session().flush()
    record(CustomersMerged(at=at, customer_id=kept.id, gone_id=gone.id, user_id=actor.id))
    return kept


def take_over(kept: Customer, gone: Customer) -> None:
    """Move addresses and notes; what both have stays as the one that stays has it."""
    with wall.open_for([kept.id, gone.id], session()) as opened:
        names = {
            row.customer_id: row
            for row in opened.scalars(
                select(CustomerName)
                .where(CustomerName.customer_id.in_([kept.id, gone.id]))
                .execution_options(populate_existing=True)
            )
        }
        mine, theirs = names[kept.id], names[gone.id]
        for name in NAMED:
            setattr(mine, name, getattr(mine, name) or getattr(theirs, name))
        notes = [note for note in (mine.note, theirs.note) if note]
        mine.note = "\n\n".join(notes) or None
        there = (
            select(CustomerAddress.kind, CustomerAddress.key)
            .where(CustomerAddress.customer_id == kept.id)
            .subquery()
        )
        opened.execute(
            delete(CustomerAddress)
            .where(
                CustomerAddress.customer_id == gone.id,
                CustomerAddress.kind == there.c.kind,
                CustomerAddress.key == there.c.key,
            )
            .execution_options(synchronize_session=False)
        )
        opened.execute(
            update(CustomerAddress)
            .where(CustomerAddress.customer_id == gone.id)
            .values(customer_id=kept.id)
            .execution_options(synchronize_session=False)
        )
        opened.delete(theirs)

"""Files attached to a lead, a partner or a customer: read, attached, shared, removed.

Whose they are and who may do what about them is for the room of the subject to say, as of
activities: an attachment is that of the firm whose people attached it, until it is shared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, delete, func, select, text, true, update
from sqlalchemy.orm import Session

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.core import jobs
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import record
from portal.timeline import files, wall
from portal.timeline.activities import Subject
from portal.timeline.events import (
    AttachmentKept,
    AttachmentRemoved,
    AttachmentShared,
)
from portal.timeline.files import Stored
from portal.timeline.models import Attachment, AttachmentName

SHOWN = 200
MOST = 50
"""So many files a firm may attach to one thing."""


class NotYourFile(Refused):
    """Only who attached a file removes it."""

    code = "not_your_file"


@dataclass(frozen=True, slots=True)
class Attached:
    """A file with its name, as somebody may read it."""

    subject: Subject
    id: int
    key: str
    name: str
    kind: str
    size: int
    at: datetime
    organisation_id: int
    firm: str
    author_id: int | None
    author: str | None
    shared: bool


def own(organisation_id: int) -> ColumnElement[bool]:
    """Return the condition of what is a firm's own."""
    return AttachmentName.organisation_id == organisation_id


def read(
    subject: Subject,
    organisation_id: int,
    readable: ColumnElement[bool],
    shared_of: Collection[int] = (),
) -> Sequence[Attached]:
    """Return the files attached to a subject that are `readable`, the newest first.

    With the wall open to a firm; `shared_of` are leads of which what others share may be read.
    """
    query = (
        select(
            Attachment.id,
            Attachment.key,
            AttachmentName.name,
            Attachment.kind,
            Attachment.size,
            Attachment.at,
            Attachment.organisation_id,
            Organisation.name,
            Attachment.author_id,
            User.name,
            AttachmentName.shared_at.is_not(None),
        )
        .join(AttachmentName, AttachmentName.attachment_id == Attachment.id)
        .join(Organisation, Organisation.id == Attachment.organisation_id)
        .outerjoin(User, User.id == Attachment.author_id)
        .where(Attachment.subject == subject.kind, Attachment.subject_id == subject.id, readable)
        .order_by(Attachment.at.desc(), Attachment.id.desc())
        .limit(SHOWN)
    )
    with wall.open_notes(organisation_id, shared_of) as opened:
        rows = opened.execute(query).all()
    return [Attached(subject, *row) for row in rows]


def attach(
    subject: Subject, stored: Stored, *, shared: bool, actor: Actor, at: datetime
) -> Attachment:
    """Attach a file that lies in its place. Raises `Invalid` (`file`) where there are too many."""
    return _attach(subject, stored, shared, actor.organisation_id, actor.id, at)


def attach_unsigned(
    subject: Subject, stored: Stored, organisation_id: int, at: datetime, *, shared: bool = False
) -> Attachment:
    """Attach for a firm a file that nobody of it brought. Raises `Invalid` as `attach` does."""
    return _attach(subject, stored, shared, organisation_id, None, at)


def _attach(
    subject: Subject,
    stored: Stored,
    shared: bool,
    organisation_id: int,
    author_id: int | None,
    at: datetime,
) -> Attachment:
    wait_in_line(subject, organisation_id)
    mine = select(func.count()).where(
        Attachment.subject == subject.kind,
        Attachment.subject_id == subject.id,
        Attachment.organisation_id == organisation_id,
    )
    if (session().scalar(mine) or 0) >= MOST:
        words = _("There are %(most)d files here already. Please remove one first.", most=MOST)
        raise Invalid({"file": str(words)})
    attachment = Attachment(
        subject=subject.kind,
        subject_id=subject.id,
        organisation_id=organisation_id,
        author_id=author_id,
        at=at,
        key=stored.key,
        kind=stored.kind,
        size=stored.size,
    )
    session().add(attachment)
    session().flush()
    with wall.open_notes(organisation_id) as opened:
        opened.add(
            AttachmentName(
                attachment_id=attachment.id,
                organisation_id=organisation_id,
                subject=subject.kind,
                subject_id=subject.id,
                name=stored.name,
                shared_at=at if shared else None,
            )
        )
    record(
        AttachmentKept(
            at=at,
            lead_id=subject.lead_id,
            attachment_id=attachment.id,
            user_id=author_id,
            organisation_id=organisation_id,
            kind=stored.kind,
            shared=shared,
        )
    )
    return attachment


def wait_in_line(subject: Subject, organisation_id: int) -> None:
    """Let those of a firm who attach to one thing wait for each other, until the transaction ends.

    Two at once would both find room for one more.
    """
    its = f"{subject.kind} {subject.id} {organisation_id}"
    session().execute(
        text("SELECT pg_advisory_xact_lock(hashtext('attachments'), hashtext(:its))"), {"its": its}
    )


def has_any(subject: Subject) -> bool:
    """Say whether anybody has attached anything to a subject."""
    its = (Attachment.subject == subject.kind, Attachment.subject_id == subject.id)
    return session().scalar(select(Attachment.id).where(*its).limit(1)) is not None


@contextmanager
def _own(
    subject: Subject, attachment_id: int, actor: Actor
) -> Iterator[tuple[Session, Attachment, AttachmentName]]:
    """Open the wall to a file of the actor's firm and lock it. Raises `NotFound`."""
    with wall.open_notes(actor.organisation_id) as opened:
        attachment = opened.get(
            Attachment, attachment_id, with_for_update={"key_share": True}, populate_existing=True
        )
        name = opened.get(AttachmentName, attachment_id, populate_existing=True)
        if attachment is None or name is None or name.organisation_id != actor.organisation_id:
            raise NotFound()
        if (attachment.subject, attachment.subject_id) != (subject.kind, subject.id):
            raise NotFound()
        yield opened, attachment, name


def share(subject: Subject, attachment_id: int, shared: bool, actor: Actor, at: datetime) -> None:
    """Let the other side read a file of the actor's firm, or no longer. Raises `NotFound`."""
    with _own(subject, attachment_id, actor) as (opened, _attachment, name):
        if (name.shared_at is not None) == shared:
            return
        name.shared_at = at if shared else None
        opened.flush()
    record(
        AttachmentShared(
            at=at,
            lead_id=subject.lead_id,
            attachment_id=attachment_id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
            shared=shared,
        )
    )


def remove(subject: Subject, attachment_id: int, actor: Actor, at: datetime) -> None:
    """Remove a file for good, as who attached it. Raises `NotFound`, `NotYourFile`."""
    with _own(subject, attachment_id, actor) as (opened, attachment, name):
        # what came by mail is whose the lead is
        if attachment.author_id not in (None, actor.id):
            raise NotYourFile(_("Only who attached a file can remove it."))
        opened.delete(name)
        opened.flush()
        opened.delete(attachment)
        opened.flush()
        key = attachment.key
    jobs.soon("timeline.forget_file", {"key": key})
    record(
        AttachmentRemoved(
            at=at,
            lead_id=subject.lead_id,
            attachment_id=attachment_id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
        )
    )


def forget(subject: Subject) -> None:
    """Remove all files of a subject that is removed, in whichever firm they are."""
    its = (Attachment.subject == subject.kind, Attachment.subject_id == subject.id)
    firms = session().scalars(select(Attachment.organisation_id).where(*its).distinct()).all()
    for firm_id in firms:
        with wall.open_notes(firm_id, own=session()) as opened:
            opened.execute(
                delete(AttachmentName).where(
                    AttachmentName.subject == subject.kind, AttachmentName.subject_id == subject.id
                )
            )
    for key in session().scalars(delete(Attachment).where(*its).returning(Attachment.key)).all():
        jobs.soon("timeline.forget_file", {"key": key})


def take_over(
    kept: Subject, gone: Subject, organisation_id: int, only: Collection[int] | None = None
) -> list[int]:
    """Let a firm's files of one subject be those of another from now on.

    Returns their ids; of these `only`, where they are named.
    """
    with wall.open_notes(organisation_id, own=session()) as opened:
        found = list(
            opened.scalars(
                update(Attachment)
                .where(
                    Attachment.subject == gone.kind,
                    Attachment.subject_id == gone.id,
                    Attachment.organisation_id == organisation_id,
                    Attachment.id.in_(only) if only is not None else true(),
                )
                .values(subject=kept.kind, subject_id=kept.id)
                .returning(Attachment.id)
                .execution_options(synchronize_session=False)
            )
        )
        opened.execute(
            update(AttachmentName)
            .where(AttachmentName.attachment_id.in_(found))
            .values(subject=kept.kind, subject_id=kept.id)
            .execution_options(synchronize_session=False)
        )
    return sorted(found)


def sweep(at: datetime) -> int:
    """Remove files that never got a row, or lost it; return how many."""
    old = files.old_keys(at)
    known = set(session().scalars(select(Attachment.key).where(Attachment.key.in_(old))))
    gone = [key for key in old if key not in known]
    files.discard(gone)
    return len(gone)


def forget_file(key: str) -> None:
    """Remove a file whose row is gone."""
    if session().scalar(select(Attachment.id).where(Attachment.key == key)) is None:
        files.discard([key])

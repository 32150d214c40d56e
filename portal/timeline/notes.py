"""Notes on a lead, a partner or a customer: read, written, changed with what they said before.

Whose they are and who may do what about them is for the room of the subject to say; here a note is
that of the firm whose people wrote it, and its author alone changes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import ColumnElement, delete, select, true, update
from sqlalchemy.orm import Session, joinedload

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import record
from portal.timeline import wall
from portal.timeline.activities import Subject
from portal.timeline.events import NoteChanged, NoteRemoved, NoteShared, NoteWritten
from portal.timeline.models import FirmNote, NoteVersion


class NotYourNote(Refused):
    """Only who wrote a note changes or removes it."""

    code = "not_your_note"


LONGEST = 4000
SHOWN = 200


def own(organisation_id: int) -> ColumnElement[bool]:
    """Return the condition of what is a firm's own."""
    return FirmNote.organisation_id == organisation_id


def is_about(subject: Subject) -> ColumnElement[bool]:
    """Return the condition of notes on a subject."""
    return (FirmNote.subject == subject.kind) & (FirmNote.subject_id == subject.id)


def read(
    subject: Subject,
    organisation_id: int,
    readable: ColumnElement[bool],
    shared_of: Collection[int] = (),
) -> Sequence[FirmNote]:
    """Return the notes on a subject that are `readable`, the newest first.

    With the wall open to a firm; `shared_of` are leads of which what others share may be read.
    """
    with wall.open_notes(organisation_id, shared_of) as opened:
        return opened.scalars(
            select(FirmNote)
            .join(Organisation, Organisation.id == FirmNote.organisation_id)
            .where(is_about(subject), readable)
            .options(joinedload(FirmNote.author))
            .order_by(FirmNote.at.desc(), FirmNote.id.desc())
            .limit(SHOWN)
        ).all()


def write(subject: Subject, text: str, shared: bool, actor: Actor, at: datetime) -> FirmNote:
    """Add a note for the actor's firm. Raises `Invalid` (`text`)."""
    words = check_words(text)
    with wall.open_notes(actor.organisation_id) as opened:
        note = FirmNote(
            subject=subject.kind,
            subject_id=subject.id,
            organisation_id=actor.organisation_id,
            author_id=actor.id,
            at=at,
            text=words,
            shared_at=at if shared else None,
        )
        opened.add(note)
        opened.flush()
    record(
        NoteWritten(
            at=at,
            lead_id=subject.lead_id,
            note_id=note.id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
            shared=shared,
        )
    )
    return note


def check_words(text: str) -> str:
    """Return the words of a note as they are kept. Raises `Invalid` (`text`)."""
    words = text.replace("\x00", "").strip()
    if not words:
        raise Invalid({"text": _("Please write something.")})
    if len(words) > LONGEST:
        left = len(words) - LONGEST
        raise Invalid(
            {
                "text": ngettext(
                    "One character too many; please shorten it.",
                    "%(num)d characters too many; please shorten it.",
                    left,
                )
            }
        )
    return words


def load(subject: Subject, note_id: int, actor: Actor) -> tuple[FirmNote, Sequence[NoteVersion]]:
    """Return a note of the actor's firm with what it said before, the newest first.

    Raises `NotFound`.
    """
    with wall.open_notes(actor.organisation_id) as opened:
        note = opened.scalar(
            select(FirmNote)
            .where(FirmNote.id == note_id, is_about(subject), own(actor.organisation_id))
            .options(joinedload(FirmNote.author))
        )
        if note is None:
            raise NotFound()
        versions = opened.scalars(
            select(NoteVersion)
            .where(NoteVersion.note_id == note_id)
            .order_by(NoteVersion.id.desc())
            .limit(SHOWN)
        ).all()
    return note, versions


@contextmanager
def _own(subject: Subject, note_id: int, actor: Actor) -> Iterator[tuple[Session, FirmNote]]:
    """Open the wall to a note of the actor's firm and lock it. Raises `NotFound`."""
    with wall.open_notes(actor.organisation_id) as opened:
        note = opened.get(FirmNote, note_id, with_for_update=True)
        if note is None or (note.subject, note.subject_id) != (subject.kind, subject.id):
            raise NotFound()
        if note.organisation_id != actor.organisation_id:
            raise NotFound()
        yield opened, note


def change(subject: Subject, note_id: int, text: str, actor: Actor, at: datetime) -> None:
    """Change a note as its author; what it said before is kept for her firm.

    Raises `Invalid` (`text`), `NotFound`, `NotYourNote`.
    """
    words = check_words(text)
    with _own(subject, note_id, actor) as (opened, note):
        if note.author_id != actor.id:
            raise NotYourNote(_("Only who wrote a note can change it."))
        if note.text == words:
            return
        opened.add(
            NoteVersion(
                note_id=note.id, organisation_id=note.organisation_id, at=at, text=note.text
            )
        )
        note.text, note.changed_at = words, at
        opened.flush()
    record(
        NoteChanged(
            at=at,
            lead_id=subject.lead_id,
            note_id=note_id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
        )
    )


def share(subject: Subject, note_id: int, shared: bool, actor: Actor, at: datetime) -> None:
    """Let the other side read a note of the actor's firm, or no longer. Raises `NotFound`."""
    with _own(subject, note_id, actor) as (opened, note):
        if (note.shared_at is not None) == shared:
            return
        note.shared_at = at if shared else None
        opened.flush()
    record(
        NoteShared(
            at=at,
            lead_id=subject.lead_id,
            note_id=note_id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
            shared=shared,
        )
    )


def remove(subject: Subject, note_id: int, actor: Actor, at: datetime) -> None:
    """Remove a note for good, as its author. Raises `NotFound`, `NotYourNote`."""
    with _own(subject, note_id, actor) as (opened, note):
        if note.author_id != actor.id:
            raise NotYourNote(_("Only who wrote a note can remove it."))
        opened.delete(note)
        opened.flush()
    record(
        NoteRemoved(
            at=at,
            lead_id=subject.lead_id,
            note_id=note_id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
        )
    )


def has_any(subject: Subject, organisation_id: int) -> bool:
    """Say whether a firm's people have written anything about a subject."""
    its = select(FirmNote.id).where(is_about(subject), own(organisation_id))
    with wall.open_notes(organisation_id, own=session()) as opened:
        return opened.scalar(its.limit(1)) is not None


def forget(subject: Subject, organisation_id: int) -> None:
    """Remove all that a firm's people wrote about a subject that is removed."""
    with wall.open_notes(organisation_id, own=session()) as opened:
        opened.execute(delete(FirmNote).where(is_about(subject)))


def take_over(
    kept: Subject, gone: Subject, organisation_id: int, only: Collection[int] | None = None
) -> list[int]:
    """Let a firm's notes on one subject be on another from now on.

    Returns their ids; of these `only`, where they are named.
    """
    with wall.open_notes(organisation_id, own=session()) as opened:
        found = opened.scalars(
            update(FirmNote)
            .where(
                is_about(gone),
                own(organisation_id),
                FirmNote.id.in_(only) if only is not None else true(),
            )
            .values(subject=kept.kind, subject_id=kept.id)
            .returning(FirmNote.id)
            .execution_options(synchronize_session=False)
        )
        return sorted(found)

"""Notes about a lead that stay in the firm whose people wrote them, unless they are shared.

Both sides have them: what the holder's firm shares, the vendor reads; what the vendor shares, the
holder reads, from his own pickup on. What one holder's firm wrote the next one never reads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, joinedload

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.core.events import record
from portal.leads.events import NoteChanged, NoteRemoved, NoteShared, NoteWritten
from portal.leads.models import Lead
from portal.leads.sight import Sight, sight_of
from portal.leads.visibility import Field
from portal.timeline import wall
from portal.timeline.models import FirmNote, NoteVersion


class NotYourNote(Refused):
    """Only who wrote a note changes or removes it."""

    code = "not_your_note"


LONGEST = 4000
SHOWN = 200


def may_write(lead: Lead, actor: Actor, known: Sight | None = None) -> bool:
    """Say whether this person may add to the notes of her firm about this lead now."""
    sight = sight_of(lead, actor, known)
    return Field.NOTES in sight or Field.NOTES in sight.shared


def load_notes(lead: Lead, actor: Actor, known: Sight | None = None) -> Sequence[FirmNote]:
    """Return what a person may read of the notes about a lead, the newest first.

    Her own firm's, and what the other side shares where the table lets her.
    """
    own = FirmNote.organisation_id == actor.organisation_id
    if not may_write(lead, actor, known):
        return load_own_notes(lead.id, actor)
    shared: ColumnElement[bool] = FirmNote.shared_at.is_not(None)
    if actor.is_partner:
        shared = and_(
            shared, Organisation.kind == OrganisationKind.VENDOR, FirmNote.at >= lead.picked_at
        )
    return _read(lead.id, actor, or_(own, shared), [lead.id])


def load_own_notes(lead_id: int, actor: Actor) -> Sequence[FirmNote]:
    """Return what the actor's own firm wrote about a lead, which it may have given back since.

    Nothing for who only looks as her.
    """
    if actor.is_looked_as:
        return ()
    return _read(lead_id, actor, FirmNote.organisation_id == actor.organisation_id, ())


def _read(
    lead_id: int, actor: Actor, readable: ColumnElement[bool], shared_of: Collection[int]
) -> Sequence[FirmNote]:
    with wall.open_notes(actor.organisation_id, shared_of) as opened:
        return opened.scalars(
            select(FirmNote)
            .join(Organisation, Organisation.id == FirmNote.organisation_id)
            .where(FirmNote.lead_id == lead_id, readable)
            .options(joinedload(FirmNote.author))
            .order_by(FirmNote.at.desc(), FirmNote.id.desc())
            .limit(SHOWN)
        ).all()


def write_note(lead: Lead, text: str, shared: bool, actor: Actor, at: datetime) -> FirmNote:
    """Add a note for the actor's firm. Raises `Invalid` (`text`) and `NotFound`."""
    if not may_write(lead, actor):
        raise NotFound()
    words = check_words(text)
    with wall.open_notes(actor.organisation_id) as opened:
        note = FirmNote(
            lead_id=lead.id,
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
            lead_id=lead.id,
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


def change_note(lead: Lead, note_id: int, text: str, actor: Actor, at: datetime) -> None:
    """Change a note as its author; what it said before is kept for her firm.

    Raises `Invalid` (`text`), `NotFound`, `NotYourNote`.
    """
    words = check_words(text)
    with _own_note(lead, note_id, actor) as (opened, note):
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
            lead_id=lead.id,
            note_id=note_id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
        )
    )


def load_note(lead: Lead, note_id: int, actor: Actor) -> tuple[FirmNote, Sequence[NoteVersion]]:
    """Return a note of the actor's firm with what it said before, the newest first.

    Raises `NotFound`.
    """
    if not may_write(lead, actor):
        raise NotFound()
    with wall.open_notes(actor.organisation_id) as opened:
        note = opened.scalar(
            select(FirmNote)
            .where(
                FirmNote.id == note_id,
                FirmNote.lead_id == lead.id,
                FirmNote.organisation_id == actor.organisation_id,
            )
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
def _own_note(lead: Lead, note_id: int, actor: Actor) -> Iterator[tuple[Session, FirmNote]]:
    """Open the wall to a note of the actor's firm and lock it. Raises `NotFound`."""
    if not may_write(lead, actor):
        raise NotFound()
    with wall.open_notes(actor.organisation_id) as opened:
        note = opened.get(FirmNote, note_id, with_for_update=True)
        if note is None or note.lead_id != lead.id:
            raise NotFound()
        yield opened, note


def share_note(lead: Lead, note_id: int, shared: bool, actor: Actor, at: datetime) -> None:
    """Let the other side read a note of the actor's firm, or no longer. Raises `NotFound`."""
    with _own_note(lead, note_id, actor) as (opened, note):
        if (note.shared_at is not None) == shared:
            return
        note.shared_at = at if shared else None
        opened.flush()
    record(
        NoteShared(
            at=at,
            lead_id=lead.id,
            note_id=note_id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
            shared=shared,
        )
    )


def remove_note(lead: Lead, note_id: int, actor: Actor, at: datetime) -> None:
    """Remove a note for good, as its author. Raises `NotFound`, `NotYourNote`."""
    with _own_note(lead, note_id, actor) as (opened, note):
        if note.author_id != actor.id:
            raise NotYourNote(_("Only who wrote a note can remove it."))
        opened.delete(note)
        opened.flush()
    record(
        NoteRemoved(
            at=at,
            lead_id=lead.id,
            note_id=note_id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
        )
    )


def other_side(lead: Lead, actor: Actor) -> str | None:
    """Return the name of the firm that could read what the actor's firm shares; None where none."""
    name = select(Organisation.name)
    if actor.is_partner:
        return session().scalar(name.where(Organisation.kind == OrganisationKind.VENDOR))
    if lead.holder_organisation_id in (None, actor.organisation_id):
        return None
    return session().scalar(name.where(Organisation.id == lead.holder_organisation_id))

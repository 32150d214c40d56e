"""What happens to notes, activities and attached files. Ids and codes only, never words."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityEntered(Event):
    """Somebody planned an activity, or noted one that is `done`; `due` is an ISO moment.

    `user_id` is None where the portal planned it by itself.
    """

    activity_id: int
    user_id: int | None
    organisation_id: int
    kind: str
    done: bool
    assignee_id: int | None
    due: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityChanged(Event):
    """`fields` are the names of what was changed; the due moment before and after, if it was."""

    activity_id: int
    user_id: int
    organisation_id: int
    fields: list[str]
    due_before: str | None
    due: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitySettled(Event):
    """An activity is done, or cancelled; `code` says why where the portal decided that.

    Nobody is `user_id` where it did so by itself.
    """

    activity_id: int
    user_id: int | None
    organisation_id: int
    outcome: str
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPlannedAgain(Event):
    """What was cancelled as a lead was closed lies ahead again: the lead is open after all."""

    activity_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityHandedOn(Event):
    """Somebody else has an activity from now on; `user_id` is None where nobody has it."""

    activity_id: int
    user_id: int | None
    was_user_id: int | None
    by_user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityShared(Event):
    """An activity was shared with the other side, or is not any more."""

    activity_id: int
    user_id: int
    organisation_id: int
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityDue(Event):
    """Whoever has an activity is to be reminded of it; `due` is an ISO moment."""

    activity_id: int
    user_id: int
    due: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentKept(Event):
    """Somebody attached a file; `kind` is its media type. What it is called stands elsewhere."""

    attachment_id: int
    user_id: int | None
    organisation_id: int
    kind: str
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentRead(Event):
    """Somebody took a file out."""

    attachment_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentShared(Event):
    """A file was shared with the other side, or is not any more."""

    attachment_id: int
    user_id: int
    organisation_id: int
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentRemoved(Event):
    """Who attached a file removed it."""

    attachment_id: int
    user_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteWritten(Event):
    """Somebody wrote a note for her firm; the words stand behind the wall alone."""

    note_id: int
    user_id: int
    organisation_id: int
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteShared(Event):
    """A note was shared with the other side, or is not any more."""

    note_id: int
    user_id: int
    organisation_id: int
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteChanged(Event):
    """Somebody changed the words of her note; what they were is kept behind the wall."""

    note_id: int
    user_id: int
    organisation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRemoved(Event):
    note_id: int
    user_id: int
    organisation_id: int

"""Pages of notes, the same for every subject: write, change, share, remove.

A room opens them below its own addresses with `add_pages` and says who may come in.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.core import clock
from portal.core.errors import Invalid
from portal.timeline import notes
from portal.timeline.pages import Place
from portal.web.access import Mark
from portal.web.htmx import go


def add_pages(
    blueprint: Blueprint, home: str, mark: Mark, place_of: Callable[[int], Place]
) -> None:
    """Add the pages of notes below `home`, the address of a subject with its id.

    `place_of` describes the subject to who may write there, and raises `NotFound`.
    """
    note = f"{home}/notes/<int:note_id>"

    def new_note(**ids: int) -> ResponseReturnValue:
        return composer(place_of(*ids.values()))

    def write_note(**ids: int) -> ResponseReturnValue:
        place, text, shared = place_of(*ids.values()), request.form.get("text", ""), is_shared()
        try:
            notes.write(place.subject, text, shared, current_actor(), clock.now())
        except Invalid as error:
            return composer(place, text, shared, error.errors), 422
        flash(_("Noted."), "success")
        return go(place.anchor)

    def show_note(note_id: int, **ids: int) -> ResponseReturnValue:
        return one(place_of(*ids.values()), note_id)

    def change_note(note_id: int, **ids: int) -> ResponseReturnValue:
        place, text = place_of(*ids.values()), request.form.get("text", "")
        notes.load(place.subject, note_id, current_actor())
        try:
            notes.change(place.subject, note_id, text, current_actor(), clock.now())
        except Invalid as error:
            return one(place, note_id, text, error.errors), 422
        flash(_("Changed. What it said before is kept."), "success")
        return go(place.anchor)

    def share_note(note_id: int, **ids: int) -> ResponseReturnValue:
        place, shared = place_of(*ids.values()), is_shared()
        notes.share(place.subject, note_id, shared, current_actor(), clock.now())
        words = _("The note is shared.") if shared else _("The note is not shared any more.")
        flash(words, "success")
        return go(place.anchor)

    def remove_note(note_id: int, **ids: int) -> ResponseReturnValue:
        place = place_of(*ids.values())
        notes.remove(place.subject, note_id, current_actor(), clock.now())
        flash(_("The note is removed."), "success")
        return go(place.anchor)

    for address, method, view, name in (
        (f"{home}/note", "GET", new_note, "new_note"),
        (f"{home}/notes", "POST", write_note, "write_note"),
        (note, "GET", show_note, "note"),
        (note, "POST", change_note, "change_note"),
        (f"{note}/sharing", "POST", share_note, "share_note"),
        (f"{note}/removal", "POST", remove_note, "remove_note"),
    ):
        blueprint.add_url_rule(address, name, mark(view), methods=[method])


def is_shared() -> bool:
    """Say whether the form asks to share it."""
    return request.form.get("shared") == "1"


def composer(
    place: Place, text: str = "", shared: bool = False, errors: dict[str, str] | None = None
) -> str:
    """Render the form of a note, as it was filled in."""
    return render_template(
        "timeline/note.html", place=place, text=text, shared=shared, errors=errors or {}
    )


def one(
    place: Place, note_id: int, text: str | None = None, errors: dict[str, str] | None = None
) -> str:
    """Render a note with what it said before, and for its author the form as it was filled in."""
    found, versions = notes.load(place.subject, note_id, current_actor())
    return render_template(
        "timeline/note_change.html",
        place=place,
        note=found,
        versions=versions,
        text=found.text if text is None else text,
        errors=errors or {},
    )

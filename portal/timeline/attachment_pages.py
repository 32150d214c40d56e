"""Pages of attachments, the same for every subject: attach, download, share, remove.

A room opens them below its own addresses with `add_pages` and says who may come in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO

from flask import Blueprint, flash, render_template, request, send_file
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.core import clock
from portal.core.errors import Invalid, NotFound
from portal.core.events import record_apart
from portal.timeline import attachments, files
from portal.timeline.attachments import Attached
from portal.timeline.events import AttachmentRead
from portal.timeline.pages import Place
from portal.web.access import Mark
from portal.web.htmx import go

SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"


def add_pages(
    blueprint: Blueprint,
    home: str,
    mark: Mark,
    place_of: Callable[[int], Place],
    readable: Callable[[int], Sequence[Attached]],
) -> None:
    """Add the pages of attachments below `home`, the address of a subject with its id.

    `place_of` describes the subject to who may attach there, `readable` are the files that the
    reader may read; both raise `NotFound`.
    """
    file = f"{home}/attachments/<int:attachment_id>"

    def new(**ids: int) -> ResponseReturnValue:
        return composer(place_of(*ids.values()))

    def attach(**ids: int) -> ResponseReturnValue:
        return take_in(place_of(*ids.values()))

    def download(attachment_id: int, **ids: int) -> ResponseReturnValue:
        return give_out(readable(*ids.values()), attachment_id)

    def share(attachment_id: int, **ids: int) -> ResponseReturnValue:
        place, shared = place_of(*ids.values()), request.form.get("shared") == "1"
        attachments.share(place.subject, attachment_id, shared, current_actor(), clock.now())
        flash(_("The file is shared.") if shared else _("The file is not shared any more."))
        return go(place.anchor)

    def remove(attachment_id: int, **ids: int) -> ResponseReturnValue:
        place = place_of(*ids.values())
        attachments.remove(place.subject, attachment_id, current_actor(), clock.now())
        flash(_("The file is removed."), "success")
        return go(place.anchor)

    for address, method, view, name in (
        (f"{home}/attachment", "GET", new, "new_attachment"),
        (f"{home}/attachments", "POST", attach, "attach"),
        (file, "GET", download, "attachment"),
        (f"{file}/sharing", "POST", share, "share_attachment"),
        (f"{file}/removal", "POST", remove, "remove_attachment"),
    ):
        blueprint.add_url_rule(address, name, mark(view), methods=[method])


def composer(place: Place, errors: dict[str, str] | None = None, shared: bool = False) -> str:
    """Render the form of a new attachment, as it was filled in; a file has to be chosen again."""
    return render_template(
        "timeline/attach.html",
        place=place,
        errors=errors or {},
        shared=shared,
        offered=files.OFFERED,
    )


def take_in(place: Place) -> ResponseReturnValue:
    """Keep the file that was sent."""
    sent, shared = request.files.get("file"), request.form.get("shared") == "1"
    if sent is None or not sent.filename:
        return composer(place, {"file": _("Please choose a file.")}, shared), 422
    try:
        stored = files.keep(sent)
    except Invalid as error:
        return composer(place, error.errors, shared), 422
    try:
        attachments.attach(
            place.subject, stored, shared=shared, actor=current_actor(), at=clock.now()
        )
    except BaseException as error:
        files.discard([stored.key])
        if isinstance(error, Invalid):
            return composer(place, error.errors, shared), 422
        raise
    flash(_("%(name)s is attached.", name=stored.name), "success")
    return go(place.anchor)


def give_out(found: Sequence[Attached], attachment_id: int) -> ResponseReturnValue:
    """Give out one of the files that may be read, to be kept and never shown; it is on record."""
    one = next((file for file in found if file.id == attachment_id), None)
    if one is None or not (path := files.path_of(one.key)).is_file():
        raise NotFound()
    actor, at = current_actor(), clock.now()
    record_apart(
        AttachmentRead(at=at, lead_id=one.subject.lead_id, attachment_id=one.id, user_id=actor.id)
    )
    content = BytesIO(path.read_bytes())  # closed with the answer, whoever reads it
    answer = send_file(content, one.kind, as_attachment=True, download_name=one.name)
    answer.headers["Content-Security-Policy"] = SANDBOX
    answer.headers["Cache-Control"] = "no-store"
    return answer

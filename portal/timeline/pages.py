"""Pages of activities, the same for every subject: the form of a new one, and one of them.

The rooms of the subjects have the addresses and say who may come in; they describe their subject
in a `Place`, and what it does to plan, change and settle there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from flask import Blueprint, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import Actor, current_actor
from portal.core import clock
from portal.core.db import AnyRow
from portal.core.errors import Invalid
from portal.timeline import activities
from portal.timeline.activities import Listed, Subject
from portal.timeline.files import OFFERED
from portal.timeline.forms import ActivityForm
from portal.timeline.rules import Entry, Kind, NothingAhead, why_words, words_of
from portal.timeline.stream import AT_ONCE, FILTERS, Stream, What
from portal.web.filters import spoken
from portal.web.forms import strip
from portal.web.htmx import go


class Entering(Protocol):
    """How a room enters an activity on its subject."""

    def __call__(self, entry: Entry, *, done: bool, actor: Actor, at: datetime) -> object: ...


@dataclass(frozen=True, slots=True)
class Place:
    """What activities are about, as pages show it.

    `home` is the path of its page, below which stand those of its activities; `name` is short and
    `title` says more. `people` may have an activity, which is one of `kinds`; the `other_side`
    could read what is shared.
    """

    subject: Subject
    home: str
    name: str
    title: str
    people: Sequence[AnyRow]
    enter: Entering
    other_side: str | None = None
    is_closed: bool = False
    kinds: Collection[str] = tuple(Kind)

    @property
    def ids(self) -> set[int]:
        """Return who may have an activity."""
        return {row.id for row in self.people}

    @property
    def anchor(self) -> str:
        """Return where all that was said and done about it stands."""
        return f"{self.home}#timeline"

    def path_of(self, activity_id: int, verb: str = "") -> str:
        """Return the path of an activity, or of what is done about it."""
        return f"{self.home}/activities/{activity_id}" + (f"/{verb}" if verb else "")


def speak(blueprint: Blueprint) -> None:
    """Teach templates the words of activities."""
    blueprint.add_app_template_filter(spoken(words_of), "activity_words")
    blueprint.add_app_template_filter(spoken(why_words), "settled_why")


def blank(place: Place) -> ResponseReturnValue:
    """Show the form of a new activity."""
    return composer(place, ActivityForm.blank(place.people, current_actor().id, place.kinds))


def composer(place: Place, form: ActivityForm) -> str:
    """Render the form of a new activity, as it was filled in."""
    return render_template("timeline/new.html", place=place, form=form)


def enter(place: Place) -> ResponseReturnValue:
    """Plan what was typed, or note it as done."""
    actor, form = current_actor(), ActivityForm().offer(place.people, place.kinds)
    if not form.validate():
        return composer(place, form), 422
    done = request.form.get("done") == "1"
    try:
        place.enter(form.entry(actor.timezone), done=done, actor=actor, at=clock.now())
    except Invalid as error:
        form.take(error)
        return composer(place, form), 422
    except NothingAhead as refusal:
        form.form_errors.append(refusal.message)
        return composer(place, form), refusal.status
    flash(_("Noted as done.") if done else _("Planned."), "success")
    return go(place.anchor)


def one(
    place: Place,
    activity_id: int,
    form: ActivityForm | None = None,
    outcome: str = "",
    errors: dict[str, str] | None = None,
) -> str:
    """Render one activity with what may be done about it, as it was filled in."""
    actor, at = current_actor(), clock.now()
    found = activities.get(place.subject, activity_id, actor.organisation_id)
    if form is None:
        form = ActivityForm(formdata=None).offer(place.people, kinds_for(place, found))
        form.show(found, actor.timezone)
    return render_template(
        "timeline/activity.html",
        place=place,
        activity=found,
        late=found.is_late(at),
        form=form,
        outcome=outcome,
        errors=errors or {},
    )


def kinds_for(place: Place, found: Listed) -> list[str]:
    """Return what an activity may be: what is possible there, or what it is."""
    return [str(kind) for kind in Kind if kind in place.kinds or kind == found.kind]


def change(place: Place, activity_id: int) -> ResponseReturnValue:
    """Change what lies ahead as it was typed."""
    actor = current_actor()
    found = activities.get(place.subject, activity_id, actor.organisation_id)
    form = ActivityForm().offer(place.people, kinds_for(place, found))
    if not form.validate():
        return one(place, activity_id, form), 422
    try:
        activities.change(
            place.subject,
            activity_id,
            form.entry(actor.timezone),
            place.ids,
            actor,
            clock.now(),
            place.kinds,
        )
    except Invalid as error:
        form.take(error)
        return one(place, activity_id, form), 422
    flash(_("Changed."), "success")
    return go(place.anchor)


def settle(place: Place, activity_id: int, *, done: bool, mine: str) -> ResponseReturnValue:
    """Note what became of an activity; `mine` is the path of the reader's own list."""
    outcome = str(strip(request.form.get("outcome", "")))
    try:
        activities.settle(
            place.subject,
            activity_id,
            done=done,
            outcome=outcome,
            actor=current_actor(),
            at=clock.now(),
        )
    except Invalid as error:
        return one(place, activity_id, outcome=outcome, errors=error.errors), 422
    flash(_("Noted as done.") if done else _("Noted: not needed any more."), "success")
    return go(mine if request.form.get("from") == "mine" else place.anchor)


def share(place: Place, activity_id: int) -> ResponseReturnValue:
    """Let the other side read an activity, or no longer."""
    shared = request.form.get("shared") == "1"
    activities.share(place.subject, activity_id, shared, current_actor(), clock.now())
    words = _("The activity is shared.") if shared else _("The activity is not shared any more.")
    flash(words, "success")
    return go(place.path_of(activity_id))


def asked_for() -> str:
    """Return what the reader has narrowed a stream to; empty is everything."""
    asked = request.args.get("show", "")
    return asked if asked in FILTERS else ""


def told(found: Stream, **more: Any) -> dict[str, Any] | None:
    """Return what `timeline/_stream.html` shows to who only reads; None where there is nothing."""
    return {**READ_ONLY, "stream": found, **more} if found else None


def streamed(
    found: Stream, place: Place, show: str, kinds: Collection[str], **more: Any
) -> dict[str, Any]:
    """Return what `timeline/_stream.html` shows to who plans, notes and attaches.

    `show` is what it is narrowed to, `kinds` are what there can be besides activities.
    """
    words = filter_words()
    chips = [
        {
            "label": words[key],
            "url": f"{place.home}?show={key}#timeline" if key else place.anchor,
            "active": key == show,
            "count": None,
        }
        for key in words
        if key not in set(What) or key in kinds
    ]
    return {
        **READ_ONLY,
        "stream": found,
        "chips": chips if found or show else [],
        "place": place,
        "form": ActivityForm.blank(place.people, current_actor().id, place.kinds),
        "offered": OFFERED,
        **more,
    }


READ_ONLY: dict[str, Any] = {
    "chips": [],
    "place": None,
    "form": None,
    "offered": None,
    "tells": {"words": True, "value": True, "blame": False},
    "at_once": AT_ONCE,
}
"""What a stream shows to who only reads it: nothing can be pressed."""


def filter_words() -> dict[str, str]:
    """Return what a stream may be narrowed to, in words."""
    kinds = {str(kind): words_of(kind) for kind in Kind}
    return {
        "": _("All"),
        "open": _("Ahead"),
        "settled": _("Settled"),
        **kinds,
        What.NOTE: _("Notes"),
        What.FILE: _("Files"),
        What.ANSWER: _("Feedback"),
        What.STATUS: _("Statuses"),
        What.REQUEST: _("Help and prices"),
    }

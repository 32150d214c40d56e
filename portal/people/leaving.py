"""Pages for who leaves or moves: what she holds, to whom it goes, and then her access or firm."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.accounts import administration
from portal.accounts.actor import current_actor
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Invalid, Refused
from portal.partners.queries import get_partner
from portal.people import queries
from portal.people.forms import MoveForm
from portal.people.routes import read_id, refused
from portal.pickup import leavers
from portal.pickup.queries import list_takers
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("leaving", __name__)

LOOKING_AFTER = (
    Permission.PEOPLE_EDIT,
    Permission.PARTNERS_EDIT,
    Permission.PICKUPS_SEE_FIRM,
)
"""Administrators, who keeps partners, and a firm's own manager."""

BACK = "back"
"""Who takes the leads where nobody does: they go back to the programme."""


def get_theirs(user_id: int) -> User:
    """Return a person whom the actor may administer: anybody, of her partners, of her firm."""
    actor, found = current_actor(), administration.get_person(user_id)
    if not actor.may(Permission.PEOPLE_EDIT):
        get_partner(found.organisation_id, actor)
    return found


def home_of(person: User) -> str:
    """Return the page that leads on from a person's."""
    if current_actor().may(Permission.PEOPLE_EDIT):
        return url_for("people.person", user_id=person.id)
    if current_actor().may(Permission.PICKUPS_SEE_FIRM):
        return url_for("team.team")
    return url_for("partners.partner", organisation_id=person.organisation_id)


@blueprint.get("/people/<int:user_id>/leaving")
@requires(*LOOKING_AFTER)
def leaving_page(user_id: int) -> ResponseReturnValue:
    return render(get_theirs(user_id), leaves=True)


@blueprint.post("/people/<int:user_id>/leaving")
@requires(*LOOKING_AFTER)
def leave(user_id: int) -> ResponseReturnValue:
    return settle(get_theirs(user_id), leaves=True)


@blueprint.get("/people/<int:user_id>/leads")
@requires(*LOOKING_AFTER)
def leads_page(user_id: int) -> ResponseReturnValue:
    return render(get_theirs(user_id), leaves=False)


@blueprint.post("/people/<int:user_id>/leads")
@requires(*LOOKING_AFTER)
def hand_on(user_id: int) -> ResponseReturnValue:
    return settle(get_theirs(user_id), leaves=False)


def render(person: User, *, leaves: bool, error: str | None = None) -> str:
    """Render what a person holds, and who might take it."""
    takers = list_takers(person.organisation_id, clock.now())
    return render_template(
        "people/leaving.html",
        person=person,
        leaves=leaves,
        held=queries.list_held(person.id),
        tasks=queries.count_tasks(person.id),
        takers=[taker for taker in takers if taker.id != person.id],
        chosen=request.form.get("to"),
        error=error,
        home=home_of(person),
        back=BACK,
    )


def settle(person: User, *, leaves: bool) -> ResponseReturnValue:
    """Hand on what a person holds and, where she leaves, end her access."""
    actor, at, count = current_actor(), clock.now(), 0
    said = request.form.get("to", "")
    to = None if said == BACK else read_id(said)
    if to is None and said != BACK and queries.list_held(person.id):
        words = _("Please choose who takes the leads, or give them back.")
        return render(person, leaves=leaves, error=words), 422
    try:
        if leaves:
            leavers.deactivate(person, to, actor, at)
        else:
            count = leavers.hand_on(person, to, actor, at)
    except (Invalid, Refused) as error:
        return render(person, leaves=leaves, error=error.message), error.status
    if leaves:
        words = _("%(name)s is signed out and can’t come in any more.", name=person.name)
    else:
        words = ngettext("%(num)d lead was handed on.", "%(num)d leads were handed on.", count)
    flash(words, "success")
    return go(home_of(person))


@blueprint.get("/people/<int:user_id>/move")
@requires(Permission.PEOPLE_EDIT)
def move_page(user_id: int) -> ResponseReturnValue:
    person = administration.get_person(user_id)
    firm = queries.find_firm(read_id(request.args.get("firm")))
    return render_move(person, firm, MoveForm(formdata=None))


def render_move(person: User, firm: Organisation | None, form: MoveForm) -> str:
    """Render the choice of a firm and, where one is chosen, of the roles in it."""
    words = request.args.get("q", "").replace("\x00", "").strip()[:100]
    if firm is not None:
        form.offer(firm)
    return render_template(
        "people/move.html",
        person=person,
        firm=firm,
        form=form,
        words=words,
        firms=queries.find_firms(words) if words else [],
        held=queries.list_held(person.id),
    )


@blueprint.post("/people/<int:user_id>/move")
@requires(Permission.PEOPLE_EDIT)
def move(user_id: int) -> ResponseReturnValue:
    person = administration.get_person(user_id)
    firm = queries.find_firm(read_id(request.form.get("firm")))
    form = MoveForm()
    if firm is None:
        form.form_errors.append(_("Please choose a firm."))
        return render_move(person, None, form), 422
    form.offer(firm)
    if not form.validate():
        return render_move(person, firm, form), 422
    try:
        leavers.move(person, firm, form.roles.data or [], current_actor(), clock.now())
    except Invalid as error:
        form.take(error)
        return render_move(person, firm, form), 422
    except Refused as refusal:
        return refused(refusal, person)
    flash(_("%(name)s is of %(firm)s now.", name=person.name, firm=firm.name), "success")
    return go(url_for("people.person", user_id=user_id))

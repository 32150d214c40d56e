"""The pages of a partner's manager: who holds what, what is owed, who is away.

Her own absence everybody of a partner looks after herself, on the same page.
"""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts import operations as accounts
from portal.accounts.actor import current_actor
from portal.accounts.administration import put_in_own_firm
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import MANAGING_ROLES, Permission
from portal.accounts.queries import find_distributor, get_person, list_colleagues
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Refused
from portal.desk.resellers import list_offered_on, read_resellers, read_shared
from portal.desk.teams import read_team
from portal.partners import operations as partners
from portal.partners import queries
from portal.partners.forms import InviteForm, OwnAbsenceForm
from portal.partners.routes import NAMED, inviter
from portal.partners.rules import day_at
from portal.people.forms import PlaceForm
from portal.web.access import requires
from portal.web.htmx import go
from portal.web.limits import limiter

blueprint = Blueprint("team", __name__)


@blueprint.get("/team")
@requires(Permission.PICKUPS_SEE_FIRM)
def team() -> ResponseReturnValue:
    actor = current_actor()
    return render_template(
        "desk/team.html",
        team=read_team(actor, clock.now()),
        distributor=find_distributor(actor.organisation_id),
    )


# -- what a distributor sees --------------------------------------------------------------------


@blueprint.get("/resellers")
@requires(Permission.RESELLERS_SEE)
def resellers() -> ResponseReturnValue:
    actor = current_actor()
    return render_template(
        "desk/resellers.html",
        resellers=read_resellers(actor, clock.now()),
        offered_on=list_offered_on(actor),
    )


def sharing_page(error: str | None = None) -> str:
    """Render what the own distributor sees of the firm, as that one sees it.

    Raises `NotFound` where no distributor stands above the firm.
    """
    actor = current_actor()
    distributor = find_distributor(actor.organisation_id)
    seen = read_shared([actor.organisation_id], clock.now())
    if distributor is None or not seen:
        raise NotFound()
    return render_template(
        "desk/sharing.html", distributor=distributor, reseller=seen[0], error=error
    )


@blueprint.get("/team/sharing")
@requires(Permission.PICKUPS_SEE_FIRM)
def sharing() -> ResponseReturnValue:
    return sharing_page()


@blueprint.post("/team/sharing")
@requires(Permission.PICKUPS_SEE_FIRM)
def share() -> ResponseReturnValue:
    actor = current_actor()
    if find_distributor(actor.organisation_id) is None:
        raise NotFound()
    try:
        partners.set_shares(actor.organisation_id, request.form.get("shares", ""), clock.now())
    except Invalid as error:
        return sharing_page(error.errors["shares"]), 422
    flash(_("Saved. Below stands what is seen from now on."), "success")
    return go(url_for("team.sharing"))


# -- people -----------------------------------------------------------------------------------


def invite_form(*, sent: bool) -> InviteForm:
    """Return the form of an invitation with the roles of the own kind of firm."""
    form = InviteForm() if sent else InviteForm(formdata=None)
    form.offer(current_actor().organisation_kind)
    return form


def invitation_page(form: InviteForm) -> str:
    """Render the form of an invitation."""
    return render_template("desk/invite.html", form=form)


@blueprint.get("/team/invitation")
@requires(Permission.PICKUPS_SEE_FIRM)
def invitation() -> ResponseReturnValue:
    return invitation_page(invite_form(sent=False))


@blueprint.post("/team/invitation")
@requires(Permission.PICKUPS_SEE_FIRM)
@limiter.limit("60/hour", key_func=inviter)
def invite() -> ResponseReturnValue:
    actor, form = current_actor(), invite_form(sent=True)
    if not form.validate():
        return invitation_page(form), 422
    try:
        user = accounts.invite(
            session().get_one(Organisation, actor.organisation_id),
            form.email.data or "",
            form.invited_name.data or "",
            form.roles.data or [],
            clock.now(),
            actor.id,
        )
    except Invalid as error:
        form.take(Invalid({NAMED.get(name, name): said for name, said in error.errors.items()}))
        return invitation_page(form), 422
    flash(_("An invitation to %(email)s is on its way.", email=user.email), "success")
    return go(url_for("team.team"))


@blueprint.post("/team/people/<int:user_id>/invitation")
@requires(Permission.PICKUPS_SEE_FIRM)
@limiter.limit("60/hour", key_func=inviter)
def invite_again(user_id: int) -> ResponseReturnValue:
    actor = current_actor()
    user = get_person(user_id, actor.organisation_id)
    try:
        accounts.invite_again(user, clock.now(), actor.id)
    except Refused as refusal:
        flash(refusal.message)
    else:
        flash(_("An invitation to %(email)s is on its way.", email=user.email), "success")
    return go(url_for("team.team"))


def place_page(user: User, form: PlaceForm) -> str:
    """Render what somebody of the own firm is in it, and where."""
    return render_template("desk/place.html", user=user, form=form)


@blueprint.get("/team/people/<int:user_id>/place")
@requires(Permission.PICKUPS_SEE_FIRM)
def place(user_id: int) -> ResponseReturnValue:
    user = get_person(user_id, current_actor().organisation_id)
    form = PlaceForm(formdata=None)
    form.offer(user)
    form.show(user)
    return place_page(user, form)


@blueprint.post("/team/people/<int:user_id>/place")
@requires(Permission.PICKUPS_SEE_FIRM)
def put(user_id: int) -> ResponseReturnValue:
    user, form = get_person(user_id, current_actor().organisation_id), PlaceForm()
    form.offer(user)
    if not form.validate():
        return place_page(user, form), 422
    try:
        put_in_own_firm(user, form.place(), clock.now(), current_actor().id)
    except Invalid as error:
        form.take(error)
        return place_page(user, form), 422
    except Refused as refusal:
        form.take(Invalid({"roles": refusal.message}))
        return place_page(user, form), 409
    flash(_("Saved."), "success")
    stays = user.id != current_actor().id or set(user.roles) & set(MANAGING_ROLES)
    return go(url_for("team.team" if stays else "desk.home"))


@blueprint.post("/team/people/<int:user_id>/return")
@requires(Permission.PICKUPS_SEE_FIRM)
def reactivate(user_id: int) -> ResponseReturnValue:
    user = get_person(user_id, current_actor().organisation_id)
    accounts.reactivate(user, clock.now())
    flash(_("%(name)s may sign in again.", name=user.name), "success")
    return go(url_for("team.team"))


# -- absence ----------------------------------------------------------------------------------


def get_absent(user_id: int) -> User:
    """Return whose absence the actor may look after: her own, for managers the firm's people's.

    Raises `NotFound`.
    """
    actor = current_actor()
    if user_id != actor.id and not actor.may(Permission.PICKUPS_SEE_FIRM):
        raise NotFound()
    return get_person(user_id, actor.organisation_id)


def absence_form(user: User, *, sent: bool) -> OwnAbsenceForm:
    """Return the form, empty or as it was sent."""
    form = OwnAbsenceForm() if sent else OwnAbsenceForm(formdata=None)
    form.offer([(str(one.id), one.name) for one in list_colleagues(user)])
    return form


def absence_page(user: User, form: OwnAbsenceForm) -> str:
    """Render what is noted of somebody's absences, and the form of a new one."""
    at = clock.now()
    found = queries.list_absences_of(user.id, user.organisation_id, at)
    return render_template(
        "desk/absence.html",
        user=user,
        form=form,
        absences=found,
        today=day_at(user.organisation.timezone, at),
        own=user.id == current_actor().id,
    )


@blueprint.get("/team/people/<int:user_id>/absence")
@requires(Permission.OFFERS_SEE)
def absence(user_id: int) -> ResponseReturnValue:
    user = get_absent(user_id)
    return absence_page(user, absence_form(user, sent=False))


@blueprint.post("/team/people/<int:user_id>/absence")
@requires(Permission.OFFERS_SEE)
def add_absence(user_id: int) -> ResponseReturnValue:
    user = get_absent(user_id)
    form = absence_form(user, sent=True)
    if not form.validate():
        return absence_page(user, form), 422
    try:
        partners.add_absence(
            user.organisation_id,
            form.starts_on.data,
            form.ends_on.data,
            clock.now(),
            user_id=user.id,
            note=form.absence_note.data,
            delegate_id=int(form.delegate_id.data) if form.delegate_id.data else None,
            by_user_id=current_actor().id,
        )
    except Invalid as error:
        form.take(error)
        return absence_page(user, form), 422
    flash(_("Noted. Nothing new is offered meanwhile."), "success")
    return go(url_for("team.absence", user_id=user_id))


@blueprint.post("/team/people/<int:user_id>/absences/<int:absence_id>/end")
@requires(Permission.OFFERS_SEE)
def end_absence(user_id: int, absence_id: int) -> ResponseReturnValue:
    user = get_absent(user_id)
    found = queries.get_absence(absence_id, user.organisation_id)
    if found.user_id != user.id:
        raise NotFound()
    partners.end_absence(found, clock.now())
    flash(_("The absence is over."), "success")
    return go(url_for("team.absence", user_id=user_id))

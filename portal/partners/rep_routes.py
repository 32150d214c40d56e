"""What a person of a partner is good at: her own page, and her manager's."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.models import User
from portal.accounts.permissions import Permission
from portal.accounts.queries import get_person
from portal.core import clock
from portal.core.errors import Invalid, NotFound
from portal.partners import rep_profiles
from portal.partners.forms import SkillsForm
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("rep_profiles", __name__)


def get_described(user_id: int) -> User:
    """Return of whom the actor may say what she is good at: herself, for managers their people.

    Raises `NotFound`.
    """
    actor = current_actor()
    own = user_id == actor.id or actor.may(Permission.PICKUPS_SEE_FIRM)
    if not actor.is_partner or not own:
        raise NotFound()
    return get_person(user_id, actor.organisation_id)


def render(user: User, form: SkillsForm) -> str:
    """Render what somebody is good at."""
    form.offer(rep_profiles.read(user.id))
    return render_template(
        "partners/skills.html", user=user, form=form, own=user.id == current_actor().id
    )


@blueprint.get("/team/people/<int:user_id>/skills")
@requires(Permission.OFFERS_SEE)
def page(user_id: int) -> ResponseReturnValue:
    user, form = get_described(user_id), SkillsForm(formdata=None)
    form.show(rep_profiles.read(user.id))
    return render(user, form)


@blueprint.post("/team/people/<int:user_id>/skills")
@requires(Permission.OFFERS_SEE)
def save(user_id: int) -> ResponseReturnValue:
    user, form = get_described(user_id), SkillsForm()
    form.offer(rep_profiles.read(user.id))
    if not form.validate():
        return render(user, form), 422
    try:
        rep_profiles.save(user, form.skills(), clock.now())
    except Invalid as error:
        form.take(error)
        return render(user, form), 422
    flash(_("Saved."), "success")
    return go(url_for("rep_profiles.page", user_id=user_id))

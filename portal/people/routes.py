"""Pages of who administers people: everybody in a list, and a person's page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts import administration, chosen, operations, second_step
from portal.accounts.actor import current_actor
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import ROLES, Permission
from portal.accounts.viewing import may_look_as
from portal.accounts.words import ROLE_NAMES, roles_in_words
from portal.core import clock
from portal.core.errors import Invalid, Refused
from portal.core.mail import standing
from portal.people import queries, rules
from portal.people.forms import PersonForm
from portal.people.rules import State
from portal.web.access import requires
from portal.web.htmx import go

blueprint = Blueprint("people", __name__)


def read_id(raw: str | None) -> int | None:
    """Read an id from the address or a form; anything odd is none."""
    return int(raw) if raw and raw.isascii() and raw.isdecimal() and len(raw) < 15 else None


def states() -> dict[str, str]:
    """Return how far a person can have come, in words."""
    return {
        State.ACTIVE: _("has access"),
        State.INVITED: _("invited, not yet come"),
        State.EXPIRED: _("invitation ran out"),
        State.NOT_INVITED: _("not invited yet"),
        State.NEVER: _("never signed in"),
        queries.WITHOUT_SECOND_STEP: _("without second step"),
        State.GONE: _("no access any more"),
    }


def read_filters() -> queries.Filters:
    """Read the filters from the address; what is odd is left out."""
    role, state = request.args.get("role", ""), request.args.get("state", "")
    return queries.Filters(
        text=request.args.get("q", "").replace("\x00", "").strip()[:100],
        role=role if role in ROLES else "",
        state=state if state in states() else "",
        firm_id=read_id(request.args.get("firm")),
    )


@blueprint.get("/people")
@requires(Permission.PEOPLE_EDIT)
def people() -> ResponseReturnValue:
    filters, at = read_filters(), clock.now()
    page = queries.list_people(
        filters,
        at,
        after=read_id(request.args.get("after")),
        before=read_id(request.args.get("before")),
    )
    return render_template(
        "people/people.html",
        people=lines(page.people),
        filters=filters,
        firm=queries.find_firm(filters.firm_id),
        roles=[(role, str(name)) for role, name in ROLE_NAMES.items()],
        states=states(),
        before=turn(before=page.before),
        after=turn(after=page.after),
    )


def turn(**place: int | None) -> str | None:
    """Return the address of the same list from another place on."""
    if None in place.values():
        return None
    values: dict[str, Any] = {
        key: value
        for key, value in request.args.items()
        if key in ("q", "role", "state", "firm") and value
    }
    return url_for("people.people", **{**values, **place})


def lines(people: list[User] | Any) -> list[dict[str, Any]]:
    """Return people as a list shows them: with state, roles and what is missing, in words."""
    at, words = clock.now(), states()
    firms = queries.firms_in_people([person.organisation_id for person in people])
    barred = standing.find_barred([person.email for person in people])
    found = []
    for person in people:
        firm = firms[person.organisation_id]
        state = rules.state_of(person, firm.active, at, operations.INVITATION_LASTS)
        found.append(
            {
                "person": person,
                "state": state,
                "state_words": words[state],
                "roles": roles_in_words(person.roles),
                "missing": rules.missing_of(
                    person,
                    state,
                    person.organisation.kind,
                    firm,
                    chosen.demands_second_step(person.roles),
                    reached=person.email not in barred or barred[person.email].marked_at is None,
                ),
            }
        )
    return found


@blueprint.get("/people/<int:user_id>")
@requires(Permission.PEOPLE_EDIT)
def person(user_id: int) -> ResponseReturnValue:
    found = administration.get_person(user_id)
    form = PersonForm(formdata=None)
    form.offer(found)
    form.show(found)
    return person_page(found, form)


def person_page(found: User, form: PersonForm) -> str:
    """Render a person with the form as it was filled in."""
    return render_template(
        "people/person.html",
        person=found,
        firm=found.organisation,
        line=lines([found])[0],
        form=form,
        held=queries.list_held(found.id),
        sessions=queries.count_sessions(found.id, clock.now()),
        may_look=found.active and may_look_as(found.roles),
        State=State,
    )


@blueprint.post("/people/<int:user_id>")
@requires(Permission.PEOPLE_EDIT)
def save_person(user_id: int) -> ResponseReturnValue:
    found = administration.get_person(user_id)
    form = PersonForm()
    form.offer(found)
    if not form.validate():
        return person_page(found, form), 422
    try:
        administration.change(found, form.particulars(), clock.now(), current_actor().id)
    except Invalid as error:
        form.take(error)
        return person_page(found, form), 422
    except Refused as refusal:
        form.take(Invalid({"roles": refusal.message}))
        return person_page(found, form), 409
    flash(_("Saved."), "success")
    return go(url_for("people.person", user_id=user_id))


@blueprint.post("/people/<int:user_id>/invitation")
@requires(Permission.PEOPLE_EDIT)
def invite_again(user_id: int) -> ResponseReturnValue:
    found = administration.get_person(user_id)
    try:
        operations.invite_again(found, clock.now(), current_actor().id)
    except Refused as refusal:
        return refused(refusal, found)
    flash(_("An invitation to %(email)s is on its way.", email=found.email), "success")
    return go(url_for("people.person", user_id=user_id))


@blueprint.post("/people/<int:user_id>/sign-out")
@requires(Permission.PEOPLE_EDIT)
def sign_out(user_id: int) -> ResponseReturnValue:
    found = administration.get_person(user_id)
    administration.sign_out(found, clock.now(), current_actor().id)
    flash(_("%(name)s is signed out everywhere.", name=found.name), "success")
    return go(url_for("people.person", user_id=user_id))


@blueprint.post("/people/<int:user_id>/second-step/removal")
@requires(Permission.PEOPLE_EDIT)
def remove_second_step(user_id: int) -> ResponseReturnValue:
    found = administration.get_person(user_id)
    second_step.remove(found, clock.now(), current_actor().id)
    flash(_("%(name)s now signs in with the password alone.", name=found.name), "success")
    return go(url_for("people.person", user_id=user_id))


@blueprint.post("/people/<int:user_id>/return")
@requires(Permission.PEOPLE_EDIT)
def reactivate(user_id: int) -> ResponseReturnValue:
    found = administration.get_person(user_id)
    operations.reactivate(found, clock.now())
    flash(_("%(name)s may sign in again.", name=found.name), "success")
    return go(url_for("people.person", user_id=user_id))


def refused(refusal: Refused, found: User | Organisation) -> ResponseReturnValue:
    """Show why something can't be done, with the way back."""
    person = found if isinstance(found, User) else None
    firm = found if isinstance(found, Organisation) else None
    return (
        render_template("people/refused.html", refusal=refusal, person=person, firm=firm),
        refusal.status,
    )

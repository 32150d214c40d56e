"""Pages of firms that ask to become partners: the public form, its confirmation, the decision."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Invalid, NotFound, Refused
from portal.partners.forms import countries
from portal.people import sign_up
from portal.people.models import SignUpRequest
from portal.people.sign_up_forms import AcceptForm, AskingForm, DeclineForm
from portal.web.access import public, requires
from portal.web.htmx import go
from portal.web.limits import limiter

blueprint = Blueprint("sign_up", __name__)


@blueprint.get("/partner-sign-up")
@public
def form_page() -> ResponseReturnValue:
    form = AskingForm(formdata=None)
    form.offer()
    return render_template("people/sign_up.html", form=form)


@blueprint.post("/partner-sign-up")
@public
@limiter.limit("6/minute;20/hour")
def ask() -> ResponseReturnValue:
    form = AskingForm()
    form.offer()
    if form.fax.data:  # a robot: it gets the answer of everybody
        return go(url_for("sign_up.sent"))
    if not form.validate():
        return render_template("people/sign_up.html", form=form), 422
    try:
        sign_up.ask(form.asking(), str(get_locale()), clock.now())
    except Invalid as error:
        form.take(error)
        return render_template("people/sign_up.html", form=form), 422
    return go(url_for("sign_up.sent"))


@blueprint.get("/partner-sign-up/sent")
@public
def sent() -> ResponseReturnValue:
    return render_template("people/sign_up_sent.html")


@blueprint.get("/partner-sign-up/<token>")
@public
def confirmation(token: str) -> ResponseReturnValue:
    """Opening confirms nothing: the page has a button."""
    row = sign_up.find_by_secret(token, clock.now())
    return render_template("people/sign_up_confirm.html", row=row), 200 if row else 404


@blueprint.post("/partner-sign-up/<token>")
@public
@limiter.limit("20/minute")
def confirm(token: str) -> ResponseReturnValue:
    try:
        row = sign_up.confirm(token, clock.now())
    except NotFound:
        return render_template("people/sign_up_confirm.html", row=None), 404
    return render_template("people/sign_up_confirm.html", row=row)


@blueprint.get("/sign-up-requests")
@requires(Permission.PARTNERS_EDIT)
def requests() -> ResponseReturnValue:
    return render_template(
        "people/sign_up_requests.html",
        waiting=sign_up.list_open(),
        decided=sign_up.list_decided(),
        country_names=dict(countries()),
    )


@blueprint.get("/sign-up-requests/<int:sign_up_id>")
@requires(Permission.PARTNERS_EDIT)
def request_page(sign_up_id: int) -> ResponseReturnValue:
    return render(sign_up.get_confirmed(sign_up_id))


def render(
    row: SignUpRequest, accepting: AcceptForm | None = None, declining: DeclineForm | None = None
) -> str:
    """Render a request, with one of its forms as it was filled in."""
    accepting = accepting or AcceptForm(formdata=None)
    accepting.offer(row)
    person, firm = sign_up.find_known(row)
    return render_template(
        "people/sign_up_request.html",
        row=row,
        country=dict(countries()).get(row.country, row.country),
        accepting=accepting,
        declining=declining or DeclineForm(formdata=None),
        known_person=person,
        known_firm=firm,
    )


@blueprint.post("/sign-up-requests/<int:sign_up_id>/acceptance")
@requires(Permission.PARTNERS_EDIT)
def accept(sign_up_id: int) -> ResponseReturnValue:
    row, form = sign_up.get_confirmed(sign_up_id), AcceptForm()
    form.offer(row)
    if not form.validate():
        return render(row, accepting=form), 422
    try:
        firm = sign_up.accept(
            sign_up_id,
            form.name.data or "",
            form.kind.data,
            int(form.parent_id.data),
            int(form.level_id.data) if form.level_id.data else None,
            current_actor().id,
            clock.now(),
        )
    except Invalid as error:
        form.take(error)
        return render(row, accepting=form), 422
    except Refused as refusal:
        return refused(refusal)
    flash(_("%(name)s is a partner; the invitation is on its way.", name=firm.name), "success")
    return go(url_for("partners.partner", organisation_id=firm.id))


@blueprint.post("/sign-up-requests/<int:sign_up_id>/refusal")
@requires(Permission.PARTNERS_EDIT)
def decline(sign_up_id: int) -> ResponseReturnValue:
    row, form = sign_up.get_confirmed(sign_up_id), DeclineForm()
    if not form.validate():
        return render(row, declining=form), 422
    try:
        sign_up.decline(sign_up_id, form.answer.data or "", current_actor().id, clock.now())
    except Refused as refusal:
        return refused(refusal)
    flash(_("Turned down; a friendly mail is on its way."), "success")
    return go(url_for("sign_up.requests"))


def refused(refusal: Refused) -> ResponseReturnValue:
    """Show that somebody else has decided meanwhile."""
    flash(refusal.message)
    row = sign_up.get_confirmed((request.view_args or {})["sign_up_id"])
    return render(row), refusal.status

"""The pages of a person's own sign-in: where she is signed in, and her password.

How somebody gets in stands in `routes`; here is what who is in may change for herself alone.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import logout_user

from portal.accounts import operations, queries
from portal.accounts.actor import current_actor
from portal.accounts.devices import device_of
from portal.accounts.forms import PasswordForm
from portal.accounts.signin import name_device, remember
from portal.core import clock
from portal.core.errors import Invalid
from portal.web.access import signed_in
from portal.web.limits import failures_only, limiter

blueprint = Blueprint("own", __name__)


@blueprint.get("/settings/sign-in")
@signed_in
def sign_in() -> ResponseReturnValue:
    return page(PasswordForm(formdata=None))


def page(form: PasswordForm) -> str:
    """Render a person's own sign-in."""
    actor = current_actor()
    found = queries.list_sessions(actor.id, clock.now())
    sessions = [(one, device_of(one.user_agent or ""), one.id == actor.session_id) for one in found]
    # the one at hand first, however long ago it was noted as seen
    sessions.sort(key=lambda row: not row[2])
    return render_template("accounts/own.html", sessions=sessions, form=form)


def own_key() -> str:
    """Return whose attempts are counted: those of the person alone who is in."""
    return f"own:{current_actor().id}"


@blueprint.post("/settings/password")
@signed_in
@limiter.limit("8/minute;40/hour", key_func=own_key, deduct_when=failures_only)
def change_password() -> ResponseReturnValue:
    form, actor = PasswordForm(), current_actor()
    if not form.validate():
        return page(form), 422
    try:
        secret = operations.change_password(
            actor.id,
            form.current.data or "",
            form.password.data or "",
            clock.now(),
            request.remote_addr,
            request.user_agent.string,
            name_device(),
        )
    except Invalid as error:
        form.take(error)
        return page(form), 422
    remember(secret)
    flash(_("Your new password is set. You are signed out everywhere else."), "success")
    return redirect(url_for("own.sign_in"), 303)


@blueprint.post("/settings/sessions/<int:session_id>/sign-out")
@signed_in
def end_session(session_id: int) -> ResponseReturnValue:
    actor = current_actor()
    operations.end_own_session(actor.id, session_id, clock.now())
    if session_id == actor.session_id:
        logout_user()
        session.clear()
        return redirect(url_for("accounts.login"), 303)
    flash(_("Signed out there."), "success")
    return redirect(url_for("own.sign_in"), 303)


@blueprint.post("/settings/sessions/sign-out")
@signed_in
def end_other_sessions() -> ResponseReturnValue:
    actor = current_actor()
    count = operations.end_other_sessions(actor.id, actor.session_id, clock.now())
    flash(
        ngettext("Signed out in one other browser.", "Signed out in %(num)d other browsers.", count)
        if count
        else _("You are signed in here only."),
        "success",
    )
    return redirect(url_for("own.sign_in"), 303)

"""The pages of a person's own sign-in: where she is signed in.

How somebody gets in stands in `routes`; here is what who is in may change for herself alone.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import logout_user

from portal.accounts import operations, queries
from portal.accounts.actor import current_actor
from portal.accounts.devices import device_of
from portal.core import clock
from portal.web.access import signed_in

blueprint = Blueprint("own", __name__)


@blueprint.get("/settings/sign-in")
@signed_in
def sign_in() -> ResponseReturnValue:
    actor = current_actor()
    found = queries.list_sessions(actor.id, clock.now())
    sessions = [(one, device_of(one.user_agent or ""), one.id == actor.session_id) for one in found]
    # the one at hand first, however long ago it was noted as seen
    sessions.sort(key=lambda row: not row[2])
    return render_template("accounts/own.html", sessions=sessions)


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

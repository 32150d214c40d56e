"""The pages of a person's own sign-in: where she is signed in, her password, her second step.

How somebody gets in stands in `routes`; here is what who is in may change for herself alone.
"""

from __future__ import annotations

import segno
from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import logout_user

from portal.accounts import chosen, operations, queries, second_step
from portal.accounts.actor import current_actor
from portal.accounts.devices import device_of
from portal.accounts.forms import BothForm, CodeForm, PasswordForm, ProofForm
from portal.accounts.models import User
from portal.accounts.signin import MAILBOX, browser_here, remember
from portal.core import clock
from portal.core import db as database
from portal.core.errors import Invalid, NotFound
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
    user = database.session().get_one(User, actor.id)
    return render_template("accounts/own.html", sessions=sessions, form=form, user=user)


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
            browser_here(),
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


# -- the second step --------------------------------------------------------------------------


@blueprint.get("/settings/second-step")
@signed_in
def second_step_page() -> ResponseReturnValue:
    return step_page()


def step_page(
    starting: ProofForm | None = None, code: CodeForm | None = None, ending: BothForm | None = None
) -> str:
    """Render what there is to do about the second step, with one form as it was filled in."""
    user_id, at = current_actor().id, clock.now()
    user = database.session().get_one(User, user_id)
    setup = second_step.find_setup(user_id, at)
    return render_template(
        "accounts/second_step.html",
        user=user,
        setup=setup,
        picture=segno.make(setup.uri, error="m") if setup else None,
        left=second_step.count_codes(user_id),
        demanded=chosen.demands_second_step(user.roles),
        may_begin=second_step.may_begin(user, session.get(MAILBOX, ""), at),
        starting=starting or ProofForm(formdata=None),
        form=code or CodeForm(formdata=None),
        ending=ending or BothForm(formdata=None),
    )


@blueprint.post("/settings/second-step")
@signed_in
@limiter.limit("8/minute;40/hour", key_func=own_key, deduct_when=failures_only)
def begin_second_step() -> ResponseReturnValue:
    form = ProofForm()
    if not form.validate():
        return step_page(starting=form), 422
    try:
        second_step.begin(
            current_actor().id, form.password.data or "", clock.now(), session.get(MAILBOX, "")
        )
    except Invalid as error:
        form.take(error)
        return step_page(starting=form), 422
    return redirect(url_for("own.second_step_page"), 303)


@blueprint.post("/settings/second-step/confirmation")
@signed_in
@limiter.limit("8/minute;40/hour", key_func=own_key, deduct_when=failures_only)
def confirm_second_step() -> ResponseReturnValue:
    form, actor = CodeForm(), current_actor()
    if not form.validate():
        return step_page(code=form), 422
    try:
        codes = second_step.confirm(actor.id, form.code.data or "", clock.now(), actor.session_id)
    except Invalid as error:
        form.take(error)
        return step_page(code=form), 422
    except NotFound:
        flash(_("That took a while. Please begin once more."))
        return redirect(url_for("own.second_step_page"), 303)
    return render_template("accounts/recovery_codes.html", codes=codes, first=True)


@blueprint.post("/settings/second-step/codes")
@signed_in
@limiter.limit("8/minute;40/hour", key_func=own_key, deduct_when=failures_only)
def make_codes() -> ResponseReturnValue:
    form, actor = BothForm(), current_actor()
    if not form.validate():
        return step_page(ending=form), 422
    try:
        codes = second_step.fresh_codes(
            actor.id,
            form.password.data or "",
            form.code.data or "",
            clock.now(),
            actor.session_id,
        )
    except Invalid as error:
        form.take(error)
        return step_page(ending=form), 422
    return render_template("accounts/recovery_codes.html", codes=codes, first=False)


@blueprint.post("/settings/second-step/removal")
@signed_in
@limiter.limit("8/minute;40/hour", key_func=own_key, deduct_when=failures_only)
def end_second_step() -> ResponseReturnValue:
    form, actor = BothForm(), current_actor()
    if not form.validate():
        return step_page(ending=form), 422
    try:
        second_step.switch_off(
            actor.id,
            form.password.data or "",
            form.code.data or "",
            clock.now(),
            actor.session_id,
        )
    except Invalid as error:
        form.take(error)
        return step_page(ending=form), 422
    flash(_("Your password alone lets you in again."), "success")
    return redirect(url_for("own.sign_in"), 303)

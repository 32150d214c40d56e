"""Sign-in, sign-out, password reset and a person's own settings."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import (
    Blueprint,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import logout_user
from werkzeug.exceptions import HTTPException

from portal.accounts import operations, queries, second_step
from portal.accounts.actor import current_actor, find_actor
from portal.accounts.forms import (
    CodeForm,
    ForgotForm,
    InvitedForm,
    ResetForm,
    SignInForm,
)
from portal.accounts.models import User
from portal.accounts.passwords import Crowded
from portal.accounts.signin import browser_here, read_device, remember, remember_by_mail
from portal.core import clock, tokens
from portal.core import db as database
from portal.core.errors import Forbidden, Invalid, NotFound
from portal.web.access import public, signed_in
from portal.web.boundary import keep_work
from portal.web.limits import count_no_attempt, failures_only, limiter, visitor_key

blueprint = Blueprint("accounts", __name__)

LOCALES = ("en", "de")
THEMES = ("auto", "light", "dark")
HALF = "half"
"""Where the cookie of a visitor holds the secret of a sign-in that owes its second step."""
UNLISTED = {"X-Robots-Tag": "noindex, nofollow, noarchive"}


# -- whose attempts are counted ---------------------------------------------------------------
#
# Wrong passwords and codes are counted for an address, for an account at an address, and for an
# account wherever they come from. A browser in which the person was signed in before is counted by
# itself alone: whatever others try, beside her or elsewhere, it lets her in, in a crowd of
# strangers, too. Mails that somebody asks for are counted alike, so that nobody fills her mailbox.


def account() -> str:
    """Return whom somebody says to be, or who owes her second step."""
    return whose()[0]


def account_here() -> str:
    """Return the same at an address, or in a browser of hers."""
    device = read_device()
    if device is not None and is_known_browser():
        return f"{account()}:{tokens.hash_secret(device).hex()}"
    return f"{account()}:{visitor_key()}"


def is_known_browser() -> bool:
    """Tell whether this person was signed in before in this browser."""
    if "known_browser" not in g:
        device, email = read_device(), whose()[1]
        known = device is not None and bool(email)
        g.known_browser = known and queries.knows_device(email, tokens.hash_secret(device or ""))
    return bool(g.known_browser)


def whose() -> tuple[str, str]:
    """Return a name to count by, and the person's address; empty where nobody is meant."""
    if request.endpoint != "accounts.take_code":
        email = form_text("email").lower()
        return f"account:{email}", email
    user = second_step.find_half(session.get(HALF, ""), clock.now())
    return (f"second:{user.id}", user.email) if user else (f"second:{visitor_key()}", "")


def form_text(name: str) -> str:
    """Return what a field of the form says, as PostgreSQL takes it."""
    return request.form.get(name, "").replace("\x00", "").strip()[:200]


@blueprint.get("/login")
@public
def login() -> ResponseReturnValue:
    if find_actor():
        return redirect(url_for("desk.home"))
    return render_template("accounts/login.html", form=SignInForm(formdata=None))


@blueprint.post("/login")
@public
@limiter.limit("20/minute;200/hour", exempt_when=is_known_browser, deduct_when=failures_only)
@limiter.limit("8/minute;40/hour", key_func=account_here, deduct_when=failures_only)
@limiter.limit(
    "100/hour", key_func=account, exempt_when=is_known_browser, deduct_when=failures_only
)
def sign_in() -> ResponseReturnValue:
    form, at = SignInForm(), clock.now()
    if not form.validate():
        return render_template("accounts/login.html", form=form), 422
    try:
        user, secret = operations.sign_in(
            form.email.data or "",
            form.password.data or "",
            at,
            browser_here(),
            is_known_browser(),
        )
    except Forbidden as error:
        form.take(Invalid({"password": error.message}))
        return render_template("accounts/login.html", form=form), 422
    except Crowded:
        count_no_attempt()
        crowded = _("Very many are signing in just now. Please try again in a few seconds.")
        form.take(Invalid({"password": crowded}))
        return render_template("accounts/login.html", form=form), 429, {"Retry-After": "5"}
    if secret is None:
        session.clear()
        session[HALF] = second_step.ask(user.id, at)
        return redirect(url_for("accounts.code", next=request.args.get("next")), 303)
    remember(secret)
    return redirect(safe_target(request.args.get("next")), 303)


@blueprint.get("/login/code")
@public
def code() -> ResponseReturnValue:
    if second_step.find_half(session.get(HALF, ""), clock.now()) is None:
        return redirect(url_for("accounts.login", next=request.args.get("next")))
    return render_template("accounts/code.html", form=CodeForm(formdata=None))


@blueprint.post("/login/code")
@public
@limiter.limit("20/minute;200/hour", exempt_when=is_known_browser, deduct_when=failures_only)
@limiter.limit("8/minute;40/hour", key_func=account_here, deduct_when=failures_only)
@limiter.limit("60/day", key_func=account, exempt_when=is_known_browser, deduct_when=failures_only)
def take_code() -> ResponseReturnValue:
    form, at, half = CodeForm(), clock.now(), session.get(HALF, "")
    if not form.validate():
        return render_template("accounts/code.html", form=form), 422
    try:
        secret = second_step.take(
            half,
            form.code.data or "",
            at,
            browser_here(),
        )
    except Invalid as error:
        keep_work()  # a wrong code counts
        form.take(error)
        return render_template("accounts/code.html", form=form), 422
    except NotFound:  # too old, too many wrong codes, or ended meanwhile
        flash(_("Please sign in once more, with your password first."))
        return redirect(url_for("accounts.login", next=request.args.get("next")), 303)
    remember(secret)
    return redirect(safe_target(request.args.get("next")), 303)


@blueprint.get("/login/link")
@public
def link() -> ResponseReturnValue:
    return render_template("accounts/link.html", form=ForgotForm(formdata=None))


@blueprint.post("/login/link")
@public
@limiter.limit("6/minute;30/hour", exempt_when=is_known_browser)
@limiter.limit("6/hour", key_func=account_here)
@limiter.limit("6/hour", key_func=account, exempt_when=is_known_browser)
def request_link() -> ResponseReturnValue:
    form = ForgotForm()
    if not form.validate():
        return render_template("accounts/link.html", form=form), 422
    operations.request_sign_in_link(form.email.data or "", clock.now())
    return render_template("accounts/link.html", form=form, sent=True)


@blueprint.get("/sign-in/<token>")
@public
def open_sign_in_link(token: str) -> ResponseReturnValue:
    if tokens.find(operations.SIGN_IN_LINK, token, clock.now()) is None:
        return render_template("accounts/link_over.html"), 410, UNLISTED
    return render_template("accounts/by_link.html"), UNLISTED


@blueprint.post("/sign-in/<token>")
@public
@limiter.limit("10/minute;60/hour")
def sign_in_by_link(token: str) -> ResponseReturnValue:
    at = clock.now()
    try:
        user, secret = operations.sign_in_by_link(token, at, browser_here())
    except NotFound:
        return render_template("accounts/link_over.html"), 410
    session.clear()
    if secret is None:
        session[HALF] = second_step.ask(user.id, at)
        return redirect(url_for("accounts.code"), 303)
    remember_by_mail(user, secret)
    return redirect(url_for("desk.home"), 303)


def safe_target(target: str | None) -> str:
    """Return a local path to go on to, never another site."""
    if target:
        parts = urlsplit(target)
        if (
            not parts.scheme
            and not parts.netloc
            and target.startswith("/")
            and not target.startswith(("//", "/\\"))
            and not set(target) & set("\\\r\n\t")
        ):
            return target
    return url_for("desk.home")


@blueprint.post("/logout")
@signed_in
def logout() -> ResponseReturnValue:
    operations.end_session(current_actor().session_id, clock.now())
    logout_user()
    session.clear()
    return redirect(url_for("accounts.login"), 303)


@blueprint.get("/forgot")
@public
def forgot() -> ResponseReturnValue:
    return render_template("accounts/forgot.html", form=ForgotForm(formdata=None))


@blueprint.post("/forgot")
@public
@limiter.limit("6/minute;30/hour", exempt_when=is_known_browser)
@limiter.limit("6/hour", key_func=account_here)
@limiter.limit("6/hour", key_func=account, exempt_when=is_known_browser)
def request_reset() -> ResponseReturnValue:
    form = ForgotForm()
    if not form.validate():
        return render_template("accounts/forgot.html", form=form), 422
    operations.request_password_reset(form.email.data or "", clock.now())
    flash(_("If we know this address, a mail with a link is on its way."))
    return redirect(url_for("accounts.login"), 303)


@blueprint.get("/reset/<token>")
@public
def reset(token: str) -> ResponseReturnValue:
    return render_template("accounts/reset.html", form=ResetForm(formdata=None), token=token)


@blueprint.post("/reset/<token>")
@public
@limiter.limit("10/minute;60/hour")
def set_new_password(token: str) -> ResponseReturnValue:
    form = ResetForm()
    if not form.validate():
        return render_template("accounts/reset.html", form=form, token=token), 422
    try:
        operations.reset_password(token, form.password.data or "", clock.now())
    except Invalid as error:
        form.take(error)
        return render_template("accounts/reset.html", form=form, token=token), 422
    flash(_("Your new password is set. Please sign in with it."))
    return redirect(url_for("accounts.login"), 303)


@blueprint.get("/invite/<token>")
@public
def invitation(token: str) -> ResponseReturnValue:
    user = queries.find_invited(token, clock.now())
    if user is None:
        return render_template("accounts/invitation_over.html"), 410
    return welcome(InvitedForm(formdata=None, data={"name": user.name}), user)


@blueprint.post("/invite/<token>")
@public
@limiter.limit("10/minute;60/hour")
def accept_invitation(token: str) -> ResponseReturnValue:
    at = clock.now()
    form, user = InvitedForm(), queries.find_invited(token, at)
    if user is None:
        return render_template("accounts/invitation_over.html"), 410
    if not form.validate():
        return welcome(form, user), 422
    try:
        user, secret = operations.accept_invitation(
            token,
            form.name.data or "",
            form.password.data or "",
            at,
            browser_here(),
        )
    except Invalid as error:
        form.take(error)
        return welcome(form, user), 422
    except NotFound:  # pressed twice, and the other press was first
        return render_template("accounts/invitation_over.html"), 410
    remember_by_mail(user, secret)
    flash(_("Welcome, %(name)s.", name=form.name.data), "success")
    return redirect(url_for("desk.home"), 303)


def welcome(form: InvitedForm, user: User) -> str:
    """Render the page on which an invited person chooses her password."""
    return render_template("accounts/invitation.html", form=form, user=user)


def way_back() -> str:
    """Return the page on which a button of the settings was pressed; home if it cannot be opened.

    The answer to a form may stand at an address that only takes forms.
    """
    target = safe_target(request.form.get("back"))
    try:
        current_app.url_map.bind("").match(urlsplit(target).path, method="GET")
    except HTTPException:
        return url_for("desk.home")
    return target


@blueprint.post("/settings/language")
@public
def set_language() -> ResponseReturnValue:
    choice = request.form.get("language", "")
    if choice in LOCALES:
        actor = find_actor()
        if actor:
            database.session().get_one(User, actor.id).locale = choice
        else:
            session["locale"] = choice
    return redirect(way_back(), 303)


@blueprint.post("/settings/theme")
@public
def set_theme() -> ResponseReturnValue:
    choice = request.form.get("theme", "")
    if choice in THEMES:
        actor = find_actor()
        if actor:
            database.session().get_one(User, actor.id).theme = choice
        else:
            session["theme"] = choice
    return redirect(way_back(), 303)

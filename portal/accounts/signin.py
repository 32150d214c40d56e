"""Who is signed in: from the cookie to the session row to the actor, and into the cookie."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import (
    Flask,
    Response,
    after_this_request,
    current_app,
    g,
    has_request_context,
    redirect,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, login_user
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import update

from portal.accounts import chosen, operations, queries, second_step
from portal.accounts.actor import Actor, Visitor, find_actor
from portal.accounts.devices import Browser
from portal.accounts.models import User, UserSession
from portal.core import circumstances, clock, tokens
from portal.core.config import Settings
from portal.core.db import apart, db
from portal.web.access import BEARER, PUBLIC, access_of

DEVICE_LASTS = timedelta(days=400)  # browsers keep no cookie longer

login_manager = LoginManager()
login_manager.anonymous_user = Visitor
login_manager.session_protection = None


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_actor(secret: str) -> Actor | None:
    """Return the actor of a session secret, None where it ended or the person was deactivated."""
    at = clock.now()
    found = queries.find_session_actor(secret, at)
    if found is None:
        return None
    actor, last_seen_at = found
    if actor.viewer_id is None:
        circumstances.begin(actor_id=actor.id)
    else:
        circumstances.begin(actor_id=actor.viewer_id, as_id=actor.id)
    # what an open page fetches by itself does not keep anybody signed in
    by_itself = has_request_context() and "X-Live" in request.headers
    if at - last_seen_at > timedelta(minutes=1) and not by_itself:
        touch(actor.session_id, at)
    return actor


def touch(session_id: int, at: datetime) -> None:
    """Note that the session is in use, in a transaction of its own, at most once a minute."""
    with apart() as own:
        own.execute(
            update(UserSession)
            .where(UserSession.id == session_id)
            .values(
                last_seen_at=at,
                expires_at=db.func.least(
                    at + operations.IDLE, UserSession.created_at + operations.ABSOLUTE
                ),
            )
        )


def remember(secret: str) -> None:
    """Put the new session into a fresh cookie: nothing of the visitor's cookie survives."""
    session.clear()
    found = queries.find_session_actor(secret, clock.now())
    if found:
        login_user(found[0])


def read_device() -> str | None:
    """Return the secret that names this browser; None where it has none, or a forged one."""
    settings: Settings = current_app.config["SETTINGS"]
    try:
        return str(_signer(settings).loads(request.cookies.get(_cookie(settings), "")))
    except BadSignature:
        return None


def _signer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key, salt="device")


def _cookie(settings: Settings) -> str:
    return "__Host-device" if settings.secure_cookies else "device"


def name_device() -> str:
    """Return the secret that names this browser; a browser without a good one gets one.

    Only its hash is stored. It opens nothing: it tells a browser seen before from a new one.
    """
    known = read_device()
    if known is not None:
        return known
    settings: Settings = current_app.config["SETTINGS"]
    device = tokens.new_secret()

    @after_this_request
    def hand_out(response: Response) -> Response:
        if response.status_code < 400:  # who was let in
            response.set_cookie(
                _cookie(settings),
                str(_signer(settings).dumps(device)),
                max_age=DEVICE_LASTS,
                httponly=True,
                samesite="Lax",
                secure=settings.secure_cookies,
            )
        return response

    return device


MAILBOX = "mailbox"
"""Where the cookie of somebody who came in by a mail says so (`second_step.note_mailbox`)."""


def remember_by_mail(user: User, secret: str) -> None:
    """Put the new session into a fresh cookie, and that she came in by a mail where it matters."""
    remember(secret)
    if user.second_step_at is None and chosen.demands_second_step(user.roles):
        session[MAILBOX] = second_step.note_mailbox(user, clock.now())


def browser_here() -> Browser:
    """Return the browser that asks, named from now on."""
    return Browser(request.remote_addr, request.user_agent.string, name_device())


WITHOUT_SECOND_STEP = frozenset(
    {
        "accounts.logout",
        "own.begin_second_step",
        "own.confirm_second_step",
        "own.second_step_page",
    }
)
"""What is open to who must set up a second step first, besides what is open to everybody."""


def owes_second_step(actor: Actor) -> bool:
    """Tell whether somebody must set up a second step before anything else."""
    return not actor.second_step and chosen.demands_second_step(actor.roles)


def lead_to_second_step() -> ResponseReturnValue | None:
    """Let nobody do anything else who must set up a second step; runs before every request."""
    endpoint = request.endpoint
    if endpoint is None or endpoint in WITHOUT_SECOND_STEP:
        return None
    # who is there is not asked where it doesn't matter: /readyz answers without a database
    if access_of(current_app, endpoint) in (PUBLIC, BEARER):
        return None
    actor = find_actor()
    if actor is None or not owes_second_step(actor):
        return None
    where = url_for("own.second_step_page")
    if request.headers.get("HX-Request"):
        return "", 204, {"HX-Redirect": where}
    if request.headers.get("Accept") == "text/event-stream":
        # no page: a browser takes it as the end, and does not try again
        return "", 204
    return redirect(where, 303)


def init_signin(app: Flask) -> None:
    """Attach Flask-Login."""
    chosen.check_settings(app.config["SETTINGS"])
    login_manager.init_app(app)
    app.extensions["visitor"] = Visitor

    @app.teardown_appcontext
    def forget(_error: BaseException | None) -> None:
        g.pop("_login_user", None)

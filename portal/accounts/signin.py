"""Who is signed in: from the cookie to the session row to the actor."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask, g, has_request_context, request
from flask_login import LoginManager
from sqlalchemy import update

from portal.accounts import operations, queries
from portal.accounts.actor import Actor, Visitor
from portal.accounts.models import UserSession
from portal.core import circumstances, clock
from portal.core.db import apart, db

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
    circumstances.begin(actor_id=actor.id)
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


def init_signin(app: Flask) -> None:
    """Attach Flask-Login."""
    login_manager.init_app(app)
    app.extensions["visitor"] = Visitor

    @app.teardown_appcontext
    def forget(_error: BaseException | None) -> None:
        g.pop("_login_user", None)

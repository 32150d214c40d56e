"""Look at the portal as somebody else sees it: for administrators, read-only and on record.

The session remembers as whom it looks. Whoever looks has that person's roles and sees what she
sees, but no contact data, no notes and nothing of her own sign-in; every change is refused.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from flask import Blueprint, make_response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import update

from portal.accounts.actor import current_actor, find_actor
from portal.accounts.events import ViewingBegan, ViewingEnded, ViewingRefused
from portal.accounts.models import UserSession
from portal.accounts.permissions import Permission, of_roles
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Forbidden, Refused
from portal.core.events import record, record_apart
from portal.web.access import requires, signed_in
from portal.web.boundary import SAFE
from portal.web.htmx import go

blueprint = Blueprint("viewing", __name__)


class OnlyLooking(Forbidden):
    """Who looks as somebody else changes nothing."""

    code = "only_looking"


class NotToLookAs(Refused):
    """Nobody looks as an administrator."""

    code = "not_to_look_as"


def may_look_as(roles: Collection[str]) -> bool:
    """Tell whether who is signed in may look as somebody with these roles."""
    theirs = of_roles(roles)
    return (
        current_actor().may(Permission.PEOPLE_VIEW_AS) and Permission.PEOPLE_VIEW_AS not in theirs
    )


def begin(user_id: int, at: datetime) -> None:
    """Have the session of who is signed in look as a person.

    Raises `NotFound` for who has no access any more, `NotToLookAs` for administrators.
    """
    actor, seen = current_actor(), get_actor(user_id)
    if seen.may(Permission.PEOPLE_VIEW_AS):
        raise NotToLookAs(_("Nobody looks as an administrator."))
    _look(actor.session_id, user_id)
    record(ViewingBegan(at=at, user_id=user_id))


def end(at: datetime) -> None:
    """Have the session look as its own person again."""
    actor = current_actor()
    if not actor.is_looked_as:
        return
    _look(actor.session_id, None)
    record(ViewingEnded(at=at, user_id=actor.id))


def _look(session_id: int, user_id: int | None) -> None:
    session().execute(
        update(UserSession).where(UserSession.id == session_id).values(looks_as_id=user_id)
    )


@blueprint.post("/people/<int:user_id>/look")
@requires(Permission.PEOPLE_VIEW_AS)
def look(user_id: int) -> ResponseReturnValue:
    begin(user_id, clock.now())
    return go(url_for("desk.home"))


@blueprint.post("/look/end")
@signed_in
def stop() -> ResponseReturnValue:
    end(clock.now())
    return go(url_for("desk.home"))


ALLOWED = frozenset({"viewing.stop", "accounts.logout"})
"""What may be sent while looking as somebody else."""

HIDDEN = frozenset({"own", "live"})
"""Rooms that are closed meanwhile: the person's own sign-in, and the stream, which is hers."""


def only_look() -> ResponseReturnValue | None:
    """Refuse every change while somebody looks as somebody else; runs before every request."""
    endpoint = request.endpoint or ""
    if request.method in SAFE and request.blueprint not in HIDDEN:
        return None
    actor = find_actor()
    if actor is None or not actor.is_looked_as or endpoint in ALLOWED:
        return None
    if request.blueprint == "live":
        return make_response("", 204)
    record_apart(ViewingRefused(at=clock.now(), user_id=actor.id, page=endpoint))
    raise OnlyLooking(
        _("You are looking as %(name)s. Nothing can be changed meanwhile.", name=actor.name)
    )

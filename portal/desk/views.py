"""The views that people save of lists of leads: their own, and those that others share.

A view says what is asked for, never what is seen: that follows from who opens it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import bindparam, func, or_, select

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.accounts.permissions import Permission
from portal.core.db import AnyRow, ask, session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.events import record
from portal.desk.events import ViewRemoved, ViewSaved
from portal.desk.models import SavedView

MOST = 40
LONGEST_NAME = 60


_OWN = SavedView.user_id == bindparam("user_id")
_OPENED = (
    select(
        SavedView.id,
        SavedView.user_id,
        SavedView.name,
        SavedView.asked,
        SavedView.shared,
        User.name.label("who"),
        _OWN.label("own"),
    )
    .join(User, User.id == SavedView.user_id)
    .where(or_(_OWN, SavedView.shared & (User.organisation_id == bindparam("organisation_id"))))
    .order_by(_OWN.desc(), func.lower(SavedView.name), SavedView.id)
)


def list_views(actor: Actor) -> Sequence[AnyRow]:
    """Return the views somebody may open with who saved them, her own first, each by name."""
    return ask(_OPENED, {"user_id": actor.id, "organisation_id": actor.organisation_id}).all()


def may_change(view: SavedView | AnyRow, actor: Actor) -> bool:
    """Tell whether somebody may change a view she may open: who saved it, or who sees all leads."""
    return view.user_id == actor.id or (view.shared and actor.may(Permission.LEADS_SEE_ALL))


def get_to_change(view_id: int, actor: Actor) -> SavedView:
    """Return a view that somebody may change, or raise `NotFound`."""
    view = session().scalar(
        select(SavedView)
        .join(User, User.id == SavedView.user_id)
        .where(SavedView.id == view_id, User.organisation_id == actor.organisation_id)
    )
    if view is None or not may_change(view, actor):
        raise NotFound()
    return view


def save(
    name: str, asked: dict[str, list[str]], shared: bool, actor: Actor, at: datetime
) -> SavedView:
    """Keep a view. Raises `Invalid` at `name`, and `Conflict` where somebody has very many."""
    count = session().scalar(select(func.count()).where(SavedView.user_id == actor.id)) or 0
    if count >= MOST:
        raise Conflict(_("These are very many views. Please remove one first."))
    view = SavedView(
        user_id=actor.id,
        name=check_name(name, actor.id),
        asked=asked,
        shared=shared,
        saved_at=at,
    )
    session().add(view)
    return _note(view, actor, at)


def change(
    view_id: int,
    name: str,
    shared: bool,
    actor: Actor,
    at: datetime,
    asked: dict[str, list[str]] | None = None,
) -> SavedView:
    """Rename a view, share it or not, and have it ask for something else. Raises as `save` does."""
    view = get_to_change(view_id, actor)
    view.name, view.shared, view.saved_at = check_name(name, view.user_id, view_id), shared, at
    if asked is not None:
        view.asked = asked
    return _note(view, actor, at)


def _note(view: SavedView, actor: Actor, at: datetime) -> SavedView:
    session().flush()
    record(ViewSaved(at=at, view_id=view.id, user_id=actor.id, shared=view.shared))
    return view


def remove(view_id: int, actor: Actor, at: datetime) -> None:
    """Remove a view. Raises `NotFound`."""
    view = get_to_change(view_id, actor)
    session().delete(view)
    session().flush()
    record(ViewRemoved(at=at, view_id=view_id, user_id=actor.id))


def check_name(name: str, user_id: int, view_id: int | None = None) -> str:
    """Return a name that can be taken. Raises `Invalid`."""
    tidy = " ".join(name.replace("\x00", "").split())
    if not tidy:
        raise Invalid({"name": _("Please give the view a name.")})
    if len(tidy) > LONGEST_NAME:
        raise Invalid(
            {"name": _("Please choose a name of at most %(limit)s characters.", limit=LONGEST_NAME)}
        )
    other = select(SavedView.id).where(
        SavedView.user_id == user_id, func.lower(SavedView.name) == func.lower(tidy)
    )
    found: Any = session().scalar(other)
    if found is not None and found != view_id:
        raise Invalid({"name": _("There is a view of this name already.")})
    return tidy

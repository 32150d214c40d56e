"""Access marks: every endpoint declares who may come in; an endpoint without a mark is a bug.

`public` – everybody; `bearer` – another system, whose token the view asks for; `signed_in` – every
signed-in person; `requires(P)` – who has a permission.
The mark is checked before the view runs. Which thing may be seen is not decided here: queries
start from `visible_to(actor)`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol, TypeVar, cast

from flask import Blueprint, Flask, Response, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from portal.core.errors import Forbidden

View = TypeVar("View", bound=Callable[..., Any])

Mark = Callable[[Callable[..., Any]], Callable[..., Any]]
"""What marks a view."""

PUBLIC = "public"
SIGNED_IN = "signed-in"
BEARER = "bearer"


class HasPermissions(Protocol):
    """What the boundary needs to know of the person."""

    permissions: frozenset[Any]


def public(view: View) -> View:
    """Let everybody in."""
    cast(Any, view).access = PUBLIC
    return view


def bearer(view: View) -> View:
    """Let other systems in; the view asks for their token, and cookies count for nothing."""
    cast(Any, view).access = BEARER
    return view


def forget_who_comes(blueprint: Blueprint, *, largest_body: int, most_parts: int) -> None:
    """Take whoever comes for a stranger, and bound in bytes and fields what may be sent.

    Their answers stay out of caches.
    """

    @blueprint.before_request
    def arrive() -> None:
        g._login_user = current_app.extensions["visitor"]()
        request.max_content_length = largest_body
        request.max_form_memory_size = largest_body
        request.max_form_parts = most_parts

    @blueprint.after_request
    def leave(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response


def signed_in(view: View) -> View:
    """Let every signed-in person in."""
    cast(Any, view).access = SIGNED_IN
    return view


def requires(*permissions: StrEnum) -> Callable[[View], View]:
    """Let in who has at least one of `permissions`."""

    def mark(view: View) -> View:
        cast(Any, view).access = permissions
        return view

    return mark


def access_of(app: Flask, endpoint: str) -> Any:
    """Return the mark of an endpoint, None where it has none."""
    return getattr(app.view_functions[endpoint], "access", None)


def check_access() -> ResponseReturnValue | None:
    """Check the mark of the endpoint asked for; runs before every request."""
    if request.endpoint is None:
        return None
    mark = access_of(current_app, request.endpoint)
    if mark in (PUBLIC, BEARER):
        return None
    if mark is None:
        abort(500, f"{request.endpoint} declares no access")
    if not current_user.is_authenticated:
        return to_sign_in()
    if mark == SIGNED_IN or not cast(HasPermissions, current_user).permissions.isdisjoint(mark):
        return None
    raise Forbidden(_("This page belongs to another role."))


def to_sign_in() -> ResponseReturnValue:
    """Send a signed-out visitor to the sign-in page and remember where she wanted to go."""
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    where = url_for("accounts.login", next=target)
    if request.headers.get("HX-Request"):
        return "", 204, {"HX-Redirect": url_for("accounts.login")}
    if request.headers.get("Accept") == "text/event-stream":
        # no page: a browser takes it as the end, and does not try again
        return "", 204
    return redirect(where)

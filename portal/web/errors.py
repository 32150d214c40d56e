"""From a named error to a page, a fragment, or `application/problem+json`."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, g, json, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from psycopg.errors import NumericValueOutOfRange
from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, NotFound

from portal.core import db, logs
from portal.core.errors import DomainError
from portal.web.htmx import wants_fragment

log = logs.get(__name__)


def wants_json() -> bool:
    """True where the client prefers JSON to HTML, and for other systems."""
    if request.path.startswith("/api/"):
        return True
    best = request.accept_mimetypes.best_match(
        ["text/html", "application/json", "application/problem+json"], "text/html"
    )
    return best != "text/html"


def problem(status: int, code: str, message: str, **more: Any) -> Response:
    """Return an RFC 9457 problem document."""
    body = {
        "type": "about:blank",
        "title": message,
        "status": status,
        "code": code,
        **more,
    }
    response = make_response(json.dumps(body), status)
    response.content_type = "application/problem+json"
    return response


def show(status: int, code: str, message: str) -> ResponseReturnValue:
    """Render an error the way the client asked for it."""
    if wants_json():
        return problem(status, code, message)
    template = "errors/_refusal.html" if wants_fragment() else "errors/refusal.html"
    return render_template(template, status=status, code=code, message=message), status


def domain_error(error: DomainError) -> ResponseReturnValue:
    return show(error.status, error.code, error.message or _("This can't be done now."))


def http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    messages = {
        400: _("The page sent something we could not read. Nothing was changed."),
        403: _("This page belongs to another role."),
        404: _("There is nothing here, or it is not yours to see."),
        405: _("This address can't be used that way."),
        413: _("That was too large."),
        429: _("That was a bit too often. Please wait a minute and try again."),
    }
    codes = {404: "not_found", 403: "forbidden", 413: "too_large", 429: "too_often"}
    response = error.get_response()
    if 300 <= status < 400:
        return response
    return show(
        status,
        codes.get(status, f"http_{status}"),
        messages.get(status, _("Something went wrong on our side. Nothing was changed.")),
    )


def csrf_error(_error: CSRFError) -> ResponseReturnValue:
    return show(
        400,
        "page_too_old",
        _("This page was open for too long or belongs to another sign-in. Please load it again."),
    )


def database_away(error: Exception) -> ResponseReturnValue:
    log.error("database away", error=type(error).__name__)
    forget_connection()
    # the page must not ask the database who reads it
    g._login_user = current_app.extensions["visitor"]()
    return show(
        503,
        "database_away",
        _("The database does not answer just now. Nothing was lost; please try again in a moment."),
    )


def out_of_range(error: DataError) -> ResponseReturnValue:
    """Answer an address with a number that no row can have."""
    if not isinstance(error.orig, NumericValueOutOfRange):
        raise error
    db.db.session.rollback()
    return http_error(NotFound())


def forget_connection() -> None:
    """Give up the session and whatever connection it holds."""
    try:
        db.db.session.remove()
    except SQLAlchemyError:
        log.warning("the lost connection could not be given back")


def init_errors(app: Flask) -> None:
    """Register the error pages."""
    app.register_error_handler(DomainError, domain_error)
    app.register_error_handler(CSRFError, csrf_error)
    app.register_error_handler(DataError, out_of_range)
    app.register_error_handler(OperationalError, database_away)
    app.register_error_handler(PoolTimeout, database_away)
    app.register_error_handler(HTTPException, http_error)

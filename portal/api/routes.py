"""Addresses of the API: who comes in is known by a token, never by a cookie."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts import api_tokens
from portal.accounts.api_tokens import Bearer, Scope
from portal.api import operations
from portal.api.openapi import MOST, document
from portal.capture.operations import take_rows
from portal.core import circumstances, clock
from portal.core.config import Settings
from portal.core.errors import DomainError, Forbidden, Invalid
from portal.web.access import bearer, public
from portal.web.errors import problem
from portal.web.limits import limiter

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

LARGEST = 8 * 1024 * 1024


class NotLetIn(DomainError):
    """Nobody comes in with this token, or with none."""

    code = "unauthorized"
    status = 401


class TooLarge(DomainError):
    """More than one delivery may hold."""

    code = "too_large"
    status = 413


class Unreadable(DomainError):
    """What came is not what was to come."""

    code = "unreadable"
    status = 400


def turned_away(response: Response) -> bool:
    """Count only who tries tokens."""
    return response.status_code == 401


@blueprint.errorhandler(DomainError)
def refuse(error: DomainError) -> ResponseReturnValue:
    """Tell a refusal as a problem document."""
    more: dict[str, Any] = {}
    if isinstance(error, Invalid):
        more["errors"] = {name: str(words) for name, words in error.errors.items()}
    message = error.message or str(_("This can't be done now."))
    answer = problem(error.status, error.code, message, **more)
    if error.status == NotLetIn.status:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Firstcome"'
    return answer


def come_in(scope: Scope) -> Bearer:
    """Return who comes in with the token of this request.

    Raises `NotLetIn`, and `Forbidden` where the token is for something else.
    """
    kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
    found = None
    if kind.lower() == "bearer":
        found = api_tokens.find_bearer(secret.strip(), clock.now())
    if found is None:
        raise NotLetIn(_("Please send a token that is valid: Authorization: Bearer …"))
    circumstances.begin(actor_id=found.actor.id, channel="api")
    if scope not in found.scopes:
        raise Forbidden(_("This token is not for that: it lacks %(scope)s.", scope=scope))
    return found


def read_body() -> tuple[Any, bytes]:
    """Return what was sent as JSON, and its bytes. Raises `TooLarge`, `Unreadable`."""
    if (request.content_length or 0) > LARGEST:
        raise TooLarge(_("One delivery may have up to %(most)d MB.", most=LARGEST // 1024**2))
    raw = request.get_data(cache=False)
    if len(raw) > LARGEST:
        raise TooLarge(_("One delivery may have up to %(most)d MB.", most=LARGEST // 1024**2))
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_refuse_constant), raw
    except (ValueError, RecursionError, ArithmeticError):
        raise Unreadable(_("This is no JSON that can be read.")) from None


def _refuse_constant(_name: str) -> None:
    raise ValueError


def listed(body: Any, name: str) -> list[Any]:
    """Return the list that a body names. Raises `Invalid`."""
    found = body.get(name) if isinstance(body, dict) else None
    if not isinstance(found, list) or not found:
        raise Invalid({name: str(_("Please give a list."))})
    if len(found) > MOST:
        raise Invalid({name: str(_("One delivery may have up to %(most)d.", most=MOST))})
    return found


@blueprint.post("/leads")
@bearer
@limiter.limit("60/minute", deduct_when=turned_away)
def leads() -> ResponseReturnValue:
    """Take in up to a thousand inquiries; each has its own result."""
    who, at = come_in(Scope.LEADS_WRITE), clock.now()
    body, raw = read_body()
    rows = listed(body, "leads")

    def take() -> dict[str, Any]:
        return {"results": [one.as_dict() for one in take_rows(rows, who.system, at)]}

    return operations.once(who, idempotency_key(), b"leads\n" + raw, at, take)


@blueprint.post("/leads/<int:lead_id>/signals")
@bearer
@limiter.limit("60/minute", deduct_when=turned_away)
def signals(lead_id: int) -> ResponseReturnValue:
    """Note what a customer did: one signal, or a list of them."""
    who, at = come_in(Scope.SIGNALS_WRITE), clock.now()
    body, raw = read_body()
    given = [body] if isinstance(body, dict) and "kind" in body else listed(body, "signals")

    def take() -> dict[str, Any]:
        return {"results": operations.take_signals(lead_id, given, who.system, at)}

    return operations.once(who, idempotency_key(), f"{lead_id}\n".encode() + raw, at, take)


def idempotency_key() -> str:
    """Return the key under which this is to happen once; empty for none."""
    return request.headers.get("Idempotency-Key", "").strip()


def described() -> dict[str, Any]:
    """Return the OpenAPI document of this portal."""
    settings: Settings = current_app.config["SETTINGS"]
    return document(settings.public_url, settings.programme_name)


@blueprint.get("/openapi.json")
@public
def openapi() -> ResponseReturnValue:
    return described()


@blueprint.get("")
@public
def reference() -> ResponseReturnValue:
    """Show people what the OpenAPI document tells machines."""
    g.locale = "en"
    return render_template("api/reference.html", document=described(), example=EXAMPLE)


EXAMPLE = """curl -X POST %s/api/v1/leads \\
  -H "Authorization: Bearer fct_…" \\
  -H "Idempotency-Key: 2026-11-30-0001" \\
  -H "Content-Type: application/json" \\
  -d '{"leads": [{"external_id": "A-4711", "title": "Replace 14 cabinets",
       "source": "trade_show", "company": "Meier GmbH", "country": "DE",
       "contact": {"first_name": "Eva", "last_name": "Meier",
                   "email": "eva@meier.example", "phone": "+49 511 7654321"}}]}'"""

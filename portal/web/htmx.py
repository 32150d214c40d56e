"""Answers to htmx: fragments and redirects. A plain browser gets a page or a redirect instead."""

from __future__ import annotations

from flask import Response, make_response, redirect, request
from flask.typing import ResponseReturnValue


def wants_fragment() -> bool:
    """True where htmx asks for a fragment (not for a boosted or restored whole page)."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def go(url: str) -> ResponseReturnValue:
    """Send the browser to `url`, whether it asked by htmx or by a form."""
    if wants_fragment():
        response: Response = make_response("", 204)
        response.headers["HX-Redirect"] = url
        return response
    return redirect(url, 303)

"""Pages of an address from which mails came back: a fresh mail to it, the button behind that."""

from __future__ import annotations

from flask import Blueprint, flash, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.core import clock
from portal.core.errors import NotFound
from portal.inbound import bounces
from portal.web.access import public, signed_in
from portal.web.htmx import go
from portal.web.limits import limiter

blueprint = Blueprint("address_check", __name__, url_prefix="/address-check")


@blueprint.post("")
@signed_in
@limiter.limit("10/hour")
def send() -> ResponseReturnValue:
    """Send a fresh mail to the person's own address."""
    if bounces.send_check(current_actor(), clock.now()):
        flash(_("A fresh mail is on its way. Press the button in it once it has arrived."))
    else:
        flash(_("Your address gets mails already."), "success")
    return go("/")


@blueprint.get("/<token>")
@public
@limiter.limit("60/minute")
def page(token: str) -> ResponseReturnValue:
    """Opening releases nothing: the page has a button."""
    try:
        address = bounces.read_link(token, clock.now())
    except NotFound:
        return render_template("inbound/address_check.html", address=None, done=False), 404
    return render_template("inbound/address_check.html", address=address, done=False)


@blueprint.post("/<token>")
@public
@limiter.limit("60/minute")
def release(token: str) -> ResponseReturnValue:
    try:
        bounces.confirm(token, clock.now())
    except NotFound:
        return render_template("inbound/address_check.html", address=None, done=False), 404
    return render_template("inbound/address_check.html", address=None, done=True)

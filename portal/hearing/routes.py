"""The page on which a person says what she wishes to hear by mail."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.core import clock
from portal.hearing import pages
from portal.hearing.pages import Shown
from portal.web.access import signed_in

blueprint = Blueprint("hearing", __name__)


@blueprint.get("/settings/mail")
@signed_in
def page() -> ResponseReturnValue:
    return draw(pages.show(current_actor(), clock.now()))


@blueprint.post("/settings/mail")
@signed_in
def save() -> ResponseReturnValue:
    """Save what is typed, or only show what would have come under it."""
    if "look" in request.form:
        shown = pages.try_out(current_actor(), clock.now())
        return draw(shown), 422 if shown.form.errors else 200
    shown = pages.take(current_actor(), clock.now())
    if not shown.saved:
        return draw(shown), 422
    flash(_("Saved. From now on you hear as you chose."))
    return redirect(url_for("hearing.page"), 303)


@blueprint.post("/settings/mail/preview")
@signed_in
def preview() -> ResponseReturnValue:
    """Show what would have come last week under what is typed by now."""
    shown = pages.try_out(current_actor(), clock.now())
    return render_template("hearing/_preview.html", shown=shown)


def draw(shown: Shown) -> str:
    """Render the page."""
    return render_template("hearing/page.html", shown=shown, form=shown.form)

"""The page on which a person says what she wishes to hear by mail, and that of the defaults."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Conflict, Invalid
from portal.hearing import away, operations, pages
from portal.hearing.forms import DefaultsForm
from portal.hearing.pages import Shown
from portal.hearing.queries import read_defaults
from portal.web.access import requires, signed_in

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


@blueprint.get("/mail-defaults")
@requires(Permission.RULES_EDIT)
def defaults() -> ResponseReturnValue:
    return draw_defaults(DefaultsForm.of_roles(read_defaults())(formdata=None))


@blueprint.post("/mail-defaults")
@requires(Permission.RULES_EDIT)
def save_defaults() -> ResponseReturnValue:
    """Set how people hear by mail who have chosen nothing."""
    form = DefaultsForm.of_roles(read_defaults())()
    if not form.validate():
        return draw_defaults(form), 422
    try:
        seen = form["seen"].data or ""
        operations.set_defaults(form.values(), current_actor(), clock.now(), seen)
    except Conflict as error:
        form.show_again(error)
        return draw_defaults(form), 409
    except Invalid as error:
        form.take(error)
        return draw_defaults(form), 422
    flash(_("Saved. It holds for everybody who has chosen nothing."))
    return redirect(url_for("hearing.defaults"), 303)


def draw_defaults(form: DefaultsForm) -> str:
    """Render the page of how roles hear."""
    return render_template("hearing/defaults.html", form=form)


def draw(shown: Shown) -> str:
    """Render the page."""
    return render_template(
        "hearing/page.html",
        shown=shown,
        form=shown.form,
        away=away.show(current_actor(), clock.now()),
    )

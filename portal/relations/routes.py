"""The page on which a firm says whom it knows already. Nobody else sees it, and nobody reads it."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.accounts.actor import current_actor, find_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Invalid
from portal.relations import operations, rules
from portal.relations.forms import ListForm
from portal.web.access import requires
from portal.web.htmx import go
from portal.web.limits import limiter, visitor_key

blueprint = Blueprint("relations", __name__)

SHOWN_BLANK = 10


def whose() -> str:
    """Return whose lists are counted: those of one firm."""
    actor = find_actor()
    return f"known-customers:{actor.organisation_id if actor else visitor_key()}"


@blueprint.get("/known-customers")
@requires(Permission.OFFERS_DECLINE_FIRM)
def page() -> ResponseReturnValue:
    return known_page(ListForm(formdata=None))


@blueprint.post("/known-customers")
@requires(Permission.OFFERS_DECLINE_FIRM)
@limiter.limit("10/day", key_func=whose)
def keep() -> ResponseReturnValue:
    form = ListForm()
    if not form.validate():
        return known_page(form), 422
    try:
        kept = operations.keep_list(
            form.read(), bool(form.replace.data), current_actor(), clock.now()
        )
    except Invalid as error:
        form.take(error)
        return known_page(form), 422
    flash(
        _(
            "Your list is kept: %(new)s new entries, %(known)s that were there already, "
            "%(gone)s removed.",
            new=kept.new,
            known=kept.known,
            gone=kept.gone,
        ),
        "success",
    )
    if kept.blank:
        lines = ", ".join(str(one) for one in kept.blank[:SHOWN_BLANK])
        flash(
            ngettext(
                "In %(num)d line we found nothing we know a customer by. The first: %(lines)s.",
                "In %(num)d lines we found nothing we know a customer by. The first: %(lines)s.",
                len(kept.blank),
                lines=lines,
            )
        )
    return go(url_for("relations.page"))


@blueprint.post("/known-customers/removal")
@requires(Permission.OFFERS_DECLINE_FIRM)
def forget() -> ResponseReturnValue:
    operations.forget_list(current_actor(), clock.now())
    flash(_("Your list is removed."), "success")
    return go(url_for("relations.page"))


def known_page(form: ListForm) -> str:
    """Render what is kept of a firm's own list, and the form."""
    marks = operations.count_marks(current_actor().organisation_id)
    return render_template(
        "relations/known.html", form=form, marks=marks, total=sum(marks.values()), least=rules.LEAST
    )

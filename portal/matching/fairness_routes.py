"""The page on which the terms of fairness are agreed on."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.fields import HiddenField
from wtforms.validators import Optional

from portal.accounts.actor import current_actor
from portal.accounts.permissions import Permission
from portal.core import clock
from portal.core.errors import Conflict, Invalid
from portal.matching import fairness_terms
from portal.matching.fairness import read_terms, terms_of
from portal.matching.fairness_rules import Terms
from portal.matching.fairness_words import tell_terms
from portal.web.access import requires
from portal.web.forms import Form, WholeField, needed
from portal.web.htmx import go

blueprint = Blueprint("fairness_terms", __name__, url_prefix="/rules/fairness")

AS_MANY = _l("Empty: as many as suit it.")


class TermsForm(Form):
    """What is possible at all is said by the operation."""

    number = HiddenField()
    period_days = WholeField(
        _l("Counted over so many days"),
        [needed()],
        description=_l(
            "Public holidays and days on which a firm is away don’t count: nothing piles up for "
            "later."
        ),
    )
    most_offers = WholeField(_l("Offers to a firm"), [Optional()], description=AS_MANY)
    most_hot_offers = WholeField(_l("Hot offers to a firm"), [Optional()], description=AS_MANY)
    most_picks = WholeField(_l("Leads a firm picks up"), [Optional()], description=AS_MANY)
    most_hot_picks = WholeField(_l("Hot leads a firm picks up"), [Optional()], description=AS_MANY)
    cooling_days = WholeField(
        _l("Days between two hot leads"),
        [needed()],
        description=_l(
            "After a firm picked one up, until it is offered the next or picks it up. Days of the "
            "calendar. 0: none."
        ),
    )
    explored = WholeField(
        _l("Percent of the first places"),
        [needed()],
        description=_l(
            "Drawn among new and small firms that suit, where a rule offers to the best so many "
            "or to the best first. 0: none."
        ),
    )
    new_days = WholeField(_l("New: joined within so many days"), [needed()])
    small_people = WholeField(_l("Small: up to so many people"), [needed()])

    def show(self, terms: Terms) -> None:
        """Fill in the terms that hold."""
        for name in ("number", *fairness_terms.PARTS):
            self[name].data = getattr(terms, name)

    def read(self) -> Terms:
        """Return what was typed."""
        seen = str(self.number.data)[:9]
        return Terms(
            number=int(seen) if seen.isdecimal() else 0,
            **{name: self[name].data for name in fairness_terms.PARTS},
        )


@blueprint.get("")
@requires(Permission.RULES_EDIT)
def terms() -> ResponseReturnValue:
    form = TermsForm(formdata=None)
    form.show(read_terms())
    return page(form)


@blueprint.post("")
@requires(Permission.RULES_EDIT)
def save_terms() -> ResponseReturnValue:
    form = TermsForm()
    if not form.validate():
        return page(form), 422
    try:
        fairness_terms.save(form.read(), current_actor().id, clock.now())
    except Invalid as error:
        form.take(error)
        return page(form), 422
    except Conflict as error:
        form.form_errors.append(error.message)
        # seen now: the next press of Save is meant
        form.number.data = str(error.facts["number"])
        return page(form), 409
    flash(
        _("The terms of fairness are saved. They hold for what is offered from now on."), "success"
    )
    return go(url_for("fairness_terms.terms"))


def page(form: TermsForm) -> str:
    """Render the terms that hold, the form, and what was agreed on before."""
    versions = [
        (row, name, tell_terms(terms_of(row))) for row, name in fairness_terms.list_versions()
    ]
    return render_template(
        "matching/fairness.html", form=form, said=tell_terms(read_terms()), versions=versions
    )

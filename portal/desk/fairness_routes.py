"""The published page of how leads are shared out, and its figures as a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.accounts.actor import current_actor
from portal.core.errors import NotFound
from portal.desk import fairness_words as words
from portal.desk.fairness import Figures, list_months, read_figures
from portal.desk.fairness_rules import COUNTS, LEAST
from portal.desk.models import FairMonth
from portal.matching.fairness import read_terms
from portal.matching.fairness_words import tell_terms
from portal.web import sheets
from portal.web.access import signed_in

blueprint = Blueprint("fairness", __name__, url_prefix="/fairness")


@blueprint.get("")
@signed_in
def page() -> ResponseReturnValue:
    months = list_months()
    figures = figures_of(chosen(months)) if months else None
    enough = figures is not None and figures.whole.firms >= LEAST
    return render_template(
        "desk/fairness.html",
        months=months,
        figures=figures,
        enough=enough,
        terms=tell_terms(read_terms()),
        words=words,
        least=LEAST,
    )


@blueprint.get("/export")
@signed_in
def export() -> ResponseReturnValue:
    """Give the shares of a month as CSV or as a workbook."""
    months = list_months()
    if not months:
        raise NotFound()
    figures = figures_of(chosen(months))
    lines = [
        [words.chapter_called(by), words.group_called(by, one), *(getattr(one, n) for n in COUNTS)]
        for by, groups in figures.groups.items()
        for one in groups
    ]
    first = [_("By"), _("Group"), _("Firms"), _("Offers"), _("Hot offers"), _("Picked up")]
    return sheets.download(
        sheets.kind_of(request.args.get("as")),
        f"fairness-{figures.month.month:%Y-%m}",
        _("Fairness"),
        [*first, _("Hot ones picked up")],
        iter([lines]),
    )


def chosen(months: Sequence[FairMonth]) -> date:
    """Return the month that is asked for, else the last that is over, else the present one."""
    asked = request.args.get("month", "")
    known = {f"{one.month:%Y-%m}": one.month for one in months}
    if asked and asked not in known:
        raise NotFound()
    return known[asked] if asked else months[min(1, len(months) - 1)].month


def figures_of(month: date) -> Figures:
    """Return the figures of a month, with those of the reader's firm."""
    found = read_figures(month, current_actor().organisation_id)
    if found is None:
        raise NotFound()
    return found

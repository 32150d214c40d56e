"""How goals, territories and terms read."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.catalog.queries import book
from portal.people.regions import name_of
from portal.programme.models import Goal, GoalKind, Terms, TermsKind
from portal.programme.queries import Progress
from portal.web.filters import money, number

GOALS: dict[GoalKind, Any] = {
    GoalKind.WON_VALUE: _l("Value of won leads"),
    GoalKind.WON_LEADS: _l("Number of won leads"),
    GoalKind.LOYALTY: _l("Wins with customers who had bought before"),
    GoalKind.PIPELINE: _l("Value of leads in hand"),
    GoalKind.PARTNERS: _l("Partners who joined"),
    GoalKind.TERRITORIES: _l("Partners in the territories"),
}

TERMS: dict[TermsKind, Any] = {
    TermsKind.PROGRAMME: _l("Terms of the programme"),
    TermsKind.REFERRAL: _l("Terms of referring leads"),
}

AMOUNTS = (GoalKind.WON_VALUE, GoalKind.PIPELINE)


def counted(kind: str, amount: int) -> str:
    """Return an amount of money or a number, as the goal counts."""
    return money(amount) if kind in AMOUNTS else number(amount)


def progress_in_words(progress: Progress) -> str:
    """Say how far a goal is, and whether that is what an even pace would have brought."""
    kind = progress.goal.kind
    done, missed = _("reached"), _("missed")
    said = _(
        "%(reached)s of %(target)s",
        reached=counted(kind, progress.reached),
        target=counted(kind, progress.goal.target),
    )
    if progress.reached >= progress.goal.target:
        return f"{said} · {done}"
    if progress.over:
        return f"{said} · {missed}"
    expected = counted(kind, progress.expected)
    pace = (
        _("behind, %(expected)s by now at an even pace", expected=expected)
        if progress.behind
        else _("on its way, %(expected)s by now at an even pace", expected=expected)
    )
    return f"{said} · {pace}"


def narrowed_to(goal: Goal) -> str:
    """Return what a goal is narrowed to: a product, regions."""
    parts = [name_of(code) for code in goal.codes]
    if goal.product_id is not None:
        parts.insert(0, book().label(goal.product_id, str(get_locale())))
    return ", ".join(parts)


def text_of(terms: Terms) -> str:
    """Return the words of terms in the reader's language."""
    return terms.texts.get(str(get_locale())[:2]) or terms.texts["en"]

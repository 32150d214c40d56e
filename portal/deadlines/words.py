"""Policies in words: what is expected, as who has to do it reads it."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.deadlines.rules import NUMBERS, Terms

FIELD_WORDS: dict[str, Any] = {
    "name": _l("Name"),
    "feedback_days": _l("Days until an answer is due"),
    "recruit_feedback_days": _l("Days until one about a future partner is due"),
    "amber_hours": _l("Hours before that we remind at most"),
    "overdue_hours": _l("Hours late that count as overdue"),
    "firm_red_days": _l("Days late that stop the whole firm"),
    "offer_hours": _l("Hours that an offer lasts"),
    "stand_by_hours": _l("Hours of head start for who stood by"),
    "draft_days": _l("Days until a begun inquiry is brought to mind"),
}


def in_words(hours: int) -> str:
    """Return a length of time as people say it: "36 hours", "7 days"."""
    if hours % 24 or hours < 48:
        return str(ngettext("%(num)d hour", "%(num)d hours", hours))
    return days_in_words(hours // 24)


def days_in_words(days: int) -> str:
    """Return a number of days as people say it."""
    return str(ngettext("%(num)d day", "%(num)d days", days))


def expected(terms: Terms, of_lead: int | None = None) -> list[str]:
    """Return what a policy expects of who picks up a lead, a sentence each.

    `of_lead` is the rhythm in days of the one lead that it is told for.
    """
    rhythm = of_lead or terms.feedback_days
    recruit = of_lead or terms.recruit_feedback_days
    said = [
        _(
            "Your answer is due %(span)s after you pick a lead up, and %(span)s after each answer.",
            span=days_in_words(rhythm),
        )
    ]
    if recruit != rhythm:
        said.append(_("For future partners: %(span)s.", span=days_in_words(recruit)))
    before = min(rhythm * 6, terms.amber_hours)
    if before:
        said.append(_("We remind you before that, at most %(span)s.", span=in_words(before)))
    said.append(_("While you owe an answer you can’t pick up another lead."))
    late = terms.overdue_hours
    said.append(
        _(
            "An answer that is %(span)s late counts as overdue, and we ask again.",
            span=in_words(late),
        )
        if late
        else _("An answer that is late counts as overdue at once.")
    )
    stops = terms.firm_red_days
    said.append(
        _(
            "When one is more than %(span)s late, nobody of your firm can pick up leads.",
            span=days_in_words(stops),
        )
        if stops
        else _("As long as one is late, nobody of your firm can pick up leads.")
    )
    return [str(one) for one in said]


def besides(terms: Terms) -> list[str]:
    """Return what else holds for the leads of a policy, a sentence each."""
    first = terms.stand_by_hours
    return [
        str(
            _(
                "An offer lasts %(span)s where the rule doesn’t say otherwise.",
                span=in_words(terms.offer_hours),
            )
        ),
        str(
            _(
                "Who stood by sees a lead that comes back %(span)s before the others.",
                span=in_words(first),
            )
            if first
            else _("Who stood by sees a lead that comes back together with the others.")
        ),
        str(
            _(
                "An inquiry that nobody touches for %(span)s is brought to mind.",
                span=days_in_words(terms.draft_days),
            )
        ),
    ]


def differences(before: Terms, after: Terms) -> list[str]:
    """Return in words what one policy says differently from another."""
    return [
        str(
            _(
                "%(what)s: %(before)s → %(after)s",
                what=FIELD_WORDS[name],
                before=getattr(before, name),
                after=getattr(after, name),
            )
        )
        for name in ("name", *NUMBERS)
        if getattr(before, name) != getattr(after, name)
    ]

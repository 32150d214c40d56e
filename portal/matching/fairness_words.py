"""Sharing out in words: who had enough for now, whose place was drawn, and what the terms do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.matching.sharing import Share
from portal.web.filters import percent

if TYPE_CHECKING:
    from portal.matching.fairness_rules import Terms

HAD_THEIR_SHARE: dict[str, Callable[[int], str]] = {
    Share.OFFERS: lambda n: ngettext(
        "%(num)d partner has been offered as many leads as agreed",
        "%(num)d partners have been offered as many leads as agreed",
        n,
    ),
    Share.PICKS: lambda n: ngettext(
        "%(num)d partner has picked up as many leads as agreed",
        "%(num)d partners have picked up as many leads as agreed",
        n,
    ),
    Share.HOT_OFFERS: lambda n: ngettext(
        "%(num)d partner has been offered as many hot leads as agreed",
        "%(num)d partners have been offered as many hot leads as agreed",
        n,
    ),
    Share.HOT_PICKS: lambda n: ngettext(
        "%(num)d partner has picked up as many hot leads as agreed",
        "%(num)d partners have picked up as many hot leads as agreed",
        n,
    ),
    Share.COOLING: lambda n: ngettext(
        "%(num)d partner has picked up a hot lead a short while ago",
        "%(num)d partners have picked up a hot lead a short while ago",
        n,
    ),
}
"""How many partners each share left out."""


def place_drawn() -> str:
    """Say of a partner that his place was drawn."""
    return str(_("a place kept for new and small partners"))


def tell_terms(terms: Terms) -> list[str]:
    """Say what the terms do, a sentence each; nothing where leads go by the rules alone."""
    days = terms.period_days
    said = []
    if terms.most_offers is not None:
        said.append(
            ngettext(
                "A firm is offered at most %(num)d lead within %(days)d days.",
                "A firm is offered at most %(num)d leads within %(days)d days.",
                terms.most_offers,
                days=days,
            )
        )
    if terms.most_hot_offers is not None:
        said.append(
            ngettext(
                "A firm is offered at most %(num)d hot lead within %(days)d days.",
                "A firm is offered at most %(num)d hot leads within %(days)d days.",
                terms.most_hot_offers,
                days=days,
            )
        )
    if terms.most_picks is not None:
        said.append(
            ngettext(
                "A firm picks up at most %(num)d lead within %(days)d days.",
                "A firm picks up at most %(num)d leads within %(days)d days.",
                terms.most_picks,
                days=days,
            )
        )
    if terms.most_hot_picks is not None:
        said.append(
            ngettext(
                "A firm picks up at most %(num)d hot lead within %(days)d days.",
                "A firm picks up at most %(num)d hot leads within %(days)d days.",
                terms.most_hot_picks,
                days=days,
            )
        )
    if terms.caps_offers or terms.caps_picks:
        said.append(_("Public holidays and days on which a firm is away don’t count."))
    if terms.cooling_days:
        said.append(
            ngettext(
                "Who picked up a hot lead is offered no other, and picks up none, for %(num)d day.",
                "Who picked up a hot lead is offered no other, and picks up none, for %(num)d "
                "days.",
                terms.cooling_days,
            )
        )
    if terms.explored:
        said.append(
            _(
                "%(share)s of the places that a lead has first are drawn among firms that "
                "joined within %(days)d days or have up to %(people)d people.",
                share=percent(terms.explored / 100),
                days=terms.new_days,
                people=terms.small_people,
            )
        )
    return [str(one) for one in said]

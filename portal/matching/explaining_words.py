"""Why a firm was offered a lead or wasn't, in words about this firm alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask_babel import gettext as _

from portal.matching.explaining import Explained, Line, takes_out, tells_of_customers
from portal.matching.fairness_words import place_drawn
from portal.matching.sharing import Share
from portal.matching.words import describe_criterion, why
from portal.web.filters import percent

OUT: dict[str, Callable[[], str]] = {
    "nobody": lambda: _("It was no partner of the programme then."),
    "without": lambda: _("It had declined this lead or given it back before."),
    "suspended": lambda: _("It was paused."),
    "terms": lambda: _("It had not agreed to the terms."),
    "refers": lambda: _("It only refers leads."),
    "group": lambda: _("It was not in the group that the rule offers to."),
    Share.OFFERS: lambda: _("It had been offered as many leads as agreed."),
    Share.PICKS: lambda: _("It had picked up as many leads as agreed."),
    Share.HOT_OFFERS: lambda: _("It had been offered as many hot leads as agreed."),
    Share.HOT_PICKS: lambda: _("It had picked up as many hot leads as agreed."),
    Share.COOLING: lambda: _("It had picked up a hot lead a short while before."),
}


def tell_out(explained: Explained) -> list[str]:
    """Say what took a firm out, a sentence each; nothing where it suits."""
    said = [str(OUT[explained.out]())] if explained.out in OUT else []
    return said + [
        str(
            _("It must not, but does: %(criterion)s.", criterion=asks(line))
            if line.criterion.forbidden
            else _("It must, but doesn’t: %(criterion)s.", criterion=asks(line))
        )
        for line in explained.missed
    ]


def asks(line: Line) -> str:
    """Say what was asked."""
    return describe_criterion(line.criterion)


def mode_words(line: Line) -> str:
    """Say what becomes of who meets it."""
    if line.criterion.weighted:
        return str(_("gives up to %(share)s", share=percent(line.most)))
    return str(_("must not")) if line.criterion.forbidden else str(_("must"))


def result_words(line: Line) -> str:
    """Say how the firm did."""
    if line.met is None:
        return str(_("nothing was asked"))
    if line.criterion.weighted:
        return percent(line.points)
    return str(_("no")) if takes_out(line) else str(_("yes"))


def reason_of(line: Line) -> str:
    """Say what speaks for the firm there: "about 35 km away"; empty where nothing does."""
    return ", ".join(why([line.part]))


def open_lines(lines: Sequence[Line]) -> list[Line]:
    """Return what a partner may read before the pickup: nothing that says whom he knows."""
    return [line for line in lines if not tells_of_customers(line.criterion)]


def drawn_words(drawn: bool) -> str:
    """Say that the firm's place was drawn, where it was."""
    return place_drawn() if drawn else ""

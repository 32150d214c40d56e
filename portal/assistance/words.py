"""How requests read: their kinds, states and turns, and the figures of a price, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.assistance.models import RequestKind, RequestState, Turn
from portal.catalog.queries import book
from portal.web.filters import day, money, number

KINDS: Mapping[str, Any] = {
    RequestKind.HELP: _l("Help wanted"),
    RequestKind.PRICING: _l("Special price wanted"),
}
STATES: Mapping[str, Any] = {
    RequestState.OPEN: _l("waits for the answer"),
    RequestState.ASKED_BACK: _l("asked back"),
    RequestState.ANSWERED: _l("answered"),
    RequestState.GRANTED: _l("granted"),
    RequestState.REFUSED: _l("refused"),
    RequestState.CLOSED: _l("done"),
    RequestState.VOID: _l("not needed any more"),
}
TURNS: Mapping[str, Any] = {
    Turn.ASKED: _l("Asked"),
    Turn.ASKED_AGAIN: _l("Asked again"),
    Turn.ASKED_BACK: _l("Asked back"),
    Turn.ANSWERED: _l("Answered"),
    Turn.GRANTED: _l("Special price granted"),
    Turn.REFUSED: _l("Special price refused"),
}


def kind_words(kind: str) -> str:
    """Return what is asked for, in words."""
    return str(KINDS[kind])


def state_words(state: str) -> str:
    """Return how a request stands, in words."""
    return str(STATES[state])


def turn_words(said: Any) -> str:
    """Return what somebody did about a request; the first turn says what is asked for."""
    return kind_words(said.kind) if said.turn == Turn.ASKED else str(TURNS[said.turn])


def terms_words(terms: Mapping[str, Any] | None) -> Sequence[tuple[str, str]]:
    """Return the figures of a price as words and facts, in the order in which they are read."""
    if not terms:
        return ()
    known, locale = book(), str(get_locale())
    lines = [
        f"{number(count)} × {known.label(product, locale)}"
        for product, count in terms.get("pieces", ())
    ]
    told = [
        (_("How many of what"), "\n".join(lines)),
        (_("Discount"), _percent(terms.get("discount"))),
        (_("Price"), money(Decimal(terms["price"])) if "price" in terms else ""),
        (_("Who else is asked"), known.label(terms.get("competitor_id"), locale)),
        (_("The customer decides by"), _day(terms.get("needed_on"))),
        (_("Holds until"), _day(terms.get("until"))),
    ]
    return [(str(word), str(fact)) for word, fact in told if fact]


def _percent(raw: str | None) -> str:
    return f"{number(Decimal(raw))} %" if raw else ""


def _day(raw: str | None) -> str:
    return day(date.fromisoformat(raw)) if raw else ""

"""How an offer reads: from teaser columns to the words on a card, in the reader's language.

Only fields that the lead type names as teaser fields are put in. Nothing here can reach contact
data: the rows come from `leads.queries.TEASER_COLUMNS`.
"""

from __future__ import annotations

import json
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import get_locale, get_timezone
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from portal.catalog.fields import Told, open_part, tell
from portal.catalog.models import FieldSubject, Source
from portal.catalog.queries import book
from portal.core.db import AnyRow
from portal.deadlines.telling import in_short
from portal.leads.models import Temperature
from portal.matching import names, words
from portal.matching.shared_parts import in_full
from portal.offers import rings
from portal.web.filters import local, translator

SOON = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class HotStop:
    """What keeps the reader from picking up a hot lead; empty: nothing.

    For those in `entered`, for which her firm takes part already, it is `of_entered`.
    """

    said: str = ""
    of_entered: str = ""
    entered: Collection[int] = ()

    def of(self, lead_id: int) -> str:
        """Return what keeps her from picking up this one."""
        return self.of_entered if lead_id in self.entered else self.said


@dataclass(frozen=True, slots=True)
class Card:
    """The view model of `templates/offers/_card.html`."""

    lead_id: int
    number: str
    state: str
    temperature: str | None
    title: str
    seen_by: int
    unit: str | None = None
    brand: str | None = None
    source: str | None = None
    expectation: str | None = None
    text: str | None = None
    place: str | None = None
    size: str | None = None
    value: str | None = None
    time_frame: str | None = None
    industry: str | None = None
    products: Sequence[str] = field(default_factory=tuple)
    own: Sequence[Told] = field(default_factory=tuple)
    why: Sequence[str] = field(default_factory=tuple)
    suits_you: bool = False
    offered_at: datetime | None = None
    ends_at: datetime | None = None
    ends_soon: bool = False
    first_until: datetime | None = None
    more_from: datetime | None = None
    expected: str = ""
    gone_at: datetime | None = None
    may_wait: bool = False
    finish: int | None = None
    decides_at: datetime | None = None
    entered: bool = False
    stopped: str = ""
    said: Sequence[str] = field(default_factory=tuple)

    def heeding(self, hot_stop: HotStop) -> Card:
        """Return the card with what keeps the reader from picking it up, where it is a hot lead."""
        if self.entered or self.temperature != Temperature.HOT:
            return self
        return replace(self, stopped=hot_stop.of(self.lead_id))


def card_of(
    row: Any,
    shown: Collection[str],
    at: datetime,
    *,
    seen_by: int,
    explanation: Sequence[dict[str, Any]] = (),
    offered_at: datetime | None = None,
    ends_at: datetime | None = None,
    first_until: datetime | None = None,
    more_from: datetime | None = None,
    expected: str = "",
    finish: int | None = None,
    decides_at: datetime | None = None,
    entered: bool = False,
    suits_you: bool = False,
    unit: str | None = None,
) -> Card:
    """Return the card of a row with the teaser columns; `shown` are the type's teaser fields."""
    entries, locale = book(), str(get_locale())

    def entry(name: str, entry_id: int | None) -> str | None:
        return entries.label(entry_id, locale) or None if name in shown else None

    return Card(
        lead_id=row.id,
        number=row.number,
        state="open",
        temperature=row.temperature if "temperature" in shown else None,
        title=row.title if "title" in shown else row.number,
        seen_by=seen_by,
        unit=unit,
        brand=entry("brand", row.brand_id),
        source=entry("source", row.source_id),
        expectation=expectation(row, locale) if "expectation" in shown else None,
        text=row.partner_text if "partner_text" in shown else None,
        place=place(row, shown, explanation),
        size=entry("size_band", row.size_band_id),
        value=entry("value_band", row.value_band_id),
        time_frame=(row.time_frame or None) if "time_frame" in shown else None,
        industry=entry("industry", row.industry_id),
        products=entries.labels(row.product_ids, locale) if "products" in shown else (),
        own=own_part(row.open_custom, locale),
        why=words.why(explanation),
        suits_you=suits_you,
        offered_at=offered_at or at,
        ends_at=ends_at,
        ends_soon=ends_at is not None and ends_at - at < SOON,
        first_until=first_until,
        more_from=more_from,
        expected=expected,
        finish=finish,
        decides_at=decides_at,
        entered=entered,
    )


def left_card(
    facts: Mapping[str, Any],
    *,
    waits: bool = False,
    may_wait: bool = False,
    said: Sequence[str] = (),
) -> Card:
    """Return what is left of a card: its number, when it went, how many saw it.

    `facts` are those of `AlreadyTaken`; what is `said` takes the place of the usual words.
    """
    state = "in_house" if facts["in_house"] else "taken" if facts["picked"] else "ended"
    return Card(
        lead_id=facts["lead_id"],
        number=facts["number"],
        state="waiting" if waits else state,
        temperature=None,
        title=facts["number"],
        seen_by=facts["seen_by"],
        gone_at=facts["gone_at"],
        may_wait=may_wait,
        said=said,
    )


def read_card(row: AnyRow, at: datetime) -> Card:
    """Return the card of a row of `offers.queries.cards`."""
    return card_of(
        row,
        row.teaser_fields,
        at,
        seen_by=rings.seen_by(row, at),
        explanation=in_full(json.loads(row.explanation), json.loads(row.parts)),
        offered_at=row.visible_from,
        ends_at=row.ends_at,
        first_until=rings.alone_until(row, at),
        more_from=rings.more_from(row, at),
        expected=in_short(*json.loads(row.expected)),
        finish=row.deciding_seconds,
        decides_at=row.closes_at,
        entered=row.entered,
        suits_you=row.suits_you,
        unit=row.unit,
    )


# The same card is looked at over and over, by every rep of a firm and with every reload, and
# drawing it costs more than finding it. What is kept is keyed by everything that the card says, so
# it can't be out of date; the reader's token takes the place of the mark.
_MARK = secrets.token_hex(16)
_KEPT = 4096
_drawn: OrderedDict[Hashable, str] = OrderedDict()


def draw_cards(
    rows: Sequence[AnyRow], at: datetime, hot_stop: HotStop | None = None
) -> list[Markup]:
    """Return the cards of rows of `offers.queries.cards` as HTML, in the reader's words.

    `hot_stop` is what keeps her from picking up hot leads.
    """
    stop = hot_stop or HotStop()
    locale, zone, edition = str(get_locale()), str(get_timezone()), book().edition
    today, token = local(at).date(), generate_csrf()
    draw, found = None, []
    for row in rows:
        see = (rings.seen_by(row, at), rings.alone_until(row, at), rings.more_from(row, at))
        said = tuple([tuple(value) if type(value) is list else value for value in row])
        key = (said, row.ends_at - at < SOON, see, stop.of(row.id), locale, zone, today, edition)
        html = _drawn.get(key)
        if html is None:
            draw = draw or _drawer()
            html = _drawn[key] = str(draw(read_card(row, at).heeding(stop), _MARK))
            while len(_drawn) > _KEPT:
                _drawn.popitem(last=False)
        else:
            _drawn.move_to_end(key)
        found.append(Markup(html.replace(_MARK, token)))  # noqa: S704 – a template drew it
    return found


def _drawer() -> Callable[[Card, str], str]:
    template = current_app.jinja_env.get_template("offers/_cards.html")
    macro: Callable[[Card, str], str] = vars(template.make_module({"_": translator()}))["lead_card"]
    return macro


def own_part(kept: str | Mapping[str, Any] | None, locale: str) -> Sequence[Told]:
    """Return the programme's own fields that partners read now, in words; `kept` as text or not."""
    values = json.loads(kept) if isinstance(kept, str) else kept
    if not values:
        return ()
    known = book().fields_of(FieldSubject.LEAD)
    return tell(known, open_part(known, values), locale)


def expectation(row: Any, locale: str) -> str | None:
    """Return with what expectation to approach the lead: its own, else that of its source."""
    if row.expectation:
        return str(row.expectation)
    source = book().by_id.get(row.source_id) if row.source_id else None
    if isinstance(source, Source) and source.expectation:
        return source.expectation.get(locale[:2]) or source.expectation.get("en")
    return None


def place(row: Any, shown: Collection[str], explanation: Sequence[dict[str, Any]]) -> str | None:
    """Return where it is, and how far away, rounded to 5: "Lower Saxony, about 35 km"."""
    parts = []
    if "city" in shown and row.city:
        parts.append(row.city)
    region = names.place(
        row.country if "country" in shown else None,
        row.subdivision if "subdivision" in shown else None,
    )
    if region:
        parts.append(region)
    met = (one for part in explanation for one in words.met_parts(part))
    near = next((part for part in met if part.get("km") is not None), None)
    if near is not None and parts:
        parts.append(names.about(near["km"], miles=bool(near.get("miles"))))
    return ", ".join(parts) or None

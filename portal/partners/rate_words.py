"""What a partner's work of the last twelve months comes to, in words: each rate with its cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.partners.models import PartnerRates
from portal.partners.rates import Mean, Rate, Work
from portal.web.filters import money, number, percent

HOUR, DAY = 60, 24 * 60


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: what it is, how much, and what it is made of."""

    label: str
    value: str
    note: str = ""


def told(kept: PartnerRates, means: Mapping[Rate, Mean]) -> Sequence[Line]:
    """Return a partner's figures; what was never measured is left out."""
    lines = [
        Line(_("Offers seen"), number(kept.offers_seen)),
        Line(_("Picked up"), number(kept.picked)),
        *_rate(Rate.CONVERSION, kept, means),
        *_rate(Rate.PUNCTUALITY, kept, means),
        *_rate(Rate.DECLINES, kept, means),
    ]
    if kept.minutes_to_pick is not None:
        lines.append(Line(_("From the offer to the pick"), span(kept.minutes_to_pick), _half()))
    if kept.minutes_to_contact is not None:
        lines.append(
            Line(_("From the pick to the first contact"), span(kept.minutes_to_contact), _half())
        )
    if kept.deal_days is not None:
        lines.append(Line(_("From the pick to the win"), span(round(kept.deal_days * DAY))))
    if kept.deal_value is not None:
        note = _("%(sum)s in all", sum=money(kept.volume))
        lines.append(Line(_("Value of a won lead"), money(kept.deal_value), note))
    if kept.brought:
        months = ngettext("in %(num)d month", "in %(num)d months", kept.months_brought)
        lines.append(Line(_("Leads it brought itself"), number(kept.brought), months))
    if kept.campaigns:
        lines.append(Line(_("Campaigns it takes part in"), number(kept.campaigns)))
    return lines


def rate_words(rate: Rate) -> str:
    """Return what a rate is called."""
    words = {
        Rate.CONVERSION: _("Won of closed leads"),
        Rate.PUNCTUALITY: _("Deadlines met"),
        Rate.DECLINES: _("Said no to offers"),
    }
    return str(words[rate])


def _rate(rate: Rate, kept: PartnerRates, means: Mapping[Rate, Mean]) -> Sequence[Line]:
    counted = getattr(kept, rate)
    if counted is None or rate not in means:
        return []
    work = Work(**{name: getattr(kept, name) for name in Work.__slots__})
    hits, of = work.of(rate)
    note = _(
        "counted as %(rate)s; all partners: %(mean)s",
        rate=percent(counted),
        mean=percent(means[rate].mean),
    )
    value = _("%(hits)s of %(cases)s", hits=number(hits), cases=number(of)) if of else _("none yet")
    return [Line(rate_words(rate), value, note)]


def _half() -> str:
    return str(_("half of them sooner"))


def span(minutes: int) -> str:
    """Return a span of time in the words of its size."""
    if minutes < 2 * HOUR:
        return str(ngettext("%(num)d minute", "%(num)d minutes", minutes))
    if minutes < 2 * DAY:
        return str(ngettext("%(num)d hour", "%(num)d hours", round(minutes / HOUR)))
    return str(ngettext("%(num)d day", "%(num)d days", round(minutes / DAY)))

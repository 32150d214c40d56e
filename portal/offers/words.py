"""How the rings of a round read to those who offered the lead."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.leads.contest import Mode
from portal.offers.models import Entry, EntryOutcome, Offer, OfferRound
from portal.web.filters import to_the_second, when


def tell_ring(course: OfferRound, offer: Offer, at: datetime) -> str:
    """Say when a firm, or the ring it is in, sees or saw the lead of a round."""
    now = course.ended_at or at
    if offer.visible_from > now:
        if course.ended_at is not None:
            return str(_("did not come to see it"))
        return str(_("sees it from %(when)s", when=when(offer.visible_from)))
    if course.mode == Mode.SERIAL:
        if offer.ends_at > now and course.ended_at is None:
            return str(_("has it alone until %(when)s", when=when(offer.ends_at)))
        return str(_("had it alone until %(when)s", when=when(min(offer.ends_at, now))))
    return str(_("sees it since %(when)s", when=when(offer.visible_from)))


ENTRY_WORDS: dict[str | None, Any] = {
    None: _l("takes part"),
    EntryOutcome.WON: _l("won the photo-finish"),
    EntryOutcome.OUTSCORED: _l("took part, another one suited better"),
    EntryOutcome.REFUSED: _l("took part, stopped by the gate"),
    EntryOutcome.WITHDRAWN: _l("took part, stepped back"),
    EntryOutcome.OVER: _l("took part, ended undecided"),
}


def tell_entries(entries: Iterable[Entry]) -> dict[int, str]:
    """Say of each firm that took part in a photo-finish how it went, by its last entry."""
    return {one.organisation_id: str(ENTRY_WORDS[one.outcome]) for one in entries}


def tell_finish(course: OfferRound) -> str:
    """Say of a photo-finish that is not decided when it is; nothing of other rounds."""
    if course.closes_at is None or course.decided_at is not None or course.ended_at is not None:
        return ""
    return str(_("deciding at %(time)s", time=to_the_second(course.closes_at)))


def tell_course(course: OfferRound) -> str:
    """Say how far a round has come: "ring 2 of 5"; nothing of one in which all see it at once."""
    if course.rings == 1:
        return ""
    if course.mode == Mode.SERIAL:
        return str(_("turn %(ring)d of %(rings)d", ring=course.ring, rings=course.rings))
    return str(_("ring %(ring)d of %(rings)d", ring=course.ring, rings=course.rings))

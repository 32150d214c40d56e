"""How the rings of a round read to those who offered the lead."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from portal.leads.contest import Mode
from portal.offers.models import Offer, OfferRound
from portal.web.filters import when


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


def tell_course(course: OfferRound) -> str:
    """Say how far a round has come: "ring 2 of 5"; nothing of one in which all see it at once."""
    if course.rings == 1:
        return ""
    if course.mode == Mode.SERIAL:
        return str(_("turn %(ring)d of %(rings)d", ring=course.ring, rings=course.rings))
    return str(_("ring %(ring)d of %(rings)d", ring=course.ring, rings=course.rings))

"""What a page behind a link says of a lead that was in hand."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _

from portal.inbound.page import Page
from portal.pickup.models import Pickup


def ended(held: Pickup, number: str) -> Page:
    """Return the page of a lead that is not in hand any more."""
    words = {
        "won": _("You reported it as won."),
        "lost": _("You reported it as lost."),
        "given_back": _("You gave it back."),
        "recalled": _("The vendor took it back. What you did about it counts for you."),
    }
    return Page(
        heading=_("No longer in your hands"),
        number=number,
        sentence=words.get(held.outcome or "", _("It has gone on without you.")),
        code="not_yours_any_more",
        onward=(_("To my leads"), url_for("desk.mine")),
    )

"""What a person hears of an offer that was taken back, or that lasts longer than it was said.

Not here: who hears (`withdrawals`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from portal.accounts.models import User
from portal.accounts.queries import find_actor_of
from portal.core.db import session
from portal.core.mail.rendering import moment
from portal.hearing.models import Topic
from portal.leads.models import Lead
from portal.notifications import queries
from portal.notifications.sentences import News
from portal.offers.models import OfferRound
from portal.offers.queries import find_card


def find_changed(facts: Mapping[str, Any], user: User, at: datetime) -> News | None:
    """Return the news for a person; None where they are past."""
    if "longer_round" in facts:
        return _longer(facts["longer_round"], user, at)
    current = session().get(OfferRound, facts["taken_from_round"])
    actor = find_actor_of(user.id)
    if current is None or actor is None or find_card(current.lead_id, actor, at) is not None:
        return None
    lead = session().get_one(Lead, current.lead_id)
    return News(
        Topic.OFFER_CHANGED,
        _("Not on offer any more: %(number)s", number=lead.number),
        _("we took the offer of %(number)s back: you can’t pick it up now.", number=lead.number),
        [str(_("It has nothing to do with you. What is on offer now stands on the portal."))],
        "/available",
        _("See what is available"),
        _("You get this mail because we told you of this lead."),
        lead.id,
    )


def _longer(round_id: int, user: User, at: datetime) -> News | None:
    found = queries.find_offer(round_id, user, at)
    if found is None:
        return None
    teaser, offer, _round = found
    until = moment(offer.ends_at)
    return News(
        Topic.OFFER_CHANGED,
        _("On offer for longer: %(number)s", number=teaser.number),
        _("%(number)s is on offer to you until %(when)s now.", number=teaser.number, when=until),
        [],
        f"/leads/{teaser.id}",
        _("Open the lead"),
        _("You get this mail because this lead is offered to your firm."),
        teaser.id,
    )

"""What a person hears of leads that were taken back or found nobody, and of more time for one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from portal.accounts.models import User
from portal.accounts.queries import find_actor_of, find_name
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.mail.rendering import moment
from portal.deadlines.models import Rung
from portal.hearing.models import Topic
from portal.leads.models import Lead, LeadState
from portal.leads.queries import find_visible
from portal.notifications.sentences import News
from portal.offers.models import Way
from portal.offers.redistribution import list_steps
from portal.pickup import extension
from portal.pickup.models import Extension, Pickup

TOPICS = (Topic.RECALLED, Topic.LEAD_WAITS, Topic.MORE_TIME)


def find_returned(topic: str, facts: Mapping[str, Any], user: User, at: datetime) -> News | None:
    """Return the news for a person; None where they are past."""
    if topic == Topic.RECALLED:
        return _recalled(facts["pickup_id"], user)
    if topic == Topic.LEAD_WAITS:
        return _waits(facts["waiting_id"], facts["step_id"], user)
    wish = session().get(Extension, facts["extension_id"], populate_existing=True)
    if wish is None:
        return None
    return _wished(wish, user) if facts["asked"] else _decided(wish)


def _recalled(pickup_id: int, user: User) -> News | None:
    pickup = session().get(Pickup, pickup_id)
    if pickup is None or pickup.outcome != Way.RECALLED:
        return None
    lead = session().get_one(Lead, pickup.lead_id)
    why = book().label(pickup.reason_id, str(get_locale()))
    if pickup.user_id == user.id:
        what = _("the vendor has taken %(number)s back.", number=lead.number)
        details = [
            str(_("Why: %(reason)s", reason=why)),
            str(_("What you did about it stays yours and counts for you.")),
            str(_("Its contact data is not shown to you any more; please don’t call there.")),
        ]
        because = _("You get this mail because the lead was in your hands.")
    else:
        what = _(
            "the vendor has taken %(number)s back from %(name)s.",
            number=lead.number,
            name=find_name(pickup.user_id),
        )
        details = [str(_("Why: %(reason)s", reason=why))]
        because = (
            _("You get this mail because you lead the firm that held this lead.")
            if user.organisation_id == pickup.organisation_id
            else _("You get this mail because you answer for the firm that held this lead.")
        )
    return News(
        Topic.RECALLED,
        _("Taken back: %(number)s", number=lead.number),
        what,
        details,
        f"/leads/{lead.id}",
        _("Open the lead"),
        because,
        lead.id,
    )


def _waits(lead_id: int, step_id: int, user: User) -> News | None:
    actor = find_actor_of(user.id)
    lead = find_visible(lead_id, actor) if actor else None
    steps = list_steps(lead_id)
    if lead is None or lead.state != LeadState.RETURNED or not steps or steps[0].id != step_id:
        return None
    if steps[0].rung != Rung.CHANNEL_MANAGER:
        return None
    return News(
        Topic.LEAD_WAITS,
        _("Your decision: %(number)s", number=lead.number),
        _("%(number)s found nobody, and its policy leaves it to you.", number=lead.number),
        [
            str(
                _(
                    "Its page says where it has been. Offer it to others or to our own people, "
                    "keep it warm, or let it stay with us."
                )
            ),
        ],
        f"/leads/{lead.id}",
        _("Open the lead"),
        _("You get this mail because you look after the offers."),
        lead.id,
    )


def _wished(wish: Extension, user: User) -> News | None:
    pickup, actor = session().get_one(Pickup, wish.pickup_id), find_actor_of(user.id)
    if wish.decided_at is not None or actor is None:
        return None
    if not extension.may_decide(wish, pickup, actor):
        return None
    lead = session().get_one(Lead, pickup.lead_id)
    named = {"name": find_name(wish.asked_by_id), "number": lead.number}
    return News(
        Topic.MORE_TIME,
        _("More time asked for: %(number)s", number=lead.number),
        ngettext(
            "%(name)s asks for %(num)d more day for %(number)s.",
            "%(name)s asks for %(num)d more days for %(number)s.",
            wish.days,
            **named,
        ),
        [
            str(_("Why: %(reason)s", reason=book().label(wish.reason_id, str(get_locale())))),
            str(_("The answer is due %(when)s.", when=moment(pickup.feedback_due_at))),
            str(_("Until you decide the date stays as it was, and the lead is not taken back.")),
        ],
        "/more-time",
        _("Decide"),
        _("You get this mail because the decision is yours."),
        lead.id,
    )


def _decided(wish: Extension) -> News | None:
    pickup = session().get_one(Pickup, wish.pickup_id)
    if pickup.ended_at is not None or wish.decided_at is None:
        return None
    lead = session().get_one(Lead, pickup.lead_id)
    named = {"number": lead.number}
    return News(
        Topic.MORE_TIME,
        _("More time for %(number)s", **named)
        if wish.granted
        else _("No more time for %(number)s", **named),
        _("you have more time for %(number)s.", **named)
        if wish.granted
        else _("more time for %(number)s was refused.", **named),
        [str(_("Your next feedback is due %(when)s.", when=moment(pickup.feedback_due_at)))],
        f"/leads/{lead.id}",
        _("Open the lead"),
        _("You get this mail because you asked for it."),
        lead.id,
    )

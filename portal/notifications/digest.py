"""One mail about many things: what waits for a person, the most pressing first.

What is still true of it, `operations` looks at before; here it is put into words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.capture.finding import path_to_bring
from portal.core.config import Settings
from portal.core.mail import links
from portal.core.mail.links import Purpose
from portal.core.mail.rendering import moment
from portal.core.mail.replies import Reply
from portal.hearing.models import Hears, Topic
from portal.hearing.rules import IN_DIGESTS
from portal.inbound.keywords import ANSWERS, CHOICES
from portal.leads.queries import find_teaser
from portal.notifications import reply_addresses
from portal.notifications.letters import (
    Letter,
    answers,
    due_of,
    gate_told,
    lead_of,
    offered_lead,
    question_path,
    round_words,
    spoken,
    to,
)
from portal.notifications.queries import Offered, RoundReport
from portal.notifications.sentences import News
from portal.pickup.models import Pickup

MOST_ITEMS, FEWEST_ITEMS = 10, 3
"""A mail about many things names so many of a kind; more would be cut off by mail clients."""


@dataclass(slots=True)
class Collection:
    """What waits for a person, for one mail."""

    feedback: list[tuple[str, Pickup]] = field(default_factory=list)
    offers: list[Offered] = field(default_factory=list)
    rounds: list[RoundReport] = field(default_factory=list)
    drafts: list[dict[str, Any]] = field(default_factory=list)
    news: list[News] = field(default_factory=list)


def digest(
    collected: Collection,
    user: User,
    at: datetime,
    rhythm: Hears,
    extent: str,
    *,
    most: int = MOST_ITEMS,
) -> Letter:
    """All that waits, in one, at most so many of a kind, the most pressing first.

    One that comes in a rhythm can be stopped from the mail client with one press.
    """
    settings: Settings = current_app.config["SETTINGS"]
    stop = None
    if rhythm in IN_DIGESTS:
        stop = links.issue(Purpose.STOP, user.id, at, topic="digest", lasts=timedelta(days=90))
    reply = reply_addresses.for_many()
    with to(user):
        feedback = [
            item
            for kind, pickup in collected.feedback[:most]
            if (item := _owed(kind, pickup, reply, user, at))
        ]
        offers = [offered_lead(one, user, at, extent) for one in collected.offers[:most]]
        rounds = [words for one in collected.rounds[:most] if (words := round_words(one, at))]
        context = {
            "summary": summary_of(collected),
            "gate": gate_told(user, at) if collected.feedback else None,
            "feedback": feedback,
            "offers": offers,
            "reply_hint": hint_of_many(feedback, offers),
            "rounds": rounds,
            "drafts": collected.drafts[:most],
            "news": [
                {
                    "what": str(one.what),
                    "path": one.path,
                    "press": str(one.press),
                    "deed": one.deed,
                }
                for one in collected.news[:most]
            ],
            "more": sum(
                max(0, len(part) - most)
                for part in (
                    collected.feedback,
                    collected.offers,
                    collected.rounds,
                    collected.drafts,
                    collected.news,
                )
            ),
            "stop_path": stop,
            "finds_path": path_to_bring(get_actor(user.id), at),
            "reason": reason_of(rhythm),
        }
    headers = {
        "List-Id": f"<daily.{settings.mail_domain}>",
        "List-Unsubscribe": f"<{settings.public_url}{stop}/stop>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return Letter("digest", context, headers=headers if stop else {}, answers=(reply,))


def reason_of(rhythm: Hears) -> str:
    """Say why many things come in one mail."""
    if rhythm == Hears.HOURLY:
        return str(_("You get this mail because you want to hear once an hour."))
    if rhythm == Hears.DAILY:
        return str(_("You get this mail because you want to hear once a day."))
    if rhythm == Hears.WEEKLY:
        return str(_("You get this mail because you want to hear once a week."))
    if rhythm == Hears.NEVER:
        return str(_("What you owe, and what is taken out of your hands, is told in any case."))
    return str(_("Several things came together, so we put them into one mail."))


def hint_of_many(feedback: list[dict[str, Any]], offers: list[dict[str, Any]]) -> str:
    """Say with which words to answer about one of several leads."""
    named = [(item["lead"], spoken(ANSWERS)) for item in feedback[:1]]
    named += [(lead, spoken(CHOICES)) for lead in offers[:1]]
    if not named:
        return ""
    lead, words = named[0]
    return str(
        _(
            "Or answer this mail about one of them, with its number and a word in the first line, "
            "for example: %(example)s. The words: %(words)s.",
            example=f"{lead['number']} {words[0]}",
            words=", ".join(word for _lead, some in named for word in some),
        )
    )


def _owed(
    kind: str, pickup: Pickup, reply: Reply, user: User, at: datetime
) -> dict[str, Any] | None:
    teaser, due = find_teaser(pickup.lead_id), due_of(kind, pickup)
    if teaser is None or due is None:
        return None
    return {
        "lead": lead_of(teaser, at),
        "state": state_of(kind, moment(due), late=due <= at),
        "answer_rows": answers(question_path(pickup, user, at), reply, teaser.number),
    }


def state_of(kind: str, when: str, *, late: bool) -> str:
    """Say what is due about a lead, and when."""
    if kind == Topic.CONTACT_WANTED:
        said = (
            _("first contact was due on %(when)s")
            if late
            else _("first contact is due on %(when)s")
        )
    elif kind == Topic.COMPLETION_WANTED:
        said = _("its end was due on %(when)s") if late else _("its end is due on %(when)s")
    elif late:
        said = _("the answer was due on %(when)s")
    else:
        said = _("an answer is due on %(when)s")
    return str(said) % {"when": when}


NEWS_NAMED = 2
"""So many pieces of news are named by their subjects; more are counted."""


def summary_of(collected: Collection) -> str:
    """Say in a line what waits."""
    parts = [
        ngettext("%(num)d answer owed", "%(num)d answers owed", number)
        for number in [len(collected.feedback)]
        if number
    ]
    if collected.offers:
        parts.append(ngettext("%(num)d new lead", "%(num)d new leads", len(collected.offers)))
    if collected.rounds:
        parts.append(
            ngettext("%(num)d not picked up", "%(num)d not picked up", len(collected.rounds))
        )
    if collected.drafts:
        parts.append(
            ngettext("%(num)d not finished", "%(num)d not finished", len(collected.drafts))
        )
    if len(collected.news) > NEWS_NAMED:
        parts.append(
            ngettext("%(num)d piece of news", "%(num)d pieces of news", len(collected.news))
        )
    else:
        parts += [str(one.subject) for one in collected.news]
    return ", ".join(str(part) for part in parts)

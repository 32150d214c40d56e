"""What a lead has behind it, in words: where it went on, and what earlier holders did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from portal.core.db import session
from portal.deadlines.models import Rung
from portal.feedback.rules import words_of as answer_words
from portal.matching.models import DistributionRule
from portal.offers.models import OfferRound, Redistribution, Way
from portal.pickup.recall import Done
from portal.timeline.rules import words_of
from portal.web.filters import when


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that was, in words."""

    at: datetime
    what: str


def tell_done(done: Sequence[Done]) -> list[Told]:
    """Return what earlier holders did, in neutral words."""
    return [Told(one.at, told_of(one)) for one in done]


def told_of(one: Done) -> str:
    """Return one thing that somebody did."""
    if one.answer is not None:
        return str(_("Answer: %(answer)s", answer=answer_words(one.answer)))
    return words_of(one.kind)


def why_words(why: str) -> str:
    """Say why a lead goes on."""
    words = {
        Way.LAPSED: _("Nobody picked it up"),
        Way.DECLINED: _("Every firm declined"),
        Way.GIVEN_BACK: _("Given back"),
        Way.RECALLED: _("Taken back"),
    }
    return str(words[Way(why)])


def rung_words(step: Redistribution, *, rests: bool) -> str:
    """Say where a lead went; `rests` where this is what it still waits for."""
    rule = _rule_of(step)
    words = {
        Rung.AGAIN: _("offered once more by the same rule"),
        Rung.GROUP: _("offered by the next rule, %(name)s", name=rule)
        if rule
        else _("offered by the next rule"),
        Rung.OVERFLOW: _("offered to the overflow unit"),
        Rung.CHANNEL_MANAGER: _("a channel manager decides"),
        Rung.NURTURE: _("kept warm in nurture"),
    }
    if step.gone_on_at is None:
        if rests:
            return str(_("rests until %(when)s", when=when(step.rested_until)))
        return str(_("somebody took it on by hand"))
    return str(words[Rung(step.rung)]) if step.rung else str(_("nobody is left to offer it to"))


def _rule_of(step: Redistribution) -> str | None:
    if step.rung != Rung.GROUP or step.round_id is None:
        return None
    opened = session().get(OfferRound, step.round_id)
    rule = session().get(DistributionRule, opened.rule_id) if opened and opened.rule_id else None
    return rule.name if rule else None


def tell_turns(steps: Sequence[Redistribution], *, rests: bool) -> list[Told]:
    """Return where a lead went each time that it came back, or that nobody picked it up.

    `rests` where it waits to go on from the last one.
    """
    return [
        Told(
            step.at,
            str(
                _(
                    "%(why)s: %(rung)s",
                    why=why_words(step.why),
                    rung=rung_words(step, rests=rests and step is steps[0]),
                )
            ),
        )
        for step in steps
    ]

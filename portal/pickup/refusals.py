"""How a refusal reads: the honest answer, in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.core.errors import Refused
from portal.matching import words as matching
from portal.offers.places import Place
from portal.offers.rules import AlreadyTaken, BeingDecided, NothingToWaitFor, Outscored
from portal.pickup.rules import (
    Absent,
    CapacityReached,
    CapReached,
    FeedbackOwed,
    GateShut,
    NotYoursAnyMore,
    Suspended,
)
from portal.pickup.words import GateReason, sentence_of, way_out_of
from portal.web.filters import ago, when


@dataclass(frozen=True, slots=True)
class Action:
    """One way to go on."""

    label: str
    url: str
    method: str = "get"
    primary: bool = False


@dataclass(frozen=True, slots=True)
class RefusalView:
    """The view model of `templates/pickup/_refusal.html`."""

    code: str
    title: str
    sentence: str
    facts: Sequence[str] = field(default_factory=tuple)
    actions: Sequence[Action] = field(default_factory=tuple)
    root_id: str | None = None


def refusal_view(refusal: Refused, root_id: str | None, place: Place | None = None) -> RefusalView:
    """Return how a refusal reads; `root_id` is set where it takes a card's place.

    `place` is what the reader may do about a lead that is gone: stand by, or wait no more.
    """
    title, sentence, facts = words_of(refusal)
    mine = Action(str(_("To my leads")), url_for("desk.mine"))
    rest = Action(str(_("To what is available")), url_for("pickup.available"), primary=True)
    held = isinstance(refusal, CapacityReached | NotYoursAnyMore | FeedbackOwed)
    actions: Sequence[Action] = (mine, rest) if held else (rest,)
    actions = () if root_id else actions
    if place is not None and isinstance(refusal, AlreadyTaken):
        actions = (*stand_by_actions(refusal.facts["lead_id"], place), *actions)
        if place.waits:
            facts = (*facts, str(_("You stand by. Should it come back, you hear of it first.")))
    return RefusalView(refusal.code, title, sentence, facts, actions, root_id)


def stand_by_actions(lead_id: int, place: Place) -> Sequence[Action]:
    """Return the buttons that take a stand-by place or leave it."""
    if place.waits:
        url = url_for("offers.stand_by", lead_id=lead_id, leave=1)
        return (Action(str(_("Wait no more")), url, "post"),)
    if place.may_wait:
        url = url_for("offers.stand_by", lead_id=lead_id)
        return (Action(str(_("Stand by, should it come back")), url, "post"),)
    return ()


def words_of(refusal: Refused) -> tuple[str, str, Sequence[str]]:
    """Return title, sentence and facts. Never who has it."""
    if isinstance(refusal, Outscored):
        return outscored_words(refusal)
    if isinstance(refusal, AlreadyTaken):
        return gone_words(refusal)
    titles = {
        FeedbackOwed: _("An answer is owed first"),
        CapacityReached: _("Hands are full"),
        CapReached: _("Your share for now"),
        Absent: _("Marked as away"),
        Suspended: _("Picking up pauses"),
        NotYoursAnyMore: _("No longer in your hands"),
        NothingToWaitFor: _("Nothing to wait for"),
        BeingDecided: _("Being decided"),
    }
    title = titles.get(type(refusal), _("That can't be done now"))
    obstacle = refusal.facts.get("obstacle")
    if obstacle is None:
        return str(title), refusal.message, ()
    return str(title), sentence_of(obstacle), (way_out_of(obstacle),)


def outscored_words(refusal: Outscored) -> tuple[str, str, Sequence[str]]:
    """Say to who took part in a photo-finish how it went for her: her own line, never who won."""
    facts = refusal.facts
    took_part = str(
        ngettext(
            "%(num)d firm took part, %(seen)s.",
            "%(num)d firms took part, %(seen)s.",
            facts["entered"],
            seen=ngettext("%(num)d was offered it", "%(num)d were offered it", facts["seen_by"]),
        )
    )
    if facts["refusal"]:
        title, why = _("It could not be yours"), stopped_words(facts["refusal"])
    elif facts["in_house"]:
        title, why = _("A colleague has it"), _("It was decided for your own firm.")
    else:
        title, why = _("Another firm suited it better"), own_line(facts)
    sentence = _(
        "%(number)s was decided %(when)s.",
        number=facts["number"],
        when=when(facts["gone_at"]),
    )
    return str(title), str(sentence), (str(why), took_part)


def own_line(facts: Mapping[str, Any]) -> str:
    """Return how well somebody suited who took part, and by what; nothing that says whom he knows.

    Where the programme asks for such a thing, how well he suited would say it, too.
    """
    parts = [one for one in facts["why"] if not matching.tells_of_customers(one)]
    whole = len(parts) == len(facts["why"])
    line = [matching.tell_fit(facts["score"], parts) if whole else "", *matching.why(parts)]
    told = ", ".join(word for word in line if word)
    if told:
        return str(_("You: %(reasons)s.", reasons=told))
    if not whole:
        return str(_("How well you suited isn’t told: it would say whom you know."))
    return str(_("The lots decided."))


STOPPED = {
    GateReason.FIRM_SUSPENDED: _l("Your firm pauses."),
    GateReason.SUSPENDED: _l("You pause."),
    GateReason.PAUSED_BY_HAND: _l("Your firm pauses."),
    GateReason.FIRM_AWAY: _l("Your firm was marked as away."),
    GateReason.AWAY: _l("You were marked as away."),
    GateReason.BLOCKED: _l("You owed an answer by then."),
    GateReason.UNANSWERED: _l("You owed an answer by then."),
    GateReason.PAST_DUE: _l("You owed an answer by then."),
    GateReason.COLLEAGUE_OWES: _l("A colleague owed an answer."),
    GateReason.COLLEAGUE_LATE: _l("A colleague owed an answer."),
    GateReason.HANDS_FULL: _l("Your hands were full by then."),
    GateReason.CAP_REACHED: _l("Your firm had its share of leads by then."),
    GateReason.HOT_CAP_REACHED: _l("Your firm had its share of hot leads by then."),
    GateReason.COOLING: _l("Your firm had picked up a hot lead shortly before."),
    GateReason.FIRM_FULL: _l("Your firm’s hands were full by then."),
}


def stopped_words(code: str) -> str:
    """Say what stopped somebody at the gate when it was decided."""
    known = {str(reason): words for reason, words in STOPPED.items()}
    return str(known.get(code) or _("You could not pick up any more when it was decided."))


def gone_words(refusal: AlreadyTaken) -> tuple[str, str, Sequence[str]]:
    """Say how long ago it went and how many firms saw it."""
    facts, number = refusal.facts, refusal.facts.get("number", "")
    seen_by = int(facts.get("seen_by") or 0)
    seen = str(ngettext("%(num)d firm was offered it.", "%(num)d firms were offered it.", seen_by))
    if facts.get("in_house"):
        return (
            str(_("A colleague was faster")),
            str(_("%(number)s was picked up in your own firm.", number=number)),
            (str(_("It went %(ago)s.", ago=ago(facts.get("gone_at")))),),
        )
    if facts.get("picked"):
        return (
            str(_("Another firm was faster")),
            str(
                _(
                    "%(number)s was picked up %(ago)s, %(when)s.",
                    number=number,
                    ago=ago(facts.get("gone_at")),
                    when=when(facts.get("gone_at")),
                )
            ),
            (seen,),
        )
    return (
        str(_("No longer on offer")),
        str(_("The offer of %(number)s to your firm has ended.", number=number)),
        (),
    )


def told(refusal: Refused) -> dict[str, str]:
    """Return what a problem document says beside its code.

    Of a shut gate why, and the way out; of a photo-finish the reader's own line, or its time.
    """
    if isinstance(refusal, Outscored):
        _title, _sentence, (why, *_more) = outscored_words(refusal)
        return {"detail": why}
    if isinstance(refusal, BeingDecided):
        return {"decides_at": refusal.facts["decides_at"].isoformat()}
    obstacle = refusal.facts.get("obstacle") if isinstance(refusal, GateShut) else None
    if obstacle is None:
        return {}
    return {
        "reason": obstacle.reason,
        "detail": sentence_of(obstacle),
        "way_out": way_out_of(obstacle),
    }

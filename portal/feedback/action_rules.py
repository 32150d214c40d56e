"""What the vendor may do with a lead as it stands, and how that is called. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.core.errors import Refused
from portal.feedback.rules import CANCELLED, Status, TooLateToUndo
from portal.leads.models import DEAD, OFFERABLE, TO_QUALIFY, LeadState, LeadStatus, LifeState
from portal.pickup.rules import UNDO_WITHIN


class Action(StrEnum):
    """What changes the state of a lead by hand; all else is editing."""

    BEGIN = "begin"
    PUT_BACK = "put-back"
    WIN = "win"
    LOSE = "lose"
    CANCEL = "cancel"
    DELETE = "delete"
    TAKE_BACK = "take-back"
    REVIVE = "revive"


WORDS: dict[Action, Any] = {
    Action.BEGIN: _l("Sell it ourselves"),
    Action.PUT_BACK: _l("Make it ready for partners"),
    Action.WIN: _l("Report as won"),
    Action.LOSE: _l("Report as lost"),
    Action.CANCEL: _l("Cancel the lead"),
    Action.DELETE: _l("Delete the lead"),
    Action.TAKE_BACK: _l("Take the ending back"),
    Action.REVIVE: _l("Revive the lead"),
}

ANSWER_OF = {Action.WIN: Status.WON, Action.LOSE: Status.LOST, Action.CANCEL: CANCELLED}
"""What the vendor says of a lead with an action that ends it."""

UNASKED = (Action.DELETE, Action.TAKE_BACK, Action.REVIVE)
"""What leads along no way of the definition: out of the books, back, or to the beginning."""

IN_WORK = (LeadState.HELD, LeadState.DIRECT)
UNSEEN = (*TO_QUALIFY, LeadState.QUALIFIED, LeadState.NURTURE)
FROM: dict[Action, tuple[LeadState, ...]] = {
    Action.BEGIN: (*OFFERABLE, LeadState.NURTURE),
    Action.PUT_BACK: (LeadState.DIRECT,),
    Action.WIN: IN_WORK,
    Action.LOSE: IN_WORK,
    Action.CANCEL: (*TO_QUALIFY, *OFFERABLE, LeadState.OFFERED, LeadState.NURTURE, *IN_WORK),
    Action.DELETE: UNSEEN,
    Action.TAKE_BACK: (LeadState.CLOSED,),
    Action.REVIVE: (LeadState.CLOSED, LeadState.DISQUALIFIED),
}
"""The distribution states from which an action leads."""


HOLDS_UP = (Action.CANCEL, Action.DELETE, Action.TAKE_BACK, Action.REVIVE)
"""What waits until operations have handed the lead back."""


class NotNow(Refused):
    """The lead is not in a state for this, or something has to be done before. Facts: `why`."""

    code = "not_now"


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides on an action: how a lead stands, and what else there is to it.

    `ended_since` is how long ago the vendor ended it; None where its holder did, or nobody.
    `merged` says that others became one with it, `merged_away` that it did with another.
    """

    number: str
    state: str
    life_state: str
    suppressed: bool
    round: int
    with_operations: bool
    merged: bool = False
    merged_away: bool = False
    ended_since: timedelta | None = None


def refusal_of(action: Action, lead: Standing) -> Refused | None:
    """Return why an action can't be taken now, or None. The definition is asked apart."""
    if action == Action.DELETE and (lead.life_state != LifeState.PENDING or lead.round):
        return NotNow(
            _(
                "%(number)s has begun, or partners have seen it. It can be cancelled, not deleted.",
                number=lead.number,
            ),
            why="seen",
        )
    if lead.state not in FROM[action]:
        return NotNow(_wrong_state(action, lead), why="state")
    if action == Action.TAKE_BACK and lead.ended_since is None:
        return NotNow(
            _("%(number)s was ended by who held it. That stays.", number=lead.number), why="theirs"
        )
    if action == Action.TAKE_BACK and lead.ended_since and lead.ended_since > UNDO_WITHIN:
        return TooLateToUndo(_("That was too long ago to take it back here."), why="late")
    if action == Action.REVIVE and lead.state == LeadState.CLOSED and lead.life_state not in DEAD:
        return NotNow(_("%(number)s has not ended without success.", number=lead.number), why="won")
    if action == Action.REVIVE and lead.merged_away:
        return NotNow(
            _("%(number)s became one with another inquiry. That one goes on.", number=lead.number),
            why="merged",
        )
    if action in (Action.BEGIN, Action.REVIVE) and lead.suppressed:
        return NotNow(
            _("The contact of %(number)s asked not to be approached.", number=lead.number),
            why="suppressed",
        )
    if action in HOLDS_UP and lead.with_operations:
        return NotNow(
            _(
                "%(number)s is with operations. They hand it back first.",
                number=lead.number,
            ),
            why="with_operations",
        )
    if action == Action.DELETE and lead.merged:
        return NotNow(
            _("Other inquiries became one with %(number)s: it stays.", number=lead.number),
            why="merged",
        )
    return None


def _wrong_state(action: Action, lead: Standing) -> str:
    if lead.state == LeadState.CLOSED:
        return str(_("%(number)s is closed.", number=lead.number))
    if lead.state == LeadState.DISQUALIFIED:
        return str(_("%(number)s was disqualified.", number=lead.number))
    if action in (Action.WIN, Action.LOSE):
        return str(_("Nobody works on %(number)s yet.", number=lead.number))
    if action == Action.BEGIN and lead.state == LeadState.OFFERED:
        return str(_("%(number)s is on offer. Take it off the market first.", number=lead.number))
    if action == Action.BEGIN and lead.state in TO_QUALIFY:
        return str(_("%(number)s has to be qualified first.", number=lead.number))
    return str(_("That is not possible with %(number)s now.", number=lead.number))


def target_of(action: Action, ways: Iterable[LeadStatus]) -> LeadStatus | None:
    """Return the status to which an action leads, of those that the definition lets follow.

    Of several that stand for an answer it is the first; else the usual one of the state.
    """
    answer = ANSWER_OF.get(action)
    states = {
        Action.BEGIN: LifeState.IN_PROGRESS,
        Action.PUT_BACK: LifeState.PENDING,
        Action.CANCEL: LifeState.CANCELLED,
    }
    for one in ways:
        if action in states:
            if one.life_state == states[action] and one.is_default:
                return one
        elif one.feedback_status == answer:
            return one
    return None

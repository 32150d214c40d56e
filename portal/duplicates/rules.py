"""Which of two leads may become part of the other, and which one stays. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from portal.core.errors import Refused
from portal.leads.models import TO_QUALIFY, Lead, LeadState
from portal.leads.rules import EDITABLE

MAY_GO = (*TO_QUALIFY, LeadState.QUALIFIED, LeadState.NURTURE)
"""In what a lead may become part of another: no partner has ever seen it."""

IN_HANDS = (LeadState.HELD, LeadState.DIRECT)
"""Somebody works on it: an inquiry of the same contact is news to him."""

AS_IT_IS = (LeadState.OFFERED, *IN_HANDS)
"""In what a lead takes nothing on of what the other one says: others read it as it stands."""

MAY_STAY = (*EDITABLE, *AS_IT_IS)

_FURTHER = {
    LeadState.CAPTURED: 0,
    LeadState.NURTURE: 1,
    LeadState.QUALIFYING: 2,
    LeadState.QUALIFIED: 3,
    LeadState.RETURNED: 4,
    LeadState.RECALLED: 4,
    LeadState.OFFERED: 5,
    LeadState.DIRECT: 6,
    LeadState.HELD: 7,
}


class CannotMerge(Refused):
    """These two can't become one as they stand. Facts: `why`."""

    code = "cannot_merge"


class MergeStands(Refused):
    """What was merged can't be taken apart any more, or not yet. Facts: `why`."""

    code = "merge_stands"


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides on a lead that may become one with another. `round` counts offers so far."""

    id: int
    number: str
    kind: str
    state: str
    round: int
    suppressed: bool
    captured_at: datetime
    merged: bool = False

    @property
    def may_go(self) -> bool:
        """Tell whether it may become part of another lead."""
        return self.state in MAY_GO and not self.round and not self.merged


def standing_of(lead: Lead) -> Standing:
    """Return what decides on a lead that may become one with another."""
    return Standing(
        id=lead.id,
        number=lead.number,
        kind=lead.kind,
        state=lead.state,
        round=lead.round,
        suppressed=lead.suppressed,
        captured_at=lead.captured_at,
        merged=lead.merged_into is not None,
    )


def order(one: Standing, other: Standing) -> tuple[Standing, Standing]:
    """Return which one stays and which one goes: who has come further stays, then the older."""

    def rank(lead: Standing) -> tuple[bool, int, float, int]:
        further = _FURTHER.get(LeadState(lead.state), -1)
        return (not lead.may_go, further, -lead.captured_at.timestamp(), -lead.id)

    first, second = sorted((one, other), key=rank, reverse=True)
    return first, second


def refusal_of(kept: Standing, gone: Standing) -> Refused | None:
    """Return why one lead can't become part of another now, or None."""
    both = {"one": kept.number, "other": gone.number}
    if kept.state == LeadState.HELD and gone.state == LeadState.HELD:
        words = _("%(one)s and %(other)s are each in a partner’s hands. Both stay.", **both)
        return CannotMerge(words, why="both_held")
    if kept.merged or gone.merged:
        words = _("One of the two is part of another lead already.")
        return CannotMerge(words, why="merged")
    if kept.kind != gone.kind:
        words = _("One of the two is a future partner, the other one a customer’s inquiry.")
        return CannotMerge(words, why="kind")
    if kept.state not in MAY_STAY:
        words = _("%(one)s is over. %(other)s stands for itself.", **both)
        return CannotMerge(words, why="over")
    if not gone.may_go:
        words = _("Partners have seen %(other)s, so it can’t become part of another lead.", **both)
        return CannotMerge(words, why="seen")
    if gone.suppressed and kept.state == LeadState.OFFERED:
        words = _(
            "The contact of %(other)s asked not to be approached, and %(one)s is on offer. "
            "Take it off the market first.",
            **both,
        )
        return CannotMerge(words, why="suppressed")
    return None


def refusal_to_part(
    *, undone: bool, kept_merged: bool, stands: bool, number: str
) -> Refused | None:
    """Return why a merge can't be taken apart now, or None. `stands`: the gone lead is as it was
    left."""
    if undone or not stands:
        return MergeStands(_("%(number)s is a lead of its own already.", number=number), why="done")
    if kept_merged:
        words = _("The lead that stayed became part of another one since. Take that apart first.")
        return MergeStands(words, why="later")
    return None


def takes_on(kept: Standing) -> bool:
    """Tell whether the lead that stays may take on what the other one says."""
    return kept.state in EDITABLE

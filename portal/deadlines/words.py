"""Policies in words: what their parts are called, how long a time is, what differs.

What people are told of a policy is `telling`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.deadlines.models import Action, Approval, ClockKind, GateScope, Rung
from portal.deadlines.rules import TERMS, Terms
from portal.deadlines.steps import Step
from portal.timeline.rules import Kind

FIELD_WORDS: dict[str, Any] = {
    "name": _l("Name"),
    "feedback_days": _l("Days until an answer is due"),
    "recruit_feedback_days": _l("Days until one about a future partner is due"),
    "amber_hours": _l("Hours before that it counts as due soon at most"),
    "overdue_hours": _l("Hours late that count as overdue"),
    "firm_red_days": _l("Days late that stop the whole firm"),
    "offer_hours": _l("Hours that an offer lasts"),
    "stand_by_hours": _l("Hours of head start for who stood by"),
    "draft_days": _l("Days until a begun inquiry is brought to mind"),
    "response_hours": _l("Hours from pickup to first contact"),
    "completion_days": _l("Days from pickup to the end"),
    "help_hours": _l("Hours until a call for help is answered"),
    "pricing_hours": _l("Hours until a request for a special price is answered"),
    "owner_hours": _l("Hours until our own account manager has spoken to the customer"),
    "working": _l("Clocks that count working time only"),
    "milestones": _l("An answer is due after"),
    "milestone_hours": _l("Hours until that answer is due"),
    "gate_scope": _l("Whose owed answers stop picking"),
    "allowed_open": _l("Leads that may wait for an answer all the same"),
    "uncontacted_free": _l("Times in a row that “not made contact yet” will do as an answer"),
    "waiting_since": _l("“Waiting for their answer” needs since when"),
    "customer_told": _l("Tell the customer who calls, and by when"),
    "customer_asked": _l("Ask the customer whether they were called"),
    "suspend_after": _l("Missed deadlines that suspend"),
    "suspend_within_days": _l("Days within which they count"),
    "suspend_days": _l("Days that a suspension lasts"),
    "most_pauses": _l("Pauses at most"),
    "pause_days": _l("Days that a pause lasts at most"),
    "most_extensions": _l("Times that more time can be had"),
    "extension_days": _l("Days more at most"),
    "extension_approval": _l("Who agrees to more time"),
    "protected_days": _l("Days for which work on a lead protects it from recall"),
    "cooling_hours": _l("Hours that a lead rests before the next firm sees it"),
    "chain": _l("Where it goes then"),
    "overflow_unit_id": _l("Overflow unit"),
    "steps": _l("Steps"),
}

CLOCKS: dict[str, Any] = {
    ClockKind.OFFER: _l("Offer"),
    ClockKind.RESPONSE: _l("First contact"),
    ClockKind.FEEDBACK: _l("Answer"),
    ClockKind.COMPLETION: _l("Completion"),
    ClockKind.HELP: _l("Call for help"),
    ClockKind.PRICING: _l("Special price"),
    ClockKind.OWNER: _l("Our own contact with the customer"),
}
"""What is waited for, as a label."""

ACTIONS: dict[str, Any] = {
    Action.REMIND_HOLDER: _l("remind who holds the lead"),
    Action.REMIND_MANAGER: _l("tell the manager of the firm"),
    Action.TELL_ACCOUNT_MANAGER: _l("tell the account manager"),
    Action.TELL_CHANNEL_MANAGER: _l("tell the channel manager"),
    Action.NOTE: _l("note on the lead that nothing came"),
    Action.OFFER_EXTENSION: _l("offer more time"),
    Action.BLOCK: _l("stop the holder from picking until it is answered"),
    Action.SUSPEND: _l("suspend who was late too often"),
    Action.RECALL: _l("take the lead back"),
    Action.OVERFLOW: _l("give it to the overflow unit"),
}
"""What a step does, as who arranges it reads it."""

RUNGS: dict[str, Any] = {
    Rung.AGAIN: _l("to the other firms that suit it"),
    Rung.GROUP: _l("by the next distribution rule that fits"),
    Rung.OVERFLOW: _l("to the overflow unit"),
    Rung.CHANNEL_MANAGER: _l("to the channel manager"),
    Rung.NURTURE: _l("into nurture"),
}
"""Where a lead goes that came back."""

SCOPES: dict[str, Any] = {
    GateScope.REP: _l("those of the person who picks"),
    GateScope.FIRM: _l("those of the whole firm"),
}
APPROVALS: dict[str, Any] = {
    Approval.NONE: _l("nobody has to"),
    Approval.ACCOUNT_MANAGER: _l("the account manager"),
    Approval.CHANNEL_MANAGER: _l("the channel manager"),
}
MILESTONES: dict[str, Any] = {
    Kind.CALL: _l("a phone call"),
    Kind.EMAIL: _l("an e-mail"),
    Kind.APPOINTMENT: _l("an appointment (a meeting, a presentation)"),
}
WORDS: dict[str, dict[str, Any]] = {
    "working": CLOCKS,
    "milestones": MILESTONES,
    "chain": RUNGS,
    "gate_scope": SCOPES,
    "extension_approval": APPROVALS,
}
"""The words of what is chosen of a list."""


def in_words(hours: int) -> str:
    """Return a length of time as people say it: "36 hours", "7 days"."""
    if hours % 24 or hours < 48:
        return str(ngettext("%(num)d hour", "%(num)d hours", hours))
    return days_in_words(hours // 24)


def days_in_words(days: int) -> str:
    """Return a number of days as people say it."""
    return str(ngettext("%(num)d day", "%(num)d days", days))


def minutes_in_words(minutes: int) -> str:
    """Return a number of minutes as people say it: "90 minutes", "4 hours", "2 days"."""
    if minutes % 60:
        return str(ngettext("%(num)d minute", "%(num)d minutes", minutes))
    if minutes % 1440:
        return str(ngettext("%(num)d hour", "%(num)d hours", minutes // 60))
    return days_in_words(minutes // 1440)


def times_in_words(times: int) -> str:
    """Return how often: "once", "3 times"."""
    return str(_("once")) if times == 1 else str(_("%(num)d times", num=times))


def moment_in_words(minutes: int) -> str:
    """Return when a step comes, seen from its deadline: "2 days before", "1 day late"."""
    if minutes == 0:
        return str(_("when it is due"))
    span = minutes_in_words(abs(minutes))
    return str(_("%(span)s before", span=span) if minutes < 0 else _("%(span)s late", span=span))


def step_in_words(step: Step) -> str:
    """Return a step as who arranges it reads it."""
    return str(
        _(
            "%(clock)s, %(moment)s: %(action)s",
            clock=CLOCKS[step.clock],
            moment=moment_in_words(step.minutes),
            action=ACTIONS[step.action],
        )
    )


def part_in_words(name: str, value: Any, units: Mapping[int, str]) -> str:
    """Return what a policy says in one of its parts; `units` has the names of units by id."""
    words = WORDS.get(name)
    if name == "overflow_unit_id":
        return units.get(value, "–")
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, tuple):
        return ", ".join(str(words[one]) for one in value) if words and value else "–"
    return str(words[value]) if words else str(value)


def differences(before: Terms, after: Terms, units: Mapping[int, str]) -> list[str]:
    """Return in words what one policy says differently from another; `units` are names by id."""
    told = [
        str(
            _(
                "%(what)s: %(before)s → %(after)s",
                what=FIELD_WORDS[name],
                before=part_in_words(name, getattr(before, name), units),
                after=part_in_words(name, getattr(after, name), units),
            )
        )
        for name in TERMS
        if name != "steps" and getattr(before, name) != getattr(after, name)
    ]
    return told + _steps_apart(before.steps, after.steps)


def _steps_apart(before: tuple[Step, ...], after: tuple[Step, ...]) -> list[str]:
    """Return which steps are gone and which are new; that only their order differs, where so."""
    gone = [_("Gone: %(step)s", step=step_in_words(one)) for one in before if one not in after]
    new = [_("New: %(step)s", step=step_in_words(one)) for one in after if one not in before]
    if before != after and not gone and not new:
        return [str(_("The steps stand in another order."))]
    return [str(one) for one in (*gone, *new)]

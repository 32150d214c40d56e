"""What rules, points, and the way of a buyer are called where people read of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.leads.definition_words import called
from portal.leads.models import SignalKind, Temperature
from portal.matching.words import describe_condition
from portal.scoring.definition import LIMITS, Known, Rule, RuleKind, Rules, Test
from portal.scoring.rules import Next, Part, Stage

KINDS: dict[RuleKind, Any] = {
    RuleKind.ANSWER: _l("Answers"),
    RuleKind.LEAD: _l("What the lead is"),
    RuleKind.KNOWN: _l("What is known"),
    RuleKind.SIGNAL: _l("What somebody does by himself"),
    RuleKind.SILENCE: _l("Silence"),
}
TESTS: dict[Test, Any] = {
    Test.GIVEN: _l("there is an answer"),
    Test.CONTAINS: _l("it contains one of these words"),
    Test.IS: _l("it is one of these"),
    Test.AT_LEAST: _l("it is a number of at least"),
    Test.WITHIN_DAYS: _l("it is a day within so many days"),
}
KNOWN: dict[Known, Any] = {
    Known.TARGET_AMOUNT: _l("The target amount"),
    Known.TIME_FRAME: _l("The time frame"),
    Known.PEOPLE: _l("The number of people"),
    Known.PRODUCTS: _l("The products"),
}
SIGNALS: dict[SignalKind, Any] = {
    SignalKind.VISIT: _l("Visits of the web site"),
    SignalKind.DOWNLOAD: _l("Downloads"),
    SignalKind.REPLY: _l("Answers to mails"),
    SignalKind.INQUIRY: _l("Further inquiries"),
}
TEMPERATURES: dict[Temperature, Any] = {
    Temperature.HOT: _l("Hot"),
    Temperature.WARM: _l("Warm"),
    Temperature.COLD: _l("Cold"),
}
LIKE: dict[Temperature, Any] = {
    Temperature.HOT: _l("They go like hot ones."),
    Temperature.WARM: _l("They go like warm ones."),
    Temperature.COLD: _l("They go like cold ones."),
}
LIMIT_WORDS: dict[str, Any] = {
    "hot_from": _l("Hot from"),
    "warm_from": _l("Warm from"),
    "stir_from": _l("Signals speak from"),
    "hand_on_from": _l("Out of nurture from"),
    "hot_days": _l("A hot lead is warm after"),
    "warm_days": _l("A warm lead is cold after"),
}
STAGES: dict[Stage, Any] = {
    Stage.LOOKING: _l("Looks around"),
    Stage.COMPARING: _l("Compares"),
    Stage.DECIDING: _l("Is about to decide"),
    Stage.BUYING: _l("Wants to buy"),
    Stage.QUIET: _l("Has gone quiet"),
}
STEPS: dict[Next, Any] = {
    Next.ASK_NEED: _l("Next: ask what should change."),
    Next.ASK_AUTHORITY: _l("Next: ask who decides."),
    Next.ASK_BUDGET: _l("Next: ask whether there is money for it."),
    Next.ASK_TIME: _l("Next: ask by when it must be done."),
    Next.WAKE: _l("Next: call once more, then let it rest until a day."),
    Next.RELEASE: _l("Next: say how warm it is, and release it."),
    Next.OFFER: _l("Next: offer it to partners."),
    Next.WAIT_FOR_PICK: _l("Next: a partner picks it up."),
    Next.CALL_FIRST: _l("Next: call, and say where the inquiry comes from."),
    Next.CALL_NOW: _l("Next: call now, there is interest at this moment."),
    Next.AGREE_DAY: _l("Next: agree on a day for the answer."),
    Next.CLOSE_GAP: _l("Next: ask what the proposal still lacks."),
    Next.DECIDE: _l("Next: ask for the order."),
}


def tell_line(stage: Stage, step: Next | None) -> str:
    """Say in a line where the buyer stands and what to do next."""
    said = _("%(where)s.", where=STAGES[stage])
    return " ".join([said, str(STEPS[step])] if step else [said])


def describe(rule: Rule, questions: Mapping[str, Mapping[str, str]]) -> str:
    """Say what a rule looks at; `questions` are the names of the script's by key."""
    match rule.kind:
        case RuleKind.ANSWER:
            names = questions.get(rule.question)
            asked = called(dict(names)) if names else rule.question
            how = str(TESTS[rule.test])
            if rule.test is Test.GIVEN:
                return str(_("“%(question)s”: %(how)s", question=asked, how=how))
            return str(
                _("“%(question)s”: %(how)s: %(what)s", question=asked, how=how, what=rule.value)
            )
        case RuleKind.LEAD:
            return describe_condition(rule.condition) if rule.condition else ""
        case RuleKind.KNOWN:
            return str(_("%(what)s: known", what=KNOWN[Known(rule.what)]))
        case RuleKind.SIGNAL:
            what = str(SIGNALS[SignalKind(rule.what)])
            return str(
                ngettext(
                    "%(what)s: each, at most %(most)d points; half after %(num)d day",
                    "%(what)s: each, at most %(most)d points; half after %(num)d days",
                    rule.half_life,
                    what=what,
                    most=rule.most,
                )
            )
        case RuleKind.SILENCE:
            return str(
                ngettext(
                    "Each day without a sign, at most %(most)d points",
                    "Every %(num)d days without a sign, at most %(most)d points",
                    rule.days,
                    most=rule.most,
                )
            )


def tell_part(
    part: Part, rules: Rules, questions: Mapping[str, Mapping[str, str]]
) -> tuple[str, int]:
    """Return what a rule found, in words, with the points it gave."""
    rule = rules.find(part.rule)
    if rule is None:
        return part.rule, part.points
    match rule.kind:
        case RuleKind.ANSWER:
            names = questions.get(rule.question)
            said = called(dict(names)) if names else rule.question
            if rule.test is not Test.GIVEN:
                said = f"{said} ({TESTS[rule.test]}: {rule.value})"
        case RuleKind.SIGNAL:
            said = f"{SIGNALS[SignalKind(rule.what)]}: {part.count}"
        case RuleKind.SILENCE:
            silent = rule.days * part.count
            said = ngettext(
                "Nothing heard for %(num)d day", "Nothing heard for %(num)d days", silent
            )
        case _:
            said = describe(rule, questions)
    return str(said), part.points


def signed(points: int) -> str:
    """Return points with their sign."""
    return f"+{points}" if points > 0 else f"−{-points}"


def tell_changes(
    was: Rules, now: Rules, questions: Mapping[str, Mapping[str, str]]
) -> Sequence[str]:
    """Say what of the rules reads differently, a sentence for each."""
    said = []
    for key in dict.fromkeys(rule.key for rule in (*was.rules, *now.rules)):
        before, after = was.find(key), now.find(key)
        if before == after:
            continue
        if before is None and after is not None:
            words = {"what": describe(after, questions), "points": signed(after.points)}
            said.append(_("New: %(what)s (%(points)s)", **words))
        elif after is None and before is not None:
            said.append(_("Gone: %(what)s", what=describe(before, questions)))
        elif before is not None and after is not None:
            said.append(
                _(
                    "%(what)s: %(before)s → %(after)s",
                    what=describe(after, questions),
                    before=signed(before.points),
                    after=signed(after.points),
                )
            )
    for name in LIMITS:
        before_limit, after_limit = getattr(was.limits, name), getattr(now.limits, name)
        if before_limit != after_limit:
            said.append(
                _(
                    "%(what)s: %(before)s → %(after)s",
                    what=LIMIT_WORDS[name],
                    before=before_limit,
                    after=after_limit,
                )
            )
    return [str(one) for one in said]

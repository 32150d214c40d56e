"""Versions of a rule in words: what one says, and what it says differently from another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.leads.contest_words import contest_in_words
from portal.matching.criteria import Condition, Criterion
from portal.matching.operations import contest_of
from portal.matching.versions import rule_of
from portal.matching.words import describe_condition, describe_criterion
from portal.partners.queries import list_groups

Content = Mapping[str, Any]


def differences(before: Content, now: Content) -> list[str]:
    """Say line by line what `now` says differently from `before`."""
    told = list(_of_criteria(_criteria(before), _criteria(now)))
    then, since = _conditions(before), _conditions(now)
    asked = [_("Leads, new: %(words)s", words=line) for line in since if line not in then]
    dropped = [
        _("Leads, no longer asked: %(words)s", words=line) for line in then if line not in since
    ]
    old, new = facts(before), facts(now)
    changed = [
        _("%(what)s: %(before)s → %(now)s", what=what, before=old.get(what, "–"), now=words)
        for what, words in new.items()
        if words != old.get(what, "–")
    ]
    return [str(line) for line in (*asked, *dropped, *told, *changed)]


def _conditions(content: Content) -> list[str]:
    return [describe_condition(Condition.from_data(one)) for one in content["conditions"]]


def _criteria(content: Content) -> dict[str, str]:
    """Return what is asked of partners, with how it counts."""
    criteria = [Criterion.from_data(one) for one in content["criteria"]]
    return {describe_criterion(one): counted(one) for one in criteria}


def counted(criterion: Criterion) -> str:
    """Say how a criterion counts: "must", "must not", "20 points"."""
    if criterion.required:
        return str(_("must"))
    if criterion.forbidden:
        return str(_("must not"))
    return str(ngettext("%(num)d point", "%(num)d points", round(criterion.weight)))


def _of_criteria(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for words, how in now.items():
        if words not in before:
            yield _("Partners, new: %(words)s (%(how)s)", words=words, how=how)
        elif before[words] != how:
            yield _("%(what)s: %(before)s → %(now)s", what=words, before=before[words], now=how)
    for words, how in before.items():
        if words not in now:
            yield _("Partners, no longer asked: %(words)s (%(how)s)", words=words, how=how)


def facts(content: Content) -> dict[str, str]:
    """Return what a version says besides its conditions and criteria, by what it is called."""
    groups = {group.id: group.name for group, _members in list_groups()}
    contest = contest_of(rule_of(dict(content)))
    hours, most = content.get("hours"), content.get("most")
    group_id = content.get("group_id")
    return {
        _("Name"): content["name"],
        _("Group"): groups.get(group_id, "–") if group_id else _("all partners"),
        _("Who sees it when"): contest_in_words(contest)
        if contest
        else _("As the type of the lead says"),
        _("Offer lasts"): ngettext("%(num)d hour", "%(num)d hours", hours)
        if hours
        else _("as long as its deadline policy says"),
        _("Offered to"): ngettext("the best partner", "the best %(num)d partners", most)
        if most
        else _("all who suit"),
        _("Who knows the customer already"): KNOWN[content.get("known", "nothing")](),
    }


KNOWN: Mapping[str, Callable[[], str]] = {
    "nothing": lambda: _("gains nothing by it"),
    "priority": lambda: _("is offered it first"),
    "protection": lambda: _("is offered it alone at first"),
}
"""What a partner gains who knows the customer."""

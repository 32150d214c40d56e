"""A rule as a sentence: which leads go to which partners."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from portal.matching.criteria import Condition, Criterion, Field
from portal.matching.words import describe_condition, describe_criterion, value_name
from portal.partners.queries import get_group
from portal.web.filters import percent


@dataclass(frozen=True, slots=True)
class Sentence:
    """What leads are like, what partners must, should (with its share of the score), must not.

    `group` is what the group is called that they must be of, empty where it may be any.
    """

    leads: str
    group: str
    must: Sequence[str]
    should: Sequence[str]
    must_not: Sequence[str]


def tell(content: Mapping[str, Any]) -> Sentence:
    """Return what a version of a rule says."""
    return tell_of(
        [Condition.from_data(one) for one in content["conditions"]],
        [Criterion.from_data(one) for one in content["criteria"]],
        content.get("group_id"),
    )


def tell_of(
    conditions: Sequence[Condition], criteria: Sequence[Criterion], group_id: int | None = None
) -> Sentence:
    """Return which leads go to which partners."""
    weights = sum(one.weight for one in criteria if one.weighted)
    return Sentence(
        leads=_joined([say_condition(one) for one in conditions]),
        group=get_group(group_id).name if group_id else "",
        must=[describe_criterion(one) for one in criteria if one.required],
        should=[
            _(
                "%(criterion)s (%(share)s)",
                criterion=describe_criterion(one),
                share=percent(one.weight / weights),
            )
            for one in criteria
            if one.weighted and weights
        ],
        must_not=[describe_criterion(one) for one in criteria if one.forbidden],
    )


def say_condition(condition: Condition) -> str:
    """Say what a lead has to be like so that it goes on behind "leads that are"."""
    if condition.field not in SAID:
        return describe_condition(condition)
    names = [value_name(condition.field, value) for value in condition.values]
    return SAID[condition.field](_either([name for name in names if name]))


SAID: Mapping[str, Callable[[str], str]] = {
    Field.COUNTRY: lambda names: _("from %(names)s", names=names),
    Field.SUBDIVISION: lambda names: _("from %(names)s", names=names),
    Field.INDUSTRY: lambda names: _("in %(names)s", names=names),
    Field.SIZE_BAND: lambda names: _("of customers of the size %(names)s", names=names),
    Field.VALUE_BAND: lambda names: _("worth %(names)s", names=names),
    Field.BRAND: lambda names: _("for %(names)s", names=names),
    Field.PRODUCT: lambda names: _("about %(names)s", names=names),
    Field.TEMPERATURE: lambda names: names.lower(),
    Field.KIND: lambda names: _("of the kind %(names)s", names=names),
    Field.TYPE: lambda names: _("of the type %(names)s", names=names),
    Field.CATEGORY: lambda names: _("of the category %(names)s", names=names),
    Field.SOURCE: lambda names: _("from the source %(names)s", names=names),
}


def _either(names: Sequence[str]) -> str:
    *before, last = names or [""]
    if not before:
        return last
    return str(_("%(before)s or %(last)s", before=", ".join(before), last=last))


def _joined(phrases: Sequence[str]) -> str:
    *before, last = phrases or [""]
    if not before:
        return last
    return str(_("%(before)s and %(last)s", before=", ".join(before), last=last))

"""What the parts of the lead definition are called where people read of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.accounts.words import roles_in_words
from portal.leads.contest_words import contest_in_words
from portal.leads.definition import (
    Content,
    Level,
    Moment,
    Names,
    Outcome,
    Plan,
    Sort,
    Step,
    Type,
    Way,
)
from portal.leads.definition_around import Around
from portal.leads.models import LeadKind, LifeState, VersionState
from portal.timeline.rules import words_of

STATES: dict[str, Any] = {
    LifeState.PENDING: _l("Pending"),
    LifeState.IN_PROGRESS: _l("In progress"),
    LifeState.WON: _l("Won"),
    LifeState.LOST: _l("Lost"),
    LifeState.CANCELLED: _l("Cancelled"),
}

ANSWER_WORDS: dict[str, Any] = {
    "not_contacted": _l("Not made contact yet"),
    "waiting": _l("Waiting for their answer"),
    "proposal": _l("Proposal in progress"),
    "won": _l("Won"),
    "lost": _l("Lost / not interested"),
}

KINDS: dict[str, Any] = {
    LeadKind.END_CUSTOMER: _l("End customer"),
    LeadKind.PARTNER_RECRUIT: _l("Future partner"),
}

SORTS: dict[str, Any] = {
    Sort.TEXT: _l("Text"),
    Sort.CHOICE: _l("One of several answers"),
    Sort.NUMBER: _l("Number"),
    Sort.DATE: _l("Day"),
    Sort.MONEY: _l("Amount of money"),
}

AREA_WORDS: dict[str, Any] = {
    "budget": _l("Budget"),
    "authority": _l("Authority"),
    "need": _l("Need"),
    "time": _l("Time"),
    "own": _l("Own question"),
}

TEASER_WORDS: dict[str, Any] = {
    "title": _l("Title"),
    "partner_text": _l("Text for partners"),
    "source": _l("Where it comes from"),
    "expectation": _l("Expectation"),
    "temperature": _l("Temperature"),
    "country": _l("Country"),
    "subdivision": _l("State or region"),
    "city": _l("City"),
    "industry": _l("Industry"),
    "products": _l("Products"),
    "size_band": _l("Size"),
    "value_band": _l("Expected value"),
    "time_frame": _l("Time frame"),
    "brand": _l("Brand"),
}

FIELD_WORDS: dict[str, Any] = {
    "title": _l("Title"),
    "partner_text": _l("Text for partners"),
    "temperature": _l("Temperature"),
    "source_id": _l("Where it comes from"),
    "country": _l("Country"),
    "city": _l("City"),
    "industry_id": _l("Industry"),
    "size_band_id": _l("Size"),
    "value_band_id": _l("Expected value"),
    "time_frame": _l("Time frame"),
    "product_ids": _l("Products"),
    "brand_id": _l("Brand"),
    "basis": _l("Legal basis"),
    "contact.company": _l("Company"),
    "contact.last_name": _l("Last name"),
    "contact.reachable": _l("Phone or e-mail"),
    "value": _l("Value of the order"),
    "reason": _l("Why it was lost"),
    "decision_maker": _l("Who decided"),
    "target_amount": _l("Target amount"),
    "probability": _l("Probability to win"),
    "expected_on": _l("Expected end"),
    "quote_number": _l("Number of the quote"),
    "quote_needs": _l("What the quote needs"),
    "products": _l("What was bought"),
    "why": _l("Why they bought it"),
    "competitor": _l("Who got it instead"),
    "lost_value": _l("Value that was lost"),
}

STEPS: dict[str, Any] = {
    "offer": _l("Needed before an offer"),
    "win": _l("Needed to win"),
    "lose": _l("Needed to lose"),
    "presentation": _l("Needed for the stage “presentation”"),
    "proposal": _l("Needed for the stage “proposal”"),
    "negotiation": _l("Needed for the stage “negotiation”"),
}

ALLOWED_WORDS: dict[str, Any] = {
    "categories": _l("Categories"),
    "products": _l("Products and services"),
    "activities": _l("Kinds of activities"),
}

MOMENTS: dict[str, Any] = {
    Moment.TAKEN: _l("when it is taken to be qualified"),
    Moment.QUALIFIED: _l("when it is qualified"),
    Moment.PICKED_UP: _l("when work on it begins"),
}

QUALIFYING_STEPS: dict[Step, Any] = {
    Step.PROFILING: _l("Profiling"),
    Step.BANT: _l("Budget, authority, need, time"),
    Step.RECRUIT: _l("Qualification of a future partner"),
}

OUTCOMES: dict[str, Any] = {
    Outcome.WON: _l("when it is won"),
    Outcome.REVENUE: _l("when the order is worth enough"),
    Outcome.VOLUME: _l("when enough products are bought"),
    Outcome.CROSS_SELL: _l("when something more is bought than was asked for"),
}

SCALE_WORDS: dict[str, Any] = {
    "priorities": _l("Priority"),
    "importances": _l("Importance"),
}

VERSION_STATES: dict[str, Any] = {
    VersionState.DRAFT: _l("Draft"),
    VersionState.ACTIVE: _l("Active"),
    VersionState.RETIRED: _l("Retired"),
}


def called(names: Names) -> str:
    """Return a name in the reader's language, else in English."""
    return names.get(str(get_locale())[:2]) or names.get("en", "")


def type_name(content: Content, key: str) -> str:
    """Return what a type is called; its key where it does not exist."""
    found = content.type_of(key)
    return called(found.names) if found else key


def status_name(content: Content, key: str) -> str:
    """Return what a status is called; its key where it does not exist."""
    found = content.status_of(key)
    return called(found.names) if found else key


def types_in_words(content: Content, keys: Iterable[str] | None) -> str:
    """Return types as people read them."""
    if keys is None:
        return str(_("all types"))
    return ", ".join(type_name(content, key) for key in keys) or str(_("no type"))


def allowed_in_words(one: Type, what: str, around: Around) -> str:
    """Return what leads of a type may have, by its name in `definition.ALLOWED`."""
    keys = getattr(one, what)
    if keys is None:
        return str(_("all"))
    if what == "activities":
        return ", ".join(words_of(key) for key in keys)
    return ", ".join(around.name(what, key) for key in keys)


def policy_in_words(one: Type, around: Around) -> str:
    """Return what the deadline policy is called that a type names; nothing where it names none."""
    return around.policies.get(one.policy, one.policy) if one.policy is not None else ""


def plan_in_words(plan: Plan) -> str:
    """Return an activity that is planned by itself, as people read it."""
    when = ngettext(
        "%(moment)s, a day later", "%(moment)s, %(num)d days later", plan.days,
        moment=MOMENTS[plan.when],
    ) if plan.days else str(MOMENTS[plan.when])  # fmt: skip
    return f"{words_of(plan.kind)} “{called(plan.names)}” ({when})"


def outcome_in_words(one: Type) -> str:
    """Return what makes a won lead of a type a success, as people read it."""
    words = str(OUTCOMES[one.outcome])
    return words if one.least is None else f"{words} (≥ {one.least:,})"


def how_offered(one: Type) -> str:
    """Return how partners come by leads of a type, as people read it."""
    return contest_in_words(one.contest)


def level_name(level: Level) -> str:
    """Return what a level is called with its number; the number alone where it has no name."""
    label = called(level.names)
    if not label:
        return str(level.level)
    return str(_("%(name)s (%(number)d)", name=label, number=level.level))


def level_in_words(level: Level) -> str:
    """Return what a level is called, and whether it is in use, as people read it."""
    return called(level.names) if level.supported else str(_("not in use"))


def units_of(way: Way) -> str:
    """Return the units whose people may go a way, as people read them."""
    if way.units is None:
        return str(_("all units"))
    return ", ".join(way.units) or str(_("no unit"))


def limits_of(content: Content, way: Way) -> str:
    """Return for whom and for what a way is open, as people read it; nothing where for all."""
    parts = (
        "" if way.types is None else types_in_words(content, way.types),
        "" if way.roles is None else roles_of(way),
        "" if way.units is None else units_of(way),
    )
    return "; ".join(part for part in parts if part)


def roles_of(way: Way) -> str:
    """Return who may go a way, as people read it."""
    if way.roles is None:
        return str(_("everybody"))
    return roles_in_words(way.roles) or str(_("nobody"))

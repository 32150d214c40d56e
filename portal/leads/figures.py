"""The figures of an opportunity: what it may bring, how likely, who else is asked, what is quoted.

Who holds a lead sets them, and who of the vendor answers for it. What it is expected to bring is
computed, never stored. When it is to be closed stands with the key dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.catalog.fields import Typed, take
from portal.catalog.fields import changed as changed_places
from portal.catalog.models import Category, Competitor, CustomField
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import record
from portal.leads import own_fields
from portal.leads.allowed import may_have
from portal.leads.dates import SETS
from portal.leads.events import LeadFiguresChanged
from portal.leads.models import Lead, LeadRequirement, LeadState
from portal.leads.queries import lock_visible
from portal.leads.sight import Sight, sight_of
from portal.leads.visibility import Field

NOTHING: Typed = {}
MOST_AMOUNT = Decimal("999999999999.99")
LONGEST_NUMBER, LONGEST_NEEDS = 60, 2000
FIXED = (LeadState.CLOSED, LeadState.DISQUALIFIED)
"""In these states nothing of it changes any more."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of an opportunity; `probability` in per cent, amounts in the currency."""

    target_amount: Decimal | None = None
    probability: int | None = None
    category_id: int | None = None
    long_term: bool = False
    competitor_ids: tuple[int, ...] = ()
    quote_number: str | None = None
    quote_needs: str | None = None

    @property
    def is_known(self) -> bool:
        """True where anything is."""
        return self != Figures()

    @property
    def expected_amount(self) -> Decimal | None:
        """Return the target amount times the probability."""
        if self.target_amount is None or self.probability is None:
            return None
        return (self.target_amount * self.probability / 100).quantize(Decimal("0.01"))


NAMES = tuple(Figures.__dataclass_fields__)


def figures_of(lead: Lead) -> Figures:
    """Return the figures of a lead."""
    values = {name: getattr(lead, name) for name in NAMES}
    return Figures(**{**values, "competitor_ids": tuple(lead.competitor_ids)})


def may_set(lead: Lead, actor: Actor, known: Sight | None = None) -> bool:
    """Say whether somebody sets the figures: who works on a lead and sees how it goes."""
    sight = sight_of(lead, actor, known)
    goes_on = lead.state not in FIXED and not actor.is_looked_as
    sees = Field.PROGRESS in sight and Field.VALUE in sight
    return goes_on and sees and not SETS.isdisjoint(sight.tiers)


def list_own(lead: Lead, actor: Actor) -> list[CustomField]:
    """Return the programme's own fields that somebody fills in while a lead is worked on.

    Who doesn't see them fills in those that are empty and that the lead's type asks for. Before,
    they are written on Qualify, where what partners read is checked.
    """
    if lead.state not in (LeadState.HELD, LeadState.DIRECT) or not own_fields.in_use():
        return []
    if Field.OWN in sight_of(lead, actor):
        return own_fields.in_use()
    asked = select(LeadRequirement.field).where(LeadRequirement.type_id == lead.type_id)
    return own_fields.list_empty(lead.id, session().scalars(asked).all())


def set_figures(
    lead_id: int, figures: Figures, actor: Actor, at: datetime, typed: Typed = NOTHING
) -> list[str]:
    """Set the figures of a lead and what was `typed` into own fields that it lists for somebody.

    Return the names of what was changed. Raises `Invalid` by field, and `NotFound` for who doesn't
    set them.
    """
    lead = lock_visible(lead_id, actor)
    if not may_set(lead, actor):
        raise NotFound()
    errors = check_figures(figures, lead)
    kept = own_fields.read(lead.id) if typed else {}
    own, unreadable = take(list_own(lead, actor) if typed else (), typed, kept)
    errors |= unreadable
    if errors:
        raise Invalid(errors)
    before = figures_of(lead)
    changed = [name for name in NAMES if getattr(figures, name) != getattr(before, name)]
    for name in changed:
        value = getattr(figures, name)
        setattr(lead, name, list(value) if name == "competitor_ids" else value)
    if own != kept:
        own_fields.write(lead.id, own)
        changed += changed_places(kept, own)
    if changed:
        lead.version += 1
        session().flush()
        record(LeadFiguresChanged(at=at, lead_id=lead.id, user_id=actor.id, fields=changed))
    return changed


def check_figures(figures: Figures, lead: Lead) -> dict[str, str]:
    """Return a sentence per figure that can't be right."""
    errors: dict[str, str] = {}
    amount, chance = figures.target_amount, figures.probability
    if amount is not None and not 0 <= amount <= MOST_AMOUNT:
        errors["target_amount"] = str(_("Please check this amount."))
    if chance is not None and not 0 <= chance <= 100:
        errors["probability"] = str(_("Please give per cent, from 0 to 100."))
    known = book().by_id
    category = known.get(figures.category_id) if figures.category_id else None
    if figures.category_id and not isinstance(category, Category):
        errors["category_id"] = str(_("Please choose from the list."))
    elif figures.category_id not in (None, lead.category_id) and not may_have(
        lead, "category", figures.category_id
    ):
        errors["category_id"] = str(_("Leads of this type have other categories."))
    if any(not isinstance(known.get(one), Competitor) for one in figures.competitor_ids):
        errors["competitor_ids"] = str(_("Please choose from the list."))
    for name, most in (("quote_number", LONGEST_NUMBER), ("quote_needs", LONGEST_NEEDS)):
        if len(getattr(figures, name) or "") > most:
            errors[name] = str(_("Please keep it under %(most)d characters.", most=most))
    return errors

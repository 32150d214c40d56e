"""Whether a won lead is the success that its type asks for. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.leads.definition import Outcome
from portal.leads.models import LeadType


@dataclass(frozen=True, slots=True)
class Deal:
    """What was sold: its `value` in the programme's currency, the products, what else in words.

    `asked` are the products that the lead was about.
    """

    value: Decimal | None
    bought: Collection[int] = ()
    also: str | None = None
    asked: Collection[int] = ()

    @property
    def count(self) -> int:
        """Return how many products were bought; what else was bought counts as one."""
        return len(set(self.bought)) + bool(self.also)

    @property
    def is_more(self) -> bool:
        """True for who bought more than the lead was about."""
        return bool(self.also) or not set(self.bought) <= set(self.asked)


def is_success(lead_type: LeadType, deal: Deal) -> bool:
    """Say whether a won deal is what leads of a type are to bring."""
    least = lead_type.least or 0
    if lead_type.outcome == Outcome.REVENUE:
        return deal.value is not None and deal.value >= least
    if lead_type.outcome == Outcome.VOLUME:
        return deal.count >= least
    return lead_type.outcome != Outcome.CROSS_SELL or deal.is_more


def tell(lead_type: LeadType, deal: Deal, money: str) -> str:
    """Say whether a won deal is a success, and what one is; nothing where every win is one.

    `money` is the least amount in the reader's words.
    """
    if lead_type.outcome == Outcome.WON:
        return ""
    wanted = {
        Outcome.REVENUE: _("at least %(amount)s", amount=money),
        Outcome.VOLUME: ngettext(
            "at least one product", "at least %(num)d products", lead_type.least or 1
        ),
        Outcome.CROSS_SELL: _("more than was asked for"),
    }[Outcome(lead_type.outcome)]
    if is_success(lead_type, deal):
        return str(_("A success: %(wanted)s.", wanted=wanted))
    return str(_("Won, but short of a success: %(wanted)s.", wanted=wanted))

"""Who may decide to whom leads are offered: channel managers, and whom the programme lets besides.

Whoever does not answer for all firms offers to his own alone, and takes back from his own alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import gettext as _

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission, of_roles
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid
from portal.core.events import record
from portal.offers.events import AllocationChanged
from portal.offers.models import AllocationTerms
from portal.offers.rules import OthersDecide

LETTABLE = ("account_manager", "regional_manager", "sales_manager")
"""The roles that a programme may let decide; channel managers always do."""
MOST_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Right:
    """For which firms somebody decides; None: for all."""

    firms: Collection[int] | None = None

    def covers(self, organisation_ids: Iterable[int]) -> bool:
        """Say whether somebody decides for all of these firms."""
        return self.firms is None or set(organisation_ids) <= set(self.firms)


def terms() -> AllocationTerms:
    """Return what the programme says, or what holds as long as it says nothing."""
    kept = session().get(AllocationTerms, 1)
    return kept or AllocationTerms(id=1, roles=[], pass_on=True, first_minutes=15)


def find_right(actor: Actor) -> Right | None:
    """Return for which firms somebody decides; None where he doesn't at all.

    For whom he answers only in a role that isn't let decide, others do.
    """
    if actor.may(Permission.OFFERS_MAKE):
        return Right()
    let = tuple(role for role in actor.roles if role in terms().roles)
    deciding = replace(actor, roles=let, permissions=of_roles(let))
    if not deciding.may(Permission.OFFERS_ALLOCATE):
        return None
    return Right(reach.read_firms(deciding))


def get_right(actor: Actor, organisation_ids: Iterable[int] = ()) -> Right:
    """Return for which firms somebody decides.

    Raises `Forbidden` where he doesn't decide at all, `OthersDecide` where not for all of these.
    """
    right = find_right(actor)
    if right is None:
        raise Forbidden(_("In this programme others decide to whom leads are offered."))
    if not right.covers(organisation_ids):
        raise OthersDecide(_("You decide for the firms that you answer for."))
    return right


def save(roles: Iterable[str], pass_on: bool, first_minutes: int | None, at: datetime) -> None:
    """Say who may decide and who hears first. Raises `Invalid`."""
    chosen = [role for role in LETTABLE if role in set(roles)]
    if first_minutes is None or not 0 <= first_minutes <= MOST_MINUTES:
        raise Invalid({"first_minutes": _("Please give 0 to 1440 minutes.")})
    kept = terms()
    kept.roles, kept.pass_on, kept.first_minutes = chosen, pass_on, first_minutes
    session().add(kept)
    session().flush()
    record(AllocationChanged(at=at, roles=chosen))

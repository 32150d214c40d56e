"""What is done to several leads at once: the operation of each, and what became of each.

Each stands or falls by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission
from portal.core.db import session
from portal.core.errors import DomainError, Forbidden, Refused
from portal.escalation import operations as escalation
from portal.leads import giving, team
from portal.leads.queries import find_visible
from portal.matching.words import tell_excluded
from portal.offers import operations as offers
from portal.offers.models import OfferRound
from portal.offers.rules import NobodyMatches
from portal.pickup.models import Pickup
from portal.pickup.recall import recall

MOST = 500


@dataclass(frozen=True, slots=True)
class Said:
    """What was said along with it: whom it is about, and why; `force` where it is to be anyway."""

    user_id: int = 0
    reason: str = ""
    note: str = ""
    force: bool = False


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that can be done to several leads.

    `of_person`: somebody is chosen for it; `for_reason`: a reason is. `tell` says what came of
    it where that is not what `done` says.
    """

    label: Any
    done: Any
    needs: Permission
    do: Callable[[int, Said, Actor, datetime], object]
    of_person: bool = False
    for_reason: bool = False
    tell: Callable[[Any], str] | None = None


def get_held(lead_id: int) -> Pickup:
    """Return the open pickup of a lead. Raises `Refused` where nobody holds it."""
    pickup = session().scalar(
        select(Pickup).where(Pickup.lead_id == lead_id, Pickup.ended_at.is_(None))
    )
    if pickup is None:
        raise Refused(_("Nobody holds it."))
    return pickup


def remind(lead_id: int, _said: Said, actor: Actor, at: datetime) -> None:
    """Ask the holder of a lead how far it is. Raises `Refused` where somebody has just asked."""
    if actor.is_looked_as:
        raise Forbidden(_("This belongs to another role."))
    if not escalation.remind([get_held(lead_id).id], actor.id, at):
        raise Refused(_("Its holder was reminded a short while ago."))


def take_back(lead_id: int, said: Said, actor: Actor, at: datetime) -> None:
    """Take a lead back from its holder. Raises `Refused`, and as `recall` does."""
    recall(get_held(lead_id).id, actor, said.reason, said.note, at, force=said.force)


def tell_noted(opened: OfferRound) -> str:
    """Say that a lead was only noted, if it was."""
    return str(_("Noted only: a dry run is on")) if opened.noted_only else ""


DEEDS: Mapping[str, Deed] = {
    "remind": Deed(_l("Remind who holds it"), _l("Reminded"), Permission.BOARD_SEE, remind),
    "recall": Deed(
        _l("Take back"),
        _l("Taken back"),
        Permission.LEADS_RECALL,
        take_back,
        for_reason=True,
    ),
    "offer": Deed(
        _l("Offer to partners"),
        _l("On offer now"),
        Permission.OFFERS_MAKE,
        lambda lead_id, _said, _actor, at: offers.offer(lead_id, at),
        tell=tell_noted,
    ),
    "withdraw": Deed(
        _l("Take off the market"),
        _l("Off the market"),
        Permission.OFFERS_MAKE,
        lambda lead_id, _said, _actor, at: offers.withdraw(lead_id, at),
    ),
    "qualify": Deed(
        _l("Give to qualify"),
        _l("Is to be qualified by this person now"),
        Permission.LEADS_ASSIGN,
        lambda lead_id, said, actor, at: giving.give_to_qualify(lead_id, said.user_id, actor, at),
        of_person=True,
    ),
    "owner": Deed(
        _l("Make the owner"),
        _l("Has this owner now"),
        Permission.LEADS_ASSIGN,
        lambda lead_id, said, actor, at: team.set_owner(lead_id, said.user_id, actor, at),
        of_person=True,
    ),
    "member": Deed(
        _l("Take into the team"),
        _l("In the team now"),
        Permission.LEADS_ASSIGN,
        lambda lead_id, said, actor, at: team.add_member(lead_id, said.user_id, actor, at),
        of_person=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Became:
    """What became of one lead."""

    lead_id: int
    number: str
    title: str
    done: bool
    words: str


def deeds_of(actor: Actor) -> dict[str, Deed]:
    """Return what somebody may do to several leads."""
    return {key: deed for key, deed in DEEDS.items() if actor.may(deed.needs)}


def do_to_many(
    key: str, lead_ids: Collection[int], said: Said, actor: Actor, at: datetime
) -> list[Became]:
    """Do it to each lead that exists for the person, at most `MOST`, and tell what became of each.

    Raises `Forbidden` for what she may not do at all, and `Invalid` where nobody was chosen who
    must be.
    """
    deed = deeds_of(actor).get(key)
    if deed is None:
        raise Forbidden(_("This belongs to another role."))
    if deed.for_reason:
        offers.read_reason("recall", said.reason)
        lock_holders(lead_ids)
    if deed.of_person:
        team.check_staff(said.user_id, "user_id")
    found = []
    for lead_id in sorted(set(lead_ids))[:MOST]:
        lead = find_visible(lead_id, actor)
        if lead is None:
            continue
        number, title = lead.number, lead.title
        try:
            with session().begin_nested():
                came = deed.do(lead_id, said, actor, at)
        except DomainError as error:
            found.append(Became(lead_id, number, title, False, why(error)))
        else:
            words = (deed.tell(came) if deed.tell else "") or str(deed.done)
            found.append(Became(lead_id, number, title, True, words))
    return found


def lock_holders(lead_ids: Collection[int]) -> None:
    """Lock the firms that hold leads in the order of their ids, before any of these is locked."""
    holding = select(Pickup.organisation_id).where(
        Pickup.lead_id.in_(lead_ids), Pickup.ended_at.is_(None)
    )
    for firm in sorted(set(session().scalars(holding))):
        offers.lock_partner(firm)


def why(error: DomainError) -> str:
    """Return why something could not be done, with what emptied the match."""
    if isinstance(error, NobodyMatches):
        return " ".join([error.message, *tell_excluded(error.facts["excluded"])[:2]])
    return error.message or _("This can't be done now.")

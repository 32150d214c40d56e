"""Who can see a lead now: the table of `leads.visibility` with names in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flask_babel import ngettext
from sqlalchemy import select

from portal.accounts.models import Organisation, OrganisationKind, User
from portal.accounts.permissions import Permission, of_roles
from portal.core.db import session
from portal.leads import own_fields, visibility
from portal.leads.models import Lead, LeadState
from portal.leads.queries import is_handed_over
from portal.leads.sight import Sight, read_choices
from portal.leads.team import list_members
from portal.leads.visibility import Field, Phase, Tier
from portal.leads.visibility_words import FIELDS, TIERS

NAMED = 3


@dataclass(frozen=True, slots=True)
class Seer:
    """A line of "Who can see this"."""

    who: str
    names: list[str]
    sees: list[str]
    if_shared: list[str]


def who_sees(lead: Lead, sight: Sight, offered_to: int = 0) -> list[Seer]:
    """Return who sees what of a lead in its present phase, who sees most first.

    Partners read their own people by name, and how many of the vendor's there are. `sight` is what
    the reader sees of it, `offered_to` how many firms have it on offer.
    """
    phase, actor = sight.phase, sight.actor
    told = [field for field in FIELDS if field != Field.OWN or own_fields.ever()]
    choices = read_choices() if sight.choices is None else sight.choices
    people = _people(lead)
    found = []
    for tier in Tier:
        sees = visibility.seen((tier,), phase, choices)
        if_shared = visibility.shared((tier,), phase, choices)
        if not (sees or if_shared):
            continue
        names = _firms(offered_to) if tier == Tier.OFFERED_FIRM else people.get(tier)
        if names is None:
            continue
        found.append(
            Seer(
                who=str(TIERS[tier]),
                names=_told(names, hide=actor.is_partner and tier in OF_VENDOR),
                sees=[str(FIELDS[field][0]) for field in told if field in sees],
                if_shared=[str(FIELDS[field][0]) for field in told if field in if_shared],
            )
        )
    return found


OF_VENDOR = (Tier.QUALIFIER, Tier.CHANNEL_MANAGER, Tier.OPERATIONS, Tier.ADMIN)


def _firms(count: int) -> list[str] | None:
    return [ngettext("%(num)d firm", "%(num)d firms", count)] if count else None


def _told(names: Sequence[str], *, hide: bool) -> list[str]:
    if hide:
        return [ngettext("%(num)d person", "%(num)d people", len(names))]
    if len(names) <= NAMED + 1:
        return list(names)
    more = len(names) - NAMED
    return [*names[:NAMED], ngettext("%(num)d more", "%(num)d more", more)]


def _people(lead: Lead) -> dict[Tier, list[str]]:
    """Return the names of those who stand to a lead in each way; who has nobody is left out."""
    found: dict[Tier, list[str]] = {}
    rows = session().execute(
        select(User.id, User.name, User.roles, Organisation.kind)
        .join(Organisation, Organisation.id == User.organisation_id)
        .where(
            User.active,
            (Organisation.kind.in_((OrganisationKind.VENDOR, OrganisationKind.AGENCY)))
            | (Organisation.id == lead.holder_organisation_id),
        )
        .order_by(User.name)
    )
    answering = {lead.owner_id, *(user.id for user in list_members(lead.id))}
    if lead.holder_organisation_id is not None:
        firm = session().get_one(Organisation, lead.holder_organisation_id)
        answering.add(firm.account_manager_id)
    handed_over = is_handed_over(lead.id)
    for row in rows:
        for tier in _tiers(lead, row.id, tuple(row.roles), row.kind, answering):
            if tier != Tier.OPERATIONS or handed_over:
                found.setdefault(tier, []).append(row.name)
    distributor = _distributor(lead)
    if distributor:
        found[Tier.DISTRIBUTOR] = [distributor]
    return found


def _tiers(
    lead: Lead, user_id: int, roles: Sequence[str], kind: str, answering: Collection[int | None]
) -> list[Tier]:
    may = of_roles(roles)
    if kind in (OrganisationKind.DISTRIBUTOR, OrganisationKind.RESELLER):
        if user_id == lead.holder_id:
            return [Tier.HOLDER]
        return [Tier.FIRM_MANAGER] if Permission.PICKUPS_SEE_FIRM in may else []
    tiers = []
    if user_id == lead.holder_id or (lead.state == LeadState.DIRECT and user_id == lead.owner_id):
        tiers.append(Tier.HOLDER)
    if user_id in answering:
        tiers.append(Tier.OWNER)
    if Permission.HAND_OVERS_TAKE in may:
        tiers.append(Tier.OPERATIONS)
    if "channel_manager" in roles:
        tiers.append(Tier.CHANNEL_MANAGER)
    elif Permission.LEADS_QUALIFY in may:
        tiers.append(Tier.QUALIFIER)
    if "admin" in roles:
        tiers.append(Tier.ADMIN)
    return tiers


def _distributor(lead: Lead) -> str | None:
    """Return the name of the distributor above the holder's firm."""
    if lead.holder_organisation_id is None or visibility.phase_of(lead.state) == Phase.BEFORE:
        return None
    firm = session().get(Organisation, lead.holder_organisation_id)
    above = session().get(Organisation, firm.parent_id) if firm and firm.parent_id else None
    return above.name if above and above.kind == OrganisationKind.DISTRIBUTOR else None

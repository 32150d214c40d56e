"""What a person sees of a lead: how she stands to it, and what the table of `visibility` says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from portal.accounts.actor import Actor
from portal.accounts.models import OrganisationKind
from portal.accounts.permissions import Permission
from portal.accounts.reach import Reached
from portal.core.db import session
from portal.leads import visibility
from portal.leads.models import HandOver, Lead, LeadState, VisibilityChoice
from portal.leads.queries import find_visible, is_handed_over, is_member, worked_on
from portal.leads.visibility import SEEN, Choices, Field, Phase, Tier


@dataclass(frozen=True, slots=True)
class Sight:
    """`fields` she sees; `shared` she sees as far as who wrote it, or whose deal it is, shares.

    It holds for one lead as it stood for one person; `choices` are what was read for it, None where
    nothing of it could be chosen.
    """

    lead_id: int
    actor: Actor
    tiers: frozenset[Tier]
    phase: Phase
    fields: frozenset[Field]
    shared: frozenset[Field]
    choices: Choices | None = None

    def __contains__(self, field: Field) -> bool:
        return field in self.fields


PRIVATE = frozenset({Field.CONTACT, Field.NOTES, Field.OWN})
"""What who looks as somebody else doesn't see with her eyes."""


def sight_of(
    lead: Lead, actor: Actor, known: Sight | None = None, reached: Reached | None = None
) -> Sight:
    """Return what a person sees of a lead; who only looks as her sees nothing that is private.

    A page asks once and hands on what is `known`; of another lead or person that counts for
    nothing. `reached` is what `reach.read` has found for her on the same page.
    """
    phase = visibility.phase_of(lead.state)
    if known and (known.lead_id, known.actor, known.phase) == (lead.id, actor, phase):
        return known
    tiers = tiers_of(lead, actor, reached)
    choices = read_choices() if visibility.depends(tiers, phase) else None
    hidden = PRIVATE if actor.is_looked_as else frozenset()
    return Sight(
        lead_id=lead.id,
        actor=actor,
        tiers=tiers,
        phase=phase,
        fields=visibility.seen(tiers, phase, choices or {}) - hidden,
        shared=visibility.shared(tiers, phase, choices or {}) - hidden,
        choices=choices,
    )


def tiers_of(lead: Lead, actor: Actor, reached: Reached | None = None) -> frozenset[Tier]:
    """Return how a person stands to a lead.

    Firms that have it on offer are not among them: what they see is a card, which knows nothing
    but the teaser.
    """
    if actor.is_partner:
        return frozenset(_partner_tiers(lead, actor))
    # the vendor's people hold leads, too, and who sells one himself holds it as well
    sells = lead.state == LeadState.DIRECT and lead.owner_id == actor.id
    own = {Tier.HOLDER} if lead.holder_id == actor.id or sells else set()
    return frozenset(_vendor_tiers(lead, actor, reached)) | own


def _partner_tiers(lead: Lead, actor: Actor) -> Collection[Tier]:
    if lead.holder_organisation_id != actor.organisation_id:
        return ()
    if lead.holder_id == actor.id:
        return (Tier.HOLDER,)
    if actor.may(Permission.PICKUPS_SEE_FIRM):
        return (Tier.FIRM_MANAGER,)
    return (Tier.DELEGATE,) if lead.holder_id in actor.stands_in_for else ()


ROLE_TIERS = {
    "admin": Tier.ADMIN,
    "channel_manager": Tier.CHANNEL_MANAGER,
    "operations": Tier.OPERATIONS,
}


def _vendor_tiers(lead: Lead, actor: Actor, reached: Reached | None) -> Collection[Tier]:
    tiers = {tier for role, tier in ROLE_TIERS.items() if role in actor.roles}
    if actor.may(Permission.LEADS_QUALIFY):
        tiers.add(Tier.QUALIFIER)
    if actor.may(Permission.BOARD_SEE) and not actor.may(Permission.LEADS_SEE_ALL):
        tiers.add(Tier.OWNER)
    elif actor.organisation_kind == OrganisationKind.VENDOR and is_member(lead.id, actor.id):
        tiers.add(Tier.OWNER)  # who works on a lead sees what its owner sees
    if Tier.OPERATIONS in tiers and not is_handed_over(lead.id):
        tiers.remove(Tier.OPERATIONS)
    reaching = tiers & {Tier.OWNER, Tier.OPERATIONS}
    if reaching and find_visible(lead.id, actor, reached) is None:
        # somebody else's partner, or not handed over
        return tiers - reaching
    return tiers


def where_seen(field: Field, actor: Actor, choices: Choices) -> ColumnElement[bool]:
    """Return the condition of leads of which one of the vendor's people sees this part.

    It says of many leads what `sight_of` says of one, for leads that are `visible_to` her. Nobody
    else reads lists: of a partner's people it holds for no lead.
    """
    if actor.is_partner or (actor.is_looked_as and field in PRIVATE):
        return false()
    return or_(
        false(),
        *(and_(stands, _in_phases(field, tier, choices)) for tier, stands in _standing(actor)),
    )


def _standing(actor: Actor) -> list[tuple[Tier, ColumnElement[bool]]]:
    """Return how one of the vendor's people may stand to leads, and to which of them."""
    stands: list[tuple[Tier, ColumnElement[bool]]] = [
        (tier, true())
        for role, tier in ROLE_TIERS.items()
        if role in actor.roles and tier != Tier.OPERATIONS
    ]
    if actor.may(Permission.LEADS_QUALIFY):
        stands.append((Tier.QUALIFIER, true()))
    if actor.may(Permission.BOARD_SEE) and not actor.may(Permission.LEADS_SEE_ALL):
        stands.append((Tier.OWNER, true()))
    elif actor.organisation_kind == OrganisationKind.VENDOR:
        stands.append((Tier.OWNER, Lead.id.in_(worked_on(actor))))
    if "operations" in actor.roles:
        handed = select(HandOver.lead_id).where(HandOver.done_at.is_(None))
        stands.append((Tier.OPERATIONS, Lead.id.in_(handed)))
    if actor.may(Permission.PICKUPS_SEE_OWN):
        stands.append((Tier.HOLDER, Lead.holder_id == actor.id))
    if actor.organisation_kind == OrganisationKind.VENDOR:
        sells = and_(Lead.state == LeadState.DIRECT, Lead.owner_id == actor.id)
        stands.append((Tier.HOLDER, sells))
    return stands


def _in_phases(field: Field, tier: Tier, choices: Choices) -> ColumnElement[bool]:
    """Return the condition of leads that are as far as a tier sees this part of them."""
    states = [
        state
        for state in LeadState
        if visibility.cell_of(field, tier, visibility.phase_of(state), choices) in SEEN
    ]
    if len(states) == len(LeadState):
        return true()
    return Lead.state.in_(states) if states else false()


def read_choices() -> Choices:
    """Return what the programme chose, where it chose at all."""
    rows = session().execute(
        select(
            VisibilityChoice.field,
            VisibilityChoice.tier,
            VisibilityChoice.phase,
            VisibilityChoice.seen,
        )
    )
    known = {(str(f), str(t), str(p)): (f, t, p) for f, t, p in visibility.TABLE}
    return {
        known[row[0], row[1], row[2]]: row[3] for row in rows if (row[0], row[1], row[2]) in known
    }

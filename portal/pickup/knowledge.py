"""A firm says that it knew the customer of a lead before: who may, since when, who decides.

The holder's firm has seen whom it is about. Another one that was offered the lead names the
customer; whether that is right only the channel manager reads, and what was named isn't kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, User
from portal.accounts.permissions import Permission
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.events import record
from portal.leads.models import Lead
from portal.offers.reasons import last_offer_seen
from portal.partners.rules import day_at
from portal.relations import operations as relations
from portal.relations import rules
from portal.relations.events import KnowledgeClaimed, KnowledgeDecided
from portal.relations.models import How, KnowledgeClaim, KnownBy, RelationHit

LISTED = 200


@dataclass(frozen=True, slots=True)
class Claim:
    """What a firm says of a lead."""

    how: str
    since: date | None
    named: str = ""


def find_lead(lead_id: int, actor: Actor, at: datetime) -> tuple[Lead, bool]:
    """Return a lead about which a person's firm may say so, and whether it holds it.

    Raises `NotFound`.
    """
    lead = session().get(Lead, lead_id)
    if lead is None:
        raise NotFound()
    held = lead.holder_organisation_id == actor.organisation_id
    hers = held and (lead.holder_id == actor.id or actor.may(Permission.PICKUPS_SEE_FIRM))
    # what was for a unit or a person alone, the others of the firm know nothing of
    if not hers and last_offer_seen(lead_id, actor, at) is None:
        raise NotFound()
    return lead, held


def claim(lead_id: int, said: Claim, actor: Actor, at: datetime) -> KnowledgeClaim:
    """Note that a person's firm knew the customer before. Raises `NotFound`, `Invalid`."""
    lead, held = find_lead(lead_id, actor, at)
    errors: dict[str, str] = {}
    traits = list(rules.read_line(said.named[: rules.LONGEST_LINE], lead.country))
    if said.how not in set(How):
        errors["how"] = _("Please choose how you know the customer.")
    if said.since is None:
        errors["since"] = _("Please say since when.")
    elif said.since > day_at("UTC", lead.created_at):
        errors["since"] = _("That is after the lead came in.")
    if not held and not traits:
        errors["named"] = _("Please name a web domain, an e-mail address or a phone number.")
    if find_claim(lead_id, actor.organisation_id) is not None:
        errors["how"] = _("Your firm has said so already.")
    if errors or said.since is None:
        raise Invalid(errors)
    made: KnowledgeClaim | None = session().scalar(
        insert(KnowledgeClaim)
        .values(
            lead_id=lead.id,
            organisation_id=actor.organisation_id,
            user_id=actor.id,
            at=at,
            how=said.how,
            since=said.since,
            meets=None if held else relations.meets(lead, traits),
        )
        .on_conflict_do_nothing()
        .returning(KnowledgeClaim)
    )
    if made is None:
        raise Invalid({"how": _("Your firm has said so already.")})
    record(
        KnowledgeClaimed(
            at=at,
            lead_id=lead.id,
            claim_id=made.id,
            organisation_id=actor.organisation_id,
            user_id=actor.id,
        )
    )
    return made


def decide(claim_id: int, granted: bool, actor: Actor, at: datetime) -> KnowledgeClaim:
    """Decide on a claim; one that is granted counts wherever rules heed who knows a customer.

    Raises `NotFound`, `Conflict` where somebody else was faster.
    """
    found = session().get(KnowledgeClaim, claim_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound()
    if found.decided_at is not None:
        raise Conflict(_("Somebody else has decided on this meanwhile."))
    found.granted, found.decided_at, found.decided_by_id = granted, at, actor.id
    session().flush()
    if granted:
        session().execute(
            insert(RelationHit)
            .values(
                lead_id=found.lead_id,
                organisation_id=found.organisation_id,
                at=at,
                by=KnownBy.CLAIM,
            )
            .on_conflict_do_update(
                index_elements=["lead_id", "organisation_id"], set_={"by": KnownBy.CLAIM}
            )
        )
    record(
        KnowledgeDecided(
            at=at,
            lead_id=found.lead_id,
            claim_id=found.id,
            organisation_id=found.organisation_id,
            user_id=actor.id,
            granted=granted,
        )
    )
    return found


def find_claim(lead_id: int, organisation_id: int) -> KnowledgeClaim | None:
    """Return what a firm said of a lead."""
    return session().scalar(
        select(KnowledgeClaim).where(
            KnowledgeClaim.lead_id == lead_id, KnowledgeClaim.organisation_id == organisation_id
        )
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """A claim with the names of those it concerns."""

    claim: KnowledgeClaim
    number: str
    firm: str
    who: str
    holds: bool
    decided_by: str | None


def list_claims(lead_id: int | None = None) -> Sequence[Listed]:
    """Return claims, of one lead or the newest of all, those that wait first."""
    decider = User.__table__.alias("decider")
    rows = (
        select(
            KnowledgeClaim,
            Lead.number,
            Organisation.name,
            User.name,
            Lead.holder_organisation_id.is_not_distinct_from(KnowledgeClaim.organisation_id),
            decider.c.name,
        )
        .join(Lead, Lead.id == KnowledgeClaim.lead_id)
        .join(Organisation, Organisation.id == KnowledgeClaim.organisation_id)
        .join(User, User.id == KnowledgeClaim.user_id)
        .outerjoin(decider, decider.c.id == KnowledgeClaim.decided_by_id)
        .order_by(KnowledgeClaim.decided_at.is_not(None), KnowledgeClaim.at.desc())
        .limit(LISTED)
    )
    if lead_id is not None:
        rows = rows.where(KnowledgeClaim.lead_id == lead_id)
    return [Listed(*row) for row in session().execute(rows)]
